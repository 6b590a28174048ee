//! The caller's audio on its way to the agent.

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::audio::SampleRate;

use super::lazy_ring::LazyRing;
use super::sync::atomic::Ordering;
use super::sync::{Consumer, Producer, RingBuffer};
use super::{Shared, chunks_in, samples_in};

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

#[derive(Clone, Copy)]
pub(crate) enum CallerChunk {
    SpeechStarted,
    Samples(u32),
    SpeechEnded,
}

/// Reads the caller's audio, as far as the leg forwards it.
pub struct CallerAudioReader {
    queue: LazyRing<QueueOut>,
    shared: Arc<Shared>,
}

struct QueueIn {
    chunks: Producer<CallerChunk>,
    samples: Producer<i16>,
}

struct QueueOut {
    chunks: Consumer<CallerChunk>,
    samples: Consumer<i16>,
}

/// Makes the queue of the caller's audio when a listener wants it.
pub(super) struct CallerQueue {
    to_media: Producer<QueueIn>,
    to_reader: Producer<QueueOut>,
    length: Duration,
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
    let (to_reader, reader) = LazyRing::new();
    let queue = CallerQueue {
        to_media,
        to_reader,
        length,
    };
    (
        CallerWriter(media),
        CallerAudioReader {
            queue: reader,
            shared,
        },
        queue,
    )
}

impl CallerQueue {
    /// Makes the queue, for audio at this rate.
    pub(super) fn make(mut self, rate: SampleRate) {
        let (chunk_in, chunks) = RingBuffer::new(chunks_in(self.length));
        let (sample_in, samples) = RingBuffer::new(samples_in(self.length, rate));
        // Each ring has one place, and this is its only push.
        let _ = self.to_reader.push(QueueOut { chunks, samples });
        let _ = self.to_media.push(QueueIn {
            chunks: chunk_in,
            samples: sample_in,
        });
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
        let queue = self.queue.get()?;
        Some(match queue.chunks.pop().ok()? {
            CallerChunk::SpeechStarted => AudioPart::SpeechStarted,
            CallerChunk::SpeechEnded => AudioPart::SpeechEnded,
            CallerChunk::Samples(count) => {
                let mut samples = vec![0; count as usize];
                let (taken, _) = queue.samples.pop_partial_slice(&mut samples);
                let taken = taken.len();
                samples.truncate(taken);
                AudioPart::Samples(samples)
            }
        })
    }
}

/// The media thread's side of the caller's audio.
pub(crate) struct CallerWriter(LazyRing<QueueIn>);

impl CallerWriter {
    /// Queues a mark; false if there is no room.
    pub(crate) fn mark(&mut self, mark: CallerChunk) -> bool {
        self.0
            .get()
            .is_some_and(|queue| queue.chunks.push(mark).is_ok())
    }

    /// Queues samples, all or none; false if there is no room.
    pub(crate) fn samples(&mut self, samples: &[i16]) -> bool {
        let Some(queue) = self.0.get() else {
            return false;
        };
        if queue.samples.slots() < samples.len() || queue.chunks.slots() == 0 {
            return false;
        }
        let (pushed, _) = queue.samples.push_partial_slice(samples);
        let count = u32::try_from(pushed.len()).unwrap_or(0);
        queue.chunks.push(CallerChunk::Samples(count)).is_ok()
    }
}
