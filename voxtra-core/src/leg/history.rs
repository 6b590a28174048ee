//! The caller's latest samples, for an agent that gets speech only once it is confirmed.

use ringbuf::{LocalRb, storage::Array};

/// How many samples are kept: 600 ms at 8 kHz, 300 ms at 16 kHz.
pub const HISTORY_SAMPLES: usize = 4800;

/// The caller's last [`HISTORY_SAMPLES`] samples.
#[derive(Default)]
pub struct History {
    samples: LocalRb<Array<i16, HISTORY_SAMPLES>>,
}

impl History {
    /// Adds a frame; the oldest samples make room for it.
    pub fn push(&mut self, frame: &[i16]) {
        self.samples.push_slice_overwrite(frame);
    }

    /// The last `wanted` samples, or as many as there are: the older part, then the newer part.
    pub fn last(&mut self, wanted: usize) -> (&[i16], &[i16]) {
        let (older, newer) = self.samples.as_slices();
        let from_newer = newer.len().saturating_sub(wanted);
        let from_older = older
            .len()
            .saturating_sub(wanted.saturating_sub(newer.len()));
        (
            older.get(from_older..).unwrap_or_default(),
            newer.get(from_newer..).unwrap_or_default(),
        )
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.samples.clear();
    }
}

impl AsMut<Self> for History {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_last_samples_are_the_last_of_the_stream_wherever_the_ring_ends() {
        let stream: Vec<i16> = (0..20_000).map(|n| n as i16).collect();
        let mut history = History::default();
        let mut pushed = 0;
        for frame in stream.chunks(441) {
            history.push(frame);
            pushed += frame.len();
            for wanted in [0, 1, 440, 3_000, HISTORY_SAMPLES, usize::MAX] {
                let (older, newer) = history.last(wanted);
                let kept = wanted.min(pushed).min(HISTORY_SAMPLES);
                assert_eq!([older, newer].concat(), stream[pushed - kept..pushed]);
            }
        }
        history.clear();
        assert_eq!(history.last(1), (&[][..], &[][..]));
    }
}
