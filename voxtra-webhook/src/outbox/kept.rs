use serde::{Deserialize, Serialize};

use super::{DeadLetter, StoredEvent};

/// What became of an event at one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EventState {
    /// It waits, or is under way.
    Pending,
    /// It was given up.
    Dead,
    /// It was answered with 2xx.
    Delivered,
}

impl EventState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Dead, Self::Delivered];

    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Dead => "dead",
            Self::Delivered => "delivered",
        }
    }
}

/// An event that an outbox has, and what became of it at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptEvent {
    /// The event.
    pub event: StoredEvent,
    /// What became of it.
    pub state: EventState,
    /// How often it was tried; 0 while it waits.
    pub attempts: u32,
    /// When it was delivered or given up, in milliseconds since 1970.
    pub at: Option<i64>,
    /// Why it was given up.
    pub reason: Option<String>,
}

/// Some of an outbox's events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in their order.
    pub events: Vec<KeptEvent>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<u64>,
}

impl KeptEvent {
    pub(super) fn pending(event: StoredEvent) -> Self {
        Self {
            event,
            state: EventState::Pending,
            attempts: 0,
            at: None,
            reason: None,
        }
    }
}

impl From<DeadLetter> for KeptEvent {
    fn from(letter: DeadLetter) -> Self {
        Self {
            event: letter.event,
            state: EventState::Dead,
            attempts: letter.attempts,
            at: Some(letter.at),
            reason: Some(letter.reason),
        }
    }
}
