//! Audio as a peer sends it.

use super::SampleRate;

/// Audio as it came: signed 16-bit mono samples, little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audio<'a> {
    /// The sample rate that the peer announces.
    pub rate: SampleRate,
    /// The bytes of the samples.
    pub payload: &'a [u8],
}

impl<'a> Audio<'a> {
    /// The payload of a µ-law or A-law frame of 20 ms: one byte per sample at 8 kHz.
    const G711_FRAME_BYTES: usize = 160;

    /// The samples. The last byte of an odd payload is not one.
    #[inline]
    pub fn samples(
        &self,
    ) -> impl ExactSizeIterator<Item = i16> + DoubleEndedIterator + Clone + use<'a> {
        let (pairs, _) = self.payload.as_chunks::<2>();
        pairs.iter().map(|pair| i16::from_le_bytes(*pair))
    }

    /// How many whole samples there are.
    #[inline]
    pub const fn sample_count(&self) -> usize {
        self.payload.len() / 2
    }

    /// Copies as many samples as fit into `out`; returns how many.
    #[inline]
    pub fn read_into(&self, out: &mut [i16]) -> usize {
        let (pairs, _) = self.payload.as_chunks::<2>();
        for (sample, pair) in out.iter_mut().zip(pairs) {
            *sample = i16::from_le_bytes(*pair);
        }
        pairs.len().min(out.len())
    }

    /// The bytes of whole samples: the payload without the last byte of an odd one.
    #[inline]
    pub fn pcm(&self) -> &'a [u8] {
        self.payload.as_chunks::<2>().0.as_flattened()
    }

    /// Whether the payload is an odd number of bytes. Asterisk tolerates that, so do we.
    #[inline]
    pub const fn is_odd(&self) -> bool {
        !self.payload.len().is_multiple_of(2)
    }

    /// Whether this has the size of 20 ms of µ-law or A-law instead of PCM: 160 bytes under the
    /// kind of 8 kHz audio. Asterisk sends that when the channel was dialled with `c(ulaw)`. Played
    /// as PCM it would be noise.
    #[inline]
    pub const fn is_g711_sized(&self) -> bool {
        matches!(self.rate, SampleRate::Hz8000) && self.payload.len() == Self::G711_FRAME_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn samples_are_little_endian_and_an_odd_tail_is_left_out() {
        let audio = Audio {
            rate: SampleRate::Hz8000,
            payload: &[0x34, 0x12, 0xff, 0xff, 0x07],
        };
        assert_eq!(audio.samples().collect::<Vec<_>>(), [0x1234, -1]);
        assert_eq!(audio.pcm(), [0x34, 0x12, 0xff, 0xff]);
        assert!(audio.is_odd());
        let mut out = [9; 3];
        assert_eq!(audio.read_into(&mut out), 2);
        assert_eq!(out, [0x1234, -1, 9]);
    }

    #[test]
    fn only_160_bytes_at_8_khz_look_like_g711() {
        let sized = |rate, bytes: usize| {
            let payload = &[0; 320][..bytes];
            Audio { rate, payload }.is_g711_sized()
        };
        assert!(sized(SampleRate::Hz8000, 160));
        assert!(!sized(SampleRate::Hz8000, 320));
        assert!(!sized(SampleRate::Hz16000, 160));
    }
}
