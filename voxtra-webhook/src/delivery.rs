use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::Post;
use super::retry::{AttemptOutcome, Schedule};
use super::sender::Lifecycle;
use super::warning::Warnings;
use super::{OutgoingEvent, WebhookSettings};

/// Counters of one webhook. Every event it got ends in exactly one of `delivered`, `refused`,
/// `exhausted`, `dropped` and `abandoned`, or is still `queued`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookCounters {
    /// Events answered with 2xx.
    pub delivered: u64,
    /// Attempts after the first one at an event.
    pub retries: u64,
    /// Events that the receiver refused with an answer that is not retried.
    pub refused: u64,
    /// Events given up because [`give_up_after`](WebhookSettings::give_up_after) had passed.
    pub exhausted: u64,
    /// Events that met a full queue, or came after the drain began.
    pub dropped: u64,
    /// Events given up because shutting down took too long.
    pub abandoned: u64,
    /// Events waiting or under way now.
    pub queued: u64,
}

/// One hook's queues and deliveries.
///
/// A session with events waiting has a lane: a queue, and a task that empties it in order and then
/// ends. Lanes exist only while they hold events, so memory is bounded by the number of events.
#[derive(Debug)]
pub(super) struct Delivery<P> {
    shared: Arc<Shared<P>>,
}

#[derive(Debug)]
struct Shared<P> {
    settings: WebhookSettings,
    lifecycle: Option<Lifecycle>,
    post: P,
    lanes: Mutex<Lanes>,
    in_flight: InFlight,
    counters: Counters,
    warnings: Warnings,
    tasks: TaskTracker,
    /// Set once draining begins: retries then no longer wait long.
    closing: CancellationToken,
    give_up: CancellationToken,
    /// How many events of each wire name were abandoned.
    abandoned: Mutex<BTreeMap<Cow<'static, str>, u64>>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Lanes {
    by_session: HashMap<Arc<str>, Lane>,
    /// The sessions with ordinary events waiting, ordered by their number.
    by_length: BTreeSet<(usize, Arc<str>)>,
    /// Events in all lanes, those under way included.
    queued: ByKind<usize>,
    closed: bool,
}

/// The waiting events of one session, in order.
#[derive(Debug, Default)]
struct Lane {
    events: VecDeque<Waiting>,
    waiting: ByKind<usize>,
}

#[derive(Debug)]
struct Waiting {
    event: OutgoingEvent,
    kind: Kind,
    /// No further attempt is made after this.
    until: Instant,
}

/// Classes of events when room is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Events of a session's life: few per session, and receivers rely on them.
    Lifecycle,
    Ordinary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByKind<T> {
    lifecycle: T,
    ordinary: T,
}

impl<T> ByKind<T> {
    fn of(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Lifecycle => &mut self.lifecycle,
            Kind::Ordinary => &mut self.ordinary,
        }
    }
}

impl Lane {
    fn push(&mut self, waiting: Waiting) {
        *self.waiting.of(waiting.kind) += 1;
        self.events.push_back(waiting);
    }

    fn pop(&mut self) -> Option<Waiting> {
        let next = self.events.pop_front()?;
        *self.waiting.of(next.kind) -= 1;
        Some(next)
    }

    /// Removes the newest ordinary event.
    fn put_out(&mut self) -> Option<OutgoingEvent> {
        let last = self
            .events
            .iter()
            .rposition(|waiting| waiting.kind == Kind::Ordinary)?;
        let put_out = self.events.remove(last)?;
        self.waiting.ordinary -= 1;
        Some(put_out.event)
    }
}

impl Lanes {
    fn total(&self) -> usize {
        self.queued.lifecycle.saturating_add(self.queued.ordinary)
    }

    /// Makes room for one more event of this kind. If that is fair, the session with the most
    /// ordinary events waiting loses its newest one: sessions that flood share the room evenly, and
    /// a newcomer gets its share. Returns the removed event, or that there is no room.
    fn make_room<P>(&mut self, shared: &Shared<P>, session: &Arc<str>, kind: Kind) -> Room {
        let settings = &shared.settings;
        let mut waiting = self
            .by_session
            .get(session)
            .map_or_else(ByKind::default, |lane| lane.waiting);
        let waiting = *waiting.of(kind);
        if waiting >= settings.session_queue {
            return Room::None;
        }
        let is_full = self.total() >= settings.queue
            || kind == Kind::Ordinary && self.queued.ordinary >= shared.ordinary_room();
        if !is_full {
            return Room::Free;
        }
        let Some((most, longest)) = self.by_length.last().cloned() else {
            return Room::None;
        };
        if kind == Kind::Ordinary && most <= waiting.saturating_add(1) {
            return Room::None;
        }
        let Some(lane) = self.by_session.get_mut(&longest) else {
            return Room::None;
        };
        let before = lane.waiting.ordinary;
        let Some(put_out) = lane.put_out() else {
            return Room::None;
        };
        let after = lane.waiting.ordinary;
        self.measured(&longest, before, after);
        self.queued.ordinary -= 1;
        Room::Instead(put_out)
    }

    /// Updates the index: the number of a session's waiting ordinary events has changed.
    fn measured(&mut self, session: &Arc<str>, before: usize, after: usize) {
        if before == after {
            return;
        }
        self.by_length.remove(&(before, Arc::clone(session)));
        if after > 0 {
            self.by_length.insert((after, Arc::clone(session)));
        }
    }

    /// Puts an event into its session's lane; true if the lane is new.
    fn push(&mut self, waiting: Waiting) -> bool {
        let session = Arc::clone(&waiting.event.session_id);
        *self.queued.of(waiting.kind) += 1;
        let is_new = !self.by_session.contains_key(&session);
        let lane = self.by_session.entry(Arc::clone(&session)).or_default();
        let before = lane.waiting.ordinary;
        lane.push(waiting);
        let after = lane.waiting.ordinary;
        self.measured(&session, before, after);
        is_new
    }

    /// Takes the next event of a session. An empty lane is removed.
    fn pop(&mut self, session: &Arc<str>) -> Option<Waiting> {
        let lane = self.by_session.get_mut(session)?;
        let before = lane.waiting.ordinary;
        let Some(next) = lane.pop() else {
            self.by_session.remove(session);
            return None;
        };
        let after = lane.waiting.ordinary;
        self.measured(session, before, after);
        Some(next)
    }
}

/// Whether there is room for an event.
#[derive(Debug)]
enum Room {
    Free,
    /// In place of this event.
    Instead(OutgoingEvent),
    None,
}

/// Limits the requests under way. Ordinary events leave a quarter of the permits free, and have a
/// queue of their own, so that a lifecycle event never waits behind many of them.
#[derive(Debug)]
struct InFlight {
    all: Semaphore,
    ordinary: Semaphore,
}

impl InFlight {
    fn new(most: usize, has_lifecycle: bool) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let reserved = if has_lifecycle { most / 4 } else { 0 };
        Self {
            all: Semaphore::new(most),
            ordinary: Semaphore::new(most.saturating_sub(reserved).max(1)),
        }
    }

    /// Waits for permits, which are held until they are dropped.
    async fn enter(&self, kind: Kind) -> [Option<SemaphorePermit<'_>>; 2] {
        let ordinary = match kind {
            Kind::Lifecycle => None,
            // The semaphores are never closed.
            Kind::Ordinary => self.ordinary.acquire().await.ok(),
        };
        let any = self.all.acquire().await.ok();
        [any, ordinary]
    }
}

/// Why an event found no room.
const FULL: &str = "its queue is full; the receiver is down or too slow, or queue is set too low";
/// Practically for ever.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Most different names of abandoned events that are kept.
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
    pub(super) fn new(settings: WebhookSettings, lifecycle: Option<Lifecycle>, post: P) -> Self {
        let shared = Shared {
            in_flight: InFlight::new(settings.max_in_flight, lifecycle.is_some()),
            settings,
            lifecycle,
            post,
            lanes: Mutex::default(),
            counters: Counters::default(),
            warnings: Warnings::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
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
        let kind = shared.kind_of(&event.wire);
        let mut lanes = shared.lock();
        if lanes.closed {
            drop(lanes);
            shared.count_dropped(&event, "the webhook is shutting down");
            return;
        }
        let put_out = match lanes.make_room(shared, &event.session_id, kind) {
            Room::Free => None,
            Room::Instead(put_out) => Some(put_out),
            Room::None => {
                drop(lanes);
                shared.count_dropped(&event, FULL);
                return;
            }
        };
        let session = Arc::clone(&event.session_id);
        let now = Instant::now();
        let is_new = lanes.push(Waiting {
            kind,
            // A horizon beyond the clock's range never comes.
            until: now
                .checked_add(shared.settings.give_up_after)
                .unwrap_or(now + FAR),
            event,
        });
        drop(lanes);
        if let Some(put_out) = put_out {
            shared.count_dropped(&put_out, FULL);
        }
        if is_new {
            shared
                .tasks
                .spawn_on(Arc::clone(shared).empty_lane(session), &shared.runtime);
        }
    }

    /// Takes no more events, and retries at once the events that wait for another attempt.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.closing.cancel();
        self.shared.tasks.close();
    }

    /// Gives up all remaining events at once.
    pub(super) fn give_up(&self) {
        self.close();
        self.shared.give_up.cancel();
    }

    /// Waits until every lane is empty or `deadline` has come; returns how many events were given
    /// up.
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
                "webhook events were given up at the end: nobody will deliver them; see why the receiver is slow or away"
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
            queued: u64::try_from(self.shared.lock().total()).unwrap_or(u64::MAX),
        }
    }
}

impl<P> Shared<P> {
    fn kind_of(&self, wire: &str) -> Kind {
        if self
            .lifecycle
            .is_some_and(|is_lifecycle| is_lifecycle(wire))
        {
            Kind::Lifecycle
        } else {
            Kind::Ordinary
        }
    }

    /// Most ordinary events that may wait, over all sessions.
    fn ordinary_room(&self) -> usize {
        match self.lifecycle {
            Some(_) => self.settings.queue.div_ceil(2),
            None => self.settings.queue,
        }
    }
}

impl<P: Post> Shared<P> {
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task of one lane: delivers its events in order, and ends when none are left.
    async fn empty_lane(self: Arc<Self>, session: Arc<str>) {
        while let Some(next) = self.next_of(&session) {
            let counter = tokio::select! {
                biased;
                () = self.give_up.cancelled() => {
                    self.note_abandoned(&next.event);
                    &self.counters.abandoned
                }
                counter = self.deliver(&next) => counter,
            };
            counter.fetch_add(1, Relaxed);
            *self.lock().queued.of(next.kind) -= 1;
        }
    }

    fn next_of(&self, session: &Arc<str>) -> Option<Waiting> {
        self.lock().pop(session)
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

    /// The names and numbers of abandoned events, such as `2 call.ended, 1 dtmf.received`.
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

    /// Retries until the event is delivered or refused, or its time is over; returns the counter
    /// for the outcome.
    async fn deliver(&self, waiting: &Waiting) -> &AtomicU64 {
        let event = &waiting.event;
        let mut schedule = Schedule::new(&self.settings);
        let mut closing = self.closing.is_cancelled();
        loop {
            let outcome = {
                // Held for one attempt only: an event that waits for its next attempt must not keep
                // others from being sent.
                let _permit = self.in_flight.enter(waiting.kind).await;
                self.post.post(event).await
            };
            match outcome {
                AttemptOutcome::Delivered => return &self.counters.delivered,
                AttemptOutcome::Refused { reason } => {
                    self.warn(event, &reason, "not tried again");
                    return &self.counters.refused;
                }
                AttemptOutcome::Retry { reason, after } => {
                    let left = waiting.until.saturating_duration_since(Instant::now());
                    let wait = schedule.next(after).filter(|_| !left.is_zero());
                    let Some(wait) = wait else {
                        self.warn(event, &reason, "given up after the last attempt");
                        return &self.counters.exhausted;
                    };
                    self.warn(event, &reason, "will be tried again");
                    tokio::select! {
                        biased;
                        // The receiver may be back by now, and there is no time for a long wait.
                        () = self.closing.cancelled(), if !closing => {
                            closing = true;
                            schedule = Schedule::new(&self.settings);
                        }
                        // The last attempt is made when the time is over, not before.
                        () = tokio::time::sleep(wait.min(left)) => {}
                    }
                    self.counters.retries.fetch_add(1, Relaxed);
                }
            }
        }
    }

    fn count_dropped(&self, event: &OutgoingEvent, reason: &str) {
        self.counters.dropped.fetch_add(1, Relaxed);
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
