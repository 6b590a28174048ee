//! Pacing, and what each frame is made of.

use core::time::Duration;

use super::edges::Edges;
use super::settings::PlayoutSettings;
use super::source::{AgentAudio, Chunk};
use crate::audio::{FRAME, Gain, SampleRate, gain};
use crate::time::Instant;

/// Plays the agent's audio: one frame per 20 ms, at absolute deadlines, never ahead of them.
///
/// Give it the time with [`poll`](Self::poll); it hands back a frame when one is due. [`next_deadline`](Self::next_deadline)
/// says when to come back.
#[derive(Clone, Debug)]
pub struct Playout {
    rate: SampleRate,
    settings: PlayoutSettings,
    gain: Gain,
    /// When the next frame is due; `None` until started.
    due: Option<Instant>,
    epoch: u32,
    /// The chunk that is being read: `samples` are those left, `first` is cleared once its utterance is in progress.
    chunk: Option<Chunk>,
    utterance: Option<Utterance>,
    /// A flush came while an utterance was in progress, and its last frame has not gone out yet.
    cut: bool,
    edges: Edges,
    counters: PlayoutCounters,
}

/// The utterance in progress: its first chunk was seen, its last was not.
#[derive(Clone, Copy, Debug)]
struct Utterance {
    id: u32,
    epoch: u32,
    /// Some of it went out.
    heard: bool,
}

/// What happened while a frame was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlayoutEvent {
    /// The first samples of an utterance are in this frame.
    Started {
        /// Which one.
        utterance: u32,
    },
    /// An utterance is over. There is exactly one for every utterance whose first chunk was queued; without a
    /// [`Started`](Self::Started) before it, nothing of it was heard.
    Ended {
        /// Which one.
        utterance: u32,
        /// Whether it was cut: by a flush, or because another one began before its last chunk came.
        interrupted: bool,
    },
    /// A frame is ready to be sent. Always the last event of a poll.
    FrameSent,
}

/// What has happened since the start.
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
}

impl Playout {
    /// A playout that has not started yet.
    pub fn new(rate: SampleRate, settings: PlayoutSettings) -> Self {
        Self {
            rate,
            settings,
            gain: Gain::from_db(settings.gain_db),
            due: None,
            epoch: 0,
            chunk: None,
            utterance: None,
            cut: false,
            edges: Edges::new(rate.samples_in(settings.declick.min(FRAME))),
            counters: PlayoutCounters::default(),
        }
    }

    /// Starts the schedule: the first frame is due `now`, the others 20 ms after each other.
    pub const fn start(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// The rate of the frames.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Goes on at another rate. Only while nothing is playing: otherwise nothing changes and this is `false`.
    pub fn set_rate(&mut self, rate: SampleRate) -> bool {
        let idle = self.utterance.is_none() && self.chunk.is_none();
        if idle {
            self.rate = rate;
            self.edges = Edges::new(rate.samples_in(self.settings.declick.min(FRAME)));
        }
        idle
    }

    /// When the next frame is due; [`Instant::MAX`] before the start.
    pub fn next_deadline(&self) -> Instant {
        self.due.unwrap_or(Instant::MAX)
    }

    /// Makes one frame if one is due at `now`, and returns its length in samples: always 20 ms, of speech or silence.
    ///
    /// Deadlines are absolute: a frame that is a little late does not move the next ones. When `now` is more than one
    /// frame past the deadline, the frames in between are left out, because what was missed can't be sent in a burst:
    /// the caller would not hear it. The next frame is due at its old place among the 20 ms, so that calls which a pause
    /// of the machine has made late together don't stay together afterwards.
    ///
    /// `out` must have room for a frame ([`SampleRate::frame_samples`]); with less nothing is made.
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
        let filled = if was_cut {
            self.fill_last(source, out, on)
        } else {
            self.fill(source, out, on)
        };
        let (speech, silence) = out.split_at_mut(filled);
        self.gain.apply(speech);
        silence.fill(0);
        if was_cut {
            // No longer than the fade, and all there is.
            gain::fade_out(speech);
        }
        let starved = filled < frame && self.utterance.is_some();
        self.edges.smooth(out, filled, starved);

        self.counters.frames += 1;
        self.counters.silence_frames += u64::from(filled == 0);
        self.counters.underruns += u64::from(starved);
        on(PlayoutEvent::FrameSent);
        Some(frame)
    }

    /// Stops what is playing: the next frame fades out, and what is queued is dropped when the next frame is made.
    /// Returns the new epoch; chunks that are not of it will never be played.
    pub const fn flush(&mut self) -> u32 {
        self.epoch = self.epoch.wrapping_add(1);
        self.cut = self.utterance.is_some();
        self.epoch
    }

    /// Whether an utterance is being heard: it has started and is not over (or cut) yet.
    pub fn is_speaking(&self) -> bool {
        !self.cut && self.utterance.is_some_and(|utterance| utterance.heard)
    }

    /// The epoch that chunks must be of to be played.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Leaves out the next `frames` frames if there is nothing to play: for a line that has no need of silence just now.
    pub fn leave_out(&mut self, frames: u32) {
        if self.utterance.is_none() && self.chunk.is_none() {
            self.due = self.due.map(|due| due + FRAME * frames);
        }
    }

    /// What has happened since the start.
    pub const fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    /// Counts how late the frame is and says when the next one is due.
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

/// What goes into a frame.
impl Playout {
    /// Fills `out` from the queue and returns how many samples there were.
    fn fill<S: AgentAudio>(
        &mut self,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let mut filled = 0;
        loop {
            let room = out.get_mut(filled..).unwrap_or_default();
            // With a full frame, look only for the end of the utterance in progress.
            if room.is_empty() && self.utterance.is_none() {
                return filled;
            }
            let Some(chunk) = self.next_of_epoch(source, on) else {
                return filled;
            };
            if room.is_empty() && (chunk.samples > 0 || !self.is_in_progress(chunk.utterance)) {
                return filled;
            }
            self.open(chunk, on);
            filled += self.read(source, room, on);
        }
    }

    /// After a flush: fills `out` with what is left of the utterance in progress, for the time of the fade, ends it,
    /// and drops the rest of the queue.
    fn fill_last<S: AgentAudio>(
        &mut self,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let mut filled = 0;
        if let Some(cut) = self.utterance {
            // After an underrun there is only silence to fade.
            let fade = match cut.heard && !self.edges.is_starved() {
                true => self.rate.samples_in(self.settings.fade.min(FRAME)),
                false => 0,
            };
            let out = out.get_mut(..fade).unwrap_or_default();
            while let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty()) {
                self.chunk = self.chunk.or_else(|| source.next_chunk());
                match self.chunk {
                    Some(chunk) if chunk.epoch == cut.epoch && chunk.utterance == cut.id => {}
                    _ => break,
                }
                let ended = self.chunk.is_some_and(|chunk| chunk.last);
                filled += self.read_chunk(source, room);
                if ended && self.chunk.is_none() {
                    break;
                }
            }
            self.end(true, on);
        }
        self.next_of_epoch(source, on);
        filled
    }

    /// The chunk at hand or the next one that is of the current epoch; those before it are dropped.
    fn next_of_epoch<S: AgentAudio>(
        &mut self,
        source: &mut S,
        on: &mut impl FnMut(PlayoutEvent),
    ) -> Option<Chunk> {
        loop {
            let chunk = match self.chunk {
                Some(chunk) => chunk,
                None => source.next_chunk()?,
            };
            if chunk.epoch == self.epoch {
                self.chunk = Some(chunk);
                return self.chunk;
            }
            self.chunk = None;
            source.skip(chunk.samples as usize);
            self.counters.dropped_samples += u64::from(chunk.samples);
            if chunk.first {
                on(PlayoutEvent::Ended {
                    utterance: chunk.utterance,
                    interrupted: true,
                });
            }
        }
    }

    /// Makes the utterance of `chunk`, the chunk at hand, the one in progress.
    fn open(&mut self, chunk: Chunk, on: &mut impl FnMut(PlayoutEvent)) {
        if let Some(at_hand) = &mut self.chunk {
            at_hand.first = false;
        }
        if self.is_in_progress(chunk.utterance) {
            return;
        }
        // The one before was never closed.
        self.end(true, on);
        self.edges.begin();
        self.utterance = Some(Utterance {
            id: chunk.utterance,
            epoch: chunk.epoch,
            heard: false,
        });
    }

    /// Reads from the chunk at hand, which is of the utterance in progress, into `room`.
    fn read<S: AgentAudio>(
        &mut self,
        source: &mut S,
        room: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let last = self.chunk.is_some_and(|chunk| chunk.last);
        let got = self.read_chunk(source, room);
        if got > 0
            && let Some(utterance) = &mut self.utterance
            && !utterance.heard
        {
            utterance.heard = true;
            on(PlayoutEvent::Started {
                utterance: utterance.id,
            });
        }
        if last && self.chunk.is_none() {
            self.end(false, on);
        }
        got
    }

    /// Reads from the chunk at hand into `room`; when nothing is left of the chunk, there is none at hand any more.
    fn read_chunk<S: AgentAudio>(&mut self, source: &mut S, room: &mut [i16]) -> usize {
        let Some(chunk) = &mut self.chunk else {
            return 0;
        };
        let wanted = room.len().min(chunk.samples as usize);
        let got = match room.get_mut(..wanted) {
            Some(room) if wanted > 0 => source.read(room).min(wanted),
            _ => 0,
        };
        if got == 0 {
            // Nothing left, or a source that promised samples it does not have.
            self.counters.dropped_samples += u64::from(chunk.samples);
            chunk.samples = 0;
        }
        chunk.samples -= got as u32;
        if chunk.samples == 0 {
            self.chunk = None;
        }
        got
    }

    /// Ends the utterance in progress, if there is one.
    fn end(&mut self, interrupted: bool, on: &mut impl FnMut(PlayoutEvent)) {
        if let Some(ended) = self.utterance.take() {
            on(PlayoutEvent::Ended {
                utterance: ended.id,
                interrupted,
            });
        }
    }

    fn is_in_progress(&self, utterance: u32) -> bool {
        self.utterance
            .is_some_and(|current| current.id == utterance)
    }
}

/// What is left of `time` after its whole frames.
fn into_frame(time: Duration) -> Duration {
    let left = time.as_micros() % FRAME.as_micros();
    Duration::from_micros(u64::try_from(left).unwrap_or(0))
}
