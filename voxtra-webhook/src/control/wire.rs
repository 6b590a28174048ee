//! What goes over the socket.

use serde::{Deserialize, Serialize};

use super::entry::EventEntry;
use crate::EventState;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    Status,
    Prometheus,
    Endpoints,
    Browse(Browse),
    Redeliver { events: Vec<(u32, u64)> },
    Tail,
}

/// Some events of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Browse {
    /// Its number in the file.
    pub(super) endpoint: u32,
    pub(super) state: EventState,
    pub(super) from: u64,
    /// Only the event with this id.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// Whether bodies are wanted.
    #[serde(default)]
    pub(super) bodies: bool,
}

/// An answer to [`Browse`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Browsed {
    pub(super) events: Vec<EventEntry>,
    /// Where to go on.
    pub(super) next: Option<u64>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer<T> {
    Ok(T),
    Error(String),
}

/// Most events of one `redeliver`.
pub(super) const REDELIVERED: usize = 256;
