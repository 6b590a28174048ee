//! The caller's turns, put together from transcripts and from what turn-taking decides.

mod state;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, EventKind};
use voxtra_core::leg::Awaited;

use self::state::State;
use super::super::call::Call;
use super::super::deadlines::until;
use super::super::event::{Event, EventBody};
use super::super::log::Events;
use super::ahead::Ahead;
use super::reply::Phase;
use crate::lock::lock;

/// For how long nobody has spoken when the agent speaks by itself of a result.
const BY_THE_WAY: Duration = Duration::from_secs(1);

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
    /// Nobody speaks, and what went on in the background has a result.
    Result,
    /// The call is over, or the caller talks to somebody else.
    Over,
}

/// Whether an answer can begin, as far as the caller is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Floor {
    Free,
    /// The caller has said more, and its words are awaited: they may change the answer.
    Owed,
    /// The caller is speaking.
    Taken,
}

/// Reads the call's events.
pub(super) struct Turns {
    call: Call,
    events: Events,
    /// Events that the call told too fast.
    missed: u64,
    state: State,
    floor: watch::Sender<Floor>,
    /// The answer waits for words of a caller who goes on.
    waits: bool,
    /// Who is awaited, as far as the guard against dead air was told.
    told: Option<Awaited>,
    /// The model may be asked before the turn has ended.
    preemptive: bool,
    ahead: Option<Ahead>,
    /// The words before this turn that are answered together with it.
    before: String,
}

impl Turns {
    pub(super) fn new(call: &Call) -> Self {
        Self {
            call: call.clone(),
            events: call.events_from_now(),
            missed: 0,
            state: State::default(),
            floor: watch::Sender::new(Floor::Free),
            waits: true,
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

    /// Whether the caller is speaking, or words of the caller are awaited.
    pub(super) fn floor(&self) -> watch::Receiver<Floor> {
        self.floor.subscribe()
    }

    /// Waits for the caller's next turn, or until nobody has spoken for `silence`. Cancel safe.
    pub(super) async fn next(&mut self, silence: Option<Duration>) -> Input {
        self.next_of(silence, false).await
    }

    /// The same, or until there is a result of what went on in the background and nobody speaks.
    pub(super) async fn next_or_result(&mut self, silence: Option<Duration>) -> Input {
        self.next_of(silence, true).await
    }

    async fn next_of(&mut self, silence: Option<Duration>, or_result: bool) -> Input {
        self.told = None;
        let mut results = lock(self.call.session().memory()).background().watch();
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
            let since = self.state.quiet_since();
            let quiet = since.zip(silence);
            let quiet = quiet.and_then(|(since, silence)| since.checked_add(silence));
            let result = or_result && *results.borrow_and_update();
            let result = since.filter(|_| result);
            let result = result.and_then(|since| since.checked_add(BY_THE_WAY));
            tokio::select! {
                biased;
                event = self.events.next() => self.note(event.as_deref()),
                () = until(late) => {}
                () = until(stable) => {}
                () = read(&mut self.ahead) => {}
                Ok(()) = results.changed(), if or_result => {}
                () = until(result) => return Input::Result,
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
        let session = self.call.session();
        let likely = self
            .state
            .likely(Instant::now(), |words| session.may_be_all(words))
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

    /// The agent begins to think about an answer. If it `waits`, the caller may go on until it has
    /// begun.
    pub(super) fn answering(&mut self, waits: bool) {
        self.state.went_on = false;
        self.state.owes = true;
        self.waits = waits;
        self.tell_floor();
    }

    /// Follows the caller while an answer is made, and resolves when the caller has said more and
    /// the answer can be thrown away. What has begun goes to its end; the words are the next turn.
    /// Cancel safe.
    pub(super) async fn went_on(&mut self, phase: &mut watch::Receiver<Phase>) {
        loop {
            let thinks = *phase.borrow_and_update() == Phase::Thinking;
            if thinks && self.waits && self.has_more_words() {
                return;
            }
            if self.state.over {
                std::future::pending::<()>().await;
            }
            let owed = self.state.rest().filter(|at| *at > Instant::now());
            tokio::select! {
                biased;
                event = self.events.next() => self.note(event.as_deref()),
                Ok(()) = phase.changed() => {}
                () = until(owed) => self.tell_floor(),
            }
        }
    }

    /// Whether the caller has said more. What a tool asked for is no part of the conversation.
    fn has_more_words(&mut self) -> bool {
        if self.state.went_on {
            let call = &self.call;
            self.state.words.retain(|(seq, _)| !call.is_taken(*seq));
            let partly = self.state.partial.as_ref();
            let partly = partly.is_some_and(|(_, words)| !words.is_empty());
            self.state.went_on = partly || !self.state.words.is_empty();
        }
        self.state.went_on
    }

    /// Nobody speaks from now on, as far as is known.
    pub(super) fn silence_begins(&mut self) {
        self.state.owes = false;
        if !self.state.caller_speaks {
            self.state.silent_since = Some(Instant::now());
        }
    }

    fn note(&mut self, event: Option<&Event>) {
        let missed = self.events.missed();
        let lost = event.is_some_and(|event| is_error(event, "events_missed"));
        if std::mem::replace(&mut self.missed, missed) != missed || lost {
            let agent_speaks = self.call.session().output().speaking_in().is_some();
            self.state.lost(Instant::now(), agent_speaks);
        }
        match event {
            Some(event) => self.state.note(event),
            None => self.state.over = true,
        }
        if event.is_some_and(|event| event.kind() == Some(EventKind::TurnEnded)) {
            // The guard knew it before, and may then have been told that the caller is awaited.
            self.told = None;
        }
        self.tell_floor();
    }

    fn tell_floor(&mut self) {
        let floor = self.state.floor(Instant::now());
        let floor = match floor {
            Floor::Owed if !self.waits => Floor::Free,
            floor => floor,
        };
        self.floor
            .send_if_modified(|told| std::mem::replace(told, floor) != floor);
    }
}

fn is_error(event: &Event, error_type: &str) -> bool {
    match &event.body {
        EventBody::BuiltIn(BuiltIn::Error(error)) => error.error_type == error_type,
        _ => false,
    }
}

/// Reads what a model replies, if one was asked; resolves never.
async fn read(ahead: &mut Option<Ahead>) {
    match ahead {
        Some(ahead) => ahead.read().await,
        None => std::future::pending().await,
    }
}
