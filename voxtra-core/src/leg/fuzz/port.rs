//! The leg's output, checked as it comes.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use crate::audio::SampleRate;
use crate::audiosocket::fuzz::frames_of;
use crate::audiosocket::{Frame, MAX_PAYLOAD_LEN};
use crate::event::{AgentHeldOutcome, Fault, Realtime, Record, RecordBody};
use crate::leg::{CallerAudio, Port};
use crate::playout::Clip;
use crate::time::Instant;

/// The epoch as the agent knows it, and whether the frame that fades out the cut audio is still to
/// come.
#[derive(Default)]
pub(super) struct Epoch {
    current: Cell<u32>,
    /// The epoch that an interruption ended: what may not be interrupted of it is still played.
    spared: Cell<Option<u32>>,
    fading: Cell<bool>,
}

impl Epoch {
    pub(super) fn current(&self) -> u32 {
        self.current.get()
    }

    /// Whether an utterance of this epoch is still played.
    pub(super) fn plays(&self, epoch: u32, uninterruptible: bool) -> bool {
        let is_spared = uninterruptible && self.spared.get() == Some(epoch);
        epoch == self.current() || is_spared
    }

    pub(super) fn is_fading(&self) -> bool {
        self.fading.get()
    }

    /// A frame was made: audio that was cut has faded.
    pub(super) fn faded(&self) {
        self.fading.set(false);
    }
}

/// What a leg is connected to.
pub(super) struct CheckingPort {
    pub(super) now: Instant,
    started: Instant,
    silence_ms: u64,
    /// Chunks may come in any order: mixed utterances begin and end again.
    unruly: bool,
    epoch: Rc<Epoch>,
    /// `media.stopped` was reported: nothing may follow.
    closed: bool,
    announced: bool,
    rate: Option<SampleRate>,
    pub(super) digits: u64,
    pub(super) faults: u64,
    /// A fault reported that the payloads are not samples.
    pub(super) no_samples: bool,
    talk: Talk,
    utterances: HashMap<u32, Utterance>,
    /// Messages that can't be sent.
    pub(super) full: u8,
    /// Messages since [`take_sent`](Self::take_sent); an empty one could not be sent.
    sent: Vec<Vec<u8>>,
    pub(super) forwarded: u64,
    /// The clip of the guard that is being heard.
    clip: Option<Clip>,
    /// One began, or was being heard, since the last look.
    clip_heard: bool,
}

/// The caller's side of the conversation.
#[derive(Default)]
struct Talk {
    speaking: bool,
    /// The caller spoke and the turn has not ended yet.
    turn: bool,
    /// Silence was reported, and no speech has begun since.
    silent: bool,
    barge_in: bool,
    /// The caller's speech holds the agent back.
    held: bool,
    /// The call is on hold.
    on_hold: bool,
}

#[derive(Default)]
pub(super) struct Utterance {
    pub(super) started: bool,
    /// Whether the utterance was cut.
    pub(super) ended: Option<bool>,
    /// Samples of the utterance that went out.
    pub(super) played: u64,
}

impl CheckingPort {
    pub(super) fn new(now: Instant, silence_ms: u32, unruly: bool, epoch: Rc<Epoch>) -> Self {
        Self {
            now,
            started: now,
            silence_ms: u64::from(silence_ms),
            unruly,
            epoch,
            closed: false,
            announced: false,
            rate: None,
            digits: 0,
            faults: 0,
            no_samples: false,
            talk: Talk::default(),
            utterances: HashMap::new(),
            full: 0,
            sent: Vec::new(),
            forwarded: 0,
            clip: None,
            clip_heard: false,
        }
    }

    pub(super) fn take_sent(&mut self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.sent)
    }

    /// Whether a clip was heard since the last call of this method.
    pub(super) fn take_clip_heard(&mut self) -> bool {
        core::mem::replace(&mut self.clip_heard, self.clip.is_some())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The far end puts the call on hold, or takes it off. Silence may then be reported again.
    pub(super) fn set_on_hold(&mut self, on: bool) {
        self.talk.on_hold = on;
        self.talk.silent = false;
    }

    /// The agent is heard, perhaps again after its audio was missing: another silence may follow.
    pub(super) fn agent_is_heard(&mut self) {
        self.talk.silent = false;
    }

    pub(super) fn is_on_hold(&self) -> bool {
        self.talk.on_hold
    }

    pub(super) fn is_user_speaking(&self) -> bool {
        self.talk.speaking
    }

    /// Whether the caller barged in since the last call of this method.
    pub(super) fn take_barge_in(&mut self) -> bool {
        core::mem::take(&mut self.talk.barge_in)
    }

    pub(super) fn utterances(&self) -> &HashMap<u32, Utterance> {
        &self.utterances
    }

    /// A duration can't exceed the time since the start, except that the first frame began before
    /// it arrived.
    fn assert_plausible(&self, duration_ms: u64) {
        let elapsed = self.now.duration_since(self.started).as_millis();
        assert!(
            u128::from(duration_ms) <= elapsed + 60,
            "{duration_ms} ms within {elapsed} ms"
        );
    }

    fn event(&mut self, event: Realtime) {
        let talk = &mut self.talk;
        match event {
            Realtime::MediaStarted(_) => {
                assert!(!self.announced, "media.started twice");
                self.announced = true;
            }
            // Frames go out before the peer's first frame tells the rate.
            Realtime::AudioFrameSent(_) => {}
            _ => assert!(self.announced, "{event:?} before media.started"),
        }
        match event {
            Realtime::MediaStopped(_) => {
                // Speech over the agent alone is not a turn.
                let over_agent = !self.utterances.is_empty();
                assert!(
                    !talk.speaking
                        && !talk.held
                        && self.clip.is_none()
                        && (!talk.turn || over_agent),
                    "the end comes last"
                );
                self.closed = true;
            }
            Realtime::UserSpeechStarted(_) => {
                assert!(!talk.speaking, "speech started twice");
                assert!(!talk.on_hold, "nobody is listened to");
                *talk = Talk {
                    speaking: true,
                    turn: true,
                    held: talk.held,
                    ..Talk::default()
                };
            }
            Realtime::AgentHeld(e) => {
                let begins = e.outcome == AgentHeldOutcome::Pending;
                assert_eq!(talk.held, !begins, "held twice, or let go twice");
                assert!(!begins || (e.held_ms == 0 && !talk.on_hold));
                talk.held = begins;
            }
            Realtime::UserSpeechEnded(e) => {
                assert!(talk.speaking, "speech ended that had not started");
                talk.speaking = false;
                assert!(e.duration_ms >= 20);
                self.assert_plausible(e.duration_ms);
            }
            Realtime::TurnEnded(e) => {
                assert!(talk.turn && !talk.speaking, "a turn ended out of turn");
                talk.turn = false;
                assert!(e.duration_ms >= 20);
                self.assert_plausible(e.duration_ms);
            }
            Realtime::BargeIn(_) => {
                assert!(talk.turn, "nobody barged in");
                talk.barge_in = true;
            }
            Realtime::SilenceDetected(e) => {
                assert!(!talk.speaking, "silence while the caller speaks");
                assert!(!talk.silent && !talk.on_hold, "the same silence twice");
                assert_eq!(e.silence_duration_ms, self.silence_ms);
                assert_ne!(self.silence_ms, 0, "silence that nobody asked for");
                talk.silent = true;
            }
            Realtime::DtmfReceived(e) => {
                assert!("0123456789ABCD*#".contains(e.digit));
                self.digits += 1;
            }
            Realtime::MediaStarted(_)
            | Realtime::AudioFrameReceived(_)
            | Realtime::AudioFrameSent(_) => {}
        }
    }
}

impl Port for CheckingPort {
    fn record(&mut self, record: Record) {
        assert!(!self.closed, "{record:?} after the end");
        assert_eq!(record.at, self.now);
        match record.body {
            RecordBody::Event(event) => self.event(event),
            RecordBody::UtteranceStarted { utterance } => {
                self.talk.silent = false;
                let of = self.utterances.entry(utterance).or_default();
                let is_new = !of.started && of.ended.is_none();
                assert!(is_new || self.unruly, "{utterance} starts again");
                of.ended = None;
                of.started = true;
            }
            RecordBody::UtteranceEnded {
                utterance,
                interrupted,
                played,
            } => {
                let of = self.utterances.entry(utterance).or_default();
                let is_first = of.ended.is_none();
                assert!(is_first || self.unruly, "{utterance} ends again");
                of.ended = Some(interrupted);
                of.played += played;
                // Of two utterances with one number, one may end unheard while the other is heard.
                assert!(
                    of.started == (of.played > 0) || self.unruly,
                    "{utterance}: {played} samples"
                );
            }
            RecordBody::ClipStarted { clip } => {
                assert!(
                    !self.talk.on_hold && !self.talk.speaking,
                    "{clip:?} to nobody"
                );
                assert_eq!(self.clip.replace(clip), None, "two clips at once");
                self.clip_heard = true;
                self.talk.silent = false;
            }
            RecordBody::ClipEnded { clip, played, .. } => {
                assert!(played > 0, "{clip:?} without sound");
                assert_eq!(self.clip.take(), Some(clip), "another clip ends");
            }
            RecordBody::Fault(Fault::DeadAir) => {}
            RecordBody::Fault(fault) => {
                self.faults += 1;
                self.no_samples |= matches!(
                    fault,
                    Fault::MulawUnder8k | Fault::AlawUnder8k | Fault::Compressed
                );
            }
            RecordBody::Missed(_) => panic!("a leg misses nothing"),
        }
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        assert!(!self.closed, "audio after the end");
        if let CallerAudio::Samples(samples) = part {
            self.forwarded += samples.len() as u64;
        }
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        assert!(!self.closed, "a message after the end");
        assert!(len <= 3 + MAX_PAYLOAD_LEN);
        if self.full > 0 {
            self.full -= 1;
            self.sent.push(Vec::new());
            return;
        }
        let mut message = vec![0; len];
        let used = write(&mut message);
        assert_eq!(used, len, "a message shorter than announced");
        // Asterisk ends the call at any other message.
        match &frames_of(&message, MAX_PAYLOAD_LEN) {
            (frames, true) if matches!(frames[..], [Ok(Frame::Audio(_) | Frame::Hangup)]) => {}
            (frames, _) => panic!("not a message for Asterisk: {frames:?}"),
        }
        self.sent.push(message);
    }

    fn epoch(&mut self, epoch: u32) {
        assert_eq!(epoch, self.epoch.current().wrapping_add(1));
        let before = self.epoch.current.replace(epoch);
        let spared = Some(before).filter(|_| self.talk.barge_in);
        self.epoch.spared.set(spared);
        self.epoch.fading.set(true);
    }

    fn rate(&mut self, rate: SampleRate) {
        assert_eq!(self.rate, None, "the rate was adopted twice");
        assert!(!self.closed);
        self.rate = Some(rate);
    }
}
