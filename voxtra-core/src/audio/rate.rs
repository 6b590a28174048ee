//! The sample rates of AudioSocket, and what 20 ms are at each of them.

use core::fmt;
use core::time::Duration;

/// The length of every audio frame: 20 ms, Asterisk's own packet time.
pub const FRAME: Duration = Duration::from_millis(20);
/// Samples of the longest frame: 20 ms at 192 kHz.
pub const MAX_FRAME_SAMPLES: usize = 3_840;
/// Bytes of the longest frame.
pub const MAX_FRAME_BYTES: usize = MAX_FRAME_SAMPLES * 2;

/// A sample rate that AudioSocket carries (Asterisk's `res_audiosocket.h`: kinds 0x10 to 0x18).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SampleRate {
    /// 8 kHz, the telephone's own rate, and the only one of the dialplan's `AudioSocket()`.
    #[default]
    Hz8000,
    /// 12 kHz.
    Hz12000,
    /// 16 kHz, what speech models are trained on.
    Hz16000,
    /// 24 kHz.
    Hz24000,
    /// 32 kHz.
    Hz32000,
    /// 44.1 kHz.
    Hz44100,
    /// 48 kHz.
    Hz48000,
    /// 96 kHz.
    Hz96000,
    /// 192 kHz.
    Hz192000,
}

impl SampleRate {
    /// Every rate, slowest first: the order of their AudioSocket kinds.
    pub const ALL: [Self; 9] = [
        Self::Hz8000,
        Self::Hz12000,
        Self::Hz16000,
        Self::Hz24000,
        Self::Hz32000,
        Self::Hz44100,
        Self::Hz48000,
        Self::Hz96000,
        Self::Hz192000,
    ];

    /// Samples per second.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz12000 => 12_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
            Self::Hz32000 => 32_000,
            Self::Hz44100 => 44_100,
            Self::Hz48000 => 48_000,
            Self::Hz96000 => 96_000,
            Self::Hz192000 => 192_000,
        }
    }

    /// The rate of `hz` samples per second, if AudioSocket has it.
    pub const fn from_hz(hz: u32) -> Option<Self> {
        Some(match hz {
            8_000 => Self::Hz8000,
            12_000 => Self::Hz12000,
            16_000 => Self::Hz16000,
            24_000 => Self::Hz24000,
            32_000 => Self::Hz32000,
            44_100 => Self::Hz44100,
            48_000 => Self::Hz48000,
            96_000 => Self::Hz96000,
            192_000 => Self::Hz192000,
            _ => return None,
        })
    }

    /// Samples of one 20 ms frame.
    pub const fn frame_samples(self) -> usize {
        // A fiftieth of a second; every rate divides by 50.
        (self.hz() / 50) as usize
    }

    /// Bytes of one 20 ms frame of 16-bit samples.
    pub const fn frame_bytes(self) -> usize {
        self.frame_samples() * 2
    }

    /// How many samples `duration` is, rounded down.
    pub const fn samples_in(self, duration: Duration) -> usize {
        let samples = duration.as_micros() * self.hz() as u128 / 1_000_000;
        if samples > usize::MAX as u128 {
            usize::MAX
        } else {
            samples as usize
        }
    }

    /// How long `samples` last, rounded down to whole microseconds.
    pub const fn duration_of(self, samples: usize) -> Duration {
        let micros = samples as u128 * 1_000_000 / self.hz() as u128;
        Duration::from_micros(if micros > u64::MAX as u128 {
            u64::MAX
        } else {
            micros as u64
        })
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_has_a_whole_frame_that_fits() {
        for rate in SampleRate::ALL {
            assert_eq!(SampleRate::from_hz(rate.hz()), Some(rate));
            assert_eq!(rate.hz() % 50, 0);
            assert_eq!(rate.samples_in(FRAME), rate.frame_samples());
            assert_eq!(rate.duration_of(rate.frame_samples()), FRAME);
            assert!(rate.frame_bytes() <= MAX_FRAME_BYTES);
        }
        assert!(SampleRate::ALL.is_sorted());
        assert_eq!(SampleRate::Hz192000.frame_samples(), MAX_FRAME_SAMPLES);
        assert_eq!(SampleRate::from_hz(22_050), None);
    }
}
