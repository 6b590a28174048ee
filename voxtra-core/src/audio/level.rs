//! How loud a run of samples is.

/// The level of a run of samples, in dB relative to full scale.
///
/// 0 dBFS is the largest value a sample can have (32,768): a full-scale square wave has an RMS of 0
/// dBFS, a full-scale sine one of -3.01 dBFS. Silence is [`Level::FLOOR_DBFS`], so the values are
/// always finite.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Level {
    /// Root mean square, dBFS.
    pub rms_dbfs: f32,
    /// The largest magnitude, dBFS.
    pub peak_dbfs: f32,
    /// Samples at either end of the range: where the signal was probably cut off.
    pub clipped: u32,
}

impl Level {
    /// What silence measures. One step of a single sample in a 20 ms frame at 192 kHz is still
    /// above it.
    pub const FLOOR_DBFS: f32 = -130.0;

    /// Measures `samples`; no samples are silence.
    pub fn of(samples: &[i16]) -> Self {
        // 2^30 each at most: a sum of 2^34 samples, a day at 192 kHz, still fits.
        let mut squares = 0u64;
        let mut peak = 0u16;
        let mut clipped = 0u32;
        for &sample in samples {
            let magnitude = sample.unsigned_abs();
            squares += u64::from(magnitude) * u64::from(magnitude);
            peak = peak.max(magnitude);
            clipped += u32::from(sample == i16::MAX || sample == i16::MIN);
        }
        let mean = if samples.is_empty() {
            0.0
        } else {
            squares as f64 / samples.len() as f64
        };
        Self {
            rms_dbfs: power_dbfs(mean),
            peak_dbfs: power_dbfs(f64::from(peak) * f64::from(peak)),
            clipped,
        }
    }
}

/// 10·log10(power / 32768²), not below the floor.
fn power_dbfs(power: f64) -> f32 {
    const FULL_SCALE: f64 = 32_768.0 * 32_768.0;
    let dbfs = 10.0 * libm::log10(power / FULL_SCALE);
    (dbfs as f32).max(Level::FLOOR_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn sine(amplitude: f64) -> Vec<i16> {
        (0..1600)
            .map(|n| (amplitude * libm::sin(f64::from(n) * core::f64::consts::TAU / 80.0)) as i16)
            .collect()
    }

    #[test]
    fn silence_is_the_floor() {
        for silence in [&[][..], &[0; 160][..]] {
            let level = Level::of(silence);
            assert_eq!(level.rms_dbfs, Level::FLOOR_DBFS);
            assert_eq!(level.peak_dbfs, Level::FLOOR_DBFS);
            assert_eq!(level.clipped, 0);
        }
    }

    #[test]
    fn a_full_scale_square_is_0_dbfs_and_all_clipped() {
        let level = Level::of(&[i16::MIN; 160]);
        assert_eq!(level.rms_dbfs, 0.0);
        assert_eq!(level.peak_dbfs, 0.0);
        assert_eq!(level.clipped, 160);
    }

    #[test]
    fn a_sine_is_3_db_below_its_peak() {
        for (amplitude, peak) in [(32_767.0, 0.0), (3_276.7, -20.0), (327.67, -40.0)] {
            let level = Level::of(&sine(amplitude));
            assert!((level.peak_dbfs - peak).abs() < 0.05, "{level:?}");
            assert!((level.rms_dbfs - (peak - 3.01)).abs() < 0.05, "{level:?}");
        }
    }

    #[test]
    fn the_quietest_frame_is_above_the_floor() {
        let mut frame = [0; 3840];
        frame[7] = -1;
        assert!(Level::of(&frame).rms_dbfs > Level::FLOOR_DBFS);
    }
}
