//! The generator: one thread that makes all calls.
//!
//! Call *c* of *n* is due at `start + (k + c / n) · 20 ms` for every *k*: the calls' phases are
//! spread evenly, as those of real callers are. The loop writes what is due, sleeps until the next
//! frame is or something comes in, and reads what has come. A frame's turn-around runs from a clock
//! reading just before its own write to one just after the read that brought its echo, so neither
//! the generator's lateness nor the other frames of the same wake-up are in the first of them. In
//! the second is what an echo waits while the generator is busy with other calls: at most the time
//! between two looks at the sockets, which is measured and reported (`own_busy_us`).

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use uuid::Uuid;
use voxtra_core::audio::SampleRate;

use super::book::{FRAME_NS, Nanos, Tally};
use super::connection::{CallContext, Ending, LoadConnection};
use super::cpu;
use super::histogram::Histogram;
use super::mark::Payloads;
use super::outcome::{Endings, Phase, RunOutcome, Snapshot};
use super::poller::{Poller, Ready};
use super::watch::{Reading, Watch};
use crate::interrupt::Interrupt;

/// What a run is to be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) calls: u32,
    pub(crate) rate: SampleRate,
    /// How long is measured.
    pub(crate) measure: Duration,
    /// How long all calls are up before that.
    pub(crate) warm_up: Duration,
    /// Connections opened per second.
    pub(crate) ramp: f64,
    /// The id of every call; otherwise each has its own.
    pub(crate) uuid: Option<Uuid>,
}

/// A connection that takes longer has failed.
const CONNECT_TIMEOUT_NS: Nanos = 5_000_000_000;
/// How long echoes are waited for in the end.
const DRAIN_NS: Nanos = 1_000_000_000;
/// Frames due within so long are written in one wake-up: with a thousand calls and more, arming a
/// timer for each would cost more than writing it. The kernel puts off the sleeps of ordinary
/// programs by as much (prctl(2), PR_SET_TIMERSLACK), Asterisk's too.
const TOGETHER_NS: Nanos = 50_000;
/// How long frames that were due in the window may be written after it.
const PATIENCE_NS: Nanos = 200_000_000;
/// Frames written in a row before the sockets are looked at again.
const MOST_WRITES: usize = 32;
/// Connections opened in a row.
const MOST_CONNECTS: usize = 8;
/// How often progress is published, and the latest that Ctrl-C is seen.
const PUBLISH_NS: Nanos = 250_000_000;
/// A server that refused so many calls, and took none, is not asked again.
const ENOUGH_REFUSALS: u32 = 8;
/// As much as a call can have received in 100 ms at 16 kHz, and more.
const READ_BUFFER: usize = 16 * 1024;

enum Call {
    Waiting,
    Connecting {
        connection: LoadConnection,
        since: Nanos,
    },
    Up(LoadConnection),
    Over,
}

/// Makes the calls of a plan.
pub(crate) struct Generator<'a> {
    plan: &'a Plan,
    interrupt: &'a Interrupt,
    progress: Option<SyncSender<Snapshot>>,
    watch: Option<Watch>,
    clock: Clock,
    poller: Poller,
    payloads: Payloads,
    calls: Vec<Call>,
    tally: Tally,
    lateness: Histogram,
    busy: Histogram,
    endings: Endings,
    violations: u64,
    /// Calls that were begun, whether they came up or not.
    begun: u32,
    connecting: u32,
    up: u32,
    most_up: u32,
    phase: Phase,
    /// The number of the next frame of all: call `slot % n`.
    slot: u64,
    /// Frames written so far, measured or not.
    frames: u64,
    /// The time that is measured: begin and end.
    window: (Nanos, Nanos),
    /// Frames that were due in it and were never written.
    unsent: u64,
    /// When the last sleep was over.
    woken: Nanos,
    next_publication: Nanos,
    next_timeout_check: Nanos,
}

#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> Nanos {
        // Enough for 584 years.
        self.0.elapsed().as_nanos() as Nanos
    }
}

/// CPU and memory at one moment.
#[derive(Debug, Clone, Copy)]
struct Edge {
    at: Nanos,
    own_cpu: Duration,
    server: Option<Reading>,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        interrupt: &'a Interrupt,
        progress: Option<SyncSender<Snapshot>>,
        watch: Option<Watch>,
    ) -> io::Result<Self> {
        let run = (Uuid::new_v4().as_u128() & 0xffff) as u16;
        Ok(Self {
            plan,
            interrupt,
            progress,
            watch,
            clock: Clock(Instant::now()),
            poller: Poller::new()?,
            payloads: Payloads::new(plan.rate, run).map_err(io::Error::other)?,
            calls: (0..plan.calls).map(|_| Call::Waiting).collect(),
            tally: Tally::new().map_err(io::Error::other)?,
            lateness: Histogram::new().map_err(io::Error::other)?,
            busy: Histogram::new().map_err(io::Error::other)?,
            endings: Endings::default(),
            violations: 0,
            begun: 0,
            connecting: 0,
            up: 0,
            most_up: 0,
            phase: Phase::Connecting,
            slot: 0,
            frames: 0,
            window: (0, 0),
            unsent: 0,
            woken: 0,
            next_publication: 0,
            next_timeout_check: 0,
        })
    }

    /// Connects, warms up, measures, waits for the last echoes, hangs up.
    pub(crate) fn run(mut self) -> io::Result<RunOutcome> {
        let before = self.edge();
        let (mut first, mut last) = (before, before);
        let mut buffer = vec![0; READ_BUFFER];
        // When the phase ends by itself.
        let mut until = Nanos::MAX;
        let mut interrupted = false;
        loop {
            let now = self.clock.now();
            if now >= self.next_publication {
                self.publish(now);
                interrupted = self.interrupt.is_set();
            }
            let alone = self.begun > 0 && self.up + self.connecting == 0;
            match self.phase {
                Phase::Connecting => {
                    self.open_due(now)?;
                    if interrupted || self.is_hopeless() {
                        break;
                    }
                    if self.begun == self.plan.calls && self.connecting == 0 {
                        self.phase = Phase::WarmingUp;
                        until = now.saturating_add(nanos(self.plan.warm_up));
                    }
                }
                Phase::WarmingUp if interrupted || alone => break,
                Phase::WarmingUp if now >= until => {
                    first = self.edge();
                    until = first.at.saturating_add(nanos(self.plan.measure));
                    self.window = (first.at, until);
                    self.phase = Phase::Measuring;
                }
                Phase::Measuring if interrupted || alone || self.is_measured(now) => {
                    last = self.edge();
                    self.window.1 = self.window.1.min(last.at);
                    self.write_off();
                    self.phase = Phase::Draining;
                    until = last.at.saturating_add(DRAIN_NS);
                }
                Phase::Draining if now >= until || alone || self.tally.outstanding == 0 => break,
                Phase::WarmingUp | Phase::Measuring | Phase::Draining => {}
            }
            let next_frame = self.send_due();
            let now = self.clock.now();
            if self.phase == Phase::Measuring {
                self.busy.record(now.saturating_sub(self.woken));
            }
            let wake = together(next_frame, now)
                .min(self.next_publication)
                .min(self.next_connection());
            self.poller.wait(now, wake)?;
            self.woken = self.clock.now();
            for n in 0..self.poller.len() {
                if let Some(ready) = self.poller.ready(n) {
                    self.handle(ready, &mut buffer);
                }
            }
        }
        self.hang_up();
        Ok(self.outcome(before, first, last, interrupted))
    }

    /// Opens the connections whose time has come.
    fn open_due(&mut self, now: Nanos) -> io::Result<()> {
        for _ in 0..MOST_CONNECTS {
            if self.next_connection() > now {
                break;
            }
            let call = self.begun;
            self.begun += 1;
            let opened = LoadConnection::connect(self.plan.address).and_then(|mut connection| {
                self.poller.add(&mut connection.stream, call)?;
                Ok(connection)
            });
            match (opened, self.calls.get_mut(call as usize)) {
                (Ok(connection), Some(place)) => {
                    *place = Call::Connecting {
                        connection,
                        since: now,
                    };
                    self.connecting += 1;
                }
                (Ok(_), None) => {}
                (Err(error), _) => self.endings.not_connected(&error),
            }
        }
        // A server whose queue is full does not answer at all.
        if self.connecting > 0 && now >= self.next_timeout_check {
            self.next_timeout_check = now + PUBLISH_NS;
            for call in &mut self.calls {
                if matches!(call, Call::Connecting { since, .. } if now.saturating_sub(*since) > CONNECT_TIMEOUT_NS)
                {
                    *call = Call::Over;
                    self.connecting -= 1;
                    self.endings.not_connected(&io::ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }

    /// When the next connection is to be opened.
    fn next_connection(&self) -> Nanos {
        if self.begun < self.plan.calls && self.phase == Phase::Connecting {
            (f64::from(self.begun) / self.plan.ramp * 1e9) as Nanos
        } else {
            Nanos::MAX
        }
    }

    /// Whether the server refuses everybody.
    fn is_hopeless(&self) -> bool {
        self.most_up == 0 && self.endings.not_connected >= ENOUGH_REFUSALS.min(self.plan.calls)
    }

    /// Whether everything that was due in the window was written, or won't be.
    fn is_measured(&self, now: Nanos) -> bool {
        let end = self.window.1;
        now >= end && (self.due(self.slot) >= end || now >= end.saturating_add(PATIENCE_NS))
    }

    /// When a slot's frame is due.
    fn due(&self, slot: u64) -> Nanos {
        slot.saturating_mul(FRAME_NS) / u64::from(self.plan.calls)
    }

    /// Writes the frames that are due, and says when the next one is.
    fn send_due(&mut self) -> Nanos {
        let mut written = 0;
        let mut now = self.clock.now();
        loop {
            let due = self.due(self.slot);
            let call = (self.slot % u64::from(self.plan.calls)) as u32;
            let Some(Call::Up(connection)) = self.calls.get_mut(call as usize) else {
                // Looks ahead for a call that is up, but never further than to when this one would
                // have its next turn.
                if due > now.saturating_add(FRAME_NS) {
                    return due;
                }
                self.slot += 1;
                continue;
            };
            if due > now || written == MOST_WRITES {
                return due;
            }
            self.slot += 1;
            written += 1;
            let measured =
                self.phase == Phase::Measuring && due >= self.window.0 && due < self.window.1;
            let frame = self.payloads.marked(call, connection.book.next_number());
            now = self.clock.now();
            let result = connection.write(frame);
            connection.book.sent(now, measured, &mut self.tally);
            self.frames += 1;
            if measured {
                self.lateness.record(now.saturating_sub(due));
            }
            if let Err(ending) = result {
                self.end(call, ending);
            }
        }
    }

    /// Something happened on a call's socket.
    fn handle(&mut self, ready: Ready, buffer: &mut [u8]) {
        let Some(place) = self.calls.get_mut(ready.call as usize) else {
            return;
        };
        match place {
            Call::Up(connection) => {
                let clock = self.clock;
                let mut context = CallContext {
                    payloads: &self.payloads,
                    tally: &mut self.tally,
                    violations: &mut self.violations,
                    measured: self.phase == Phase::Measuring,
                };
                let now = || clock.now();
                if let Err(ending) =
                    connection.read(ready.call, ready.closed, buffer, now, &mut context)
                {
                    self.end(ready.call, ending);
                }
            }
            Call::Connecting { .. } if ready.writable => self.connected(ready.call),
            Call::Connecting { .. } | Call::Waiting | Call::Over => {}
        }
    }

    /// A connection was made, or not.
    fn connected(&mut self, call: u32) {
        let Some(place) = self.calls.get_mut(call as usize) else {
            return;
        };
        let Call::Connecting { mut connection, .. } = std::mem::replace(place, Call::Over) else {
            return;
        };
        self.connecting -= 1;
        let id = self.plan.uuid.unwrap_or_else(Uuid::new_v4);
        let begun = match connection.stream.take_error() {
            Ok(None) => connection.begin(id),
            Ok(Some(error)) | Err(error) => Err(error),
        }
        .and_then(|()| self.poller.listen(&mut connection.stream, call));
        match begun {
            Ok(()) => {
                *place = Call::Up(connection);
                self.up += 1;
                self.most_up = self.most_up.max(self.up);
            }
            Err(error) => self.endings.not_connected(&error),
        }
    }

    /// The server ended a call.
    fn end(&mut self, call: u32, ending: Ending) {
        if let Some(place) = self.calls.get_mut(call as usize)
            && let Call::Up(mut connection) = std::mem::replace(place, Call::Over)
        {
            connection.book.close(&mut self.tally);
            self.up -= 1;
            self.endings.ended(ending);
        }
    }

    /// Ends all calls as Asterisk does: by closing the connections, without a hang-up frame.
    fn hang_up(&mut self) {
        for call in &mut self.calls {
            if let Call::Up(mut connection) = std::mem::replace(call, Call::Over) {
                connection.book.close(&mut self.tally);
            }
        }
    }

    /// Counts what was due in the window and was not written.
    fn write_off(&mut self) {
        let mut slot = self.slot;
        while self.due(slot) < self.window.1 {
            let call = slot % u64::from(self.plan.calls);
            if let Some(Call::Up(_)) = self.calls.get(call as usize) {
                self.unsent += 1;
            }
            slot += 1;
        }
    }

    fn publish(&mut self, now: Nanos) {
        self.next_publication = now + PUBLISH_NS;
        let Some(progress) = &self.progress else {
            return;
        };
        // Whoever shows it may be slow: then this one is left out.
        let _ = progress.try_send(Snapshot {
            phase: self.phase,
            at: Duration::from_nanos(now),
            measured: match self.phase {
                Phase::Measuring => Duration::from_nanos(now.saturating_sub(self.window.0)),
                _ => Duration::ZERO,
            },
            up: self.up,
            frames: self.frames,
            p99_us: (self.tally.echoed > 0).then(|| self.tally.turn_around.quantile_us(0.99)),
        });
    }

    fn edge(&self) -> Edge {
        Edge {
            at: self.clock.now(),
            own_cpu: cpu::of_this_thread(),
            server: self.watch.as_ref().and_then(Watch::read),
        }
    }

    fn outcome(self, before: Edge, first: Edge, last: Edge, interrupted: bool) -> RunOutcome {
        RunOutcome {
            calls_up: self.most_up,
            calls_up_at_end: self.up,
            seconds: Duration::from_nanos(last.at.saturating_sub(first.at)),
            own_cpu: last.own_cpu.saturating_sub(first.own_cpu),
            server: before
                .server
                .zip(first.server)
                .zip(last.server)
                .map(|((before, first), last)| last.since(first, before)),
            interrupted,
            tally: self.tally,
            lateness: self.lateness,
            busy: self.busy,
            endings: self.endings,
            violations: self.violations,
            unsent: self.unsent,
        }
    }
}

/// When to wake up for a frame that is due then: with its neighbours, unless it is late already.
fn together(due: Nanos, now: Nanos) -> Nanos {
    if due <= now {
        due
    } else {
        due.checked_next_multiple_of(TOGETHER_NS).unwrap_or(due)
    }
}

fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos().try_into().unwrap_or(Nanos::MAX)
}
