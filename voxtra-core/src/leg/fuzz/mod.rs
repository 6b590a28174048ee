//! A whole call in virtual time, with any operations: the invariants are checked at every step.

mod agent;
mod operation;
mod port;

use core::time::Duration;
use std::boxed::Box;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use self::agent::Agent;
use self::operation::Operation;
pub use self::operation::Session;
use self::port::{CheckingPort, Epoch};
use super::{Command, DtmfPolicy, G711Policy, GuardSettings, Leg, LegSettings, Mode, Progress};
use crate::audio::{FRAME, Law, MAX_FRAME_BYTES};
use crate::audiosocket::fuzz::frames_of;
use crate::audiosocket::{DecodeError, Frame, HEADER_LEN, kind};
use crate::event::{Fault, MediaStoppedReason};
use crate::playout::Chunk;
use crate::time::Instant;
use crate::vad::EnergyDetector;

/// Frames in either direction after which a session ends.
const ENOUGH_FRAMES: u32 = 2_000;

/// Runs a call and checks:
///
/// - **time**: a record carries the time at which it was made, so records are in order;
/// - **turn-taking**: speech starts and ends in turn, barge-in is within speech, turns end after
///   speech, a silence is told once;
/// - **playout**: one frame when it is due, never one before its time; every sample queued is sent,
///   or counted as dropped, or still queued; nothing of an epoch that is over but the one frame
///   that fades; samples are what the agent gave;
/// - **the guard against dead air**: it plays to a caller who listens, one clip at a time, and each
///   ends;
/// - **endings**: an utterance starts at most once and ends exactly once; `media.started` is the
///   first event and `media.stopped` the last, once each, and nothing happens after it;
/// - **the wire**: every message is one whole frame that Asterisk takes;
/// - **counters**: those that can be known from the bytes are right.
pub fn session(session: &Session) {
    let mut call = Call::new(session);
    for operation in &session.operations {
        if call.frames > ENOUGH_FRAMES {
            break;
        }
        call.perform(operation);
        call.assert_consistent();
    }
    call.end();
}

struct Call {
    leg: Box<Leg<EnergyDetector>>,
    line: CheckingPort,
    agent: Agent,
    epoch: Rc<Epoch>,
    settings: LegSettings,
    unruly: bool,
    /// The next frame may fade out, because the call was put on hold.
    fades_for_hold: bool,
    /// The agent is muted, and was when the last frame went out.
    muted: bool,
    was_muted: bool,
    now: Instant,
    started: Instant,
    /// All that the peer sent, and what came since the stream was last between two frames.
    wire: Vec<u8>,
    unfinished: Vec<u8>,
    /// Frames so far, in either direction.
    frames: u32,
    /// Key presses that could be heard.
    tones: u64,
    reported: u64,
    stopped: bool,
}

impl Call {
    fn new(session: &Session) -> Self {
        let now = Instant::from_millis(1_000);
        let mut leg = Box::new(Leg::new(session.settings, EnergyDetector::new()));
        leg.start(now);
        let epoch = Rc::new(Epoch::default());
        Self {
            leg,
            line: CheckingPort::new(
                now,
                session.settings.turn.silence_ms,
                session.unruly,
                Rc::clone(&epoch),
            ),
            agent: Agent::new(Rc::clone(&epoch), session.unruly),
            epoch,
            settings: session.settings,
            unruly: session.unruly,
            fades_for_hold: false,
            muted: false,
            was_muted: false,
            now,
            started: now,
            wire: Vec::new(),
            unfinished: Vec::new(),
            frames: 0,
            tones: 0,
            reported: 0,
            stopped: false,
        }
    }

    fn perform(&mut self, operation: &Operation) {
        match *operation {
            Operation::Pass { ms } => self.set_now(self.now + Duration::from_millis(ms.into())),
            Operation::Leap { ms } => self.set_now(self.now + Duration::from_millis(ms.into())),
            Operation::Run { frames } => self.run(FRAME * u32::from(frames)),
            Operation::Speak {
                level,
                frames,
                bunched,
            } => {
                let frame = self.voice(level);
                for _ in 0..frames {
                    self.receive(&frame);
                    if !bunched {
                        self.run(FRAME);
                    }
                }
            }
            Operation::Frame { kind, len, fill } => {
                self.receive(&message(kind, &vec![fill; usize::from(len)]));
            }
            Operation::Bytes { ref bytes } => self.receive(bytes),
            Operation::Digit { byte } => {
                let digit = b"0123456789ABCD*#".get(usize::from(byte));
                self.receive(&message(kind::DTMF, &[*digit.unwrap_or(&byte)]));
            }
            Operation::Tone { key } => {
                self.tones += 1;
                for frame in 0..6 {
                    let frame = self.tone(key, frame);
                    self.receive(&frame);
                    self.run(FRAME);
                }
            }
            Operation::Id => self.receive(&message(kind::ID, &[7; 16])),
            Operation::PeerHangsUp => self.receive(&message(kind::HANGUP, &[])),
            Operation::Say {
                samples,
                chunk,
                whole,
            } => self.agent.say(samples, chunk, whole),
            Operation::GoOn {
                samples,
                chunk,
                end,
            } => self.agent.go_on(samples, chunk, end),
            Operation::Break {
                epoch,
                utterance,
                samples,
                there,
                flags,
            } => {
                if self.unruly {
                    let chunk = Chunk {
                        epoch: self.epoch.current().wrapping_sub(u32::from(epoch % 4)),
                        utterance: u32::from(utterance),
                        samples: u32::from(samples),
                        first: flags & 1 == 1,
                        last: flags & 2 == 2,
                        uninterruptible: flags & 4 == 4,
                    };
                    self.agent.queue_broken(chunk, there);
                }
            }
            Operation::Flush { late } => {
                let epoch = self.epoch.current();
                let asked_in = if late { epoch.wrapping_sub(1) } else { epoch };
                self.command(Command::Flush { epoch: asked_in });
                let expected = u32::from(!late && !self.stopped);
                assert_eq!(self.epoch.current(), epoch.wrapping_add(expected));
            }
            Operation::Forward { forward } => self.command(Command::Forward(forward)),
            Operation::Mode { mode } => {
                self.settings.mode = mode;
                self.command(Command::Mode(mode));
            }
            Operation::FrameEvents { on } => self.command(Command::FrameEvents(on)),
            Operation::BargeIn { on } => self.command(Command::BargeIn(on)),
            Operation::EndOfTurn { silence_ms } => {
                self.command(Command::EndOfTurn { silence_ms });
            }
            Operation::Patience { patience, expected } => self.command(match expected {
                true => Command::ExpectPauses(patience),
                false => Command::Patience(patience),
            }),
            Operation::ExpectWords { on } => self.command(Command::ExpectWords(on)),
            Operation::Overlap { meaning } => {
                let epoch = self.epoch.current();
                self.command(Command::Overlap { epoch, meaning });
                self.assert_flushed_by_barge_in(epoch);
            }
            Operation::CallHold { on } => {
                self.command(Command::CallHold(on));
                if !self.stopped && on != self.line.is_on_hold() {
                    self.line.set_on_hold(on);
                    self.fades_for_hold = on;
                }
            }
            Operation::Mute { caller: true, on } => self.command(Command::MuteCaller(on)),
            Operation::Mute { caller: false, on } => {
                self.muted = on;
                self.command(Command::MuteAgent(on));
            }
            Operation::Await { awaited } => {
                let times = GuardSettings::default().with(|guard| {
                    guard.filler = Some(FRAME * 20);
                    guard.apology = Some(FRAME * 30);
                    guard.give_up = Some(FRAME * 60);
                });
                self.leg.set_guard(Some(times));
                self.command(Command::Await(awaited));
            }
            Operation::HangUp => {
                self.command(Command::HangUp);
                let sent = self.line.take_sent();
                assert_eq!(sent.len(), usize::from(!self.stopped));
            }
            Operation::Fault { frames } => {
                let fault = Fault::FramesDropped(frames.into());
                self.leg.report(self.now, fault, &mut self.line);
                self.reported += u64::from(!self.stopped);
            }
            Operation::Full { messages } => self.line.full = messages,
            Operation::Stop => self.stop(MediaStoppedReason::Closed),
        }
    }

    fn set_now(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.line.now = self.now;
    }

    /// Time passes, and each deadline is handled at its time.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while !self.stopped && self.leg.next_deadline() <= until {
            self.set_now(self.leg.next_deadline());
            self.deadline();
        }
        self.set_now(until);
        // Between two deadlines, nothing is due.
        self.deadline();
    }

    fn deadline(&mut self) {
        let due = self.leg.next_deadline();
        let before = self.leg.playout_counters().frames;
        let fading = self.epoch.is_fading();
        let epoch = self.epoch.current();
        self.leg
            .handle_deadline(self.now, &mut self.agent, &mut self.line);
        // A silence of the line can confirm a barge-in.
        self.assert_flushed_by_barge_in(epoch);
        let fading = fading || self.epoch.is_fading();
        let sent = self.line.take_sent();
        let made = self.leg.playout_counters().frames - before;
        if self.stopped || self.now < due {
            assert_eq!((made, sent.len()), (0, 0), "a frame before its time");
            return;
        }
        self.frames += 1;
        assert_eq!(made, 1, "not the one frame that is due");
        let next = self.leg.next_deadline();
        assert!(next >= self.now, "in a burst");
        // An echo needs no silence from us.
        assert!(next <= self.now + FRAME || self.settings.mode == Mode::Echo);
        let elapsed = self.now.duration_since(self.started).as_millis() as u64;
        assert!(self.leg.playout_counters().frames <= elapsed / 20 + 1);
        self.epoch.faded();
        let read = self.agent.take_read();
        if !read.is_empty() {
            self.line.agent_is_heard();
        }
        let fades_for_hold = core::mem::take(&mut self.fades_for_hold);
        assert!(
            read.is_empty() || fading || fades_for_hold || !self.line.is_on_hold(),
            "the agent talks to nobody"
        );
        let gave_up = self.leg.has_given_up();
        match self.settings.mode {
            Mode::Agent => assert_eq!(sent.len(), 1 + usize::from(gave_up)),
            Mode::Echo => assert!(sent.len() <= 1 + usize::from(gave_up)),
        }
        let clip = self.line.take_clip_heard();
        let audio = sent.iter().take(sent.len() - usize::from(gave_up));
        for message in audio.filter(|message| !message.is_empty() && !clip) {
            self.assert_plays(message, &read, fading);
        }
        if !sent.is_empty() {
            self.was_muted = self.muted;
        }
        if gave_up {
            self.stop(MediaStoppedReason::Timeout);
        }
    }

    /// A frame of playout is 20 ms at the leg's rate: exactly the samples read, then silence.
    fn assert_plays(&self, message: &[u8], read: &[i16], fading: bool) {
        assert_eq!(message.len(), HEADER_LEN + self.leg.rate().frame_bytes());
        assert_eq!(message[0], kind::of_audio(self.leg.rate()));
        if self.settings.playout.gain_db != 0.0 {
            return;
        }
        let (pairs, _) = message[HEADER_LEN..].as_chunks::<2>();
        let mut samples = pairs.iter().map(|pair| i16::from_le_bytes(*pair));
        if self.muted && self.was_muted {
            assert!(samples.all(|sample| sample == 0), "a muted agent is heard");
            return;
        }
        let fading = fading || self.muted != self.was_muted;
        for expected in read {
            let sample = samples.next();
            if fading {
                assert!(sample.is_some_and(|s| (0..=*expected).contains(&s)));
            } else {
                assert_eq!(sample, Some(*expected));
            }
        }
        assert!(samples.all(|sample| sample == 0), "sound from nowhere");
    }

    fn receive(&mut self, bytes: &[u8]) {
        if self.stopped {
            // The socket is closed by now; input that still comes does no harm.
            let progress = self.leg.handle_input(self.now, bytes, &mut self.line);
            assert_eq!(progress, Progress::HungUp);
            return;
        }
        self.frames += 1;
        let between_frames = self.unfinished.is_empty();
        let (frames, whole) = frames_of(bytes, MAX_FRAME_BYTES);
        self.wire.extend_from_slice(bytes);
        self.unfinished.extend_from_slice(bytes);
        if frames_of(&self.unfinished, MAX_FRAME_BYTES).1 {
            self.unfinished.clear();
        }
        let epoch = self.epoch.current();
        let progress = self.leg.handle_input(self.now, bytes, &mut self.line);
        self.assert_flushed_by_barge_in(epoch);
        let sent = self.line.take_sent();
        match self.settings.mode {
            Mode::Agent => assert!(sent.is_empty(), "only an echo answers at once"),
            // Bit for bit, unless the frame had another rate. Other formats go back as samples, or
            // as silence.
            Mode::Echo => {
                if between_frames
                    && whole
                    && let [Ok(Frame::Audio(audio))] = frames[..]
                    && audio.rate == self.leg.rate()
                    && !sent.iter().any(Vec::is_empty)
                {
                    let sent = sent.concat();
                    let instead = match self.settings.g711 {
                        G711Policy::Refuse => self.line.no_samples && is_silence(&sent),
                        G711Policy::Decode => is_decoded(audio.payload, &sent),
                    };
                    assert!(sent == bytes || instead, "not an echo");
                }
            }
        }
        if progress == Progress::HungUp {
            self.stop(MediaStoppedReason::Hangup);
        }
    }

    /// Checks that a barge-in since `epoch` has stopped the agent, and nothing else has.
    fn assert_flushed_by_barge_in(&mut self, epoch: u32) {
        let flushed = u32::from(self.line.take_barge_in());
        assert_eq!(self.epoch.current(), epoch.wrapping_add(flushed));
    }

    fn command(&mut self, command: Command) {
        self.leg.handle_command(self.now, command, &mut self.line);
    }

    fn stop(&mut self, reason: MediaStoppedReason) {
        self.leg.stop(self.now, reason, &mut self.line);
        self.stopped = true;
        assert!(self.line.is_closed() && !self.line.is_user_speaking());
    }

    fn assert_consistent(&mut self) {
        let tally = self.agent.settle();
        if !self.unruly {
            let dropped = self.leg.playout_counters().dropped_samples;
            assert_eq!(dropped, tally.skipped, "samples lost without being counted");
            // An unruly agent may repeat an utterance that has ended.
            let heard = |of: &port::Utterance| of.started && of.ended.is_none();
            if self.leg.is_agent_speaking() {
                assert!(self.line.utterances().values().any(heard));
            }
        }
    }

    /// Lets the agent finish, hangs up, and checks the whole call.
    fn end(mut self) {
        if !self.stopped && !self.unruly {
            self.agent.finish();
            // No sample that the agent queued on hold is lost.
            self.perform(&Operation::CallHold { on: false });
            // As much as can be queued, and the longest time without a deadline handled.
            while !self.agent.is_empty() {
                self.run(FRAME);
            }
            let epoch = self.epoch.current();
            self.command(Command::Flush { epoch });
            self.run(FRAME * 2);
            self.assert_consistent();
            for (id, utterance) in self.line.utterances() {
                assert_ne!(utterance.ended, None, "utterance {id} never ended");
            }
        }
        self.stop(MediaStoppedReason::Closed);
        self.perform(&Operation::Run { frames: 2 });
        for (&id, utterance) in self.line.utterances() {
            let (queued, read) = self.agent.told(id);
            if !self.unruly && utterance.ended == Some(false) {
                assert_eq!(read, queued, "utterance {id} ended before its end");
            }
            if !self.unruly {
                assert_eq!(utterance.played, read, "utterance {id}");
            }
        }
        self.assert_counted();
    }

    /// Checks the counters against the bytes.
    fn assert_counted(&self) {
        let (mut audio, mut digits, mut wrong, mut pcm) = (0, 0, 0, 0);
        for frame in frames_of(&self.wire, MAX_FRAME_BYTES).0 {
            match frame {
                Ok(Frame::Audio(frame)) => {
                    audio += 1;
                    // Decoded µ-law is twice as long.
                    pcm += frame.payload.len() as u64;
                }
                Ok(Frame::Dtmf(_)) => digits += 1,
                Ok(Frame::Hangup) => break,
                Err(DecodeError::HangupPayload { .. }) => {
                    wrong += 1;
                    break;
                }
                Ok(Frame::Id(_) | Frame::Error(_) | Frame::Unknown { .. }) | Err(_) => wrong += 1,
            }
        }
        let counters = self.leg.counters();
        assert_eq!(counters.frames_in, audio);
        // A signalled digit is reported, unless its tone was reported before.
        assert!((digits..=digits + self.tones).contains(&self.line.digits));
        if self.settings.dtmf == DtmfPolicy::Signalled {
            assert_eq!(self.line.digits, digits);
        }
        // At most, an audio frame can have an odd length and look like µ-law.
        assert!((wrong..=wrong + 2 * audio).contains(&counters.violations));
        assert!(self.line.faults <= counters.violations + self.reported);
        // Each start of speech repeats up to 800 ms of history.
        assert!(self.line.forwarded <= pcm * 2);
    }

    /// One frame of six with a digit's tones; the last three are silent.
    fn tone(&self, key: u8, frame: usize) -> Vec<u8> {
        let rate = self.leg.rate();
        let low = [697.0, 770.0, 852.0, 941.0][usize::from(key & 3)];
        let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][usize::from(key >> 2 & 3)];
        let count = rate.frame_samples();
        let samples = (count * frame..count * (frame + 1)).map(|n| {
            let turns = core::f32::consts::TAU * n as f32 / rate.hz() as f32;
            let loud = if frame < 3 { 8_000.0 } else { 0.0 };
            (loud * (libm::sinf(low * turns) + libm::sinf(high * turns))) as i16
        });
        let payload: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        message(kind::of_audio(rate), &payload)
    }

    /// 20 ms of the caller's voice.
    fn voice(&self, level: u8) -> Vec<u8> {
        let rate = self.leg.rate();
        let period = i32::try_from(rate.hz() / 120).unwrap_or(1);
        let samples = (0..rate.frame_samples() as i32).map(|n| {
            let saw = 2 * (n % period) - period;
            (saw * 120 * i32::from(level) / period) as i16
        });
        let payload: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        message(kind::of_audio(rate), &payload)
    }
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let mut bytes = vec![kind, high, low];
    bytes.extend_from_slice(payload);
    bytes
}

/// The payloads of messages that are all audio.
fn payloads(messages: &[u8]) -> Vec<u8> {
    let payload = |frame: Result<Frame<'_>, DecodeError>| match frame {
        Ok(Frame::Audio(audio)) => audio.payload.to_vec(),
        frame => panic!("no audio: {frame:?}"),
    };
    let (frames, _) = frames_of(messages, MAX_FRAME_BYTES);
    frames.into_iter().flat_map(payload).collect()
}

fn is_silence(messages: &[u8]) -> bool {
    payloads(messages).iter().all(|&byte| byte == 0)
}

/// Whether the messages hold `bytes` decoded by one of the laws of G.711. Of a compressed format
/// nothing is sent.
fn is_decoded(bytes: &[u8], messages: &[u8]) -> bool {
    let decoded = |law: Law| {
        let mut samples = vec![0; bytes.len()];
        law.decode_into(bytes, &mut samples);
        let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
        payloads(messages).into_iter().eq(bytes)
    };
    messages.is_empty() || decoded(Law::Mu) || decoded(Law::A)
}

#[cfg(test)]
mod tests {
    use arbitrary::{Arbitrary, Unstructured};
    use proptest::prelude::*;

    use super::Session;

    /// What the agent says on hold, and what is cut on hold, while the line brings nothing.
    #[test]
    fn on_hold_nothing_is_said() {
        let seed = include_bytes!("../../../../fuzz/seeds/session/hold");
        let session = Session::arbitrary(&mut Unstructured::new(seed)).unwrap();
        super::session(&session);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_session(data in prop::collection::vec(any::<u8>(), 2..200)) {
            let session = Session::arbitrary(&mut Unstructured::new(&data)).unwrap();
            super::session(&session);
        }
    }
}
