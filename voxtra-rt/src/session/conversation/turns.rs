//! The caller's turns, put together from transcripts and from what turn-taking decides.

use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::event::BuiltIn;

use super::super::event::EventBody;
use super::super::log::Events;

/// How long the transcript of a turn may take after the turn has ended.
const LATE: Duration = Duration::from_millis(2_500);

/// What the caller did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The caller's turn is over, and these were the words.
    Turn(String),
    /// The caller's turn is over, and there were no words.
    Cough,
    /// Nobody has spoken for as long as was asked for.
    Silence,
    /// The call is over.
    Over,
}

/// Reads the call's events.
pub(super) struct Turns {
    events: Events,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    /// The words of the turn so far.
    words: Vec<String>,
    /// Utterances of the caller whose transcript has not come.
    unheard: u32,
    caller_speaks: bool,
    /// The caller speaks over the agent, and has not interrupted it.
    over_agent: bool,
    agent_speaks: bool,
    /// On hold, nobody is silent.
    held: bool,
    /// The turn has ended, and at that time.
    ended: Option<Instant>,
    /// Nobody has spoken since.
    silent_since: Option<Instant>,
    /// The agent's answer has begun.
    answered: bool,
    /// The caller's words came before that.
    went_on: bool,
}

impl Turns {
    pub(super) fn new(events: Events) -> Self {
        let state = State {
            silent_since: Some(Instant::now()),
            ..State::default()
        };
        Self { events, state }
    }

    /// Waits for the caller's next turn, or until nobody has spoken for `silence`. Cancel safe.
    pub(super) async fn next(&mut self, silence: Option<Duration>) -> Input {
        loop {
            if let Some(turn) = self.state.turn(Instant::now()) {
                return turn;
            }
            let late = self.state.ended.map(|at| at + LATE);
            let quiet = self.state.silent_since.filter(|_| !self.state.held);
            let quiet = quiet.and_then(|since| Some(since + silence?));
            tokio::select! {
                biased;
                event = self.events.next() => match event {
                    Some(event) => self.state.note(&event.body),
                    None => return Input::Over,
                },
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
        self.state.answered = false;
        self.state.went_on = false;
    }

    /// Resolves when the caller goes on before anything of the answer was heard. Cancel safe.
    pub(super) async fn went_on(&mut self) {
        loop {
            if self.state.went_on {
                return;
            }
            match self.events.next().await {
                Some(event) => self.state.note(&event.body),
                None => std::future::pending().await,
            }
        }
    }

    /// What the agent said was cut, or it has nothing to say: nobody speaks from now on.
    pub(super) fn silence_begins(&mut self) {
        if !self.state.caller_speaks {
            self.state.silent_since = Some(Instant::now());
        }
    }
}

impl State {
    /// The turn, if it is over and its words are there.
    fn turn(&mut self, now: Instant) -> Option<Input> {
        let ended = self.ended?;
        let late = now.duration_since(ended) >= LATE;
        if self.unheard > 0 && !late {
            return None;
        }
        self.ended = None;
        self.unheard = 0;
        let words = std::mem::take(&mut self.words);
        Some(if words.is_empty() {
            Input::Cough
        } else {
            Input::Turn(words.join(" "))
        })
    }

    fn note(&mut self, body: &EventBody) {
        let EventBody::BuiltIn(event) = body else {
            return;
        };
        match event {
            BuiltIn::UserSpeechStarted(_) => {
                self.caller_speaks = true;
                self.silent_since = None;
                self.unheard = self.unheard.saturating_add(1);
                self.over_agent = self.agent_speaks;
                // The turn goes on.
                self.ended = None;
            }
            BuiltIn::UserSpeechEnded(_) => {
                self.caller_speaks = false;
                self.silent_since = Some(Instant::now()).filter(|_| !self.agent_speaks);
            }
            BuiltIn::BargeIn(_) => self.over_agent = false,
            BuiltIn::UserTranscriptPartial(partial) => {
                if !partial.text.trim().is_empty() && !self.over_agent {
                    self.went_on |= !self.answered;
                }
            }
            BuiltIn::UserTranscript(heard) => {
                self.unheard = self.unheard.saturating_sub(1);
                let text = heard.text.trim();
                // What was said over the agent without interrupting it ("mm-hm") is no turn.
                if !text.is_empty() && !self.over_agent {
                    self.words.push(text.to_owned());
                    self.went_on |= !self.answered;
                }
            }
            BuiltIn::TurnEnded(_) => self.ended = Some(Instant::now()),
            BuiltIn::AgentSpeechStarted(_) => {
                self.agent_speaks = true;
                self.answered = true;
                self.silent_since = None;
            }
            BuiltIn::AgentSpeechEnded(_) => {
                self.agent_speaks = false;
                self.silent_since = Some(Instant::now()).filter(|_| !self.caller_speaks);
            }
            BuiltIn::CallHeld(_) => self.held = true,
            BuiltIn::CallResumed(_) => {
                self.held = false;
                self.silent_since = self.silent_since.map(|_| Instant::now());
            }
            // A key is no silence either.
            BuiltIn::DtmfReceived(_) => {
                self.silent_since = self.silent_since.map(|_| Instant::now());
            }
            _ => {}
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
