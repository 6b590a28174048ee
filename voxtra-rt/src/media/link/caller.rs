//! The caller's audio on its way to the agent.

use std::sync::Arc;

use voxtra_core::audio::SampleRate;

use super::Shared;
use super::sync::atomic::Ordering;
use super::sync::{Consumer, Producer};

/// A part of the caller's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
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

/// The caller's audio, as far as the leg forwards it.
pub struct CallerEar {
    pub(super) chunks: Consumer<CallerChunk>,
    pub(super) samples: Consumer<i16>,
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for CallerEar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallerEar")
            .field("queued", &self.samples.slots())
            .finish_non_exhaustive()
    }
}

impl CallerEar {
    /// Waits for the next part. `None` once the connection is over and all was taken. Cancel safe.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.take() {
                return Some(heard);
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return self.take();
            }
            self.shared.ear_wake.notified().await;
        }
    }

    /// The leg's sample rate.
    pub fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// Somebody who listens did not fetch this in time.
    pub(crate) fn count_missed(&self, heard: &Heard) {
        if let Heard::Samples(samples) = heard {
            self.shared
                .missed_by_listeners
                .fetch_add(samples.len() as u64, Ordering::Relaxed);
        }
    }

    fn take(&mut self) -> Option<Heard> {
        Some(match self.chunks.pop().ok()? {
            CallerChunk::SpeechStarted => Heard::SpeechStarted,
            CallerChunk::SpeechEnded => Heard::SpeechEnded,
            CallerChunk::Samples(count) => {
                let mut samples = vec![0; count as usize];
                let (taken, _) = self.samples.pop_partial_slice(&mut samples);
                let taken = taken.len();
                samples.truncate(taken);
                Heard::Samples(samples)
            }
        })
    }
}

/// The media thread's side of the caller's audio.
pub(crate) struct CallerWriter {
    pub(super) chunks: Producer<CallerChunk>,
    pub(super) samples: Producer<i16>,
}

impl CallerWriter {
    /// Leaves a mark; false if there is no room.
    pub(crate) fn mark(&mut self, mark: CallerChunk) -> bool {
        self.chunks.push(mark).is_ok()
    }

    /// Leaves samples, all or none; false if there is no room.
    pub(crate) fn samples(&mut self, samples: &[i16]) -> bool {
        if self.samples.slots() < samples.len() || self.chunks.slots() == 0 {
            return false;
        }
        let (pushed, _) = self.samples.push_partial_slice(samples);
        let count = u32::try_from(pushed.len()).unwrap_or(0);
        self.chunks.push(CallerChunk::Samples(count)).is_ok()
    }
}
