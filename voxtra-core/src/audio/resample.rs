//! From one sample rate to another, in a stream.
//!
//! A windowed-sinc filter (J. O. Smith, "Digital Audio Resampling"; window: Kaiser, "Nonrecursive
//! digital filter design using the I0-sinh window function", 1974). Let B be half the lower of the
//! two rates: the pass-band ends at 0.85·B (3.4 kHz when one side is 8 kHz), the stop-band begins
//! at B and is 60 dB down. All arithmetic is on integers, so the result is the same on every
//! machine.

use core::fmt;
use core::time::Duration;

mod prototype;

/// Resamples a stream of 16-bit samples. About 3 KiB, no allocation.
///
/// `H` is where it keeps the last input samples.
///
/// The output is exactly as long as the input, in time: 20 ms in give 20 ms out, delayed by
/// [`delay`](Self::delay). However the input is cut, the output is the same.
///
/// ```
/// use voxtra_core::audio::Resampler;
///
/// let mut up = Resampler::new(8_000, 16_000)?;
/// let mut out = [0; 320];
/// assert_eq!(up.process(&[0; 160], &mut out), (160, 320));
/// # Ok::<(), voxtra_core::audio::ResampleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Resampler<H = [i16; HISTORY]> {
    from_hz: u32,
    to_hz: u32,
    /// The ratio in lowest terms: `up` samples out for `down` samples in.
    up: u32,
    down: u32,
    /// Samples that one output sample is made of; 1 means that both rates are the same.
    taps: usize,
    /// The coefficients of each phase, one phase after the other, where all of them fit.
    bank: Option<[i16; BANK]>,
    /// The last input samples, and how many of them there are.
    history: H,
    held: usize,
    /// Where in `history` the samples of the next output sample end, and how far beyond its middle
    /// it is, in 1/`up`.
    end: usize,
    phase: u32,
}

/// Coefficients kept ready: enough for the ratios between 8, 12, 16, 24, 32 and 48 kHz that calls
/// use.
const BANK: usize = 288;
/// The most samples that an output sample is made of: those of 192 → 8 kHz.
const MOST_TAPS: usize = 1_152;
/// Input samples held: those, and some more so that they aren't moved for every sample.
pub(crate) const HISTORY: usize = MOST_TAPS + 64;
/// The same where memory is taken for one ratio: more of them, as there is room.
const ROOM: usize = 160;
/// The highest rate, in Hz.
const MAX_HZ: u32 = 192_000;
/// Half the filter's length, in samples of the lower rate.
const HALF: u32 = 24;
/// Bits behind the point of a coefficient in the bank. The sum of a phase's magnitudes is below 4
/// (see the tests), so a sum of products stays within 32 bits.
const BANK_BITS: u32 = 14;

impl Resampler {
    /// A resampler from one rate to another, both in Hz. Any two will do as long as the filter
    /// fits: all those of AudioSocket and of voices (22,050 and 44,100) do.
    ///
    /// # Errors
    /// When a rate is zero or above 192 kHz, or the first is more than 24 times the second.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        Self::with_memory(from_hz, to_hz, |_| [0; HISTORY])
    }
}

impl<H: AsRef<[i16]> + AsMut<[i16]>> Resampler<H> {
    /// A resampler with memory for the last input samples: `memory` is asked for so many, and may
    /// give more.
    pub(crate) fn with_memory(
        from_hz: u32,
        to_hz: u32,
        memory: impl FnOnce(usize) -> H,
    ) -> Result<Self, ResampleError> {
        for hz in [from_hz, to_hz] {
            if hz == 0 || hz > MAX_HZ {
                return Err(ResampleError::Rate { hz });
            }
        }
        let divisor = gcd(from_hz, to_hz);
        let (up, down) = (to_hz / divisor, from_hz / divisor);
        let taps = match up == down {
            true => 1,
            false => 2 * (HALF * up.max(down)).div_ceil(up) as usize,
        };
        if taps > MOST_TAPS {
            return Err(ResampleError::Ratio { from_hz, to_hz });
        }
        let mut resampler = Self {
            from_hz,
            to_hz,
            up,
            down,
            taps,
            bank: None,
            history: memory((taps + ROOM).min(HISTORY)),
            held: 0,
            end: 0,
            phase: 0,
        };
        resampler.bank = resampler.coefficients();
        resampler.reset();
        Ok(resampler)
    }

    /// Resamples from `input` into `out` until either ends. Returns how many samples were consumed
    /// and how many produced. What was not consumed because `out` was full must be given again.
    pub fn process(&mut self, input: &[i16], out: &mut [i16]) -> (usize, usize) {
        if self.taps == 1 {
            let both = input.len().min(out.len());
            let (Some(from), Some(to)) = (input.get(..both), out.get_mut(..both)) else {
                return (0, 0);
            };
            to.copy_from_slice(from);
            return (both, both);
        }
        let mut rest = input;
        let mut out = out.iter_mut();
        let room = out.len();
        loop {
            while self.end <= self.held {
                let Some(sample) = out.next() else {
                    return (input.len() - rest.len(), room);
                };
                *sample = self.next_sample();
                self.phase += self.down;
                self.end += (self.phase / self.up) as usize;
                self.phase %= self.up;
            }
            if rest.is_empty() {
                return (input.len(), room - out.len());
            }
            rest = self.take(rest);
        }
    }

    /// The input rate, in Hz.
    pub const fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// The output rate, in Hz.
    pub const fn to_hz(&self) -> u32 {
        self.to_hz
    }

    /// How much later a sound comes out than it went in: about 3 ms when one of the rates is 8 kHz,
    /// less when both are higher. To get the end of a sound out, go on with that much silence.
    pub const fn delay(&self) -> Duration {
        let micros = self.delay_samples() as u64 * 1_000_000 / self.from_hz as u64;
        Duration::from_micros(micros)
    }

    /// The delay in samples of the input.
    pub const fn delay_samples(&self) -> usize {
        self.taps / 2
    }

    /// The most samples that `samples` of input can give.
    pub const fn output_len(&self, samples: usize) -> usize {
        (samples as u64 * self.up as u64).div_ceil(self.down as u64) as usize
    }

    /// Forgets the stream: what comes next is preceded by silence.
    pub fn reset(&mut self) {
        self.history.as_mut().fill(0);
        self.held = self.taps - 1;
        self.end = self.taps;
        self.phase = 0;
    }

    /// Moves what of `input` fits into the history, and returns the rest of it.
    fn take<'a>(&mut self, input: &'a [i16]) -> &'a [i16] {
        if self.held == self.history.as_ref().len() {
            // Only reached when all output that these samples can give was made: the window starts
            // beyond the first.
            let passed = (self.end - self.taps).min(self.held);
            self.history.as_mut().copy_within(passed.., 0);
            self.held -= passed;
            self.end -= passed;
        }
        let free = self
            .history
            .as_mut()
            .get_mut(self.held..)
            .unwrap_or_default();
        let (now, rest) = input.split_at(free.len().min(input.len()));
        for (to, from) in free.iter_mut().zip(now) {
            *to = *from;
        }
        self.held += now.len();
        rest
    }

    /// The output sample at hand.
    fn next_sample(&self) -> i16 {
        let window = self
            .history
            .as_ref()
            .get(self.end - self.taps..self.end)
            .unwrap_or_default();
        let Some(bank) = &self.bank else {
            return self.interpolate(window);
        };
        let first = self.phase as usize * self.taps;
        let coefficients = bank.get(first..first + self.taps).unwrap_or_default();
        let sum = window
            .iter()
            .zip(coefficients)
            .fold(0i32, |sum, (&sample, &coefficient)| {
                sum.wrapping_add(i32::from(sample) * i32::from(coefficient))
            });
        rounded(i64::from(sum), BANK_BITS)
    }

    /// Without a bank: each coefficient is interpolated from the prototype.
    fn interpolate(&self, window: &[i16]) -> i16 {
        let sum = window
            .iter()
            .zip(self.phase_coefficients(self.phase))
            .fold(0i64, |sum, (&sample, coefficient)| {
                sum + i64::from(sample) * i64::from(coefficient)
            });
        // With fewer samples out than in, each coefficient stands for less of the sound.
        let scale = i64::from(self.up.min(self.down));
        rounded(sum * scale / i64::from(self.down), prototype::BITS)
    }

    /// The coefficients of one phase, unscaled: the prototype at the distance of each tap from the
    /// output sample.
    fn phase_coefficients(&self, phase: u32) -> impl Iterator<Item = i32> {
        let up = i64::from(self.up);
        let half = self.taps as i64 / 2;
        // In samples of the lower rate, a tap is 1 apart from the next when going up, up/down when
        // going down.
        let unit = i64::from(self.up.max(self.down));
        let step = (up << prototype::POSITION_BITS) / unit;
        let first = (((1 - half) * up - i64::from(phase)) << prototype::POSITION_BITS) / unit;
        (0..self.taps as i64).map(move |tap| prototype::at((first + tap * step).unsigned_abs()))
    }

    /// All phases at once, if they fit, each with a sum of exactly 1, so that no phase is louder
    /// than another.
    fn coefficients(&self) -> Option<[i16; BANK]> {
        if self.taps == 1 || self.taps * self.up as usize > BANK {
            return None;
        }
        let mut bank = [0; BANK];
        for (phase, row) in (0..self.up).zip(bank.chunks_exact_mut(self.taps)) {
            let sum: i64 = self.phase_coefficients(phase).map(i64::from).sum();
            // What rounding took from one coefficient goes to the next: the error has no part at
            // low frequencies.
            let mut owed = 0;
            for (to, coefficient) in row.iter_mut().zip(self.phase_coefficients(phase)) {
                owed += i64::from(coefficient) << BANK_BITS;
                let coefficient = (owed + sum / 2).div_euclid(sum);
                owed -= coefficient * sum;
                *to = coefficient as i16;
            }
        }
        Some(bank)
    }
}

/// Why a resampler cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResampleError {
    /// A rate of zero, or above 192 kHz.
    Rate {
        /// The rate, in Hz.
        hz: u32,
    },
    /// The input rate is more than 24 times the output rate: the filter would be too long.
    Ratio {
        /// The input rate, in Hz.
        from_hz: u32,
        /// The output rate, in Hz.
        to_hz: u32,
    },
}

impl fmt::Display for ResampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { hz } => write!(f, "{hz} Hz is not a sample rate (1 to {MAX_HZ} Hz)"),
            Self::Ratio { from_hz, to_hz } => write!(
                f,
                "{from_hz} Hz is more than 24 times {to_hz} Hz; resample in two steps"
            ),
        }
    }
}

impl core::error::Error for ResampleError {}

/// A sum with `bits` bits behind the point as a sample: rounded to the nearest, kept in range.
fn rounded(sum: i64, bits: u32) -> i16 {
    let rounded = (sum + (1 << (bits - 1))) >> bits;
    rounded.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const RATES: [u32; 10] = [
        8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
    ];

    fn resample(from: u32, to: u32, input: &[i16]) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = std::vec![0; resampler.output_len(input.len())];
        let done = resampler.process(input, &mut out);
        assert_eq!(done, (input.len(), out.len()));
        out
    }

    #[test]
    fn the_sums_of_the_bank_fit_32_bits() {
        for (from, to) in RATES.iter().flat_map(|&a| RATES.map(|b| (a, b))) {
            let resampler = Resampler::new(from, to).unwrap();
            for row in resampler
                .bank
                .iter()
                .flat_map(|b| b.chunks_exact(resampler.taps))
            {
                let magnitudes: i32 = row.iter().map(|&c| i32::from(c).abs()).sum();
                assert!(magnitudes < 1 << 16, "{from} to {to}: {magnitudes}");
            }
        }
    }

    #[test]
    fn the_rates_of_calls_have_a_bank() {
        for (from, to) in [
            (8, 16),
            (16, 8),
            (8, 24),
            (24, 8),
            (16, 24),
            (48, 8),
            (8, 48),
            (48, 16),
        ] {
            let resampler = Resampler::new(from * 1_000, to * 1_000).unwrap();
            assert!(resampler.bank.is_some(), "{from} to {to} kHz");
        }
    }

    #[test]
    fn full_scale_saturates_instead_of_wrapping() {
        // The filter overshoots at each edge of a square wave; between the edges the sign must
        // hold.
        let high = |n: usize| (n / 40).is_multiple_of(2);
        let square: Vec<i16> = (0..4_000)
            .map(|n| if high(n) { i16::MAX } else { i16::MIN })
            .collect();
        for (from, to) in [(8_000, 16_000), (8_000, 22_050)] {
            let delay = Resampler::new(from, to).unwrap().delay_samples();
            let out = resample(from, to, &square);
            assert!(out.contains(&i16::MAX) && out.contains(&i16::MIN));
            for (n, &sample) in out.iter().enumerate() {
                let at = n * from as usize / to as usize;
                if at > delay && (2..38).contains(&((at - delay) % 40)) {
                    assert_eq!(sample > 0, high(at - delay), "{from} to {to}, {n}");
                }
            }
        }
    }

    #[test]
    fn bad_rates_are_errors() {
        assert_eq!(
            Resampler::new(0, 8_000).unwrap_err(),
            ResampleError::Rate { hz: 0 }
        );
        assert_eq!(
            Resampler::new(8_000, 192_001).unwrap_err(),
            ResampleError::Rate { hz: 192_001 }
        );
        let error = ResampleError::Ratio {
            from_hz: 192_000,
            to_hz: 7_999,
        };
        assert_eq!(Resampler::new(192_000, 7_999).unwrap_err(), error);
        assert!(Resampler::new(1, 192_000).is_ok());
    }
}
