//! The caller's turns, put together from transcripts and from what turn-taking decides.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, EventKind};
use voxtra_core::leg::Awaited;

use super::super::call::Call;
use super::super::event::{Event, EventBody};
use super::super::log::Events;
use super::ahead::Ahead;
use super::guard::AGENT;

/// How long the transcript of a turn is awaited after the turn has ended, when there are no words
/// yet. Words that come later are a turn all the same.
const LATE: Duration = Duration::from_millis(2_500);

/// The same, when there are words: the rest of them may be a cough's, which has none.
const REST: Duration = Duration::from_millis(800);

/// A pause within what the caller says over the agent. After a longer one the words before it,
/// which did not interrupt the agent, belong to nothing.
const ASIDE: Duration = Duration::from_secs(1);

/// Speech that is no cough, whatever speech-to-text makes of it.
const SURELY_WORDS: Duration = Duration::from_secs(1);

/// How long the words of a caller who has fallen silent must have stayed the same to be taken for
/// all of them, before the final transcript tells.
const STABLE: Duration = Duration::from_millis(200);

/// Bytes of words that are kept of a turn, beside those of its last utterance.
const MOST_WORDS: usize = 16 * 1_024;

/// What the caller did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The caller's turn is over, and these were the words.
    Turn(String),
    /// The caller talks on, but the turn is as long as it may be, and these were the words.
    LongTurn(String),
    /// The caller's turn is over, and there were no words.
    Cough,
    /// Nobody has spoken for as long as was asked for.
    Silence,
    /// Speech-to-text has failed: the caller may have said something.
    Deaf,
    /// The call is over, or the caller talks to somebody else.
    Over,
}

/// Reads the call's events.
pub(super) struct Turns {
    call: Call,
    events: Events,
    state: State,
    /// Whether the caller is speaking.
    speaking: watch::Sender<bool>,
    /// Who is awaited, as far as the guard against dead air was told.
    told: Option<Awaited>,
    /// The model may be asked before the turn has ended.
    preemptive: bool,
    ahead: Option<Ahead>,
    /// The words before this turn that are answered together with it.
    before: String,
}

/// Words of the caller, and the number of the event that told them.
type Words = Vec<(u64, String)>;

#[derive(Debug, Default)]
struct State {
    /// The words of the turn so far.
    words: Words,
    /// Words that were said over the agent and have not interrupted it. If the caller's turn ends
    /// by them, they are an answer that came early; otherwise they are nothing ("mm-hm").
    aside: Words,
    /// The utterance began over the agent, and has not interrupted it.
    over_agent: bool,
    /// Utterances of the turn whose transcript has not come.
    unheard: u32,
    /// The words so far of the utterance, and since when.
    partial: Option<(Instant, String)>,
    caller_speaks: bool,
    /// When the caller last stopped.
    stopped: Option<Instant>,
    agent_speaks: bool,
    /// On hold, nobody is silent.
    held: bool,
    /// The caller has spoken since the last turn, and turn-taking owes its end.
    open: bool,
    /// The turn has ended, and at that time.
    ended: Option<Instant>,
    /// It was as long as it may be.
    too_long: bool,
    /// Nobody has spoken since.
    silent_since: Option<Instant>,
    /// There were words of the caller since the agent began to think.
    went_on: bool,
    deaf: bool,
    /// The caller's last turn has no answer yet.
    owes: bool,
    /// Speech-to-text has recognised something in this call.
    hears: bool,
    /// The caller has said something of a length that no cough has.
    spoke: bool,
    over: bool,
    /// Whoever answers hears the caller, and needs no words.
    wordless: bool,
}

impl Turns {
    pub(super) fn new(call: &Call) -> Self {
        Self {
            call: call.clone(),
            events: call.events_from_now(),
            state: State::default(),
            speaking: watch::Sender::new(false),
            told: None,
            preemptive: false,
            ahead: None,
            before: String::new(),
        }
    }

    /// Whether a turn is over only with its words, or as soon as turn-taking says so.
    pub(super) fn need_words(&mut self, needed: bool) {
        self.state.wordless = !needed;
    }

    /// Whether the model may be asked before a turn has ended.
    pub(super) fn set_preemptive(&mut self, on: bool) {
        self.preemptive = on;
    }

    /// Whether the caller is speaking.
    pub(super) fn speaking(&self) -> watch::Receiver<bool> {
        self.speaking.subscribe()
    }

    /// Waits for the caller's next turn, or until nobody has spoken for `silence`. Cancel safe.
    pub(super) async fn next(&mut self, silence: Option<Duration>) -> Input {
        self.told = None;
        loop {
            if self.state.over {
                return Input::Over;
            }
            if std::mem::take(&mut self.state.deaf) {
                return Input::Deaf;
            }
            let answers = self.call.session().answers();
            if let Some(turn) = self.state.turn(Instant::now(), |seq| answers.take(seq)) {
                self.before.clear();
                return turn;
            }
            let awaited = self.state.awaited();
            if self.told != Some(awaited) {
                self.call.awaits(awaited).await;
                self.told = Some(awaited);
            }
            self.ask_ahead();
            let stable = self.state.stable_at().filter(|_| self.preemptive);
            let late = self.state.late();
            let quiet = self.state.quiet_since().zip(silence);
            let quiet = quiet.and_then(|(since, silence)| since.checked_add(silence));
            tokio::select! {
                biased;
                event = self.events.next() => self.note(event.as_deref()),
                () = until(late) => {}
                () = until(stable) => {}
                () = read(&mut self.ahead) => {}
                () = until(quiet) => {
                    // Nothing is told twice.
                    self.state.silent_since = None;
                    return Input::Silence;
                }
            }
        }
    }

    /// Waits until the caller is in no turn, or has ended one. Cancel safe.
    pub(super) async fn settled(&mut self) -> Option<Input> {
        loop {
            if self.state.over || self.state.ended.is_some() {
                return Some(self.next(None).await);
            }
            tokio::select! {
                biased;
                event = self.events.next() => self.note(event.as_deref()),
                () = std::future::ready(()), if !self.state.open => return None,
            }
        }
    }

    /// Asks the model about what may be the whole turn, and throws its reply away if it is not.
    fn ask_ahead(&mut self) {
        let likely = self
            .state
            .likely(Instant::now())
            .filter(|_| self.preemptive);
        let Some(words) = likely else {
            self.ahead = None;
            return;
        };
        let words = [self.before.as_str(), &words].join(" ");
        let words = words.trim();
        let asked = self.ahead.as_ref();
        if asked.is_none_or(|ahead| !ahead.answers(words)) {
            self.ahead = Ahead::ask(&self.call, words);
        }
    }

    /// What the model replies to these words, if it was asked before their turn had ended.
    pub(super) fn take_ahead(&mut self, words: &str) -> Option<Ahead> {
        self.ahead.take().filter(|ahead| ahead.answers(words))
    }

    /// The next turn goes on from these words.
    pub(super) fn goes_on_from(&mut self, words: &str) {
        words.clone_into(&mut self.before);
    }

    /// The agent begins to think about an answer.
    pub(super) fn answering(&mut self) {
        self.state.went_on = false;
        self.state.owes = true;
    }

    /// Resolves when the caller has said more since then. Cancel safe.
    pub(super) async fn went_on(&mut self) {
        while !self.state.went_on {
            if self.state.over {
                std::future::pending::<()>().await;
            }
            let event = self.events.next().await;
            self.note(event.as_deref());
        }
    }

    /// Nobody speaks from now on, as far as is known.
    pub(super) fn silence_begins(&mut self) {
        self.state.owes = false;
        if !self.state.caller_speaks {
            self.state.silent_since = Some(Instant::now());
        }
    }

    fn note(&mut self, event: Option<&Event>) {
        match event {
            Some(event) => self.state.note(event),
            None => self.state.over = true,
        }
        if event.is_some_and(|event| event.kind() == Some(EventKind::TurnEnded)) {
            // The guard knew it before, and may then have been told that the caller is awaited.
            self.told = None;
        }
        let speaks = self.state.caller_speaks;
        self.speaking
            .send_if_modified(|told| std::mem::replace(told, speaks) != speaks);
    }
}

impl State {
    /// The turn, if it is over and its words are there. Words that `take` refuses were an answer to
    /// somebody else.
    fn turn(&mut self, now: Instant, take: impl Fn(u64) -> bool) -> Option<Input> {
        let late = self.late()?;
        if self.wordless {
            self.ended = None;
            return Some(Input::Turn(String::new()));
        }
        if self.unheard > 0 && now < late {
            return None;
        }
        self.ended = None;
        self.unheard = 0;
        let too_long = std::mem::take(&mut self.too_long);
        let words = std::mem::take(&mut self.words);
        let words: Vec<String> = words
            .into_iter()
            .filter(|(seq, _)| take(*seq))
            .map(|(_, words)| words)
            .collect();
        Some(if words.is_empty() {
            Input::Cough
        } else if too_long {
            Input::LongTurn(words.join(" "))
        } else {
            Input::Turn(words.join(" "))
        })
    }

    /// Whose turn it is to be heard.
    fn awaited(&self) -> Awaited {
        // Speech-to-text that has never recognised anything seems to hang.
        let deaf = self.spoke && !self.hears;
        if self.owes || !self.words.is_empty() {
            AGENT
        } else if self.ended.is_some() {
            Awaited::Unclear
        } else if deaf {
            AGENT
        } else {
            Awaited::Caller
        }
    }

    /// The words of a caller who is silent, and may have finished.
    fn likely(&self, now: Instant) -> Option<String> {
        if self.caller_speaks || self.agent_speaks || self.held || self.over_agent {
            return None;
        }
        let mut words: Vec<&str> = self.words.iter().map(|(_, words)| words.as_str()).collect();
        match (self.unheard, &self.partial) {
            (0, _) => {}
            (1, Some((since, partial))) if now.duration_since(*since) >= STABLE => {
                words.push(partial);
            }
            _ => return None,
        }
        Some(words.join(" ")).filter(|words| !words.trim().is_empty())
    }

    /// When the words so far will have stayed the same for long enough.
    fn stable_at(&self) -> Option<Instant> {
        let (since, _) = self.partial.as_ref().filter(|_| !self.caller_speaks)?;
        let at = since.checked_add(STABLE)?;
        Some(at).filter(|at| *at > Instant::now())
    }

    /// When a turn that has ended is taken as it is.
    fn late(&self) -> Option<Instant> {
        let grace = if self.words.is_empty() { LATE } else { REST };
        self.ended?.checked_add(grace)
    }

    /// Since when nobody has spoken, and nobody waits for anything.
    fn quiet_since(&self) -> Option<Instant> {
        let waits = self.held || self.open || self.ended.is_some() || !self.words.is_empty();
        self.silent_since.filter(|_| !waits)
    }

    fn note(&mut self, event: &Event) {
        let EventBody::BuiltIn(body) = &event.body else {
            return;
        };
        let now = Instant::now();
        match body {
            BuiltIn::UserTranscript(_) | BuiltIn::UserTranscriptPartial(_) if self.wordless => {}
            BuiltIn::UserSpeechStarted(_) => self.caller_starts(now),
            BuiltIn::UserSpeechEnded(ended) => {
                let length = Duration::from_millis(ended.duration_ms);
                self.spoke |= length >= SURELY_WORDS && !self.over_agent;
                self.caller_speaks = false;
                self.stopped = Some(now);
                self.silent_since = Some(now).filter(|_| !self.agent_speaks);
            }
            BuiltIn::BargeIn(_) => self.counts(),
            BuiltIn::TurnEnded(turn) => {
                // Turn-taking does not end a turn by what was only said over the agent.
                self.counts();
                self.open = false;
                self.ended = Some(now);
                self.too_long = turn.cut;
            }
            BuiltIn::UserTranscriptPartial(partial) => {
                self.hears = true;
                let text = partial.text.trim();
                if self
                    .partial
                    .as_ref()
                    .is_none_or(|(_, before)| before != text)
                {
                    self.partial = Some((now, text.to_owned()));
                }
                let words = !text.is_empty();
                self.went_on |= words && self.open && !self.over_agent;
            }
            BuiltIn::UserTranscript(heard) => {
                self.hears = true;
                self.unheard = self.unheard.saturating_sub(1);
                self.partial = None;
                let text = heard.text.trim();
                if !text.is_empty() {
                    self.hears((event.seq, text.to_owned()), now);
                }
            }
            BuiltIn::AgentSpeechStarted(_) => {
                self.agent_speaks = true;
                self.silent_since = None;
            }
            BuiltIn::AgentSpeechEnded(_) => {
                self.agent_speaks = false;
                self.silent_since = Some(now).filter(|_| !self.caller_speaks);
            }
            BuiltIn::CallHeld(_) => self.held = true,
            BuiltIn::CallResumed(_) => {
                self.held = false;
                self.silent_since = self.silent_since.map(|_| now);
            }
            // A key is no silence either.
            BuiltIn::DtmfReceived(_) => self.silent_since = self.silent_since.map(|_| now),
            BuiltIn::CallTransferred(_) => self.over = true,
            BuiltIn::Error(error) => self.deaf |= error.error_type == "speech_to_text",
            _ => {}
        }
    }

    fn caller_starts(&mut self, now: Instant) {
        self.caller_speaks = true;
        self.silent_since = None;
        self.over_agent = self.agent_speaks;
        let paused = |stopped: Instant| now.duration_since(stopped) > ASIDE;
        if self.stopped.is_none_or(paused) {
            self.aside.clear();
        }
        if !self.open && self.ended.is_none() {
            // What is unheard of earlier turns had no words.
            self.unheard = 0;
        }
        self.unheard = self.unheard.saturating_add(1);
        self.partial = None;
        if !self.over_agent {
            self.open = true;
            // The turn goes on, unless it was too long.
            self.ended = self.ended.filter(|_| self.too_long);
        }
    }

    /// What was said over the agent counts.
    fn counts(&mut self) {
        self.over_agent = false;
        let mut aside = std::mem::take(&mut self.aside);
        self.went_on |= !aside.is_empty();
        aside.append(&mut self.words);
        self.words = aside;
        if self.caller_speaks {
            self.open = true;
        }
    }

    fn hears(&mut self, words: (u64, String), now: Instant) {
        if self.over_agent {
            add(&mut self.aside, words);
            return;
        }
        add(&mut self.words, words);
        self.went_on = true;
        // It comes after the end of its turn.
        if !self.open && !self.caller_speaks {
            self.ended.get_or_insert(now);
        }
    }
}

/// Adds words, and forgets the oldest when there are too many.
fn add(all: &mut Words, words: (u64, String)) {
    all.push(words);
    let mut length: usize = all.iter().map(|(_, words)| words.len()).sum();
    let mut surplus = 0_usize;
    for (_, oldest) in all.iter().rev().skip(1).rev() {
        if length <= MOST_WORDS {
            break;
        }
        length = length.saturating_sub(oldest.len());
        surplus = surplus.saturating_add(1);
    }
    all.drain(..surplus);
}

/// Reads what a model replies, if one was asked; resolves never.
async fn read(ahead: &mut Option<Ahead>) {
    match ahead {
        Some(ahead) => ahead.read().await,
        None => std::future::pending().await,
    }
}

/// Waits until then; for ever without a time.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
