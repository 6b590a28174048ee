//! A stream of PCM bytes cut into whole 20 ms frames.

use super::rate::{MAX_FRAME_SAMPLES, SampleRate};

/// Collects little-endian 16-bit PCM of any length, odd ones too, and hands it on in whole 20 ms
/// frames.
///
/// `S` is where a frame is put together. A rate whose frame is longer than that is cut into frames
/// of its length.
///
/// ```
/// use voxtra_core::audio::{Framer, SampleRate};
///
/// let mut framer = Framer::<[i16; 160]>::new(SampleRate::Hz8000);
/// let mut frames = 0;
/// for chunk in [0u8; 1000].chunks(7) {
///     framer.push(chunk, |frame| {
///         assert_eq!(frame.len(), 160);
///         frames += 1;
///     });
/// }
/// assert_eq!(frames, 3); // the last 40 bytes wait for more
/// ```
#[derive(Clone, Debug)]
pub struct Framer<S = [i16; MAX_FRAME_SAMPLES]> {
    rate: SampleRate,
    samples: S,
    filled: usize,
    /// The first half of a sample whose second half has not come yet.
    odd: Option<u8>,
}

impl<const N: usize> Framer<[i16; N]> {
    /// A framer for audio at `rate`.
    pub const fn new(rate: SampleRate) -> Self {
        const { assert!(N > 0, "a framer needs room for at least one sample") };
        Self {
            rate,
            samples: [0; N],
            filled: 0,
            odd: None,
        }
    }
}

impl<S: AsRef<[i16]> + AsMut<[i16]>> Framer<S> {
    /// A framer for audio at `rate`, with memory for a frame. Without any it hands on nothing.
    pub(crate) const fn with_memory(rate: SampleRate, samples: S) -> Self {
        Self {
            rate,
            samples,
            filled: 0,
            odd: None,
        }
    }

    /// The rate it was made for.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples in each frame it hands on: 20 ms, or as many as it has memory for.
    pub fn frame_samples(&self) -> usize {
        self.rate.frame_samples().min(self.samples.as_ref().len())
    }

    /// Samples that it has memory for.
    pub(crate) fn memory(&self) -> usize {
        self.samples.as_ref().len()
    }

    /// Samples that wait for the rest of their frame.
    pub const fn pending(&self) -> usize {
        self.filled
    }

    /// Takes all of `pcm_le` and calls `on_frame` for every frame that it completes, in order.
    pub fn push(&mut self, pcm_le: &[u8], mut on_frame: impl FnMut(&[i16])) {
        let mut bytes = pcm_le;
        if let Some(low) = self.odd
            && let Some((&high, rest)) = bytes.split_first()
        {
            self.odd = None;
            bytes = rest;
            self.push_pairs(&[[low, high]], &mut on_frame);
        }
        let (pairs, tail) = bytes.as_chunks::<2>();
        self.push_pairs(pairs, &mut on_frame);
        if let [byte] = tail {
            self.odd = Some(*byte);
        }
    }

    /// Forgets what waits for the rest of its frame.
    pub const fn clear(&mut self) {
        self.filled = 0;
        self.odd = None;
    }

    /// Goes on at another rate, with nothing waiting.
    pub const fn set_rate(&mut self, rate: SampleRate) {
        self.rate = rate;
        self.clear();
    }

    fn push_pairs(&mut self, mut pairs: &[[u8; 2]], on_frame: &mut impl FnMut(&[i16])) {
        let whole = self.frame_samples();
        while !pairs.is_empty() && whole > 0 {
            let Some(free) = self.samples.as_mut().get_mut(self.filled..whole) else {
                return; // cannot be: `filled` stays below `whole`
            };
            let taken = free.len().min(pairs.len());
            let (now, rest) = pairs.split_at(taken);
            for (sample, pair) in free.iter_mut().zip(now) {
                *sample = i16::from_le_bytes(*pair);
            }
            pairs = rest;
            self.filled += taken;
            if self.filled == whole {
                self.filled = 0;
                on_frame(self.samples.as_ref().get(..whole).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn a_sample_split_between_two_pushes_is_whole_again() {
        let mut framer = Framer::<[i16; 2]>::new(SampleRate::Hz8000);
        let mut frames = Vec::new();
        framer.push(&[0x34], |frame| frames.push(frame.to_vec()));
        framer.push(&[], |frame| frames.push(frame.to_vec()));
        framer.push(&[0x12, 0x78, 0x56], |frame| frames.push(frame.to_vec()));
        assert_eq!(frames, [[0x1234, 0x5678]]);
    }

    #[test]
    fn clear_forgets_the_odd_byte_too() {
        let mut framer = Framer::<[i16; 1]>::new(SampleRate::Hz8000);
        framer.push(&[0xff], |_| panic!("half a sample"));
        framer.clear();
        let mut got = 0;
        framer.push(&[1, 0], |frame| got = frame[0]);
        assert_eq!(got, 1);
    }

    #[test]
    fn each_rate_gets_20_ms() {
        for rate in SampleRate::ALL {
            let mut framer = <Framer>::new(rate);
            let mut lengths = Vec::new();
            framer.push(&std::vec![0; rate.frame_bytes() * 2], |f| {
                lengths.push(f.len())
            });
            assert_eq!(lengths, [rate.frame_samples(); 2]);
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            pcm in prop::collection::vec(any::<u8>(), 0..2000),
            cuts in prop::collection::vec(0usize..700, 0..20),
        ) {
            let mut whole = Vec::new();
            Framer::<[i16; 160]>::new(SampleRate::Hz8000).push(&pcm, |f| whole.extend_from_slice(f));

            let mut pieces = Vec::new();
            let mut framer = Framer::<[i16; 160]>::new(SampleRate::Hz8000);
            let mut rest = &pcm[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                framer.push(now, |f| pieces.extend_from_slice(f));
                rest = later;
            }
            framer.push(rest, |f| pieces.extend_from_slice(f));

            let expected: Vec<i16> = pcm
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .take(pcm.len() / 320 * 160)
                .collect();
            prop_assert_eq!(&whole, &expected);
            prop_assert_eq!(&pieces, &expected);
        }
    }
}
