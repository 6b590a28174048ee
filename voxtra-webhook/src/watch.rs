//! Lets others look on while events are sent.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::retry::AttemptOutcome;
use super::{OutgoingEvent, StoredEvent};

/// One request, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// When the answer was there, in milliseconds since 1970.
    pub at: i64,
    /// What the outbox knows the endpoint by.
    pub endpoint: String,
    /// Its scheme, host and port.
    pub url: String,
    /// The event's wire name.
    pub event: String,
    /// The event's id.
    pub id: String,
    /// Its session.
    pub session_id: String,
    /// Its number in its session.
    pub sequence: Option<u64>,
    /// Which attempt at this event it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub result: AttemptResult,
    /// What the receiver answered, or why it did not; `None` for 2xx.
    pub reason: Option<String>,
    /// How long the answer took, in milliseconds.
    pub ms: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AttemptResult {
    /// It was answered with 2xx.
    Delivered,
    /// It failed in a way that is worth another attempt, as long as there is time for one.
    Failed,
    /// It was answered in a way that is final.
    Refused,
    /// It was answered with 410: the endpoint wants nothing more.
    Gone,
}

impl AttemptResult {
    pub(super) fn of(outcome: &AttemptOutcome) -> (Self, Option<String>) {
        match outcome {
            AttemptOutcome::Delivered => (Self::Delivered, None),
            AttemptOutcome::Retry { reason, .. } => (Self::Failed, Some(reason.clone())),
            AttemptOutcome::Refused { reason } => (Self::Refused, Some(reason.clone())),
            AttemptOutcome::Gone { reason } => (Self::Gone, Some(reason.clone())),
        }
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Gone => "gone",
        }
    }
}

/// What is seen by who looks on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Watched {
    /// An attempt has ended.
    Attempt(Attempt),
    /// So many attempts were missed: they were read too slowly.
    Missed(u64),
}

/// The attempts that end from now on ([`Webhooks::watch`](super::Webhooks::watch)).
#[derive(Debug)]
pub struct Attempts {
    receiver: broadcast::Receiver<Arc<Attempt>>,
}

impl Attempts {
    /// Waits for the next one; `None` when the webhooks are gone.
    pub async fn next(&mut self) -> Option<Watched> {
        match self.receiver.recv().await {
            Ok(attempt) => Some(Watched::Attempt(Attempt::clone(&attempt))),
            Err(RecvError::Lagged(missed)) => Some(Watched::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Where attempts are told; costs nothing as long as nobody looks on.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    sender: broadcast::Sender<Arc<Attempt>>,
}

/// Most attempts that wait for the slowest who looks on.
const WAITING: usize = 1_024;

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(WAITING),
        }
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts {
            receiver: self.sender.subscribe(),
        }
    }

    /// Whether anybody looks on.
    pub(super) fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub(super) fn tell(&self, attempt: Attempt) {
        let _ = self.sender.send(Arc::new(attempt));
    }
}

impl Attempt {
    /// `attempts`: how often it was tried before.
    pub(super) fn new(
        event: &StoredEvent,
        attempts: u32,
        outcome: &AttemptOutcome,
        at: i64,
        took: Duration,
    ) -> Self {
        let OutgoingEvent {
            wire,
            id,
            session_id,
            sequence,
            ..
        } = &event.event;
        let (result, reason) = AttemptResult::of(outcome);
        Self {
            at,
            endpoint: String::new(),
            url: String::new(),
            event: wire.to_string(),
            id: id.clone(),
            session_id: session_id.to_string(),
            sequence: *sequence,
            attempt: attempts.saturating_add(1),
            result,
            reason,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
