use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::Post;
use super::retry::{Outcome, Schedule};
use super::warning::Warnings;
use super::{OutgoingEvent, WebhookSettings};

/// What one webhook has done so far. Every event it was given ends in exactly one of `delivered`, `refused`,
/// `exhausted`, `dropped` and `abandoned`, or is still `queued`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookCounters {
    /// Events answered with 2xx.
    pub delivered: u64,
    /// Attempts after the first one at an event.
    pub retries: u64,
    /// Events the receiver refused with an answer that is not retried.
    pub refused: u64,
    /// Events given up after the last attempt.
    pub exhausted: u64,
    /// Events that found a queue full, or came after the drain began.
    pub dropped: u64,
    /// Events given up because shutting down took too long.
    pub abandoned: u64,
    /// Events waiting or under way now.
    pub queued: u64,
}

/// One hook's queues and deliveries.
///
/// A session with events waiting has a lane: a queue, and a task that empties it in order and then ends. Lanes exist only
/// while they hold events, so memory is bounded by the number of events.
#[derive(Debug)]
pub(super) struct Delivery<P> {
    shared: Arc<Shared<P>>,
}

#[derive(Debug)]
struct Shared<P> {
    settings: WebhookSettings,
    post: P,
    lanes: Mutex<Lanes>,
    in_flight: Semaphore,
    counters: Counters,
    warnings: Warnings,
    tasks: TaskTracker,
    give_up: CancellationToken,
    /// How many events of each wire name were abandoned.
    abandoned: Mutex<BTreeMap<Cow<'static, str>, u64>>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Lanes {
    by_session: HashMap<Arc<str>, VecDeque<OutgoingEvent>>,
    /// Events in all lanes, those under way included.
    queued: usize,
    closed: bool,
}

/// Different names of abandoned events that are kept.
const NAMES: usize = 32;

#[derive(Debug, Default)]
struct Counters {
    delivered: AtomicU64,
    retries: AtomicU64,
    refused: AtomicU64,
    exhausted: AtomicU64,
    dropped: AtomicU64,
    abandoned: AtomicU64,
}

impl<P: Post> Delivery<P> {
    /// Must be called inside a tokio runtime.
    pub(super) fn new(settings: WebhookSettings, post: P) -> Self {
        let shared = Shared {
            in_flight: Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            settings,
            post,
            lanes: Mutex::default(),
            counters: Counters::default(),
            warnings: Warnings::default(),
            tasks: TaskTracker::new(),
            give_up: CancellationToken::new(),
            abandoned: Mutex::default(),
            runtime: Handle::current(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(super) fn settings(&self) -> &WebhookSettings {
        &self.shared.settings
    }

    /// Puts the event at the end of its session's lane, or drops it where there is no room.
    pub(super) fn enqueue(&self, event: OutgoingEvent) {
        let shared = &self.shared;
        let mut lanes = shared.lock();
        let waiting = lanes
            .by_session
            .get(&event.session_id)
            .map_or(0, VecDeque::len);
        if lanes.closed
            || lanes.queued >= shared.settings.queue
            || waiting >= shared.settings.session_queue
        {
            let closed = lanes.closed;
            drop(lanes);
            shared.count_dropped(&event, closed);
            return;
        }
        lanes.queued += 1;
        match lanes.by_session.get_mut(&event.session_id) {
            Some(lane) => lane.push_back(event),
            None => {
                let session = Arc::clone(&event.session_id);
                lanes
                    .by_session
                    .insert(Arc::clone(&session), VecDeque::from([event]));
                drop(lanes);
                shared
                    .tasks
                    .spawn_on(Arc::clone(shared).empty_lane(session), &shared.runtime);
            }
        }
    }

    /// Takes no more events.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.tasks.close();
    }

    /// Waits until every lane is empty or `deadline` has come; returns how many events were given up.
    pub(super) async fn drain(&self, deadline: Instant) -> u64 {
        self.close();
        if tokio::time::timeout_at(deadline, self.shared.tasks.wait())
            .await
            .is_err()
        {
            self.shared.give_up.cancel();
            self.shared.tasks.wait().await;
        }
        let abandoned = self.shared.counters.abandoned.load(Relaxed);
        if abandoned > 0 {
            tracing::warn!(
                webhook = %self.settings().origin(),
                abandoned,
                events = self.shared.abandoned_names(),
                "webhook events were given up at shutdown; allow more time to drain, or see why the receiver is slow"
            );
        }
        abandoned
    }

    pub(super) fn counters(&self) -> WebhookCounters {
        let counters = &self.shared.counters;
        WebhookCounters {
            delivered: counters.delivered.load(Relaxed),
            retries: counters.retries.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            exhausted: counters.exhausted.load(Relaxed),
            dropped: counters.dropped.load(Relaxed),
            abandoned: counters.abandoned.load(Relaxed),
            queued: u64::try_from(self.shared.lock().queued).unwrap_or(u64::MAX),
        }
    }
}

impl<P: Post> Shared<P> {
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task of one lane: delivers its events in order, and ends when there are none.
    async fn empty_lane(self: Arc<Self>, session: Arc<str>) {
        while let Some(event) = self.next_of(&session) {
            let counter = tokio::select! {
                biased;
                () = self.give_up.cancelled() => {
                    self.note_abandoned(&event);
                    &self.counters.abandoned
                }
                counter = self.deliver(&event) => counter,
            };
            counter.fetch_add(1, Relaxed);
            self.lock().queued -= 1;
        }
    }

    fn note_abandoned(&self, event: &OutgoingEvent) {
        let mut names = self
            .abandoned
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES || names.contains_key(&event.wire) {
            *names.entry(event.wire.clone()).or_default() += 1;
        }
    }

    /// What was abandoned, such as `2 call.ended, 1 dtmf.received`.
    fn abandoned_names(&self) -> String {
        let names = self
            .abandoned
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let each: Vec<_> = names
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        each.join(", ")
    }

    /// Takes the lane's next event; removes the lane when it is empty, under the same lock that adds to it.
    fn next_of(&self, session: &Arc<str>) -> Option<OutgoingEvent> {
        let mut lanes = self.lock();
        let next = lanes
            .by_session
            .get_mut(session)
            .and_then(VecDeque::pop_front);
        if next.is_none() {
            lanes.by_session.remove(session);
        }
        next
    }

    /// Tries until the event is delivered, refused or tried often enough; returns the counter that it ends in.
    async fn deliver(&self, event: &OutgoingEvent) -> &AtomicU64 {
        let mut schedule = Schedule::new(&self.settings);
        loop {
            let outcome = {
                // Held for one attempt only: an event that waits for its next one must not keep others from being sent.
                let _permit = self.in_flight.acquire().await;
                self.post.post(event).await
            };
            match outcome {
                Outcome::Delivered => return &self.counters.delivered,
                Outcome::Refused { reason } => {
                    self.warn(event, &reason, "not tried again");
                    return &self.counters.refused;
                }
                Outcome::Retry { reason, after } => {
                    let Some(wait) = schedule.next(after) else {
                        self.warn(event, &reason, "given up after the last attempt");
                        return &self.counters.exhausted;
                    };
                    self.warn(event, &reason, "will be tried again");
                    tokio::time::sleep(wait).await;
                    self.counters.retries.fetch_add(1, Relaxed);
                }
            }
        }
    }

    fn count_dropped(&self, event: &OutgoingEvent, closed: bool) {
        self.counters.dropped.fetch_add(1, Relaxed);
        let reason = if closed {
            "the webhook is shutting down"
        } else {
            "its queue is full; the receiver is down or too slow, or queue is set too low"
        };
        self.warn(event, reason, "dropped");
    }

    fn warn(&self, event: &OutgoingEvent, reason: &str, consequence: &str) {
        let Some(held_back) = self.warnings.admit() else {
            return;
        };
        let (dropped, exhausted) = (
            self.counters.dropped.load(Relaxed),
            self.counters.exhausted.load(Relaxed),
        );
        tracing::warn!(
            webhook = %self.settings.origin(),
            event = &*event.wire,
            event_id = event.id,
            session_id = %event.session_id,
            reason,
            dropped,
            exhausted,
            similar_lines_held_back = held_back,
            "webhook event not delivered: {consequence}"
        );
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
