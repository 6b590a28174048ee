//! The levels of a frame in a few bands.

use wide::{f32x8, i16x8, i32x8};

use crate::vad::VAD_FRAME_SAMPLES;

/// Bands of a frame.
pub(super) const BANDS: usize = 8;

/// Levels in dBFS, one per band. It does not matter here which frequency a band is, only that
/// sounds differ in the bands.
pub(super) type Levels = [f32; BANDS];

/// The same in half the memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed([i16; BANDS]);

impl Packed {
    pub(super) const SILENCE: Self = Self([(QUIETEST_DBFS * PER_DB) as i16; BANDS]);

    pub(super) fn of(levels: &Levels) -> Self {
        Self(levels.map(|level| (level * PER_DB) as i16))
    }

    pub(super) fn levels(self) -> f32x8 {
        f32x8::from_i32x8(i32x8::from_i16x8(i16x8::new(self.0))) * splat(1.0 / PER_DB)
    }
}

/// Steps of a packed level.
const PER_DB: f32 = 256.0;

/// Digital silence.
pub(super) const SILENCE: Levels = [QUIETEST_DBFS; BANDS];

/// The same for all bands.
pub(super) const fn splat(value: f32) -> f32x8 {
    f32x8::new([value; BANDS])
}

/// The levels of 20 ms at 8 kHz.
///
/// Blocks of eight samples go through a Walsh-Hadamard transform, which needs no multiplication. A
/// band is one coefficient over the whole frame. First a difference of neighbouring samples removes
/// direct current and the slope of speech towards low frequencies.
pub(super) fn levels(frame: &[f32; VAD_FRAME_SAMPLES]) -> Levels {
    let mut flat = [0.0_f32; VAD_FRAME_SAMPLES];
    let mut before = frame[0];
    for (flat, sample) in flat.iter_mut().zip(frame) {
        *flat = *sample - 0.9 * before;
        before = *sample;
    }
    let mut power = [0.0_f32; BANDS];
    let (blocks, _) = flat.as_chunks::<BANDS>();
    for block in blocks {
        for (power, value) in power.iter_mut().zip(hadamard(*block)) {
            *power += value * value;
        }
    }
    power.map(dbfs)
}

fn hadamard([a, b, c, d, e, f, g, h]: [f32; BANDS]) -> [f32; BANDS] {
    let [a, e, b, f, c, g, d, h] = [a + e, a - e, b + f, b - f, c + g, c - g, d + h, d - h];
    let [a, c, b, d, e, g, f, h] = [a + c, a - c, b + d, b - d, e + g, e - g, f + h, f - h];
    [a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h]
}

/// From the sum of squares of a band's coefficients to dBFS.
///
/// The logarithm takes the number's exponent and its mantissa as it is: up to 0.26 dB too low.
fn dbfs(sum: f32) -> f32 {
    const DB_PER_OCTAVE: f32 = 3.010_3;
    /// All bands of a square wave at full scale together.
    const FULL_SCALE: f32 = 32_768.0 * 32_768.0 * (VAD_FRAME_SAMPLES * BANDS) as f32;
    let power = (sum / FULL_SCALE).max(1e-10);
    let log2 = power.to_bits() as f32 * (1.0 / 8_388_608.0) - 127.0;
    (DB_PER_OCTAVE * log2).max(QUIETEST_DBFS)
}

pub(super) const QUIETEST_DBFS: f32 = -100.0;

/// Converts a frame of any rate to 160 samples, each the mean of the samples in its place: rough,
/// but enough for levels.
pub(super) fn at_8_khz(pcm: &[i16]) -> [f32; VAD_FRAME_SAMPLES] {
    let mut frame = [0.0; VAD_FRAME_SAMPLES];
    let count = pcm.len();
    if let Ok(narrow) = <&[i16; VAD_FRAME_SAMPLES]>::try_from(pcm) {
        // The rate of most lines; the divisions below take longer than all the rest.
        return narrow.map(f32::from);
    }
    for (n, sample) in frame.iter_mut().enumerate() {
        let (from, to) = (
            n * count / VAD_FRAME_SAMPLES,
            (n + 1) * count / VAD_FRAME_SAMPLES,
        );
        let part = pcm.get(from..to).unwrap_or_default();
        let sum: i32 = part.iter().map(|sample| i32::from(*sample)).sum();
        *sample = sum as f32 / part.len().max(1) as f32;
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_loud_is_six_db_more_in_every_band() {
        let mut state = 1_u32;
        let frame = [0.0; VAD_FRAME_SAMPLES].map(|_: f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as f32 - 8_192.0
        });
        let soft = levels(&frame);
        let loud = levels(&frame.map(|sample| 2.0 * sample));
        for (soft, loud) in soft.iter().zip(loud) {
            assert!((-60.0..0.0).contains(soft), "{soft}");
            assert!((loud - soft - 6.02).abs() < 0.02, "{soft} {loud}");
        }
    }

    #[test]
    fn silence_and_direct_current_are_nothing() {
        assert_eq!(levels(&[0.0; VAD_FRAME_SAMPLES]), SILENCE);
        let direct = levels(&[8_000.0; VAD_FRAME_SAMPLES]);
        assert!(direct.iter().all(|level| *level < -30.0), "{direct:?}");
    }

    #[test]
    fn a_frame_of_any_rate_has_the_levels_of_one_at_8_khz() {
        let tone = |count: usize| {
            let mut pcm = std::vec![0_i16; count];
            for (n, sample) in pcm.iter_mut().enumerate() {
                let t = 0.02 * n as f32 / count as f32;
                *sample = (8_000.0 * libm::sinf(core::f32::consts::TAU * 500.0 * t)) as i16;
            }
            levels(&at_8_khz(&pcm))
        };
        let narrow = tone(160);
        for rate in crate::audio::SampleRate::ALL {
            let wide = tone(rate.frame_samples());
            for (narrow, wide) in narrow.iter().zip(wide) {
                assert!(*narrow < -45.0 || (narrow - wide).abs() < 3.0, "{rate:?}");
            }
        }
    }
}
