//! One call on a media thread: the socket, the leg, and the rings to the rest of the program. In a
//! rehearsal a wire in memory replaces the socket; all else is the same.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;
use voxtra_core::audio::{MAX_FRAME_BYTES, SampleRate};
use voxtra_core::bus::Bus;
use voxtra_core::event::{Fault, MediaStoppedReason, Record};
use voxtra_core::leg::{
    AudioSocket, CallerAudio, Command, Framing, Leg, LegSettings, Port, Progress,
};
use voxtra_core::time::Instant;

use super::claims::Claim;
use super::detector::CallDetector;
use super::intake::Intake;
use super::link::{
    AgentReader, CallerMark, CallerWriter, LegOrder, MediaEnd, RecordProducer, Requests, Shared,
};
use super::memory::Heap;
use super::notifier::Finished;
use super::peers::PeerPlace;
use super::settings::MediaSettings;

/// Bytes of a message besides its samples, at most. AudioSocket's messages have three.
const HEADROOM: usize = 16;
/// The longest message we send: one 20 ms frame at 192 kHz.
const MAX_MESSAGE: usize = HEADROOM + MAX_FRAME_BYTES;
/// Bytes that we send for one frame at this rate, or at 48 kHz if that is more. No telephone rate
/// thus needs more room than another.
fn message_bytes(rate: SampleRate) -> usize {
    HEADROOM + rate.frame_bytes().max(SampleRate::Hz48000.frame_bytes())
}

/// Bytes read from one socket at a time, so that a flood on one socket waits its turn like the
/// other calls. It is six frames at 8 kHz, or 409 of the smallest frames: those would delay the
/// other calls by a few ms once, before less is read at a time.
const READ: usize = 2 * 1024;
/// If one read holds more messages than this, less is read from that peer at a time: each message
/// costs time, and in echo mode a system call.
const MANY_MESSAGES: u64 = 64;
/// The least that is read at a time.
const SMALLEST_READ: usize = 512;

/// Buffers for reading and writing, which a thread's connections use in turn: they stay in the
/// processor's cache, where buffers of each call's own would not.
pub(crate) struct Scratch {
    input: Box<[u8; READ]>,
    output: Box<[u8; MAX_MESSAGE]>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            input: Box::new([0; READ]),
            output: Box::new([0; MAX_MESSAGE]),
        }
    }
}

/// A connection's place among those of its thread: its slot, and which of the slot's successive
/// connections it is.
pub(crate) type Generation = u32;

/// The transport of a connection's bytes: a non-blocking socket.
pub(crate) trait Socket: Read + Write {
    /// Ends reading and writing.
    fn close(&self);

    /// Sets how many bytes may wait in the kernel for a peer that doesn't read.
    fn set_send_buffer(&self, _bytes: usize) {}
}

/// The kernel's send buffer at this rate: room for about a second of audio. The kernel counts an
/// overhead for each message, and keeps messages until the peer has acknowledged them, which may
/// take 40 ms. At a higher rate a small buffer would lose frames that are written in a burst.
pub(crate) const fn send_buffer(rate: SampleRate) -> usize {
    NARROW_BUFFER * (rate.frame_samples() / SampleRate::Hz8000.frame_samples())
}

/// The same at 8 kHz.
const NARROW_BUFFER: usize = 16 * 1024;

impl Socket for TcpStream {
    fn set_send_buffer(&self, bytes: usize) {
        // The kernel takes as much as it allows. If it refuses, the old size remains.
        let _ = SockRef::from(self).set_send_buffer_size(bytes);
    }

    fn close(&self) {
        let _ = self.shutdown(std::net::Shutdown::Both);
    }
}

/// One call on a media thread: over the socket `S`, in the framing `F`.
pub(crate) struct Connection<S = TcpStream, F = AudioSocket<Heap>> {
    leg: Leg<CallDetector, Heap, F>,
    agent: AgentReader,
    orders: rtrb::Consumer<LegOrder>,
    io: Io<S>,
    pub(crate) generation: Generation,
    /// Whether it is queued among the connections with more to read.
    pub(crate) queued: bool,
    /// The peer has closed, which the socket reports once. What the peer sent is read to its end.
    pub(crate) to_the_end: bool,
    /// Bytes that the connection may read at a time.
    read_limit: usize,
    intake: Option<Intake>,
    /// Whether there may be more to read than the intake allowed.
    pub(crate) slowed: bool,
    limits: Limits,
    /// Its place among its peer's connections, given back when dropped.
    pub(crate) place: Option<PeerPlace>,
    /// Its claim on the id that it presented, if that id is good for one call only.
    pub(crate) claim: Option<Claim>,
}

/// How long a call may last, and how long it may last without audio.
struct Limits {
    longest: Option<Duration>,
    idle: Option<Duration>,
    started: Instant,
    frames: u64,
    last_frame: Instant,
}

impl Limits {
    /// The limit that the call has reached, if any, after `frames` received frames.
    fn broken(&mut self, now: Instant, frames: u64) -> Option<Fault> {
        if std::mem::replace(&mut self.frames, frames) != frames {
            self.last_frame = now;
        }
        let reached = |limit: Option<Duration>, since: Instant| {
            limit.is_some_and(|limit| now.duration_since(since) >= limit)
        };
        if reached(self.longest, self.started) {
            Some(Fault::TooLong)
        } else if reached(self.idle, self.last_frame) {
            Some(Fault::Idle)
        } else {
            None
        }
    }
}

/// The state of a connection after it was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// It goes on.
    Open,
    /// It goes on, and there may be more to read.
    More,
    /// It is over: [`Connection::stop`] has been called.
    Closed,
}

impl<S: Socket, F: Framing> Connection<S, F> {
    pub(crate) fn new(
        stream: S,
        leg: LegSettings,
        end: MediaEnd,
        settings: &MediaSettings,
    ) -> Self {
        let mut records = Bus::new();
        // A new bus has room for its one subscriber.
        let _ = records.subscribe(end.records);
        Self {
            leg: Leg::new(leg, settings.detector.into()),
            agent: end.agent,
            orders: end.orders,
            io: Io {
                stream,
                rest: Vec::with_capacity(message_bytes(leg.rate)),
                pending: 0..0,
                stalled_since: None,
                dropped: 0,
                broken: None,
                write_timeout: settings.write_timeout,
                now: Instant::ZERO,
                records,
                caller: end.caller,
                shared: end.shared,
                touched: false,
            },
            generation: 0,
            queued: false,
            to_the_end: false,
            read_limit: READ,
            intake: settings.pace_input.then(Intake::new),
            slowed: false,
            limits: Limits {
                longest: settings.longest_call,
                idle: settings.idle_timeout,
                started: Instant::ZERO,
                frames: 0,
                last_frame: Instant::ZERO,
            },
            place: None,
            claim: None,
        }
    }

    /// Whether a message went out only in part.
    #[cfg(test)]
    pub(crate) fn has_rest(&self) -> bool {
        !self.io.pending.is_empty()
    }

    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.io.stream
    }

    /// Whether something was left for the session since the last call of this method.
    pub(crate) fn take_touched(&mut self) -> bool {
        std::mem::take(&mut self.io.touched)
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        self.leg.next_deadline()
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.io.now = now;
        self.limits.started = now;
        self.limits.last_frame = now;
        self.leg.start(now);
    }

    /// The socket is readable: reads what is there, at most one buffer full, and handles requests.
    pub(crate) fn readable(&mut self, now: Instant, scratch: &mut Scratch) -> ConnectionState {
        self.io.now = now;
        self.slowed = false;
        // After the peer has closed, only what is in the kernel remains.
        if !self.to_the_end
            && let Some(intake) = &mut self.intake
            && !intake.allows(now)
        {
            if intake.is_flooded(now) {
                let port = &mut LegPort::new(&mut self.io, &mut scratch.output);
                self.leg.report(now, Fault::TooFast, port);
                return self.stop(now, MediaStoppedReason::Error, scratch);
            }
            self.slowed = true;
            return ConnectionState::Open;
        }
        let Scratch { input, output } = scratch;
        let input = input.get_mut(..self.read_limit).unwrap_or_default();
        let before = self.messages();
        match self.io.stream.read(input) {
            Ok(0) => self.stop(now, MediaStoppedReason::Closed, scratch),
            Ok(count) => {
                let bytes = input.get(..count).unwrap_or_default();
                let emptied = count < input.len();
                let port = &mut LegPort::new(&mut self.io, output);
                let progress = self.leg.handle_input(now, bytes, port);
                let messages = self.messages().wrapping_sub(before);
                if let Some(intake) = &mut self.intake {
                    intake.took(count, messages, self.leg.incoming_hz());
                    if emptied {
                        intake.emptied();
                    }
                }
                self.read_limit = if messages > MANY_MESSAGES {
                    (self.read_limit / 2).max(SMALLEST_READ)
                } else {
                    (self.read_limit * 2).min(READ)
                };
                if let Some(reason) = self.handle_requests(now, scratch) {
                    return self.stop(now, reason, scratch);
                }
                self.publish();
                match progress {
                    Progress::HungUp => self.stop(now, MediaStoppedReason::Hangup, scratch),
                    Progress::Open => match self.io.broken {
                        Some(reason) => self.stop(now, reason, scratch),
                        // A short read has emptied the socket; the next bytes raise a new event.
                        None if emptied && !self.to_the_end => ConnectionState::Open,
                        None => ConnectionState::More,
                    },
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if let Some(intake) = &mut self.intake {
                    intake.emptied();
                }
                ConnectionState::Open
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => ConnectionState::More,
            Err(error) => self.stop(now, end_of(&error), scratch),
        }
    }

    /// The socket is writable again: the rest of a message goes now. Asterisk waits 5 ms for the
    /// rest, not until the next frame.
    pub(crate) fn writable(&mut self, now: Instant) {
        if !self.io.pending.is_empty() {
            self.io.now = now;
            self.io.flush_pending();
        }
    }

    /// Messages received that cost more than a look at their header.
    fn messages(&self) -> u64 {
        let counters = self.leg.counters();
        counters.frames_in.wrapping_add(counters.violations)
    }

    /// The leg's deadline has come: handles requests, and sends the frame that is due.
    pub(crate) fn deadline(&mut self, now: Instant, scratch: &mut Scratch) -> ConnectionState {
        self.io.now = now;
        if let Some(reason) = self.handle_requests(now, scratch) {
            return self.stop(now, reason, scratch);
        }
        let port = &mut LegPort::new(&mut self.io, &mut scratch.output);
        self.leg.handle_deadline(now, &mut self.agent, port);
        if let Some(dropped) = port.io.take_dropped() {
            self.leg.report(now, Fault::FramesDropped(dropped), port);
        }
        if self.leg.has_given_up() {
            return self.stop(now, MediaStoppedReason::Timeout, scratch);
        }
        if let Some(fault) = self.limits.broken(now, self.leg.counters().frames_in) {
            self.leg.report(now, fault, port);
            return self.stop(now, MediaStoppedReason::Timeout, scratch);
        }
        if port.io.stalled_for(now) {
            self.leg.report(now, Fault::WriteStalled, port);
            return self.stop(now, MediaStoppedReason::Timeout, scratch);
        }
        self.publish();
        match self.io.broken {
            Some(reason) => self.stop(now, reason, scratch),
            None => ConnectionState::Open,
        }
    }

    /// Handles async code's requests since the last time; `Some` if that ends the connection.
    fn handle_requests(
        &mut self,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Option<MediaStoppedReason> {
        let requests = self.io.shared.requests.take();
        if requests == 0 {
            return None;
        }
        self.agent.note_requests(requests);
        let port = &mut LegPort::new(&mut self.io, &mut scratch.output);
        while let Ok(order) = self.orders.pop() {
            match order {
                LegOrder::Command(command) => self.leg.handle_command(now, command, port),
                LegOrder::Guard(plan) => {
                    self.leg.set_guard(plan.as_ref().map(|plan| plan.settings));
                    self.agent.set_plan(plan);
                }
            }
        }
        if requests & Requests::HANG_UP != 0 {
            self.leg.handle_command(now, Command::HangUp, port);
            return Some(MediaStoppedReason::Hangup);
        }
        // The link was dropped: nobody listens to this caller any more.
        (requests & Requests::GONE != 0).then_some(MediaStoppedReason::Closed)
    }

    /// The connection is over.
    pub(crate) fn stop(
        &mut self,
        now: Instant,
        reason: MediaStoppedReason,
        scratch: &mut Scratch,
    ) -> ConnectionState {
        self.leg.stop(
            now,
            reason,
            &mut LegPort::new(&mut self.io, &mut scratch.output),
        );
        self.io.records.tell_missed(now);
        self.publish();
        self.io.stream.close();
        ConnectionState::Closed
    }

    /// Publishes the counters to readers.
    fn publish(&self) {
        let (leg, playout) = (self.leg.counters(), self.leg.playout_counters());
        let counters = &self.io.shared.counters;
        counters.frames_in.set(leg.frames_in);
        counters.frames_out.set(leg.frames_out);
        counters.violations.set(leg.violations);
        counters.gaps.set(leg.gaps);
        counters.underruns.set(playout.underruns);
        counters.slips.set(playout.slips);
        counters.agent_samples_dropped.set(playout.dropped_samples);
        counters.agent_pauses.set(playout.pauses);
    }
}

impl<S: Send + 'static, F: Send + 'static> Finished for Connection<S, F> {
    fn shared(&self) -> &Arc<Shared> {
        &self.io.shared
    }
}

/// Why the connection ended, judged by the socket's error. Asterisk closes at every hang-up without
/// reading what is still on its way to it. The kernel often turns that into a reset, which is an
/// ordinary end.
fn end_of(error: &io::Error) -> MediaStoppedReason {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => MediaStoppedReason::Closed,
        _ => MediaStoppedReason::Error,
    }
}

/// The socket's sending side and the rings.
struct Io<S> {
    stream: S,
    /// The rest of a message that the socket took only in part. It has room for a frame at any
    /// telephone rate, and grows if a peer whose audio is echoed sends longer ones.
    rest: Vec<u8>,
    pending: std::ops::Range<usize>,
    stalled_since: Option<Instant>,
    dropped: u32,
    /// Why the socket can't be written to any more.
    broken: Option<MediaStoppedReason>,
    write_timeout: std::time::Duration,
    now: Instant,
    records: Bus<RecordProducer, 1>,
    caller: CallerWriter,
    shared: Arc<Shared>,
    touched: bool,
}

impl<S: Socket> Io<S> {
    /// Sends the rest of the last message; true if nothing is left.
    fn flush_pending(&mut self) -> bool {
        while !self.pending.is_empty() {
            let Some(bytes) = self.rest.get(self.pending.clone()) else {
                self.pending = 0..0;
                break;
            };
            match self.stream.write(bytes) {
                Ok(0) => {
                    self.broken = Some(MediaStoppedReason::Closed);
                    return false;
                }
                Ok(count) => {
                    self.pending.start += count;
                    self.stalled_since = None;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stalled_since.get_or_insert(self.now);
                    return false;
                }
                Err(error) => {
                    self.broken = Some(end_of(&error));
                    return false;
                }
            }
        }
        true
    }

    /// Keeps the rest of a message.
    fn keep(&mut self, rest: &[u8]) {
        self.rest.clear();
        self.rest.extend_from_slice(rest);
        self.pending = 0..rest.len();
    }

    fn drop_frame(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
        self.shared.counters.frames_dropped.add(1);
    }

    fn take_dropped(&mut self) -> Option<u32> {
        (self.dropped > 0).then(|| std::mem::take(&mut self.dropped))
    }

    fn stalled_for(&self, now: Instant) -> bool {
        self.stalled_since
            .is_some_and(|since| now.duration_since(since) > self.write_timeout)
    }
}

/// The leg's port.
struct LegPort<'a, S> {
    io: &'a mut Io<S>,
    output: &'a mut [u8; MAX_MESSAGE],
}

impl<'a, S: Socket> LegPort<'a, S> {
    fn new(io: &'a mut Io<S>, output: &'a mut [u8; MAX_MESSAGE]) -> Self {
        Self { io, output }
    }
}

impl<S: Socket> Port for LegPort<'_, S> {
    fn record(&mut self, record: Record) {
        let io = &mut *self.io;
        io.records.publish(record);
        io.shared.counters.records_missed.set(io.records.lost());
        io.touched = true;
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        let io = &mut *self.io;
        let (taken, samples) = match part {
            CallerAudio::SpeechStarted => (io.caller.mark(CallerMark::SpeechStarted), 0),
            CallerAudio::SpeechEnded => (io.caller.mark(CallerMark::SpeechEnded), 0),
            CallerAudio::Samples([]) => return,
            CallerAudio::Samples(samples) => (io.caller.samples(samples), samples.len()),
        };
        if !taken {
            let missed = &io.shared.counters.caller_samples_missed;
            missed.add(samples as u64);
        }
        io.touched = true;
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let Self { io, output } = self;
        if !io.flush_pending() {
            io.drop_frame();
            return;
        }
        let Some(buffer) = output.get_mut(..len) else {
            io.drop_frame();
            return;
        };
        let used = write(buffer).min(len);
        let message = buffer.get(..used).unwrap_or_default();
        match io.stream.write(message) {
            Ok(count) => {
                io.stalled_since = None;
                io.keep(message.get(count..).unwrap_or_default());
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                io.stalled_since.get_or_insert(io.now);
                io.drop_frame();
            }
            Err(error) => io.broken = Some(end_of(&error)),
        }
    }

    fn epoch(&mut self, epoch: u32) {
        self.io.shared.epoch.store(epoch, Ordering::Release);
    }

    fn rate(&mut self, rate: SampleRate) {
        self.io.shared.set_rate(rate);
        let missing = message_bytes(rate).saturating_sub(self.io.rest.len());
        self.io.rest.reserve(missing);
        self.io.stream.set_send_buffer(send_buffer(rate));
    }
}
