//! One call's media as a state machine: socket bytes in; records, the caller's audio and socket
//! bytes out.
//!
//! ```text
//! socket → decode → clock check → history → DTMF → voice detection → turn-taking → records
//! agent audio → playout (pacing, gain, fades, flush) → encode → socket
//! ```
//!
//! A [`Leg`] never reads a clock and never waits. It allocates only what its [`Memory`] does: when
//! it is made, when it learns the line's rate, and when an echoing leg gets its first listener. The
//! socket's owner drives it:
//!
//! 1. [`Leg::start`] once the connection is accepted and its id has been read;
//! 2. [`Leg::handle_input`] with whatever bytes arrived;
//! 3. [`Leg::handle_deadline`] when [`Leg::next_deadline`] has come;
//! 4. [`Leg::handle_command`] for what the agent asks;
//! 5. [`Leg::stop`] when the connection is over.
//!
//! All output goes through the [`Port`] that the owner passes, at once and in order.

mod audiosocket;
mod clock;
mod fault;
mod format;
mod framing;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod guard;
mod history;
mod holds;
mod inbound;
mod memory;
mod mute;
mod port;
mod settings;

pub use audiosocket::AudioSocket;
pub use clock::{ClockCheck, FrameTime};
pub use framing::{Framing, Message};
pub use guard::{Awaited, GuardSettings};
pub use history::{HISTORY_SAMPLES, History};
pub use memory::{Inline, Memory};
pub use port::{CallerAudio, Port};
pub use settings::{
    BackgroundPolicy, Command, DtmfPolicy, EchoPolicy, Forward, G711Policy, LegSettings, Mode,
    WhileHeld,
};

use core::time::Duration;

use fault::{FAULT_EVERY, Faults};
use format::Format;
use guard::{Guard, Surroundings};
use holds::{Holds, has_the_floor};
use inbound::{InboundAudio, convert};
use memory::{Samples, kept_samples};
use mute::Mute;

use crate::audio::{Audio, MAX_FRAME_SAMPLES, SampleRate};
use crate::event::{
    AgentHeldOutcome, AudioFrameSent, DtmfReceived, Fault, MediaStarted, MediaStopped,
    MediaStoppedReason, Realtime, Record, RecordBody,
};
use crate::playout::{AgentAudio, Playout, PlayoutCounters, PlayoutEvent};
use crate::time::Instant;
use crate::turn::Meaning;
use crate::vad::VoiceDetector;

/// After this long without a first frame, the line is announced with the expected rate.
const ANNOUNCE: Duration = Duration::from_millis(100);

/// In echo mode silence goes out after this long without a frame: Asterisk ends a call after 2 s
/// without one.
const ECHO_KEEPALIVE: Duration = Duration::from_millis(500);

/// Frames of playout that an echoing leg leaves out when the agent has no audio.
const ECHO_REST: u32 = 4;

/// Samples of the longest frames: up to 16 kHz, which telephones use, and up to 48 kHz.
const NARROW_SAMPLES: usize = SampleRate::Hz16000.frame_samples();
const WIDE_SAMPLES: usize = SampleRate::Hz48000.frame_samples();

/// Whether the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More input may follow.
    Open,
    /// The peer hung up: call [`Leg::stop`] and close.
    HungUp,
}

/// Counters of a leg since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegCounters {
    /// Audio frames received.
    pub frames_in: u64,
    /// Audio frames handed to the socket, both of playout and echoed.
    pub frames_out: u64,
    /// Pauses of more than 100 ms between received frames.
    pub gaps: u64,
    /// Protocol violations, tolerated or not.
    pub violations: u64,
}

/// One call's media path. `V` detects speech; `M` is the memory for its buffers; `F` decodes the
/// peer's bytes into samples, keys and the end of the call, and encodes what is sent to it.
#[derive(Debug)]
pub struct Leg<V, M: Memory = Inline, F = AudioSocket<M>> {
    settings: LegSettings,
    framing: F,
    inbound: InboundAudio<V, M>,
    playout: Playout<M::Past>,
    holds: Holds,
    /// The agent's audio, as the caller gets it.
    agent_mute: Mute,
    guard: Guard,
    counters: LegCounters,
    rate_known: bool,
    started: Instant,
    /// `media.started` was reported.
    announced: bool,
    last_fault: Option<Instant>,
    /// Dropped frames not yet reported, and the time of the last such report.
    dropped: u32,
    last_dropped: Option<Instant>,
    /// The last sample sent to a peer that expects twice as many.
    last_sent: i16,
    /// The guard has hung up.
    gave_up: bool,
    stopped: bool,
}

impl<V: VoiceDetector, M: Memory, F: Framing> Leg<V, M, F> {
    /// A leg that has not started yet.
    pub fn new(settings: LegSettings, detector: V) -> Self {
        Self {
            framing: F::new(settings.rate),
            inbound: InboundAudio::new(&settings, detector),
            playout: Playout::with_memory(
                settings.rate,
                settings.playout,
                M::past(kept_samples(settings.rate, &settings.playout)),
            ),
            holds: Holds::default(),
            agent_mute: Mute::default(),
            guard: Guard::default(),
            counters: LegCounters::default(),
            rate_known: false,
            started: Instant::ZERO,
            announced: false,
            last_fault: None,
            dropped: 0,
            last_dropped: None,
            last_sent: 0,
            gave_up: false,
            stopped: false,
            settings,
        }
    }

    /// The connection was accepted: audio flows from now on. `media.started` follows with the
    /// peer's first frame, which tells the rate, or after 100 ms without one.
    pub fn start(&mut self, now: Instant) {
        self.started = now;
        self.inbound.start(now);
        self.playout.start(now);
    }

    /// The leg's sample rate. The peer's first audio frame decides it.
    pub fn rate(&self) -> SampleRate {
        self.settings.rate
    }

    /// Samples a second that the peer sends, in Hz: the announced rate, or twice that if the peer
    /// is known to send twice as many.
    pub fn incoming_hz(&self) -> u32 {
        self.settings.rate.hz() * if self.inbound.is_twice() { 2 } else { 1 }
    }

    /// The leg's counters so far.
    pub fn counters(&self) -> LegCounters {
        self.counters
    }

    /// Playout's counters so far.
    pub fn playout_counters(&self) -> PlayoutCounters {
        self.playout.counters()
    }

    /// Whether the agent is speaking, heard or [held back](Self::is_agent_held).
    pub fn is_agent_speaking(&self) -> bool {
        self.playout.is_speaking()
    }

    /// Whether the agent is held back, because the caller may be interrupting it.
    pub fn is_agent_held(&self) -> bool {
        self.playout.is_held()
    }

    /// Sets the guard against dead air, or removes it. It also needs to know
    /// [whose turn it is](Command::Await).
    pub fn set_guard(&mut self, settings: Option<GuardSettings>) {
        self.guard.set(settings);
    }

    /// Whether the guard has hung up: call [`stop`](Self::stop) and close.
    pub fn has_given_up(&self) -> bool {
        self.gave_up
    }

    /// When the owner must call [`handle_deadline`](Self::handle_deadline) next.
    pub fn next_deadline(&self) -> Instant {
        self.playout.next_deadline()
    }

    /// Takes bytes from the socket, in any chunking.
    pub fn handle_input<P: Port>(
        &mut self,
        now: Instant,
        mut bytes: &[u8],
        port: &mut P,
    ) -> Progress {
        let Self {
            settings,
            framing,
            inbound,
            playout,
            holds,
            guard,
            counters,
            rate_known,
            announced,
            last_fault,
            stopped,
            ..
        } = self;
        if *stopped {
            return Progress::HungUp;
        }
        let mut faults = Faults {
            now,
            count: &mut counters.violations,
            last: last_fault,
        };
        loop {
            if !*rate_known {
                framing.prepare(bytes);
            }
            let Some(message) = framing.decode(&mut bytes) else {
                return Progress::Open;
            };
            if !matches!(message, Message::Audio(_)) {
                announce(announced, now, settings.rate, port);
            }
            match message {
                Message::Audio(audio) => {
                    counters.frames_in = counters.frames_in.wrapping_add(1);
                    if audio.rate != settings.rate {
                        // In the middle of an utterance, playout keeps its rate.
                        if *rate_known || !playout.set_rate(audio.rate) {
                            faults.report(
                                Fault::RateChanged {
                                    from: settings.rate.hz(),
                                    to: audio.rate.hz(),
                                },
                                port,
                            );
                            continue;
                        }
                        settings.rate = audio.rate;
                        playout.set_memory(kept_samples(audio.rate, &settings.playout), M::past);
                        inbound.set_rate(audio.rate);
                        port.rate(audio.rate);
                    }
                    *rate_known = true;
                    announce(announced, now, settings.rate, port);
                    let format = inbound.format(now, audio, settings, &mut faults, port);
                    if settings.mode == Mode::Echo {
                        let format = match format {
                            // Only a stream of G.711 is known not to be samples.
                            Format::G711(_) if inbound.is_stray(audio.payload.len()) => Format::Pcm,
                            format => format,
                        };
                        echo::<F, _>(audio, format, settings.g711, &mut counters.frames_out, port);
                    }
                    let agent_speaking = has_the_floor(playout) || guard.is_playing();
                    inbound.set_uninterruptible(playout.is_uninterruptible());
                    let detected = inbound.hear(now, audio, format, agent_speaking, settings, port);
                    counters.gaps = counters.gaps.wrapping_add(u64::from(detected.gap));
                    if detected.barge_in {
                        interrupt::<F, _, _>(playout, port);
                    }
                    if detected.turn_ended {
                        guard.turn_ended();
                    }
                    if inbound.is_caller_speaking() {
                        guard.cut();
                    }
                    let outcome = outcome(detected.barge_in);
                    holds.follow(now, playout, inbound.holds_agent(), outcome, port);
                }
                Message::Digit(digit) => {
                    if inbound.is_new_press(now, digit, settings) {
                        port.record(event(now, DtmfReceived { digit }));
                    }
                }
                Message::HangUp(fault) => {
                    if let Some(fault) = fault {
                        faults.report(fault, port);
                    }
                    return Progress::HungUp;
                }
                Message::Fault(fault) => faults.report(fault, port),
            }
        }
    }

    /// Sends the frame that is due, if one is, and notices a silent line.
    pub fn handle_deadline<S: AgentAudio, P: Port>(
        &mut self,
        now: Instant,
        agent: &mut S,
        port: &mut P,
    ) {
        if self.stopped {
            return;
        }
        if now.duration_since(self.started) >= ANNOUNCE {
            announce(&mut self.announced, now, self.settings.rate, port);
        }
        self.tell_dropped_in_time(now, port);
        if self.inbound.is_line_silent(now) {
            let agent_speaking = has_the_floor(&self.playout) || self.guard.is_playing();
            self.inbound
                .set_uninterruptible(self.playout.is_uninterruptible());
            let turns = self.inbound.gap(now, agent_speaking, &self.settings, port);
            if turns.barge_in {
                interrupt::<F, _, _>(&mut self.playout, port);
            }
            if turns.turn_ended {
                self.guard.turn_ended();
            }
            self.follow_holds(now, outcome(turns.barge_in), port);
        }
        if now < self.playout.next_deadline() {
            return;
        }
        // With a buffer no larger than the rate needs: unused room would have to be cleared too.
        match self.playout.rate().frame_samples() {
            samples if samples <= NARROW_SAMPLES => {
                self.send_frame::<NARROW_SAMPLES, _, _>(now, agent, port)
            }
            samples if samples <= WIDE_SAMPLES => {
                self.send_frame::<WIDE_SAMPLES, _, _>(now, agent, port)
            }
            _ => self.send_frame::<MAX_FRAME_SAMPLES, _, _>(now, agent, port),
        }
    }

    /// Makes the frame that is due, of at most `N` samples, and sends it.
    fn send_frame<const N: usize, S: AgentAudio, P: Port>(
        &mut self,
        now: Instant,
        agent: &mut S,
        port: &mut P,
    ) {
        let mut pcm = [0i16; N];
        let silent_before = self.playout.silence_frames();
        let (guard, samples) = (&mut self.guard, self.playout.rate().frame_samples());
        let due = self.playout.poll(now, agent, &mut pcm, &mut |event| {
            if let PlayoutEvent::Started { .. } = event {
                guard.give_way(now, samples, port);
            }
            record_playout(now, event, port);
        });
        let Some(pcm) = due.and_then(|samples| pcm.get_mut(..samples)) else {
            return;
        };
        if self.settings.mode == Mode::Echo
            && now.duration_since(self.inbound.last_arrival()) < ECHO_KEEPALIVE
        {
            if agent.is_idle() {
                // The echo goes out as it comes in; no silence is due until the echo has paused for
                // a while.
                self.playout.leave_out(ECHO_REST);
            }
            self.guard.end(now, port);
            return;
        }
        let around = Surroundings {
            agent_silent: self.playout.silence_frames() != silent_before,
            caller_speaks: self.inbound.is_caller_speaking(),
            on_hold: self.holds.is_call_on_hold(),
        };
        let gain = self.playout.gain();
        self.gave_up |= self.guard.frame(now, pcm, around, gain, agent, port);
        self.agent_mute.apply(pcm);
        let pcm = &*pcm;
        self.inbound.sent(now, pcm, &self.settings);
        let rate = self.settings.rate;
        if self.inbound.is_twice() {
            // The announced rate is half of what the peer sends, and of what it expects.
            let mut twice = [0i16; 2 * NARROW_SAMPLES];
            for (places, &sample) in twice.chunks_exact_mut(2).zip(pcm) {
                let between = (i32::from(self.last_sent) + i32::from(sample)) / 2;
                places.copy_from_slice(&[i16::try_from(between).unwrap_or(sample), sample]);
                self.last_sent = sample;
            }
            let twice = twice.get(..2 * pcm.len()).unwrap_or_default();
            port.transmit(F::audio_len(2 * twice.len()), |out| {
                F::encode_audio(rate, twice, out)
            });
        } else {
            port.transmit(F::audio_len(2 * pcm.len()), |out| {
                F::encode_audio(rate, pcm, out)
            });
        }
        if self.settings.frame_events {
            port.record(event(
                now,
                AudioFrameSent {
                    sequence: self.counters.frames_out,
                    samples: u32::try_from(pcm.len()).unwrap_or(0),
                },
            ));
        }
        self.counters.frames_out = self.counters.frames_out.wrapping_add(1);
        if self.gave_up {
            port.transmit(F::HANG_UP_LEN, F::encode_hang_up);
        }
    }

    /// Executes the agent's command.
    pub fn handle_command<P: Port>(&mut self, now: Instant, command: Command, port: &mut P) {
        if self.stopped {
            return;
        }
        match command {
            Command::Flush { epoch } => {
                if epoch == self.playout.epoch() {
                    port.epoch(self.playout.flush());
                    discard::<F, _>(port);
                    self.guard.cut();
                    self.inbound.agent_stopped();
                    self.follow_holds(now, AgentHeldOutcome::Stopped, port);
                }
            }
            Command::Forward(forward) => {
                self.settings.forward = forward;
                self.inbound.remember(&self.settings);
            }
            Command::Mode(mode) => {
                self.settings.mode = mode;
                self.inbound.remember(&self.settings);
            }
            Command::FrameEvents(on) => self.settings.frame_events = on,
            Command::BargeIn(on) => {
                self.inbound.set_barge_in(on);
                self.follow_holds(now, AgentHeldOutcome::Resumed, port);
            }
            Command::ExpectPauses(patience) => self.inbound.expect_pauses(patience),
            Command::Patience(patience) => self.inbound.handle_patience(patience),
            Command::ExpectWords(on) => self.inbound.expect_words(on),
            Command::Overlap { epoch, meaning } => {
                if epoch == self.playout.epoch() {
                    self.overlap(now, meaning, port);
                }
            }
            Command::CallHold(on) => {
                if on != self.holds.is_call_on_hold() {
                    self.holds.set_call_on_hold(on);
                    if on && self.settings.while_held == WhileHeld::Drop {
                        port.epoch(self.playout.flush());
                        discard::<F, _>(port);
                    }
                    self.inbound.set_on_hold(now, on, &self.settings, port);
                    self.follow_holds(now, AgentHeldOutcome::Stopped, port);
                }
            }
            Command::MuteCaller(on) => self.inbound.mute(on),
            Command::MuteAgent(on) => self.agent_mute.want(on),
            Command::EndOfTurn { silence_ms } => self
                .inbound
                .expect_end_of_turn(Duration::from_millis(silence_ms.into())),
            Command::Await(awaited) => self.guard.set_awaited(awaited),
            Command::HangUp => port.transmit(F::HANG_UP_LEN, F::encode_hang_up),
        }
    }

    /// The connection is over. The first call reports where an utterance in progress ended, and
    /// `media.stopped`; later calls of any method do nothing.
    pub fn stop<P: Port>(&mut self, now: Instant, reason: MediaStoppedReason, port: &mut P) {
        if core::mem::replace(&mut self.stopped, true) {
            return;
        }
        announce(&mut self.announced, now, self.settings.rate, port);
        port.epoch(self.playout.flush());
        self.playout
            .finish(&mut |event| record_playout(now, event, port));
        self.guard.end(now, port);
        self.inbound.end(now, &self.settings, port);
        self.follow_holds(now, AgentHeldOutcome::Stopped, port);
        self.tell_dropped(now, port);
        port.record(event(now, MediaStopped { reason }));
    }

    /// Reports a fault that the socket's owner saw: frames that could not be written, a stalled
    /// peer. It does not count as a protocol violation. Dropped frames are summed up and reported
    /// at most once a second, and before the end.
    pub fn report<P: Port>(&mut self, now: Instant, fault: Fault, port: &mut P) {
        if self.stopped {
            return;
        }
        match fault {
            Fault::FramesDropped(frames) => {
                self.dropped = self.dropped.saturating_add(frames);
                self.tell_dropped_in_time(now, port);
            }
            fault => port.record(fault_record(now, fault)),
        }
    }

    /// Takes what the caller's words over the agent mean.
    fn overlap<P: Port>(&mut self, now: Instant, meaning: Meaning, port: &mut P) {
        let agent_speaking = has_the_floor(&self.playout);
        self.inbound
            .set_uninterruptible(self.playout.is_uninterruptible());
        let barge_in = self.inbound.overlap(now, meaning, agent_speaking, port);
        if barge_in {
            interrupt::<F, _, _>(&mut self.playout, port);
        }
        self.follow_holds(now, outcome(barge_in), port);
    }

    fn follow_holds<P: Port>(&mut self, now: Instant, outcome: AgentHeldOutcome, port: &mut P) {
        let is_asked_for = self.inbound.holds_agent();
        self.holds
            .follow(now, &mut self.playout, is_asked_for, outcome, port);
    }

    /// Reports dropped frames, at most once a second.
    fn tell_dropped_in_time<P: Port>(&mut self, now: Instant, port: &mut P) {
        let just_told = |last| now.duration_since(last) < FAULT_EVERY;
        if self.dropped > 0 && !self.last_dropped.is_some_and(just_told) {
            self.tell_dropped(now, port);
        }
    }

    fn tell_dropped<P: Port>(&mut self, now: Instant, port: &mut P) {
        let frames = core::mem::take(&mut self.dropped);
        if frames > 0 {
            self.last_dropped = Some(now);
            port.record(fault_record(now, Fault::FramesDropped(frames)));
        }
    }
}

/// The caller interrupts: cuts the agent's audio.
fn interrupt<F: Framing, K: Samples, P: Port>(playout: &mut Playout<K>, port: &mut P) {
    port.epoch(playout.interrupt());
    discard::<F, _>(port);
}

/// Lets a peer that can do so discard what it has not played yet.
fn discard<F: Framing, P: Port>(port: &mut P) {
    if F::FLUSH_LEN > 0 {
        port.transmit(F::FLUSH_LEN, F::encode_flush);
    }
}

/// Sends a frame back, bit for bit. Audio in another format goes back as samples: to the peer the
/// bytes would be near-full-scale noise.
fn echo<F: Framing, P: Port>(
    audio: Audio<'_>,
    format: Format,
    policy: G711Policy,
    frames_out: &mut u64,
    port: &mut P,
) {
    match format {
        Format::Pcm | Format::Twice => {
            *frames_out = frames_out.wrapping_add(1);
            port.transmit(F::audio_len(audio.payload.len()), |out| {
                F::encode_received(audio, out)
            });
        }
        Format::G711(_) => convert(audio, format, policy, |samples| {
            *frames_out = frames_out.wrapping_add(1);
            port.transmit(F::audio_len(2 * samples.len()), |out| {
                F::encode_audio(audio.rate, samples, out)
            });
        }),
        // Playout's silence goes out, as it does when no frames come.
        Format::Compressed => {}
    }
}

/// How a hold that is over ended.
fn outcome(barge_in: bool) -> AgentHeldOutcome {
    if barge_in {
        AgentHeldOutcome::Interrupted
    } else {
        AgentHeldOutcome::Resumed
    }
}

/// Reports when an utterance starts and ends.
fn record_playout<P: Port>(at: Instant, event: PlayoutEvent, port: &mut P) {
    let body = match event {
        PlayoutEvent::Started { utterance } => RecordBody::UtteranceStarted { utterance },
        PlayoutEvent::Ended {
            utterance,
            interrupted,
            played,
        } => RecordBody::UtteranceEnded {
            utterance,
            interrupted,
            played,
        },
        PlayoutEvent::FrameSent => return,
    };
    port.record(Record { at, body });
}

/// Reports `media.started`, once.
fn announce<P: Port>(announced: &mut bool, now: Instant, rate: SampleRate, port: &mut P) {
    if !core::mem::replace(announced, true) {
        let sample_rate = rate.hz();
        port.record(event(now, MediaStarted { sample_rate }));
    }
}

fn fault_record(at: Instant, fault: Fault) -> Record {
    let body = RecordBody::Fault(fault);
    Record { at, body }
}

/// A record of one catalogue event.
fn event(at: Instant, event: impl Into<Realtime>) -> Record {
    Record {
        at,
        body: RecordBody::Event(event.into()),
    }
}
