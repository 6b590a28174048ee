//! The rings between a media thread and the rest of the program: records and the caller's audio one
//! way, the agent's audio and commands the other. They are allocated once per call, the audio rings
//! when there is audio. Neither side ever waits in them. The agent's audio itself stays where it
//! was made, and its ring has pieces of it.

#[path = "link/agent.rs"]
mod agent;
#[path = "link/caller.rs"]
mod caller;
#[path = "link/lazy_ring.rs"]
mod lazy_ring;

pub use agent::AgentAudioWriter;
pub(crate) use agent::AgentReader;
use caller::CallerQueue;
pub use caller::{AudioPart, CallerAudioReader};
pub(crate) use caller::{CallerMark, CallerWriter};

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::bus::RecordSink;
use voxtra_core::event::{Realtime, Record};
use voxtra_core::leg::{Command, Forward, LegSettings};

use super::guard::GuardPlan;
use super::settings::MediaSettings;
use super::stats::{CallCounters, CallStats};
use super::sync;
use sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use sync::{Consumer, Mutex, MutexGuard, Notify, PoisonError, Producer, PushError, RingBuffer};

/// Records that may wait for a slow session: ten seconds of a busy call's, and more than one second
/// of those with two events for each frame.
const RECORDS: usize = 128;
const COMMANDS: usize = 64;

/// State that both ends of a link share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Epoch of the agent's audio; audio queued under an older epoch is discarded.
    pub(crate) epoch: AtomicU32,
    rate_hz: AtomicU32,
    /// Whether the media thread has left something since the notifier last looked.
    pub(crate) dirty: AtomicBool,
    pub(crate) closed: AtomicBool,
    pub(crate) requests: Requests,
    pub(crate) counters: CallCounters,
    /// The agent's audio, as long as the media thread may look at it.
    agent: agent::Kept,
    /// Plans of a guard that the media thread may have: it frees nothing.
    plans: Mutex<Vec<Arc<GuardPlan>>>,
    /// The reader's end of the caller's audio, on its way to it.
    caller: Mutex<Option<Consumer<i16>>>,
    /// Samples that reached async code but that a reader there did not fetch in time.
    missed_by_listeners: AtomicU64,
    /// Woken by the notifier: records are waiting, or the connection is over.
    record_wake: Notify,
    /// Woken by the notifier: caller audio is waiting, or the connection is over.
    audio_wake: Notify,
}

/// A media thread's end of a link.
pub(crate) struct MediaEnd {
    pub(crate) records: RecordProducer,
    pub(crate) caller: CallerWriter,
    pub(crate) agent: AgentReader,
    pub(crate) orders: Consumer<LegOrder>,
    pub(crate) shared: Arc<Shared>,
}

/// An order of async code.
#[derive(Debug)]
pub(crate) enum LegOrder {
    /// For the leg.
    Command(Command),
    /// Guard the call in this way from now on, or no longer.
    Guard(Option<Arc<GuardPlan>>),
}

/// The async end of a call's media: it reports what happens on the line, and takes commands.
#[derive(Debug)]
pub struct MediaLink {
    records: Consumer<Record>,
    orders: Producer<LegOrder>,
    /// The caller's audio, until it is taken.
    pub caller: Option<CallerAudioReader>,
    /// The agent's audio to the caller, until it is taken.
    pub agent: Option<AgentAudioWriter>,
    /// Makes the queue for the caller's audio when it is first wanted.
    listening: Option<CallerQueue>,
    shared: Arc<Shared>,
}

impl MediaLink {
    /// Waits for the media thread's next record. `None` once the connection is over and all records
    /// were taken. Cancel safe.
    pub async fn record(&mut self) -> Option<Record> {
        loop {
            if let Ok(record) = self.records.pop() {
                return Some(record);
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return self.records.pop().ok();
            }
            self.shared.record_wake.notified().await;
        }
    }

    /// Queues a command for the leg, which executes it within 20 ms (100 ms while it echoes a
    /// silent line). Returns `false` if 64 commands are already queued or the connection has
    /// closed.
    pub fn command(&mut self, command: Command) -> bool {
        if command == Command::HangUp {
            // A hang-up must not be lost to a full ring.
            self.shared.requests.add(Requests::HANG_UP);
            return true;
        }
        if let Command::Forward(forward) = command {
            self.listen(forward);
        }
        self.order(LegOrder::Command(command))
    }

    /// Sets the call's guard against dead air, or removes it; `false` as for a command.
    pub(crate) fn guard(&mut self, plan: Option<Arc<GuardPlan>>) -> bool {
        if let Some(plan) = &plan {
            let mut plans = lock(&self.shared.plans);
            // Whatever nobody else has, the media thread does not have either.
            plans.retain(|kept| Arc::strong_count(kept) > 1);
            plans.push(plan.clone());
        }
        self.order(LegOrder::Guard(plan))
    }

    fn order(&mut self, order: LegOrder) -> bool {
        let taken = self.orders.push(order).is_ok();
        self.shared.requests.add(Requests::ORDERS);
        taken
    }

    /// Makes a queue for the audio that will be forwarded.
    fn listen(&mut self, forward: Forward) {
        if forward != Forward::Nothing
            && let Some(queue) = self.listening.take()
        {
            queue.make(self.rate());
        }
    }

    /// The leg's sample rate: Asterisk's first audio frame decides it.
    pub fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// Counters of the call.
    pub fn stats(&self) -> CallStats {
        self.shared.stats()
    }

    /// A handle to the call's counters that outlives the link.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }
}

impl Drop for MediaLink {
    fn drop(&mut self) {
        self.shared.requests.add(Requests::GONE);
    }
}

/// Requests from async code to the media thread. One look at them tells the thread when nothing was
/// requested, and saves a look into every ring, each in memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Requests(AtomicU8);

impl Requests {
    /// There are orders in the ring.
    pub(crate) const ORDERS: u8 = 1;
    /// There is agent audio in the ring.
    pub(crate) const AUDIO: u8 = 2;
    /// The agent wants to hang up.
    pub(crate) const HANG_UP: u8 = 4;
    /// The link was dropped.
    pub(crate) const GONE: u8 = 8;

    /// Adds a request. The data it refers to must be in place before.
    pub(crate) fn add(&self, request: u8) {
        self.0.fetch_or(request, Ordering::Release);
    }

    /// All requests since the last call of this method.
    pub(crate) fn take(&self) -> u8 {
        match self.0.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.0.swap(0, Ordering::Acquire),
        }
    }
}

impl Shared {
    pub(crate) fn new(rate: SampleRate) -> Arc<Self> {
        Arc::new(Self {
            epoch: AtomicU32::new(0),
            rate_hz: AtomicU32::new(rate.hz()),
            dirty: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            requests: Requests::default(),
            counters: CallCounters::default(),
            agent: agent::Kept::new(),
            plans: Mutex::new(Vec::new()),
            caller: Mutex::new(None),
            missed_by_listeners: AtomicU64::new(0),
            record_wake: Notify::new(),
            audio_wake: Notify::new(),
        })
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn stats(&self) -> CallStats {
        let mut stats = self.counters.read();
        stats.caller_samples_missed += self.missed_by_listeners.load(Ordering::Relaxed);
        stats
    }

    /// Wakes the tasks that wait for this call. Called by the notifier.
    pub(crate) fn wake(&self) {
        self.record_wake.notify_one();
        self.audio_wake.notify_one();
    }

    pub(crate) fn rate(&self) -> SampleRate {
        SampleRate::from_hz(self.rate_hz.load(Ordering::Relaxed)).unwrap_or_default()
    }

    pub(crate) fn set_rate(&self, rate: SampleRate) {
        self.rate_hz.store(rate.hz(), Ordering::Relaxed);
    }
}

/// Where a leg's records go: the session's ring.
pub(crate) struct RecordProducer(Producer<Record>);

impl RecordSink for RecordProducer {
    type Event = Realtime;

    fn try_push(&mut self, record: Record) -> Result<(), Record> {
        self.0
            .push(record)
            .map_err(|PushError::Full(record)| record)
    }

    fn is_closed(&self) -> bool {
        self.0.is_abandoned()
    }
}

/// Locks what async code shares, even after a panic elsewhere. No media thread does.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Samples that a queue of this length holds: at least two frames.
fn samples_in(length: Duration, rate: SampleRate) -> usize {
    ((length.as_secs_f64() * f64::from(rate.hz())) as usize).max(2 * rate.frame_samples())
}

/// The two ends of a new link.
pub(crate) fn link(
    leg: &LegSettings,
    settings: &MediaSettings,
    shared: Arc<Shared>,
) -> (MediaEnd, MediaLink) {
    let (record_in, records) = RingBuffer::new(RECORDS);
    let (order_in, orders) = RingBuffer::new(COMMANDS);
    let (caller, reader, listening) = caller::ends(settings.caller_queue, shared.clone());
    let (writer, agent) = agent::ends(settings.agent_queue, shared.clone());
    let media = MediaEnd {
        records: RecordProducer(record_in),
        caller,
        agent,
        orders,
        shared: shared.clone(),
    };
    let mut link = MediaLink {
        records,
        orders: order_in,
        caller: Some(reader),
        agent: Some(writer),
        listening: Some(listening),
        shared,
    };
    link.listen(leg.forward);
    (media, link)
}
