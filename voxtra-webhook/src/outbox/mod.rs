//! Where accepted events stay until they are delivered.

#[cfg(feature = "durable")]
mod browsing;
mod kept;
mod memory;
#[cfg(test)]
mod model_tests;
#[cfg(feature = "durable")]
mod reader;
#[cfg(feature = "durable")]
mod record;
#[cfg(feature = "durable")]
mod stored;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::kept::{EventPage, EventState, KeptEvent};
pub use self::memory::MemoryOutbox;
#[cfg(feature = "durable")]
pub use self::stored::StoredOutbox;
#[cfg(feature = "durable")]
pub(crate) use self::{browsing::Page, reader::StoredReader};

use super::OutgoingEvent;

/// Holds accepted events until they are delivered: in memory ([`MemoryOutbox`]) or in a file
/// (`StoredOutbox`, feature `durable`).
///
/// One owner calls it, one call after the other, so it needs no lock of its own. What a
/// [`commit`](Self::commit) has returned for is kept; what it has not, may be kept or not, but
/// never in part.
///
/// Events wait in lanes: one for each session and endpoint, ordered by [`StoredEvent::seq`].
pub trait Outbox: Send + 'static {
    /// The number of the endpoint with this name; the same whenever it is asked for again, also by
    /// a later process if the outbox outlives this one.
    fn endpoint(&mut self, name: &str) -> Result<u32, OutboxError>;

    /// A number greater than the [`seq`](StoredEvent::seq) of everything it holds.
    fn next_seq(&self) -> u64;

    /// Applies `changes` in order, all of them or none. Returns the events that had to leave for
    /// lack of room. `now` is in milliseconds since 1970.
    fn commit(&mut self, changes: &[Change], now: i64) -> Result<Vec<PutOut>, OutboxError>;

    /// Removes events that are too old at `now` (milliseconds since 1970), at most `most` of them.
    fn expire(&mut self, now: i64, most: usize) -> Result<Vec<PutOut>, OutboxError>;

    /// At most `most` sessions with events waiting for `endpoint`, in the outbox's own order,
    /// beginning after `after`.
    fn sessions(
        &self,
        endpoint: u32,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Arc<str>>, OutboxError>;

    /// The events of one lane in their order, beginning at `from`: at most `most`, and no further
    /// one once their bodies have `bytes` bytes.
    fn pending(
        &self,
        endpoint: u32,
        session: &str,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEvent>, OutboxError>;

    /// The dead letters of `endpoint` in their order, beginning at `from`; at most `most`.
    fn dead(&self, endpoint: u32, from: u64, most: usize) -> Result<Vec<DeadLetter>, OutboxError>;

    /// Sessions that have begun and not ended ([`Change::Session`]), at most `most`. Default: none
    /// are known.
    fn open_sessions(&self, most: usize) -> Result<Vec<OpenSession>, OutboxError> {
        let _ = most;
        Ok(Vec::new())
    }

    /// The names of all endpoints that it has numbers for, those of earlier processes too. Default:
    /// none are told.
    fn endpoints(&self) -> Result<Vec<(String, u32)>, OutboxError> {
        Ok(Vec::new())
    }

    /// The events of `endpoint` in this state in their order, beginning at `from`. Looks at `most`
    /// events, and at no further one once the bodies have `bytes` bytes; where there are more, the
    /// page says where it goes on. Default: none are told.
    fn browse(
        &self,
        endpoint: u32,
        state: EventState,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<EventPage, OutboxError> {
        let _ = (endpoint, state, from, most, bytes);
        Ok(EventPage::default())
    }

    /// How many dead letters of `endpoint` there are; it is asked for often. Default: 0.
    fn dead_letters(&self, endpoint: u32) -> u64 {
        let _ = endpoint;
        0
    }

    /// How many events wait for `endpoint`.
    fn waiting(&self, endpoint: u32) -> Result<u64, OutboxError>;

    /// Whether its events outlive the process.
    fn is_durable(&self) -> bool;
}

/// How much an outbox in a file keeps, and for how long.
///
/// ```
/// use std::time::Duration;
/// use voxtra_webhook::StoredLimits;
///
/// let mut limits = StoredLimits::default();
/// limits.bytes = 64 << 20;
/// limits.age = Duration::from_secs(24 * 3_600);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredLimits {
    /// Most bytes of events, their names and ids and some 200 bytes for each counted in. The file
    /// may be twice as large. Default 1 GiB.
    pub bytes: u64,
    /// How old an event gets, delivered or not. Default 7 days. A process lets none leave for its
    /// age in its first 10 minutes: what it finds is tried, however long nobody ran and whatever
    /// the machine's clock said meanwhile.
    pub age: Duration,
    /// How many delivered events are kept for each endpoint, the newest ones, so that they can be
    /// looked at and sent again. They leave first when room is short. Default 1,000; 0 keeps none.
    pub delivered: usize,
}

impl Default for StoredLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            age: Duration::from_secs(7 * 24 * 3_600),
            delivered: 1_000,
        }
    }
}

/// An event in an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the order of everything the outbox accepted.
    pub seq: u64,
    /// When it was accepted, or put back for another delivery ([`Change::Redeliver`]), in
    /// milliseconds since 1970.
    pub accepted: i64,
    /// Whether it is of a session's life; such events leave last when room is short.
    pub lifecycle: bool,
    /// The event.
    pub event: OutgoingEvent,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub event: StoredEvent,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up, in milliseconds since 1970.
    pub at: i64,
}

/// One change to an outbox.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// The event waits for these endpoints from now on. Its number is greater than all before.
    Accept {
        /// The event.
        event: StoredEvent,
        /// The endpoints, each once.
        endpoints: Vec<u32>,
    },
    /// The event was delivered to the endpoint: it leaves the lane. An outbox may keep it for a
    /// while.
    Delivered {
        /// Its place.
        place: Place,
        /// How often it was tried.
        attempts: u32,
    },
    /// The event was given up for this endpoint: it leaves the lane, and is a dead letter.
    GiveUp {
        /// Its place.
        place: Place,
        /// Why.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// A session has begun, concluded or ended. An outbox that outlives the process remembers those
    /// that have not ended, and the number of their last event.
    Session {
        /// The session.
        session: Arc<str>,
        /// What became of it.
        step: SessionStep,
        /// The number of the event that tells so.
        sequence: Option<u64>,
    },
    /// A dead letter, or a delivered event that is kept, waits again: in its old place, and with
    /// the time of now.
    Redeliver {
        /// The endpoint.
        endpoint: u32,
        /// The event's number.
        seq: u64,
    },
    /// A dead letter is forgotten.
    Forget {
        /// The endpoint.
        endpoint: u32,
        /// The event's number.
        seq: u64,
    },
}

/// What an event means for its session ([`Sender::sessions`](super::Sender::sessions)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStep {
    /// It is the session's first.
    Begins,
    /// What the session is about is over; a few more events may come.
    Concludes,
    /// It is the last.
    Ends,
}

/// A session that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The session.
    pub session_id: Arc<str>,
    /// The number of its last event that is known.
    pub sequence: Option<u64>,
    /// Whether it has concluded.
    pub is_concluded: bool,
    /// When its beginning was accepted, in milliseconds since 1970.
    pub began: i64,
    /// When the last of its events was, as far as is known.
    pub last: i64,
}

/// Where an event waits. A change that names a place with no event does nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The endpoint.
    pub endpoint: u32,
    /// The session.
    pub session: Arc<str>,
    /// The event's number.
    pub seq: u64,
}

/// An event that left an outbox undelivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOut {
    /// Where it waited.
    pub place: Place,
    /// Its wire name.
    pub wire: String,
    /// Its id.
    pub id: String,
    /// Why it left.
    pub reason: PutOutReason,
}

/// Why an event left an outbox undelivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutOutReason {
    /// There was no room.
    Full,
    /// It was older than the outbox keeps events.
    TooOld,
}

/// Why an outbox did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process has the file open.
    #[error(
        "{path} is in use by another process: each process needs a file of its own; stop the other one or name another path"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not an outbox.
    #[error(
        "{path} is not an outbox ({what}): it is left as it is; name another path or move it away"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// A later version wrote the file.
    #[error(
        "{path} has format {found}, and this version reads up to {known}: it is left as it is; run the version that wrote it until its events are delivered, or name another path"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The latest format that this version reads.
        known: u64,
    },
    /// The file is damaged beyond repair.
    #[error(
        "{path} is damaged ({what}): it is left as it is; move it away to begin a new one, and keep it if its events matter"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The disk or its permissions do not allow it: full, read-only, not ours.
    #[error("{path} cannot be used: {what}; free some room, or see to its permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        what: String,
    },
}

impl OutboxError {
    /// Whether a later attempt may succeed without anybody touching the file: room may be freed.
    /// The others need a decision of the operator's.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}
