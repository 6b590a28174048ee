//! Sends what the outbox has: for each endpoint one task that begins attempts, and one for each
//! attempt under way.

mod breaker;
mod lanes;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use self::breaker::Breaker;
pub(super) use self::lanes::{Lanes, Offer};

use self::breaker::Turn;
use self::lanes::{Next, Start, Tried};
use super::attempt::Post;
use super::clock::Clock;
use super::keeper::Order;
use super::line::Line;
use super::orders::Orders;
use super::outbox::{Change, Place, StoredEvent};
use super::retry::{AttemptOutcome, backoff};
use super::watch::{Attempt, Watch};
use super::{Notice, Notices, WebhookSettings};

/// The deliveries to one endpoint.
#[derive(Debug)]
pub(super) struct Delivery<P> {
    place: u32,
    pub(super) settings: WebhookSettings,
    pub(super) post: P,
    pub(super) line: Arc<Line>,
    orders: Arc<Orders>,
    /// Most requests under way, and most of ordinary events.
    limits: [usize; 2],
    is_durable: bool,
    clock: Clock,
    notices: Notices,
    watch: Watch,
    tasks: TaskTracker,
    give_up: CancellationToken,
}

/// What a delivery stands in.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) orders: Arc<Orders>,
    pub(super) notices: Notices,
    pub(super) watch: Watch,
    pub(super) has_lifecycle: bool,
    pub(super) is_durable: bool,
}

/// The longest wait between attempts: a clock does not go on for ever.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Most different names of abandoned events that are told.
const NAMES: usize = 32;

impl<P: Post> Delivery<P> {
    /// Begins to deliver. Must be called inside a tokio runtime.
    pub(super) fn begin(
        place: u32,
        settings: WebhookSettings,
        post: P,
        line: Arc<Line>,
        around: Surroundings,
    ) -> Arc<Self> {
        let mut settings = settings;
        settings.max_backoff = settings.max_backoff.min(LONGEST);
        let most = settings.max_in_flight.max(1);
        let reserved = if around.has_lifecycle { most / 4 } else { 0 };
        let delivery = Arc::new(Self {
            place,
            settings,
            post,
            line,
            orders: around.orders,
            limits: [most, most.saturating_sub(reserved).max(1)],
            is_durable: around.is_durable,
            clock: Clock::new(),
            notices: around.notices,
            watch: around.watch,
            tasks: TaskTracker::new(),
            give_up: CancellationToken::new(),
        });
        let task = Arc::clone(&delivery).run();
        delivery.tasks.spawn_on(task, &Handle::current());
        delivery
    }

    /// Takes no more events, and tries at once what waits for another attempt: the receiver may be
    /// back by now, and there is no time for a long wait.
    pub(super) fn close(&self) {
        let mut state = self.line.state();
        if !state.is_closed {
            state.is_closed = true;
            state.breaker.hurry(Instant::now());
            state.lanes.hurry();
        }
        drop(state);
        self.tasks.close();
        self.line.wake();
    }

    /// Stops at once.
    pub(super) fn give_up(&self) {
        self.close();
        self.give_up.cancel();
    }

    /// Waits until everything is sent or, with an outbox that outlives the process, until nothing
    /// more can be sent now; or until `deadline`. Returns how many events were given up.
    pub(super) async fn drain(&self, deadline: Instant) -> u64 {
        self.close();
        if tokio::time::timeout_at(deadline, self.tasks.wait())
            .await
            .is_err()
        {
            self.give_up.cancel();
            self.tasks.wait().await;
        }
        let left = self.line.pending();
        if left == 0 {
            return self.line.counters.abandoned.load(Relaxed);
        }
        if self.is_durable {
            tracing::info!(
                webhook = %self.settings.origin(),
                events = left,
                "webhook events are kept for the next start"
            );
            return 0;
        }
        while self.line.pending() > 0 {
            self.line.left();
            self.line.counters.abandoned.fetch_add(1, Relaxed);
        }
        tracing::warn!(
            webhook = %self.settings.origin(),
            abandoned = left,
            events = self.abandoned_names(),
            "webhook events were given up at the end: nobody will deliver them; see why the receiver is slow or away"
        );
        self.line.counters.abandoned.load(Relaxed)
    }

    /// The names and numbers of events that are loaded, such as `2 call.ended, 1 dtmf.received`.
    fn abandoned_names(&self) -> String {
        let state = self.line.state();
        let mut names = BTreeMap::<Cow<'static, str>, u64>::new();
        for loaded in state.lanes.loaded() {
            let wire = &loaded.event.wire;
            if names.len() < NAMES || names.contains_key(wire) {
                *names.entry(wire.clone()).or_default() += 1;
            }
        }
        let names = names.iter().map(|(name, count)| format!("{count} {name}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Begins attempts as long as there are events.
    async fn run(self: Arc<Self>) {
        loop {
            let look = self.look();
            for start in look.starts {
                let attempt = Arc::clone(&self).attempt(start);
                self.tasks.spawn(attempt);
            }
            if look.loads {
                let place = usize::try_from(self.place).unwrap_or(usize::MAX);
                let _ = self.orders.send(Order::Load(place));
            }
            if look.is_over {
                return;
            }
            let due = async {
                match look.due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.give_up.cancelled() => return,
                () = self.line.woken() => {}
                () = due => {}
            }
        }
    }

    /// What can begin now, and when to look again.
    fn look(&self) -> Look {
        let mut look = Look::default();
        if self.line.is_gone() {
            look.is_over = self.line.state().is_closed;
            return look;
        }
        let now = Instant::now();
        let mut state = self.line.state();
        let state = &mut *state;
        while state.breaker.admits(now, state.lanes.under_way()) {
            let is_probe = state.breaker.is_open();
            let Some(start) = state.lanes.start(now, self.limits, is_probe) else {
                break;
            };
            state.breaker.began();
            look.starts.push(start);
        }
        if state.lanes.wants_load() && !state.is_load_ordered {
            state.is_load_ordered = true;
            look.loads = true;
        }
        let is_idle = state.lanes.is_nothing_ready() && state.lanes.due().is_none();
        // What is due and can't begin waits for the end of an attempt, which wakes us. Its time has
        // come already: to sleep until then would be to look again and again.
        let dues = [state.breaker.due().filter(|_| !is_idle), state.lanes.due()];
        look.due = dues.into_iter().flatten().filter(|due| *due > now).min();
        // What was tried once more and failed again stays in the outbox.
        let nothing_helps = self.is_durable
            && state.lanes.under_way() == 0
            && !state.is_load_ordered
            && (state.breaker.is_open() || state.lanes.is_nothing_ready());
        look.is_over = state.is_closed && (self.line.pending() == 0 || nothing_helps);
        look
    }

    async fn attempt(self: Arc<Self>, start: Start) {
        let again = start.events.iter().filter(|tried| tried.attempts > 0);
        let again = u64::try_from(again.count()).unwrap_or_default();
        self.line.counters.retries.fetch_add(again, Relaxed);
        let events: Vec<_> = start
            .events
            .iter()
            .map(|tried| &tried.event.event)
            .collect();
        let began = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = self.give_up.cancelled() => {
                self.end(&start, Next::Again(Instant::now()), |_| None);
                return;
            }
            outcome = self.post.post(&events) => outcome,
        };
        self.tell_attempt(&start, &outcome, began);
        match outcome {
            AttemptOutcome::Delivered => {
                self.answered();
                // None is left.
                self.end(&start, Next::Alone, |tried| {
                    self.line.counters.delivered.fetch_add(1, Relaxed);
                    self.line.figures.delivered(self.age(&tried.event));
                    Some(Change::Delivered {
                        place: self.place_of(&tried.event),
                        attempts: tried.attempts.saturating_add(1),
                    })
                });
            }
            AttemptOutcome::Refused { reason } => {
                self.answered();
                self.refused(&start, &reason);
            }
            AttemptOutcome::Gone { reason } => {
                if self.line.set_gone() {
                    self.line.figures.disabled(self.clock.now());
                    tracing::error!(webhook = %self.line.origin, reason, "the receiver wants no more events: it gets none until the next start");
                    self.notices.send(Notice::EndpointGone {
                        endpoint: self.line.origin.clone(),
                    });
                }
                self.give_up_all(&start, &reason);
            }
            AttemptOutcome::Retry { reason, after } => self.retry(&start, &reason, after),
        }
        self.line.wake();
    }

    /// Events that were refused together are sent one by one: only those that the receiver refuses
    /// alone are given up.
    fn refused(&self, start: &Start, reason: &str) {
        match &start.events[..] {
            [first, _, ..] => {
                self.warn(&first.event, reason, "its batch is sent again one by one");
                self.end(start, Next::Alone, |_| None);
            }
            _ => self.give_up_all(start, reason),
        }
    }

    fn give_up_all(&self, start: &Start, reason: &str) {
        self.end(start, Next::Alone, |tried| {
            self.warn(&tried.event, reason, "not tried again");
            self.line.counters.refused.fetch_add(1, Relaxed);
            Some(self.given_up(tried, reason))
        });
    }

    fn retry(&self, start: &Start, reason: &str, after: Option<Duration>) {
        let now = Instant::now();
        let after = after.map(|after| after.min(self.settings.max_backoff));
        let turn = self.line.state().breaker.failed(now, after);
        if turn == Turn::Opened {
            self.line.figures.down(self.clock.now(), reason);
            tracing::warn!(webhook = %self.line.origin, reason, "the receiver does not answer: it is tried now and then until it does");
            self.notices.send(Notice::EndpointDown {
                endpoint: self.line.origin.clone(),
                reason: reason.to_owned(),
            });
        }
        let kept = start.events.iter().filter(|tried| !self.is_last(tried));
        let kept: Vec<_> = kept.collect();
        let most = kept.iter().map(|tried| tried.attempts).max();
        let wait = backoff(&self.settings, most.unwrap_or_default());
        let wait = after.map_or(wait, |after| wait.max(after));
        // The last attempt is made when the time is over, not before.
        let left = kept.iter().map(|tried| self.time_left(tried)).min();
        let wait = left.map_or(wait, |left| wait.min(left));
        if let Some(tried) = kept.first() {
            self.warn(&tried.event, reason, "will be tried again");
        }
        self.end(start, Next::Again(now + wait), |tried| {
            if !self.is_last(tried) {
                return None;
            }
            self.warn(&tried.event, reason, "given up after the last attempt");
            self.line.counters.exhausted.fetch_add(1, Relaxed);
            Some(self.given_up(tried, reason))
        });
    }

    /// How much longer an event is tried.
    fn time_left(&self, tried: &Tried) -> Duration {
        let age = self.age(&tried.event);
        self.settings.give_up_after.saturating_sub(age)
    }

    /// Whether the attempt at an event that has just failed was the last.
    fn is_last(&self, tried: &Tried) -> bool {
        let tries = tried.attempts.saturating_add(1);
        let is_enough = self.settings.max_attempts.is_some_and(|most| tries >= most);
        is_enough || self.time_left(tried).is_zero()
    }

    /// How long ago the event was accepted.
    fn age(&self, event: &StoredEvent) -> Duration {
        let age = self.clock.now().saturating_sub(event.accepted);
        Duration::from_millis(u64::try_from(age).unwrap_or_default())
    }

    /// Tells who looks on.
    fn tell_attempt(&self, start: &Start, outcome: &AttemptOutcome, began: Instant) {
        if !self.watch.is_watched() {
            return;
        }
        let (now, took) = (self.clock.now(), began.elapsed());
        for tried in &start.events {
            let attempt = Attempt::new(&tried.event, tried.attempts, outcome, now, took);
            self.watch.tell(Attempt {
                endpoint: self.line.name.clone(),
                url: self.line.origin.clone(),
                ..attempt
            });
        }
    }

    /// The receiver is there.
    fn answered(&self) {
        let mut state = self.line.state();
        if state.breaker.answered() == Turn::Closed {
            state.lanes.wake_all(false);
            drop(state);
            self.line.figures.up();
            tracing::info!(webhook = %self.line.origin, "the receiver answers again");
            self.notices.send(Notice::EndpointUp {
                endpoint: self.line.origin.clone(),
            });
        }
    }

    fn given_up(&self, tried: &Tried, reason: &str) -> Change {
        Change::GiveUp {
            place: self.place_of(&tried.event),
            reason: reason.to_owned(),
            attempts: tried.attempts.saturating_add(1),
        }
    }

    /// A request has ended: of each session, the events up to the first for which `leaves` has no
    /// change have left, and the outbox is told.
    fn end(&self, start: &Start, next: Next, leaves: impl Fn(&Tried) -> Option<Change>) {
        let parts = start.parts().map(|part| {
            let changes: Vec<_> = part.iter().map_while(&leaves).collect();
            (part, changes)
        });
        let parts: Vec<_> = parts.collect();
        let mut state = self.line.state();
        state.lanes.ended(start);
        for (part, changes) in &parts {
            if let Some(first) = part.first() {
                state.lanes.finish(first.session(), changes.len(), next);
            }
        }
        drop(state);
        for change in parts.into_iter().flat_map(|(_, changes)| changes) {
            self.line.left();
            let _ = self.orders.send(Order::Settle(change));
        }
    }

    fn place_of(&self, event: &StoredEvent) -> Place {
        Place {
            endpoint: self.place,
            session: Arc::clone(&event.event.session_id),
            seq: event.seq,
        }
    }

    fn warn(&self, event: &StoredEvent, reason: &str, outcome: &str) {
        let event = &event.event;
        self.line
            .warn(&event.wire, &event.id, &event.session_id, reason, outcome);
    }
}

/// What one look at the lanes found.
#[derive(Debug, Default)]
struct Look {
    starts: Vec<Start>,
    /// Whether to ask the keeper for more.
    loads: bool,
    due: Option<Instant>,
    is_over: bool,
}

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
#[path = "../delivery_tests.rs"]
mod tests;
