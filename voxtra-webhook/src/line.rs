//! What the keeper and the deliveries of one endpoint share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::delivery::{Breaker, Lanes};
use super::figures::{EndpointStatus, Figures};
use super::outbox::{PutOut, PutOutReason};
use super::warning::Warnings;
use super::{Notice, Notices, WebhookCounters, WebhookSettings};

/// One endpoint: what is loaded of it, whether it takes requests, and what became of its events.
#[derive(Debug)]
pub(super) struct Line {
    /// Scheme, host and port.
    pub(super) origin: String,
    /// What the outbox knows it by.
    pub(super) name: String,
    pub(super) counters: Counters,
    pub(super) figures: Figures,
    pub(super) warnings: Warnings,
    state: Mutex<State>,
    wake: Notify,
    /// It answered 410, and gets nothing more from this process.
    is_gone: AtomicBool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) lanes: Lanes,
    pub(super) breaker: Breaker,
    /// Whether the keeper was asked to load and has not yet.
    pub(super) is_load_ordered: bool,
    /// Takes no more events.
    pub(super) is_closed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) delivered: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) exhausted: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) pending: AtomicU64,
}

/// Why an event found no room.
pub(super) const FULL: &str =
    "its queue is full; the receiver is down or too slow, or queue is set too low";
const TOO_OLD: &str = "it is older than events are kept";

impl Line {
    pub(super) fn new(settings: &WebhookSettings, name: String) -> Self {
        Self {
            origin: settings.origin(),
            name,
            counters: Counters::default(),
            figures: Figures::default(),
            warnings: Warnings::default(),
            state: Mutex::new(State {
                lanes: Lanes::new(settings.batch.as_ref()),
                breaker: Breaker::new(settings.max_in_flight.max(1), settings.max_backoff),
                is_load_ordered: false,
                is_closed: false,
            }),
            wake: Notify::new(),
            is_gone: AtomicBool::new(false),
        }
    }

    /// Never held while the keeper is asked for something.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has changed: the endpoint's task looks again.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Relaxed)
    }

    /// True if it was not yet.
    pub(super) fn set_gone(&self) -> bool {
        !self.is_gone.swap(true, Relaxed)
    }

    pub(super) fn add_pending(&self, events: u64) {
        self.counters.pending.fetch_add(events, Relaxed);
    }

    pub(super) fn set_pending_at_least(&self, events: u64) {
        self.counters.pending.fetch_max(events, Relaxed);
    }

    pub(super) fn pending(&self) -> u64 {
        self.counters.pending.load(Relaxed)
    }

    /// An event has left, whatever became of it.
    pub(super) fn left(&self) {
        let less = |pending: u64| Some(pending.saturating_sub(1));
        let _ = self.counters.pending.fetch_update(Relaxed, Relaxed, less);
    }

    /// Counts and tells what had to leave.
    pub(super) fn put_out<'a>(&self, put_out: impl Iterator<Item = &'a PutOut>, notices: &Notices) {
        let mut counts = [(PutOutReason::Full, 0_u64), (PutOutReason::TooOld, 0)];
        for gone in put_out {
            if !self
                .state()
                .lanes
                .put_out(&gone.place.session, gone.place.seq)
            {
                continue;
            }
            for (reason, count) in &mut counts {
                *count += u64::from(*reason == gone.reason);
            }
            self.left();
            let reason = match gone.reason {
                PutOutReason::Full => FULL,
                PutOutReason::TooOld => TOO_OLD,
            };
            self.count_dropped(&gone.wire, &gone.id, &gone.place.session, reason);
        }
        for (reason, events) in counts.into_iter().filter(|(_, count)| *count > 0) {
            notices.send(Notice::Dropped {
                endpoint: self.origin.clone(),
                events,
                reason,
            });
        }
    }

    pub(super) fn count_dropped(&self, wire: &str, id: &str, session: &str, reason: &str) {
        self.counters.dropped.fetch_add(1, Relaxed);
        self.warn(wire, id, session, reason, "dropped");
    }

    /// Logs what became of an event, now and then.
    pub(super) fn warn(&self, wire: &str, id: &str, session: &str, reason: &str, outcome: &str) {
        let Some(held_back) = self.warnings.admit() else {
            return;
        };
        tracing::warn!(
            webhook = %self.origin,
            event = wire,
            event_id = id,
            session_id = session,
            reason,
            dropped = self.counters.dropped.load(Relaxed),
            exhausted = self.counters.exhausted.load(Relaxed),
            similar_lines_held_back = held_back,
            "webhook event not delivered: {outcome}"
        );
    }

    pub(super) fn status(&self) -> EndpointStatus {
        let oldest = self.state().lanes.oldest();
        self.figures
            .status(&self.name, &self.origin, self.counters(), oldest)
    }

    pub(super) fn counters(&self) -> WebhookCounters {
        let counters = &self.counters;
        WebhookCounters {
            delivered: counters.delivered.load(Relaxed),
            retries: counters.retries.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            exhausted: counters.exhausted.load(Relaxed),
            dropped: counters.dropped.load(Relaxed),
            abandoned: counters.abandoned.load(Relaxed),
            queued: counters.pending.load(Relaxed),
        }
    }
}
