//! Complex band-pass filters as tables, which are computed when the crate is compiled.

use super::tones::{DIAL_TONE, GROUPS, Group, RATE_HZ, cosine, sine};

/// Samples that a filter sees: 14 ms at 8 kHz. Most of what it answers is from the middle 5 ms.
pub(super) const TAPS: usize = 112;

/// A filter's answer to its middle frequency at amplitude 1. With more, a sum of products could
/// leave an `i32`.
const GAIN: f64 = 32_768.0;

/// From squared magnitude to a tone's mean square: half of a tone's amplitude is at the negative
/// frequency.
const TO_POWER: f32 = 2.0 / (GAIN * GAIN) as f32;

/// Amplitude and phase of a tone; or how far one turned, and how much there was of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Phasor {
    pub(super) re: f32,
    pub(super) im: f32,
}

impl Phasor {
    pub(super) const ZERO: Self = Self { re: 0.0, im: 0.0 };

    /// Mean square of the tone's samples.
    pub(super) fn power(self) -> f32 {
        Self::power_of(self.square())
    }

    /// The same, of a squared magnitude.
    pub(super) fn power_of(square: f32) -> f32 {
        square * TO_POWER
    }

    /// Squared magnitude.
    pub(super) fn square(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    pub(super) fn magnitude(self) -> f32 {
        libm::sqrtf(self.square())
    }

    /// How far it has turned since `before`; its magnitude is the product of both.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            re: self.re * before.re + self.im * before.im,
            im: self.im * before.re - self.re * before.im,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    pub(super) fn half(self) -> Self {
        Self {
            re: 0.5 * self.re,
            im: 0.5 * self.im,
        }
    }

    /// Whether it turned by less than an angle, which is given as its tangent.
    pub(super) fn is_within(self, tangent: f32) -> bool {
        self.re > 0.0 && self.im.abs() <= tangent * self.re
    }
}

/// A filter that keeps one group of tones.
#[derive(Debug)]
pub(super) struct Band {
    re: [i16; TAPS],
    im: [i16; TAPS],
}

/// The low group's tones, the high group's, and dial tone. Each is 40 dB down where the others'
/// tones are.
pub(super) static LOW: Band = Band::new(&GROUPS[0]);
pub(super) static HIGH: Band = Band::new(&GROUPS[1]);
pub(super) static DIAL: Band = Band::new(&DIAL_TONE);

impl Band {
    /// A sinc in J. F. Kaiser's window ("Nonrecursive digital filter design using the I0-sinh
    /// window function", ISCAS 1974), moved to the middle of the group.
    const fn new(group: &Group) -> Self {
        let mut low_pass = [0.0; TAPS];
        let mut sum = 0.0;
        let mut n = 0;
        while n < TAPS {
            let t = n as f64 - MIDDLE;
            let edge = t / (MIDDLE + 0.5);
            let window = bessel(BETA * BETA * (1.0 - edge * edge));
            low_pass[n] = sine(group.half_width_hz * t / RATE_HZ) / t * window;
            sum += low_pass[n];
            n += 1;
        }
        let mut band = Self {
            re: [0; TAPS],
            im: [0; TAPS],
        };
        let (mut most_re, mut most_im) = (0, 0);
        n = 0;
        while n < TAPS {
            let turn = group.middle_hz * (n as f64 - MIDDLE) / RATE_HZ;
            let tap = GAIN * low_pass[n] / sum;
            band.re[n] = rounded(tap * cosine(turn));
            band.im[n] = rounded(-tap * sine(turn));
            most_re += band.re[n].unsigned_abs() as u32;
            most_im += band.im[n].unsigned_abs() as u32;
            n += 1;
        }
        assert!(
            most_re < 1 << 16 && most_im < 1 << 16,
            "a sum may leave an i32"
        );
        band
    }

    /// Measures the band in the middle of `samples`.
    pub(super) fn hear(&self, samples: &[i16; TAPS]) -> Phasor {
        Phasor {
            re: dot(samples, &self.re) as f32,
            im: dot(samples, &self.im) as f32,
        }
    }
}

/// Written so that eight products are one instruction where the machine has it.
fn dot(samples: &[i16; TAPS], taps: &[i16; TAPS]) -> i32 {
    let products = samples.iter().zip(taps);
    products
        .map(|(sample, tap)| i32::from(*sample) * i32::from(*tap))
        .sum()
}

const fn rounded(x: f64) -> i16 {
    (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i16
}

/// The modified Bessel function of the first kind and order 0, of a square root.
const fn bessel(square: f64) -> f64 {
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while n < 30.0 {
        term *= square / (4.0 * n * n);
        sum += term;
        n += 1.0;
    }
    sum
}

const MIDDLE: f64 = (TAPS - 1) as f64 / 2.0;
/// For 40 dB.
const BETA: f64 = 3.4;

#[cfg(test)]
mod tests {
    use super::*;

    fn level_db(band: &Band, hz: f64) -> f32 {
        let samples = core::array::from_fn(|n| {
            (16_000.0 * libm::cos(core::f64::consts::TAU * hz * n as f64 / RATE_HZ)) as i16
        });
        10.0 * libm::log10f(band.hear(&samples).power() / (16_000.0 * 16_000.0 / 2.0))
    }

    #[test]
    fn each_group_is_kept_and_the_others_are_not() {
        let (low, high, dial) = ([697.0, 941.0], [1_209.0, 1_633.0], [350.0, 440.0]);
        for (band, kept, left) in [
            (&LOW, low, [dial, high]),
            (&HIGH, high, [low, dial]),
            (&DIAL, dial, [low, high]),
        ] {
            for hz in kept {
                for off in [0.985, 1.0, 1.015] {
                    assert!(
                        level_db(band, off * hz).abs() < 0.5,
                        "{hz}: {}",
                        level_db(band, off * hz)
                    );
                }
            }
            for hz in left.into_iter().flatten() {
                assert!(level_db(band, hz) < -35.0, "{hz}: {}", level_db(band, hz));
            }
        }
    }

    #[test]
    fn no_samples_leave_an_i32() {
        for taps in [&LOW, &HIGH, &DIAL]
            .into_iter()
            .flat_map(|band| [&band.re, &band.im])
        {
            for sign in [1, -1] {
                let loudest = taps.map(|tap| if sign * tap < 0 { i16::MIN } else { i16::MAX });
                let products = loudest.iter().zip(taps);
                let sum: i64 = products.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
                assert_eq!(i64::from(dot(&loudest, taps)), sum);
            }
        }
    }
}
