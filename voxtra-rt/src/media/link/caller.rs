//! The caller's audio on its way to the agent.

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::audio::SampleRate;

use super::lazy_ring::LazyRing;
use super::sync::atomic::Ordering;
use super::sync::{Consumer, Producer, RingBuffer};
use super::{Shared, lock, samples_in};

/// Marks that have room in a full queue.
const MARKS: usize = 32;

/// A part of the caller's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioPart {
    /// The caller began to speak.
    SpeechStarted,
    /// Samples at the leg's rate.
    Samples(Vec<i16>),
    /// The caller stopped speaking.
    SpeechEnded,
}

/// What may stand between samples.
#[derive(Clone, Copy)]
pub(crate) enum CallerMark {
    SpeechStarted,
    SpeechEnded,
}

impl CallerMark {
    /// As it stands in the ring. A run of samples has its length there, which is never negative.
    const fn header(self) -> i16 {
        match self {
            Self::SpeechStarted => -1,
            Self::SpeechEnded => -2,
        }
    }
}

/// Reads the caller's audio, as far as the leg forwards it.
pub struct CallerAudioReader {
    /// The queue, once there is one.
    queue: Option<Consumer<i16>>,
    shared: Arc<Shared>,
}

/// Makes the queue of the caller's audio when a listener wants it: a ring of samples, each run of
/// them after its length, with marks between them.
pub(super) struct CallerQueue {
    to_media: Producer<Producer<i16>>,
    length: Duration,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for CallerQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallerQueue")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The two ends of a caller's audio, and the maker of a queue of this length between them.
pub(super) fn ends(
    length: Duration,
    shared: Arc<Shared>,
) -> (CallerWriter, CallerAudioReader, CallerQueue) {
    let (to_media, media) = LazyRing::new();
    let reader = CallerAudioReader {
        queue: None,
        shared: shared.clone(),
    };
    let queue = CallerQueue {
        to_media,
        length,
        shared,
    };
    (CallerWriter(media), reader, queue)
}

impl CallerQueue {
    /// Makes the queue, for audio at this rate.
    pub(super) fn make(mut self, rate: SampleRate) {
        let frames = samples_in(self.length, rate).div_ceil(rate.frame_samples());
        // Each frame with its length before it, and room for some marks.
        let places = frames * (rate.frame_samples() + 1) + MARKS;
        let (writer, reader) = RingBuffer::new(places);
        // Before there is audio in it. The other ring has one place, and this is its only push.
        *lock(&self.shared.caller) = Some(reader);
        let _ = self.to_media.push(writer);
    }
}

impl std::fmt::Debug for CallerAudioReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallerAudioReader")
            .field("rate", &self.rate())
            .finish_non_exhaustive()
    }
}

impl CallerAudioReader {
    /// Waits for the next part. `None` once the connection is over and all was taken. Cancel safe.
    pub async fn next(&mut self) -> Option<AudioPart> {
        loop {
            if let Some(heard) = self.take() {
                return Some(heard);
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return self.take();
            }
            self.shared.audio_wake.notified().await;
        }
    }

    /// The leg's sample rate.
    pub fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// Counts audio that a listener did not fetch in time.
    pub(crate) fn count_missed(&self, heard: &AudioPart) {
        if let AudioPart::Samples(samples) = heard {
            self.shared
                .missed_by_listeners
                .fetch_add(samples.len() as u64, Ordering::Relaxed);
        }
    }

    fn take(&mut self) -> Option<AudioPart> {
        if self.queue.is_none() {
            self.queue = lock(&self.shared.caller).take();
        }
        let queue = self.queue.as_mut()?;
        let header = *queue.peek().ok()?;
        let Ok(count) = usize::try_from(header) else {
            queue.pop().ok()?;
            return Some(if header == CallerMark::SpeechStarted.header() {
                AudioPart::SpeechStarted
            } else {
                AudioPart::SpeechEnded
            });
        };
        // The rest of it is on its way.
        if queue.slots() <= count {
            return None;
        }
        queue.pop().ok()?;
        let mut samples = vec![0; count];
        let (taken, _) = queue.pop_partial_slice(&mut samples);
        let taken = taken.len();
        samples.truncate(taken);
        Some(AudioPart::Samples(samples))
    }
}

/// The media thread's side of the caller's audio.
pub(crate) struct CallerWriter(LazyRing<Producer<i16>>);

impl CallerWriter {
    /// Queues a mark; false if there is no room.
    pub(crate) fn mark(&mut self, mark: CallerMark) -> bool {
        let queue = self.0.get();
        queue.is_some_and(|queue| queue.push(mark.header()).is_ok())
    }

    /// Queues samples, all or none; false if there is no room.
    pub(crate) fn samples(&mut self, samples: &[i16]) -> bool {
        let (Some(queue), Ok(count)) = (self.0.get(), i16::try_from(samples.len())) else {
            return false;
        };
        if queue.slots() <= samples.len() {
            return false;
        }
        // The reader waits for what follows a length.
        queue.push(count).is_ok() && queue.push_partial_slice(samples).1.is_empty()
    }
}
