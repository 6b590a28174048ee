//! What the caller said and keyed in, each given to one of those who wait for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::MutexGuard;

use super::log::{EventLog, Events};
use crate::lock::lock;

/// Taken events that are remembered: more than the log keeps.
const TAKEN: usize = 8192;

/// The caller's transcripts and keys, and which of them were taken.
#[derive(Debug)]
pub(crate) struct Answers {
    /// Position up to which `listen` has read.
    transcripts: tokio::sync::Mutex<Events>,
    /// Position up to which `listen_dtmf` has read.
    digits: tokio::sync::Mutex<Events>,
    /// Events that were taken: see [`take`](Self::take).
    taken: Mutex<BTreeSet<u64>>,
}

impl Answers {
    pub(super) fn new(log: &Arc<EventLog>) -> Self {
        Self {
            transcripts: tokio::sync::Mutex::new(log.from_start(true)),
            digits: tokio::sync::Mutex::new(log.from_start(true)),
            taken: Mutex::default(),
        }
    }

    /// The events for `listen`, which reads alone.
    pub(super) async fn transcripts(&self) -> MutexGuard<'_, Events> {
        self.transcripts.lock().await
    }

    /// The events for `listen_dtmf`, which reads alone.
    pub(super) async fn digits(&self) -> MutexGuard<'_, Events> {
        self.digits.lock().await
    }

    /// Takes an event for a declared session or a `listen`; false if it was taken before. A key
    /// that was part of an answer must not count as a choice in the next menu, nor the other way
    /// round.
    pub(super) fn take(&self, seq: u64) -> bool {
        let mut taken = lock(&self.taken);
        if taken.len() >= TAKEN {
            taken.pop_first();
        }
        taken.insert(seq)
    }

    pub(super) fn is_taken(&self, seq: u64) -> bool {
        lock(&self.taken).contains(&seq)
    }
}
