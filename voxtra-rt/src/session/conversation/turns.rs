//! The caller's turns, put together from transcripts and from what turn-taking decides.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, EventKind};
use voxtra_core::leg::Awaited;

use super::super::call::Call;
use super::super::event::{Event, EventBody};
use super::super::log::Events;
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

/// What the caller did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The caller's turn is over, and these were the words.
    Turn(String),
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
}

impl Turns {
    pub(super) fn new(call: &Call) -> Self {
        Self {
            call: call.clone(),
            events: call.events_from_now(),
            state: State::default(),
            speaking: watch::Sender::new(false),
            told: None,
        }
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
                return turn;
            }
            let awaited = self.state.awaited();
            if self.told != Some(awaited) {
                self.call.awaits(awaited).await;
                self.told = Some(awaited);
            }
            let late = self.state.late();
            let quiet = self.state.quiet_since().zip(silence);
            let quiet = quiet.and_then(|(since, silence)| since.checked_add(silence));
            tokio::select! {
                biased;
                event = self.events.next() => self.note(event.as_deref()),
                () = until(late) => {}
                () = until(quiet) => {
                    // Nothing is told twice.
                    self.state.silent_since = None;
                    return Input::Silence;
                }
            }
        }
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
        if self.unheard > 0 && now < late {
            return None;
        }
        self.ended = None;
        self.unheard = 0;
        let words = std::mem::take(&mut self.words);
        let words: Vec<String> = words
            .into_iter()
            .filter(|(seq, _)| take(*seq))
            .map(|(_, words)| words)
            .collect();
        Some(if words.is_empty() {
            Input::Cough
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
            BuiltIn::UserSpeechStarted(_) => self.caller_starts(now),
            BuiltIn::UserSpeechEnded(ended) => {
                let length = Duration::from_millis(ended.duration_ms);
                self.spoke |= length >= SURELY_WORDS && !self.over_agent;
                self.caller_speaks = false;
                self.stopped = Some(now);
                self.silent_since = Some(now).filter(|_| !self.agent_speaks);
            }
            BuiltIn::BargeIn(_) => self.counts(),
            BuiltIn::TurnEnded(_) => {
                // Turn-taking does not end a turn by what was only said over the agent.
                self.counts();
                self.open = false;
                self.ended = Some(now);
            }
            BuiltIn::UserTranscriptPartial(partial) => {
                self.hears = true;
                let words = !partial.text.trim().is_empty();
                self.went_on |= words && self.open && !self.over_agent;
            }
            BuiltIn::UserTranscript(heard) => {
                self.hears = true;
                self.unheard = self.unheard.saturating_sub(1);
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
        if !self.over_agent {
            self.open = true;
            // The turn goes on.
            self.ended = None;
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
            self.aside.push(words);
            return;
        }
        self.words.push(words);
        self.went_on = true;
        // It comes after the end of its turn.
        if !self.open && !self.caller_speaks {
            self.ended.get_or_insert(now);
        }
    }
}

/// Waits until then; for ever without a time.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
