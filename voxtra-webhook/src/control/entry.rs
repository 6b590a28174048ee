use serde::{Deserialize, Serialize};

use crate::{EventState, KeptEvent};

/// An event of a store, and what became of it at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventEntry {
    /// Its id.
    pub id: String,
    /// Its wire name.
    pub event: String,
    /// Its session.
    pub session_id: String,
    /// Its number in its session.
    pub sequence: Option<u64>,
    /// What the store knows the endpoint by.
    pub endpoint: String,
    /// What became of it.
    pub state: EventState,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted: i64,
    /// When it was delivered or given up, in milliseconds since 1970.
    pub at: Option<i64>,
    /// How often it was tried; 0 while it waits.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: Option<String>,
    /// How many bytes its body has.
    pub bytes: usize,
    /// Its body, if that was asked for; bytes that are no UTF-8 become U+FFFD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where it stands in the store: the endpoint's number, and its own.
    pub place: (u32, u64),
}

impl EventEntry {
    pub(super) fn new(endpoint: (u32, &str), kept: KeptEvent, with_body: bool) -> Self {
        let event = kept.event.event;
        let body = with_body.then(|| String::from_utf8_lossy(&event.body).into_owned());
        Self {
            id: event.id,
            event: event.wire.into_owned(),
            session_id: event.session_id.to_string(),
            sequence: event.sequence,
            endpoint: endpoint.1.to_owned(),
            state: kept.state,
            accepted: kept.event.accepted,
            at: kept.at,
            attempts: kept.attempts,
            reason: kept.reason,
            bytes: event.body.len(),
            body,
            place: (endpoint.0, kept.event.seq),
        }
    }
}

/// Which events are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventQuery {
    /// In these states.
    pub states: Vec<EventState>,
    /// Of the endpoint of this name. Default: of all.
    pub endpoint: Option<String>,
    /// With this id. Default: all.
    pub id: Option<String>,
    /// Accepted, given up or delivered at this time or later, in milliseconds since 1970. Default:
    /// all.
    pub since: Option<i64>,
    /// And before this time, in milliseconds since 1970. Default: no limit.
    pub until: Option<i64>,
    /// Most events: the oldest ones, and of delivered events the newest. Default 1,000.
    pub most: usize,
    /// Whether bodies are wanted. Default: no.
    pub bodies: bool,
}

impl EventQuery {
    /// Events in these states.
    #[must_use]
    pub fn new(states: impl IntoIterator<Item = EventState>) -> Self {
        Self {
            states: states.into_iter().collect(),
            endpoint: None,
            id: None,
            since: None,
            until: None,
            most: 1_000,
            bodies: false,
        }
    }

    /// Sets what else is wanted.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }

    pub(super) fn wants(&self, entry: &EventEntry) -> bool {
        let time = entry.at.unwrap_or(entry.accepted);
        self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self.id.as_ref().is_none_or(|id| *id == entry.id)
    }
}

/// Events that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventList {
    /// The events, endpoint by endpoint and state by state.
    pub events: Vec<EventEntry>,
    /// Whether there are more than were asked for.
    pub is_cut: bool,
}
