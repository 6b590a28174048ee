use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::attempt::{HttpPost, Post};
use super::delivery::{Delivery, Surroundings};
use super::keeper::{Accept, Accepted, Keeper, Open, Order};
use super::line::Line;
use super::orders::Orders;
use super::sender::{Lifecycle, Sessions};
use super::watch::Watch;
use super::{
    Attempts, EndpointStatus, MemoryOutbox, Notice, Notices, OpenSession, Outbox, OutboxError,
    OutgoingEvent, Sender, SessionStep, WebhookError, WebhookSettings,
};

/// Counters of one webhook. Every event it got ends in exactly one of `delivered`, `refused`,
/// `exhausted`, `dropped` and `abandoned`, or is still `queued`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WebhookCounters {
    /// Events answered with 2xx.
    pub delivered: u64,
    /// Attempts after the first one at an event.
    pub retries: u64,
    /// Events that the receiver refused with an answer that is not retried: dead letters.
    pub refused: u64,
    /// Events given up because [`give_up_after`](WebhookSettings::give_up_after) had passed: dead
    /// letters.
    pub exhausted: u64,
    /// Events that found no room or left for lack of it, became too old, or came after the drain
    /// began.
    pub dropped: u64,
    /// Events given up because shutting down took too long. None with an outbox that outlives the
    /// process: it keeps them for the next start.
    pub abandoned: u64,
    /// Events waiting or under way now, those of earlier processes included.
    pub queued: u64,
}

/// All the configured webhooks. A clone is another handle to the same queues.
#[derive(Clone, Debug)]
pub struct Webhooks {
    pub(super) hooks: Arc<Hooks<HttpPost>>,
}

impl Webhooks {
    /// Delivers to each of `settings`; what waits is in memory, and lost when the process ends.
    /// Must be called inside a tokio runtime, which runs the deliveries.
    ///
    /// [`WebhookError`] if the HTTP client cannot be made, for instance because the machine has no
    /// trusted certificates, or if a header cannot carry the sender's name.
    pub fn new(sender: &Sender, settings: Vec<WebhookSettings>) -> Result<Self, WebhookError> {
        let memory = memory(&settings, sender);
        Self::open(sender, settings, move || Ok(Box::new(memory.clone())))
    }

    /// As [`new`](Self::new); what waits is in the file `path`, and is delivered by a later process
    /// if this one ends before. Opens the file here, which may take a moment.
    ///
    /// If the disk does not allow it now (full, read-only), events stay in memory until it does,
    /// with an error in the log and a [`Notice`]. Other errors of the file are
    /// [`WebhookError::Outbox`].
    #[cfg(feature = "durable")]
    pub fn stored(
        sender: &Sender,
        settings: Vec<WebhookSettings>,
        path: impl Into<std::path::PathBuf>,
        limits: super::StoredLimits,
    ) -> Result<Self, WebhookError> {
        let path = path.into();
        let file = path.clone();
        let open = move || -> Result<Box<dyn Outbox>, OutboxError> {
            Ok(Box::new(super::StoredOutbox::open(&file, limits)?))
        };
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there is no such socket"))]
        let mut hooks = Self::hooks(sender, settings, open)?;
        #[cfg(unix)]
        hooks.answer_at(&path);
        Ok(Self {
            hooks: Arc::new(hooks),
        })
    }

    /// As [`new`](Self::new), with an outbox of your own. `open` is called here, and again from a
    /// thread of its own after the outbox has failed.
    pub fn open(
        sender: &Sender,
        settings: Vec<WebhookSettings>,
        open: impl FnMut() -> Result<Box<dyn Outbox>, OutboxError> + Send + 'static,
    ) -> Result<Self, WebhookError> {
        Ok(Self {
            hooks: Arc::new(Self::hooks(sender, settings, open)?),
        })
    }

    fn hooks(
        sender: &Sender,
        settings: Vec<WebhookSettings>,
        open: impl FnMut() -> Result<Box<dyn Outbox>, OutboxError> + Send + 'static,
    ) -> Result<Hooks<HttpPost>, WebhookError> {
        let mut hooks = Vec::with_capacity(settings.len());
        let spare = memory(&settings, sender);
        for one in settings {
            let post = HttpPost::new(sender, &one)?;
            hooks.push((one, post));
        }
        let mut hooks = Hooks::new(
            hooks,
            sender.lifecycle_events(),
            spare,
            Box::new(open),
            true,
        )?;
        hooks.sessions = sender.session_steps().filter(|_| hooks.is_durable);
        Ok(hooks)
    }

    /// Sessions that an earlier process began and did not end: it was killed. With an outbox that
    /// outlives the process, and if the sender tells which events do so ([`Sender::sessions`]). A
    /// service should deliver the events that are missing; they follow what still waits.
    #[must_use]
    pub fn left_open(&self) -> &[OpenSession] {
        &self.hooks.left_open
    }

    /// True if events named `wire` need not be delivered: no hook wants them, and they begin or end
    /// no session.
    #[must_use]
    pub fn ignores(&self, wire: &str) -> bool {
        self.hooks.step(wire).is_none()
            && !self.hooks.settings().any(|settings| settings.wants(wire))
    }

    /// Queues the event for every hook that wants it, and returns at once. If it cannot be taken,
    /// it is dropped for that hook, counted and logged.
    pub fn deliver(&self, event: &OutgoingEvent) {
        self.hooks.order(event, None);
    }

    /// As [`deliver`](Self::deliver), and waits until the event is accepted: in the outbox, on the
    /// disk if it has one. `None` if no hook took it.
    pub async fn accept(&self, event: &OutgoingEvent) -> Option<Accepted> {
        let (told, accepted) = oneshot::channel();
        self.hooks.order(event, Some(told));
        accepted.await.ok()
    }

    /// Waits for the next thing that the operator should know. Several callers share the notices.
    /// Some 200 wait; further ones are in the log alone. `None` never comes as long as the webhooks
    /// are there.
    pub async fn next_notice(&self) -> Option<Notice> {
        self.hooks.notices.next().await
    }

    /// Takes no more events, and waits until those queued are delivered or `deadline` has come. The
    /// rest is then given up, counted and logged; with an outbox that outlives the process it stays
    /// there, and a receiver that does not answer is not waited for. Returns how many events were
    /// given up.
    pub async fn drain(&self, deadline: Instant) -> u64 {
        self.hooks.drain(deadline).await
    }

    /// Gives up all remaining events at once: [`drain`](Self::drain) counts them and returns.
    pub fn give_up(&self) {
        self.hooks.give_up();
    }

    /// How many events are waiting or under way, over all hooks.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.counters().iter().map(|counters| counters.queued).sum()
    }

    /// How every hook is and what it has done, in the order of the configuration.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        let deliveries = self.hooks.deliveries.iter();
        deliveries.map(|delivery| delivery.line.status()).collect()
    }

    /// The attempts that end from now on. Whoever reads them too slowly misses some, and no
    /// delivery waits for him.
    #[must_use]
    pub fn watch(&self) -> Attempts {
        self.hooks.watch.attempts()
    }

    /// The counters of every hook, in the order of the configuration.
    #[must_use]
    pub fn counters(&self) -> Vec<WebhookCounters> {
        self.hooks.counters()
    }
}

/// The memory that these hooks may use.
fn memory(settings: &[WebhookSettings], sender: &Sender) -> MemoryOutbox {
    let mut memory = MemoryOutbox::new(0, 0, sender.lifecycle_events().is_some());
    for (place, settings) in (0..).zip(settings) {
        memory.set_room(place, settings.queue, settings.session_queue);
    }
    memory
}

/// The hooks, whatever makes their attempts.
#[derive(Debug)]
pub(super) struct Hooks<P> {
    pub(super) deliveries: Vec<Arc<Delivery<P>>>,
    orders: Arc<Orders>,
    lifecycle: Option<Lifecycle>,
    pub(super) notices: Notices,
    watch: Watch,
    is_durable: bool,
    sessions: Option<Sessions>,
    left_open: Vec<OpenSession>,
    /// Whether the file could be opened, so that no other process has it.
    #[cfg(all(feature = "durable", unix))]
    owns_outbox: bool,
    /// Answers who asks by hand.
    #[cfg(all(feature = "durable", unix))]
    control: Option<super::control::Server>,
}

/// How long the last changes may take to reach the disk.
const FLUSH: Duration = Duration::from_secs(5);

impl<P: Post> Hooks<P> {
    pub(super) fn new(
        hooks: Vec<(WebhookSettings, P)>,
        lifecycle: Option<Lifecycle>,
        spare: MemoryOutbox,
        open: Open,
        // Of an outbox that cannot be opened yet.
        is_durable: bool,
    ) -> Result<Self, WebhookError> {
        let notices = Notices::new();
        let watch = Watch::new();
        let names = names(hooks.iter().map(|(settings, _)| settings));
        let lines: Vec<_> = hooks
            .iter()
            .zip(&names)
            .map(|((settings, _), name)| Arc::new(Line::new(settings, name.clone())))
            .collect();
        let keeper = Keeper::new(open, spare, names, lines.clone(), notices.clone())?;
        #[cfg(all(feature = "durable", unix))]
        let owns_outbox = keeper.is_durable() == Some(true);
        let is_durable = keeper.is_durable().unwrap_or(is_durable);
        let left_open = keeper.left_open();
        let orders = if is_durable {
            Orders::thread(keeper).map_err(WebhookError::Thread)?
        } else {
            Orders::direct(keeper)
        };
        let orders = Arc::new(orders);
        let around = Surroundings {
            orders: Arc::clone(&orders),
            notices: notices.clone(),
            watch: watch.clone(),
            has_lifecycle: lifecycle.is_some(),
            is_durable,
        };
        let deliveries = (0..).zip(hooks).zip(lines);
        let deliveries = deliveries.map(|((place, (settings, post)), line)| {
            Delivery::begin(place, settings, post, line, around.clone())
        });
        Ok(Self {
            deliveries: deliveries.collect(),
            orders,
            lifecycle,
            notices,
            watch,
            is_durable,
            sessions: None,
            left_open,
            #[cfg(all(feature = "durable", unix))]
            owns_outbox,
            #[cfg(all(feature = "durable", unix))]
            control: None,
        })
    }

    /// Answers at the socket beside the outbox's file, if the file is ours. Without it everything
    /// else goes on.
    #[cfg(all(feature = "durable", unix))]
    fn answer_at(&mut self, path: &std::path::Path) {
        if !self.owns_outbox {
            return;
        }
        let lines = self.deliveries.iter().map(|delivery| &delivery.line);
        let access = super::control::Access {
            orders: Arc::downgrade(&self.orders),
            lines: lines.cloned().collect(),
            watch: self.watch.clone(),
        };
        match super::control::Server::start(path, access) {
            Ok(server) => self.control = Some(server),
            Err(error) => {
                tracing::warn!(
                    %error,
                    outbox = %path.display(),
                    "no socket beside the outbox: nobody can ask this process about its webhooks"
                );
            }
        }
    }

    /// What an event means for its session, if the outbox wants to know.
    fn step(&self, wire: &str) -> Option<SessionStep> {
        self.sessions.and_then(|step| step(wire))
    }

    fn settings(&self) -> impl Iterator<Item = &WebhookSettings> {
        self.deliveries.iter().map(|delivery| &delivery.settings)
    }

    /// Asks the keeper to accept the event for every hook that wants it.
    pub(super) fn order(&self, event: &OutgoingEvent, told: Option<oneshot::Sender<Accepted>>) {
        let mut endpoints = Vec::new();
        let hooks = (0..).zip(&self.deliveries);
        for (place, delivery) in hooks.filter(|(_, hook)| hook.settings.wants(&event.wire)) {
            let line = &delivery.line;
            let refused = if line.state().is_closed {
                Some("the webhook is shutting down")
            } else if line.is_gone() {
                Some("the receiver answered 410: it wants no more events")
            } else {
                None
            };
            match refused {
                Some(reason) => {
                    line.count_dropped(&event.wire, &event.id, &event.session_id, reason);
                }
                None => {
                    line.counters.pending.fetch_add(1, Relaxed);
                    endpoints.push(place);
                }
            }
        }
        let step = self.step(&event.wire);
        if endpoints.is_empty() && step.is_none() {
            return;
        }
        let order = Order::Accept(Accept {
            event: event.clone(),
            lifecycle: self
                .lifecycle
                .is_some_and(|is_lifecycle| is_lifecycle(&event.wire)),
            step,
            endpoints,
            told,
        });
        let Err(refused) = self.orders.send(order) else {
            return;
        };
        let Order::Accept(refused) = *refused else {
            return;
        };
        for place in refused.endpoints {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            if let Some(delivery) = self.deliveries.get(place) {
                let line = &delivery.line;
                line.left();
                line.count_dropped(&event.wire, &event.id, &event.session_id, BEHIND);
            }
        }
    }

    pub(super) async fn drain(&self, deadline: Instant) -> u64 {
        // What is on its way to the outbox arrives there first.
        self.flush(deadline).await;
        // All hooks are closed first, so that they drain at the same time.
        for delivery in &self.deliveries {
            delivery.close();
        }
        let mut abandoned = 0;
        for delivery in &self.deliveries {
            abandoned += delivery.drain(deadline).await;
        }
        self.flush(Instant::now() + FLUSH).await;
        abandoned
    }

    /// Waits until everything that was ordered is done.
    async fn flush(&self, deadline: Instant) {
        if !self.is_durable {
            return;
        }
        let (done, flushed) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).is_ok()
            && tokio::time::timeout_at(deadline, flushed).await.is_err()
        {
            tracing::warn!("the outbox does not finish its last changes in time");
        }
    }

    /// What waits in memory for the first hook of a session.
    #[cfg(test)]
    pub(super) fn pending(&self, session: &str) -> Vec<super::StoredEvent> {
        let Orders::Direct(keeper) = &*self.orders else {
            return Vec::new();
        };
        keeper.lock().unwrap().pending(session)
    }

    pub(super) fn give_up(&self) {
        for delivery in &self.deliveries {
            delivery.give_up();
        }
    }

    pub(super) fn counters(&self) -> Vec<WebhookCounters> {
        self.deliveries
            .iter()
            .map(|delivery| delivery.line.counters())
            .collect()
    }
}

/// Nobody will drain: what waits in memory is still delivered as long as the runtime lives.
impl<P> Drop for Hooks<P> {
    fn drop(&mut self) {
        for delivery in &self.deliveries {
            delivery.line.state().is_closed = true;
            delivery.line.wake();
        }
    }
}

const BEHIND: &str = "the disk of the outbox is too slow";

/// What the outbox knows the hooks by; hooks of the same name are numbered.
fn names<'a>(settings: impl Iterator<Item = &'a WebhookSettings>) -> Vec<String> {
    let mut known = HashSet::new();
    let name = |settings: &WebhookSettings| {
        let key = settings.key();
        let numbered = (2..).map(|number| format!("{key} {number}"));
        let mut candidates = std::iter::once(key.clone()).chain(numbered);
        let free = candidates.find(|name| !known.contains(name)).unwrap_or(key);
        known.insert(free.clone());
        free
    };
    settings.map(name).collect()
}
