//! Pacing, and the contents of each frame.

mod filling;

use core::time::Duration;

use super::edges::Edges;
use super::hold::{Hold, KEPT, Step};
use super::settings::PlayoutSettings;
use super::source::{AgentAudio, Chunk};
use crate::audio::{FRAME, Gain, SampleRate, gain};
use crate::time::Instant;

/// Plays the agent's audio: one frame per 20 ms, at absolute deadlines, never ahead of them.
///
/// Pass the time to [`poll`](Self::poll); it returns a frame when one is due.
/// [`next_deadline`](Self::next_deadline) says when to call it again.
///
/// `K` is the memory for audio that fades out at a pause, to be repeated.
#[derive(Clone, Debug)]
pub struct Playout<K = [i16; KEPT]> {
    rate: SampleRate,
    settings: PlayoutSettings,
    gain: Gain,
    /// When the next frame is due; `None` until started.
    due: Option<Instant>,
    epoch: u32,
    /// The epoch that a caller's interruption ended: utterances of it that may not be interrupted
    /// are still played.
    spared: Option<u32>,
    /// The chunk being read: `samples` are those left; `first` is cleared once its utterance is in
    /// progress.
    chunk: Option<Chunk>,
    utterance: Option<Utterance>,
    /// A flush came while an utterance was in progress, and its last frame has not gone out yet.
    cut: bool,
    /// Frames in a row that the utterance in progress left silent for want of audio.
    starved_frames: u32,
    hold: Hold<K>,
    edges: Edges,
    counters: PlayoutCounters,
}

/// Frames without audio after which the agent no longer speaks: 500 ms.
const STARVED_FRAMES: u32 = 25;

/// The utterance in progress: its first chunk was seen, its last was not.
#[derive(Clone, Copy, Debug)]
struct Utterance {
    id: u32,
    epoch: u32,
    /// Samples of it in frames so far.
    played: u64,
    uninterruptible: bool,
}

/// An event while a frame was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlayoutEvent {
    /// The first samples of an utterance are in this frame.
    Started {
        /// Which one.
        utterance: u32,
    },
    /// An utterance is over. There is exactly one for every utterance whose first chunk was queued;
    /// without a [`Started`](Self::Started) before it, nothing of it was heard.
    Ended {
        /// Which one.
        utterance: u32,
        /// Whether it was cut: by a flush, or because another one began before its last chunk came.
        interrupted: bool,
        /// Samples of it that went into frames, including those that faded out. Each counts once,
        /// even if a pause made it go out twice.
        played: u64,
    },
    /// A frame is ready to be sent. Always the last event of a poll.
    FrameSent,
}

/// Counters since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PlayoutCounters {
    /// Frames made.
    pub frames: u64,
    /// Frames among them without any of the agent's audio.
    pub silence_frames: u64,
    /// Frames in which an utterance in progress ran out of audio.
    pub underruns: u64,
    /// Frames made late, by [`PlayoutSettings::late_after`] or more.
    pub late_frames: u64,
    /// Times the schedule was moved because a frame was more than 20 ms late.
    pub slips: u64,
    /// Samples that were queued and never played.
    pub dropped_samples: u64,
    /// Times the agent's audio was held back, counted by the frames in which it faded out.
    pub pauses: u64,
    /// Silent frames while it was held back, among [`silence_frames`](Self::silence_frames).
    pub held_frames: u64,
    /// Samples that faded out at a pause and were played again after it.
    pub repeated_samples: u64,
}

impl Playout {
    /// A playout that has not started yet.
    pub fn new(rate: SampleRate, settings: PlayoutSettings) -> Self {
        Self::with_memory(rate, settings, [0; KEPT])
    }
}

impl<K: AsRef<[i16]> + AsMut<[i16]>> Playout<K> {
    /// A playout with memory for audio that fades out at a pause. It fades no longer than that.
    pub(crate) fn with_memory(rate: SampleRate, settings: PlayoutSettings, kept: K) -> Self {
        Self {
            rate,
            settings,
            gain: Gain::from_db(settings.gain_db),
            due: None,
            epoch: 0,
            spared: None,
            chunk: None,
            utterance: None,
            cut: false,
            starved_frames: 0,
            hold: Hold::new(kept),
            edges: Edges::new(rate.samples_in(settings.declick.min(FRAME))),
            counters: PlayoutCounters::default(),
        }
    }

    /// Starts the schedule: the first frame is due `now`, each further one 20 ms later.
    pub const fn start(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// The rate of the frames.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Changes to another rate, only while nothing is playing: otherwise nothing changes and this
    /// is `false`.
    pub fn set_rate(&mut self, rate: SampleRate) -> bool {
        // A chunk that opens an utterance was only looked at.
        let idle = self.utterance.is_none() && self.chunk.is_none_or(|chunk| chunk.first);
        if idle {
            self.rate = rate;
            self.edges = Edges::new(rate.samples_in(self.settings.declick.min(FRAME)));
        }
        idle
    }

    /// Takes more memory, unless it has enough for `samples` or is holding something.
    pub(crate) fn set_memory(&mut self, samples: usize, memory: impl FnOnce(usize) -> K) {
        if self.hold.room() < samples && self.utterance.is_none() {
            self.hold.set_memory(memory(samples));
        }
    }

    /// When the next frame is due; [`Instant::MAX`] before the start.
    pub fn next_deadline(&self) -> Instant {
        self.due.unwrap_or(Instant::MAX)
    }

    /// Makes one frame if one is due at `now`, and returns its length in samples: always 20 ms, of
    /// speech or silence.
    ///
    /// Deadlines are absolute: a frame that is a little late does not move the next ones. When
    /// `now` is more than one frame past the deadline, the frames in between are left out: the
    /// caller would not hear a burst of missed frames. The next frame is due at its old place in
    /// the 20 ms grid, so that calls which a pause of the machine made late together don't stay
    /// together afterwards.
    ///
    /// `out` must have room for a frame ([`SampleRate::frame_samples`]); otherwise none is made.
    pub fn poll<S: AgentAudio>(
        &mut self,
        now: Instant,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> Option<usize> {
        let due = self.due.filter(|due| now >= *due)?;
        let frame = self.rate.frame_samples();
        debug_assert!(out.len() >= frame, "a frame takes {frame} samples");
        let out = out.get_mut(..frame)?;
        self.due = Some(self.reschedule(due, now));

        let was_cut = core::mem::take(&mut self.cut);
        let step = if was_cut {
            Step::Flow
        } else {
            self.hold.step(self.pause_fade())
        };
        let filled = match step {
            _ if was_cut => self.fill_last(source, out, on),
            Step::Flow => self.fill(source, out, on),
            Step::Fade => self.fill_held(source, out, on),
            Step::Still => {
                self.look_ahead(source);
                0
            }
        };
        let (speech, silence) = out.split_at_mut(filled);
        self.gain.apply(speech);
        silence.fill(0);
        self.hold.fade_in(speech);
        if was_cut || step == Step::Fade {
            // No longer than the fade, and all the audio there is.
            gain::fade_out(speech);
        }
        if was_cut {
            // A hold may have been requested since the cut.
            self.hold.forget();
        }
        let starved = filled < frame && step == Step::Flow && self.utterance.is_some();
        self.edges.smooth(out, filled, starved);
        self.starved_frames = match (starved, filled) {
            (true, 0) => self.starved_frames.saturating_add(1),
            (false, 0) if self.utterance.is_some() => self.starved_frames,
            _ => 0,
        };

        self.counters.frames += 1;
        self.counters.silence_frames += u64::from(filled == 0);
        self.counters.pauses += u64::from(step == Step::Fade);
        self.counters.held_frames += u64::from(step == Step::Still);
        self.counters.underruns += u64::from(starved);
        on(PlayoutEvent::FrameSent);
        Some(frame)
    }

    /// Stops what is playing: the next frame fades out, and the queue is dropped when the next
    /// frame is made. Returns the new epoch; chunks of another epoch will never be played.
    pub const fn flush(&mut self) -> u32 {
        self.spared = None;
        self.epoch = self.epoch.wrapping_add(1);
        self.cut = self.utterance.is_some();
        self.hold.want(false);
        if !self.cut {
            self.hold.release();
        }
        self.epoch
    }

    /// As [`flush`](Self::flush), for a caller who interrupts: utterances that wait behind what is
    /// playing and may not be interrupted are played all the same.
    pub const fn interrupt(&mut self) -> u32 {
        let before = self.epoch;
        let epoch = self.flush();
        self.spared = Some(before);
        epoch
    }

    /// The line is gone: ends the utterance in progress, if there is one.
    pub fn finish(&mut self, on: &mut impl FnMut(PlayoutEvent)) {
        self.end(true, on);
    }

    /// Holds back what is playing, or lets it go on.
    ///
    /// The next frame fades out over [`PlayoutSettings::pause_fade`], and silence goes out from
    /// then on, at the same deadlines; nothing is taken from the queue. When the audio goes on, the
    /// faded part is repeated and faded in: nothing of the utterance is lost. (If no more is left
    /// of the utterance than the fade takes, it ends with the fade.) A flush ends the pause.
    pub const fn hold(&mut self, hold: bool) {
        self.hold.want(hold);
    }

    /// Whether the agent's audio is held back.
    pub const fn is_held(&self) -> bool {
        self.hold.is_wanted()
    }

    /// Whether an utterance is being heard: it has started and is not over (or cut) yet, even while
    /// it is [held back](Self::hold). Not one whose audio has been missing for half a second: while
    /// its voice or its language model is at a loss, the caller may speak.
    pub fn is_speaking(&self) -> bool {
        !self.cut
            && self.starved_frames < STARVED_FRAMES
            && self.utterance.is_some_and(|utterance| utterance.played > 0)
    }

    /// Whether the caller may not interrupt the utterance in progress or, between two, the next one
    /// as far as it is known.
    pub fn is_uninterruptible(&self) -> bool {
        match (self.utterance, self.chunk) {
            (Some(utterance), _) => utterance.uninterruptible,
            (None, Some(chunk)) => chunk.uninterruptible && self.is_current(chunk),
            (None, None) => false,
        }
    }

    /// Whether the chunk is to be played.
    fn is_current(&self, chunk: Chunk) -> bool {
        let is_spared = chunk.uninterruptible && self.spared == Some(chunk.epoch);
        chunk.epoch == self.epoch || is_spared
    }

    /// The epoch of the chunks that are played.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Leaves out the next `frames` frames if there is nothing to play: for a line that needs no
    /// silence just now.
    pub fn leave_out(&mut self, frames: u32) {
        if self.utterance.is_none() && self.chunk.is_none() {
            self.due = self.due.map(|due| due + FRAME * frames);
        }
    }

    /// Frames so far without any of the agent's audio.
    pub(crate) const fn silence_frames(&self) -> u64 {
        self.counters.silence_frames
    }

    /// The gain on the agent's audio.
    pub(crate) const fn gain(&self) -> Gain {
        self.gain
    }

    /// Counters since the start.
    pub const fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    /// The length of the fades of a pause, in samples.
    fn pause_fade(&self) -> usize {
        let fade = self.settings.pause_fade.min(FRAME);
        self.rate.samples_in(fade).min(KEPT).min(self.hold.room())
    }

    /// Counts how late the frame is, and returns when the next one is due.
    fn reschedule(&mut self, due: Instant, now: Instant) -> Instant {
        let late = now.duration_since(due);
        self.counters.late_frames += u64::from(late >= self.settings.late_after && !late.is_zero());
        if late > FRAME {
            self.counters.slips += 1;
            now + FRAME - into_frame(late)
        } else {
            due + FRAME
        }
    }
}

/// The part of `time` beyond its whole frames.
fn into_frame(time: Duration) -> Duration {
    let left = time.as_micros() % FRAME.as_micros();
    Duration::from_micros(u64::try_from(left).unwrap_or(0))
}
