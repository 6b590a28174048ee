//! A media thread: owns sockets, sleeps until one is ready or a frame is due, and handles
//! everything that is ready.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use rtrb::{Consumer, Producer, RingBuffer};
use voxtra_core::event::MediaStoppedReason;
use voxtra_core::leg::{AudioSocket, LegSettings};
use voxtra_core::time::Instant;

use super::claims::Claim;
use super::clock::Clock;
use super::connection::{Connection, ConnectionState, Generation, Scratch};
use super::link::MediaEnd;
use super::memory::Heap;
use super::notifier::{Finished, WakeHandle};
use super::pace::Pace;
use super::peers::PeerPlace;
use super::settings::{Allocations, MediaSettings};
use super::stats::MediaStats;
use super::transport::Transport;

/// Socket events that wake the thread. Writable is reported only after a write was incomplete.
const SOCKET: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// Wakes the thread for new connections and for its end.
const WAKE: Token = Token(usize::MAX);
/// The longest sleep when there is nothing to do.
const IDLE: Duration = Duration::from_millis(500);

/// What a connection is made of, in the framing of the media thread that takes it.
pub(crate) struct NewConnection {
    pub(crate) stream: TcpStream,
    pub(crate) leg: LegSettings,
    pub(crate) end: MediaEnd,
    pub(crate) place: Option<PeerPlace>,
    pub(crate) claim: Option<Claim>,
}

/// The way into a media thread, whatever its framing. It is taken once for each call; from there on
/// everything knows its framing.
trait Inbox: Send {
    /// Makes a connection and hands it over; false if the thread has no room, or has ended.
    fn adopt(&mut self, new: NewConnection, settings: &MediaSettings) -> bool;
}

impl<F: Transport> Inbox for Producer<Box<Connection<TcpStream, F>>> {
    fn adopt(&mut self, new: NewConnection, settings: &MediaSettings) -> bool {
        if self.is_abandoned() {
            return false;
        }
        let mut connection = Box::new(Connection::new(new.stream, new.leg, new.end, settings));
        connection.place = new.place;
        connection.claim = new.claim;
        self.push(connection).is_ok()
    }
}

/// The async side's handle of a media thread.
pub(crate) struct MediaThread {
    inbox: Box<dyn Inbox>,
    waker: Arc<Waker>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MediaThread {
    /// Starts a thread whose calls are in the framing `F`.
    pub(crate) fn start<F: Transport>(
        index: usize,
        settings: &MediaSettings,
        clock: Clock,
        notify: WakeHandle<Connection<TcpStream, F>>,
        stats: Arc<MediaStats>,
    ) -> io::Result<Self> {
        let (inbox, arrivals) = RingBuffer::new(settings.max_calls.max(1));
        let worker = Worker::new(settings, arrivals, clock, notify, stats)?;
        let waker = Arc::new(Waker::new(worker.poll.registry(), WAKE)?);
        let stop = worker.stop.clone();
        let thread = thread::Builder::new()
            .name(format!("voxtra-media-{index}"))
            .spawn(move || worker.run())?;
        Ok(Self {
            inbox: Box::new(inbox),
            waker,
            stop,
            thread: Some(thread),
        })
    }

    /// Hands a connection over; false, and it is closed, if the thread has no room or has ended.
    pub(crate) fn adopt(&mut self, new: NewConnection, settings: &MediaSettings) -> bool {
        let adopted = self.inbox.adopt(new, settings);
        if adopted {
            let _ = self.waker.wake();
        }
        adopted
    }
}

impl Drop for MediaThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread itself, whose calls are in the framing `F`.
struct Worker<F = AudioSocket<Heap>> {
    poll: Poll,
    arrivals: Consumer<Box<Connection<TcpStream, F>>>,
    slots: Vec<Option<Box<Connection<TcpStream, F>>>>,
    free: Vec<usize>,
    /// When each slot has a frame to send. Entries of a slot's former connections are skipped.
    deadlines: BinaryHeap<Reverse<(Instant, usize, Generation)>>,
    /// Slots that have more to read than their turn allowed.
    again: Vec<usize>,
    /// The slots whose turn it is now.
    turn: Vec<usize>,
    /// Connections for which the notifier had no room yet.
    finished: Vec<Box<Connection<TcpStream, F>>>,
    generation: Generation,
    batch: Duration,
    pace: Pace,
    probe: Option<fn() -> Allocations>,
    clock: Clock,
    notify: WakeHandle<Connection<TcpStream, F>>,
    stats: Arc<MediaStats>,
    stop: Arc<AtomicBool>,
}

impl<F: Transport> Worker<F> {
    fn new(
        settings: &MediaSettings,
        arrivals: Consumer<Box<Connection<TcpStream, F>>>,
        clock: Clock,
        notify: WakeHandle<Connection<TcpStream, F>>,
        stats: Arc<MediaStats>,
    ) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            arrivals,
            slots: Vec::with_capacity(settings.max_calls),
            free: Vec::with_capacity(settings.max_calls),
            deadlines: BinaryHeap::with_capacity(2 * settings.max_calls),
            again: Vec::with_capacity(settings.max_calls),
            turn: Vec::with_capacity(settings.max_calls),
            finished: Vec::with_capacity(settings.max_calls),
            generation: 0,
            batch: settings.batch,
            pace: Pace::new(settings.batch, settings.batch_above_load),
            probe: settings.allocations,
            clock,
            notify,
            stats,
            stop: Arc::default(),
        })
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut scratch = Scratch::new();
        while !self.stop.load(Ordering::Acquire) {
            let timeout = self.sleep_for();
            if let Err(error) = self.poll.poll(&mut events, Some(timeout))
                && error.kind() != io::ErrorKind::Interrupted
            {
                // Not on a frame's path: without readiness there are no frames.
                tracing::error!(%error, "a media thread cannot wait for its sockets any more");
                break;
            }
            let woke = self.clock.now();
            std::mem::swap(&mut self.again, &mut self.turn);
            while let Some(slot) = self.turn.pop() {
                if let Some(connection) = self.slots.get_mut(slot).and_then(Option::as_mut) {
                    connection.queued = false;
                }
                self.read(slot, &mut scratch, false);
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.ready(event.token().0, event, &mut scratch);
            }
            // Only now: a newcomer must not get the slot of a connection that has just ended, and
            // with it that connection's events.
            if events.iter().any(|event| event.token() == WAKE) {
                self.admit(&mut scratch);
            }
            self.send_due(&mut scratch);
            self.retire();
            // What arrives meanwhile is handled together: fewer wake-ups, less CPU per frame.
            let gather = self.pace.rest(woke, self.clock.now()).min(self.sleep_for());
            if !gather.is_zero() {
                thread::sleep(gather);
            }
        }
        // Connections that were still on their way in are ended as well.
        self.admit(&mut scratch);
        let now = self.clock.now();
        for slot in 0..self.slots.len() {
            self.with(slot, |connection| {
                connection.stop(now, MediaStoppedReason::Closed, &mut scratch)
            });
        }
        while !self.finished.is_empty() {
            self.retire();
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn sleep_for(&self) -> Duration {
        if !self.again.is_empty() {
            return Duration::ZERO;
        }
        match self.deadlines.peek() {
            Some(Reverse((deadline, ..))) => deadline.duration_since(self.clock.now()).min(IDLE),
            None => IDLE,
        }
    }

    /// The start of the next batch. Frames go out on the grid of the batches, so that a thread
    /// wakes for many at once.
    fn on_grid(&self, now: Instant) -> Instant {
        let batch = u64::try_from(self.batch.as_micros()).unwrap_or(0).max(1);
        let micros = now.as_micros();
        Instant::from_micros(micros.div_ceil(batch).saturating_mul(batch))
    }

    /// Takes over new connections.
    fn admit(&mut self, scratch: &mut Scratch) {
        while let Ok(mut connection) = self.arrivals.pop() {
            let slot = self.free.pop().unwrap_or_else(|| {
                self.slots.push(None);
                self.slots.len() - 1
            });
            let now = self.clock.now();
            self.generation = self.generation.wrapping_add(1);
            connection.generation = self.generation;
            let registered =
                self.poll
                    .registry()
                    .register(connection.stream(), Token(slot), SOCKET);
            connection.start(self.on_grid(now));
            self.deadlines
                .push(Reverse((connection.next_deadline(), slot, self.generation)));
            if let Some(place) = self.slots.get_mut(slot) {
                *place = Some(connection);
            }
            if registered.is_err() {
                self.with(slot, |connection| {
                    connection.stop(now, MediaStoppedReason::Error, scratch)
                });
            }
        }
    }

    /// A socket is readable, or writable again after it took a message only in part.
    fn ready(&mut self, slot: usize, event: &Event, scratch: &mut Scratch) {
        if event.is_writable()
            && let Some(connection) = self.slots.get_mut(slot).and_then(Option::as_mut)
        {
            connection.writable(self.clock.now());
        }
        let to_the_end = event.is_read_closed() || event.is_error();
        if event.is_readable() || to_the_end {
            self.read(slot, scratch, to_the_end);
        }
    }

    fn read(&mut self, slot: usize, scratch: &mut Scratch, to_the_end: bool) {
        let now = self.clock.now();
        let mut queue = false;
        self.with(slot, |connection| {
            connection.to_the_end |= to_the_end;
            let state = connection.readable(now, scratch);
            queue =
                state == ConnectionState::More && !std::mem::replace(&mut connection.queued, true);
            state
        });
        // At most once, so that there is room. The socket will not report again that there is more.
        if queue {
            self.again.push(slot);
        }
    }

    /// Sends every frame that is due.
    fn send_due(&mut self, scratch: &mut Scratch) {
        let now = self.clock.now();
        while let Some(&Reverse((deadline, slot, generation))) = self.deadlines.peek()
            && deadline <= now
        {
            self.deadlines.pop();
            let is_tenant = self
                .slots
                .get(slot)
                .and_then(Option::as_ref)
                .is_some_and(|connection| connection.generation == generation);
            if !is_tenant {
                continue;
            }
            let mut next = now;
            let state = self.with(slot, |connection| {
                let state = connection.deadline(now, scratch);
                next = connection.next_deadline();
                state
            });
            if state == Some(ConnectionState::Open) {
                self.deadlines.push(Reverse((next, slot, generation)));
                // The socket will not report again what was left unread.
                let slowed = self.slots.get(slot).and_then(Option::as_ref);
                if slowed.is_some_and(|connection| connection.slowed) {
                    self.read(slot, scratch, false);
                }
            }
        }
    }

    /// Lets one connection act, measures that, wakes the notifier, and removes the connection if it
    /// is over.
    fn with(
        &mut self,
        slot: usize,
        act: impl FnOnce(&mut Connection<TcpStream, F>) -> ConnectionState,
    ) -> Option<ConnectionState> {
        let connection = self.slots.get_mut(slot)?.as_mut()?;
        let began = std::time::Instant::now();
        let before = self.probe.map(|probe| probe());
        // A panic is our bug in one call; the others on this thread go on.
        let state = catch_unwind(AssertUnwindSafe(|| act(connection))).unwrap_or_else(|_| {
            tracing::error!("a call's media path panicked; its connection is closed");
            ConnectionState::Closed
        });
        if connection.take_touched() {
            self.notify.wake(connection.shared());
        }
        if let (Some(probe), Some(before)) = (self.probe, before) {
            self.stats.count_hot_path(before, probe());
        }
        self.stats.handling.record(began.elapsed());
        if state == ConnectionState::Closed
            && let Some(mut connection) = self.slots.get_mut(slot)?.take()
        {
            let _ = self.poll.registry().deregister(connection.stream());
            self.free.push(slot);
            self.finished.push(connection);
        }
        Some(state)
    }

    /// Hands finished connections to the notifier, which drops them.
    fn retire(&mut self) {
        while let Some(connection) = self.finished.pop() {
            if let Err(connection) = self.notify.finish(connection) {
                self.finished.push(connection);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
