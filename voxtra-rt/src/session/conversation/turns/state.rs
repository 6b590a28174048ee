//! What is known of the caller's turn.

use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::event::BuiltIn;
use voxtra_core::leg::Awaited;

use super::super::super::event::{Event, EventBody};
use super::super::guard::AGENT;
use super::{Floor, Input};

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

/// Words of the caller, and the number of the event that told them.
type Words = Vec<(u64, String)>;

/// The turn so far, as the call's events tell it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The words of the turn so far.
    pub(super) words: Words,
    /// Words that were said over the agent and have not interrupted it. If the caller's turn ends
    /// by them, they are an answer that came early; otherwise they are nothing ("mm-hm").
    aside: Words,
    /// The utterance began over the agent, and has not interrupted it.
    over_agent: bool,
    /// Utterances of the turn whose transcript has not come.
    unheard: u32,
    /// The words so far of the utterance, and since when.
    pub(super) partial: Option<(Instant, String)>,
    pub(super) caller_speaks: bool,
    /// When the caller last stopped.
    stopped: Option<Instant>,
    agent_speaks: bool,
    /// How many sides hold the call. On hold, nobody is silent.
    holders: u8,
    /// The caller has spoken since the last turn, and turn-taking owes its end.
    pub(super) open: bool,
    /// The turn has ended, and at that time.
    pub(super) ended: Option<Instant>,
    /// It was as long as it may be.
    too_long: bool,
    /// Nobody has spoken since.
    pub(super) silent_since: Option<Instant>,
    /// There were words of the caller since the agent began to think.
    pub(super) went_on: bool,
    pub(super) deaf: bool,
    /// The caller's last turn has no answer yet.
    pub(super) owes: bool,
    /// Speech-to-text has recognised something in this call.
    hears: bool,
    /// The caller has said something of a length that no cough has.
    spoke: bool,
    pub(super) over: bool,
    /// Whoever answers hears the caller, and needs no words.
    pub(super) wordless: bool,
}

impl State {
    /// The turn, if it is over and its words are there. Words that `take` refuses were an answer to
    /// somebody else.
    pub(super) fn turn(&mut self, now: Instant, take: impl Fn(u64) -> bool) -> Option<Input> {
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
    pub(super) fn awaited(&self) -> Awaited {
        // Speech-to-text that has never recognised anything seems to hang.
        let deaf = self.spoke && !self.hears && !self.wordless;
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

    /// The words of a caller who may have finished: who is silent, or whose last words are the last
    /// as speech-to-text hears it.
    pub(super) fn likely(
        &self,
        now: Instant,
        are_last: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        if self.agent_speaks || self.holders > 0 || self.over_agent {
            return None;
        }
        let partial = self.partial.as_ref();
        let are_last = self.unheard == 1 && partial.is_some_and(|(_, words)| are_last(words));
        if self.caller_speaks && !are_last {
            return None;
        }
        let mut words: Vec<&str> = self.words.iter().map(|(_, words)| words.as_str()).collect();
        match (self.unheard, &self.partial) {
            (0, _) => {}
            (1, Some((since, partial))) if are_last || now.duration_since(*since) >= STABLE => {
                words.push(partial);
            }
            _ => return None,
        }
        Some(words.join(" ")).filter(|words| !words.trim().is_empty())
    }

    /// When the words so far will have stayed the same for long enough.
    pub(super) fn stable_at(&self) -> Option<Instant> {
        let (since, _) = self.partial.as_ref().filter(|_| !self.caller_speaks)?;
        let at = since.checked_add(STABLE)?;
        Some(at).filter(|at| *at > Instant::now())
    }

    /// When a turn that has ended is taken as it is.
    pub(super) fn late(&self) -> Option<Instant> {
        let grace = if self.words.is_empty() { LATE } else { REST };
        self.ended?.checked_add(grace)
    }

    /// When words that are owed behind the end of a turn are awaited no longer.
    pub(super) fn rest(&self) -> Option<Instant> {
        self.ended?.checked_add(REST)
    }

    pub(super) fn floor(&self, now: Instant) -> Floor {
        let owed = self.open || self.rest().is_some_and(|rest| now < rest);
        match self.caller_speaks {
            true => Floor::Taken,
            false if owed && self.unheard > 0 => Floor::Owed,
            false => Floor::Free,
        }
    }

    /// Events were lost: whoever was speaking may have stopped, and nothing more is awaited.
    pub(super) fn lost(&mut self, now: Instant, agent_speaks: bool) {
        self.caller_speaks = false;
        self.over_agent = false;
        self.agent_speaks = agent_speaks;
        self.open = false;
        self.unheard = 0;
        self.partial = None;
        self.silent_since = Some(now).filter(|_| !agent_speaks);
        if !self.words.is_empty() {
            self.ended.get_or_insert(now);
        }
    }

    /// Since when nobody has spoken, and nobody waits for anything.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let waits = self.holders > 0 || self.open || self.ended.is_some() || !self.words.is_empty();
        self.silent_since.filter(|_| !waits)
    }

    pub(super) fn note(&mut self, event: &Event) {
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
            BuiltIn::CallHeld(_) => self.holders = self.holders.saturating_add(1),
            BuiltIn::CallResumed(_) => {
                self.holders = self.holders.saturating_sub(1);
                self.silent_since = self.silent_since.map(|_| now);
            }
            // A key is no silence either.
            BuiltIn::DtmfReceived(_) => self.silent_since = self.silent_since.map(|_| now),
            BuiltIn::CallTransferred(_) => self.over = true,
            BuiltIn::Error(error) if error.error_type == "speech_to_text" => {
                self.deaf = true;
                // What it owes does not come any more.
                self.unheard = 0;
                self.partial = None;
            }
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
