//! The state machine of a call: where it stands, and what may be ordered then.
//!
//! ```text
//! created → ringing → answered ↔ held → transferring → transferred
//!    └─────────┴──────────┴───────┴──────────┴──────────────┴────→ ended, failed
//! ```
//!
//! A call's state follows from its events, and from nothing else: whoever reads them in order has
//! the same state. Asterisk's events come in any order, but those of a session don't.

use std::fmt;

use voxtra_core::event::{BuiltIn, CallHeldBy, CallResumedBy};

#[cfg(doc)]
use super::call::Call;
use super::call::Direction;
use super::error::CallError;

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallStatus {
    /// It has begun: an inbound call waits to be answered, an outbound one is being placed.
    Created,
    /// It was placed, and the far end's telephone rings.
    Ringing,
    /// Caller and agent talk.
    Answered,
    /// The agent, the far end or both have put it on hold.
    Held,
    /// Another party is being called; the caller is still with the agent.
    Transferring,
    /// The caller talks to another party.
    Transferred,
    /// It is over.
    Ended,
    /// It was placed, and is over without an answer.
    Failed,
}

impl CallStatus {
    /// The status as a word, such as `held`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Transferring => "transferring",
            Self::Transferred => "transferred",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an agent may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// [`Call::ring`].
    Ring,
    /// [`Call::progress`].
    Progress,
    /// [`Call::reject`].
    Reject,
    /// [`Call::hold`].
    Hold,
    /// [`Call::unhold`].
    Unhold,
    /// [`Call::mute`] and [`Call::unmute`].
    Mute,
    /// [`Call::transfer`].
    Transfer,
}

/// Who holds the call. Both sides may at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holders {
    pub(crate) far_end: bool,
    pub(crate) agent: bool,
}

impl Holders {
    pub(crate) fn is_any(self) -> bool {
        self.far_end || self.agent
    }

    /// This side, to be changed.
    pub(crate) fn side(&mut self, by: CallHeldBy) -> &mut bool {
        match by {
            CallHeldBy::FarEnd => &mut self.far_end,
            CallHeldBy::Agent => &mut self.agent,
        }
    }
}

/// The state of a call.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    direction: Direction,
    /// Its way from the start to the end, as if it were never held or transferred.
    line: Line,
    holders: Holders,
    transfer: Transfer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Created,
    Ringing,
    Answered,
    Ended,
    Failed,
}

#[derive(Clone, Debug)]
enum Transfer {
    None,
    /// The other party is being called.
    Tried,
    /// The caller is with this party.
    Done(String),
}

impl Status {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            line: Line::Created,
            holders: Holders::default(),
            transfer: Transfer::None,
        }
    }

    /// An event was published; true if it changed the state.
    pub(crate) fn note(&mut self, event: &BuiltIn) -> bool {
        if matches!(self.line, Line::Ended | Line::Failed) {
            return false;
        }
        match event {
            BuiltIn::CallRinging(_) if self.line == Line::Created => self.line = Line::Ringing,
            BuiltIn::CallAnswered(_) => self.line = Line::Answered,
            BuiltIn::CallEnded(_) => self.line = Line::Ended,
            BuiltIn::CallFailed(_) => self.line = Line::Failed,
            BuiltIn::CallHeld(held) => *self.holders.side(held.by) = true,
            BuiltIn::CallResumed(resumed) => {
                let by = match resumed.by {
                    CallResumedBy::FarEnd => CallHeldBy::FarEnd,
                    CallResumedBy::Agent => CallHeldBy::Agent,
                };
                *self.holders.side(by) = false;
            }
            BuiltIn::CallTransferStarted(_) if !self.is_transferred() => {
                self.transfer = Transfer::Tried;
            }
            BuiltIn::CallTransferFailed(_) if !self.is_transferred() => {
                self.transfer = Transfer::None;
            }
            BuiltIn::CallTransferred(to) => self.transfer = Transfer::Done(to.target.clone()),
            _ => return false,
        }
        true
    }

    fn is_transferred(&self) -> bool {
        matches!(self.transfer, Transfer::Done(_))
    }

    pub(crate) fn is_held(&self) -> bool {
        self.now() == CallStatus::Held
    }

    pub(crate) fn now(&self) -> CallStatus {
        match (self.line, &self.transfer) {
            (Line::Ended, _) => CallStatus::Ended,
            (Line::Failed, _) => CallStatus::Failed,
            (_, Transfer::Done(_)) => CallStatus::Transferred,
            (_, Transfer::Tried) => CallStatus::Transferring,
            (Line::Created, _) => CallStatus::Created,
            (Line::Ringing, _) => CallStatus::Ringing,
            (Line::Answered, _) if self.holders.is_any() => CallStatus::Held,
            (Line::Answered, _) => CallStatus::Answered,
        }
    }

    /// Whether this makes sense now; otherwise why not.
    pub(crate) fn allows(&self, action: Action) -> Result<(), CallError> {
        let now = self.now();
        let refuse = |action, why| Err(CallError::NotNow { action, now, why });
        match (now, action) {
            (CallStatus::Ended | CallStatus::Failed, _) => Err(CallError::Ended),
            (_, Action::Ring | Action::Progress | Action::Reject)
                if self.direction == Direction::Outbound =>
            {
                let why = "we placed this call, and the far end answers it";
                refuse(action, why)
            }
            (CallStatus::Created | CallStatus::Ringing, action) => match action {
                Action::Ring | Action::Progress | Action::Reject | Action::Mute => Ok(()),
                Action::Unhold => refuse(action, NOT_HELD),
                Action::Hold | Action::Transfer => Err(CallError::NotAnswered),
            },
            (_, Action::Ring | Action::Progress) => {
                refuse(action, "it has been answered, and nothing rings any more")
            }
            (_, Action::Reject) => refuse(action, "hang up instead (`call.hangup_with(reason)`)"),
            (CallStatus::Transferred, _) => Err(CallError::AlreadyTransferred {
                target: match &self.transfer {
                    Transfer::Done(target) => target.clone(),
                    _ => String::new(),
                },
            }),
            (CallStatus::Transferring, Action::Hold | Action::Unhold) => {
                let why = "another party is being called: wait for the end of the transfer";
                refuse(action, why)
            }
            (_, Action::Unhold) if !self.holders.agent => refuse(action, NOT_HELD),
            (_, Action::Hold | Action::Unhold | Action::Mute | Action::Transfer) => Ok(()),
        }
    }
}

const NOT_HELD: &str = "the agent has not put it on hold";

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ring => "ringing",
            Self::Progress => "early media",
            Self::Reject => "a rejection",
            Self::Hold => "a hold",
            Self::Unhold => "an end of the hold",
            Self::Mute => "muting",
            Self::Transfer => "a transfer",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use voxtra_core::event::{
        CallAnswered, CallEnded, CallFailed, CallHeld, CallResumed, CallRinging,
        CallTransferFailed, CallTransferStarted, CallTransferred,
    };

    use super::*;

    fn event(word: &str) -> BuiltIn {
        match word {
            "rings" => CallRinging::default().into(),
            "answered" => CallAnswered::default().into(),
            "held" => CallHeld::default().into(),
            "agent holds" => CallHeld::default().with_by(CallHeldBy::Agent).into(),
            "resumed" => CallResumed::default().into(),
            "agent resumes" => CallResumed::default().with_by(CallResumedBy::Agent).into(),
            "tried" => CallTransferStarted::new("PJSIP/200".into()).into(),
            "refused" => CallTransferFailed::new("PJSIP/200".into(), "user_busy".into()).into(),
            "transferred" => CallTransferred::new("PJSIP/200".into()).into(),
            "ended" => CallEnded::new("normal_clearing".into(), 1.0).into(),
            "failed" => CallFailed::new("user_busy".into()).into(),
            word => panic!("{word:?} is no event"),
        }
    }

    fn after(direction: Direction, words: &str) -> Status {
        let mut status = Status::new(direction);
        for word in words.split(", ").filter(|word| !word.is_empty()) {
            status.note(&event(word));
        }
        status
    }

    #[test]
    fn where_a_call_stands_follows_from_its_events() {
        use CallStatus::*;
        for (words, expected) in [
            ("", Created),
            ("rings", Ringing),
            ("answered", Answered),
            ("rings, answered, held", Held),
            ("answered, agent holds", Held),
            ("answered, held, agent holds, resumed", Held),
            ("answered, held, agent holds, agent resumes", Held),
            (
                "answered, held, agent holds, resumed, agent resumes",
                Answered,
            ),
            // Early media that the far end holds is no call on hold yet.
            ("rings, held", Ringing),
            ("rings, held, answered", Held),
            ("answered, agent holds, tried", Transferring),
            ("answered, agent holds, tried, refused", Held),
            ("answered, tried, refused", Answered),
            ("answered, tried, transferred", Transferred),
            // Asterisk may report the end of an attempt late.
            ("answered, tried, transferred, refused", Transferred),
            ("answered, tried, transferred, held", Transferred),
            ("answered, tried, ended", Ended),
            ("answered, rings", Answered),
            ("rings, failed", Failed),
            ("ended, answered", Ended),
        ] {
            assert_eq!(after(Direction::Inbound, words).now(), expected, "{words}");
        }
    }

    #[test]
    fn what_makes_no_sense_says_so() {
        const ACTIONS: [(Action, &str); 7] = [
            (Action::Ring, "ring"),
            (Action::Progress, "progress"),
            (Action::Reject, "reject"),
            (Action::Hold, "hold"),
            (Action::Unhold, "unhold"),
            (Action::Mute, "mute"),
            (Action::Transfer, "transfer"),
        ];
        use Direction::{Inbound, Outbound};
        for (direction, words, allowed) in [
            (Inbound, "", "ring progress reject mute"),
            (Inbound, "rings", "ring progress reject mute"),
            (Outbound, "", "mute"),
            (Outbound, "rings", "mute"),
            (Inbound, "answered", "hold mute transfer"),
            (Outbound, "answered", "hold mute transfer"),
            (Inbound, "answered, held", "hold mute transfer"),
            (
                Inbound,
                "answered, agent holds",
                "hold unhold mute transfer",
            ),
            (Inbound, "answered, tried", "mute transfer"),
            (Inbound, "answered, agent holds, tried", "mute transfer"),
            (Inbound, "answered, transferred", ""),
            (Inbound, "answered, ended", ""),
            (Outbound, "failed", ""),
        ] {
            let status = after(direction, words);
            let found: Vec<&str> = ACTIONS
                .into_iter()
                .filter(|(action, _)| status.allows(*action).is_ok())
                .map(|(_, name)| name)
                .collect();
            assert_eq!(found.join(" "), allowed, "{direction:?}: {words}");
        }
    }

    #[test]
    fn the_error_names_the_order_the_state_and_the_reason() {
        for (words, action, expected) in [
            (
                "answered, held",
                Action::Unhold,
                "an end of the hold is not possible while the call is held: the agent has not put it on hold",
            ),
            (
                "answered",
                Action::Reject,
                "a rejection is not possible while the call is answered: hang up instead (`call.hangup_with(reason)`)",
            ),
            (
                "answered, tried",
                Action::Hold,
                "a hold is not possible while the call is transferring: another party is being called: \
                 wait for the end of the transfer",
            ),
            (
                "rings",
                Action::Hold,
                "the call has no media yet: answer it first (`call.answer().await?`)",
            ),
            (
                "answered, transferred",
                Action::Mute,
                "the caller was transferred to PJSIP/200 already: only a hang-up is possible now",
            ),
            ("ended", Action::Ring, "the call is over"),
        ] {
            let refused = after(Direction::Inbound, words).allows(action);
            assert_eq!(refused.unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        /// Whatever comes behind the end, and as often as it comes.
        #[test]
        fn an_end_is_for_good(words in proptest::collection::vec(0..11_usize, 0..20), at in 0..20_usize) {
            const WORDS: [&str; 11] = [
                "rings", "answered", "held", "agent holds", "resumed", "agent resumes", "tried",
                "refused", "transferred", "ended", "failed",
            ];
            let mut status = Status::new(Direction::Inbound);
            let mut end = None;
            for (n, word) in words.iter().enumerate() {
                let word = if n == at { "ended" } else { WORDS[*word] };
                status.note(&event(word));
                if end.is_none() && matches!(word, "ended" | "failed") {
                    end = Some(status.now());
                }
                let now = status.now();
                prop_assert_eq!(end.unwrap_or(now), now);
                let is_over = matches!(now, CallStatus::Ended | CallStatus::Failed);
                prop_assert_eq!(is_over, end.is_some());
            }
        }
    }
}
