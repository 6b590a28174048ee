//! How periodic the last 40 ms are: voices are, and few noises.

use crate::vad::VAD_FRAME_SAMPLES;

/// Samples at 4 kHz that are looked at, and how many of them, the newest, are compared with earlier ones.
const SPAN: usize = 160;
const PART: usize = 96;
/// The shortest and the longest period: 500 to 63.5 Hz.
const SHORTEST: usize = 8;
const LONGEST: usize = 63;
const LAGS: usize = LONGEST - SHORTEST + 1;
/// A frame, brought down to 4 kHz.
const HALF_FRAME: usize = VAD_FRAME_SAMPLES / 2;
/// So that 96 products of two fit 32 bits.
const LARGEST: i32 = 1 << 12;
/// Of two periods nearly as good, the shorter: one is a multiple of the other.
const FAVOUR_SHORT: f32 = 0.001;

/// The last 40 ms at 4 kHz.
#[derive(Clone, Debug)]
pub(super) struct Pitch {
    past: [i16; SPAN],
    last: i16,
}

/// The period that fits best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Period {
    /// Normalised autocorrelation, squared with its sign: -1 to 1. Only the order matters, so the root is saved.
    pub(super) strength: f32,
    /// Samples at 4 kHz.
    pub(super) lag: f32,
}

impl Pitch {
    pub(super) const fn new() -> Self {
        Self {
            past: [0; SPAN],
            last: 0,
        }
    }

    pub(super) fn find(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> Period {
        self.take(frame);
        let centred = self.centred();
        let (lagged, energies) = products(&centred);
        let own = energy(&centred) as f32;
        let mut best = Period {
            strength: 0.0,
            lag: SHORTEST as f32,
        };
        let mut strengths = [0.0_f32; LAGS];
        for ((strength, product), energy) in strengths.iter_mut().zip(&lagged).zip(&energies) {
            let product = *product as f32;
            *strength = product * product.abs() / (own * *energy as f32 + 1e4);
        }
        let mut highest = -1.0_f32;
        // The last is the shortest.
        for (n, strength) in strengths.iter().rev().enumerate() {
            let lag = (SHORTEST + n) as f32;
            let rank = strength - FAVOUR_SHORT * lag;
            if rank > highest {
                highest = rank;
                best = Period {
                    strength: *strength,
                    lag,
                };
            }
        }
        best
    }

    /// Every second sample, after a low-pass of three.
    fn take(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) {
        self.past.copy_within(HALF_FRAME.., 0);
        let (pairs, _) = frame.as_chunks::<2>();
        let (_, newest) = self.past.split_at_mut(SPAN - HALF_FRAME);
        let before = core::iter::once(&self.last).chain(pairs.iter().map(|[_, odd]| odd));
        for ((place, [even, odd]), before) in newest.iter_mut().zip(pairs).zip(before) {
            *place = ((i32::from(*before) + 2 * i32::from(*even) + i32::from(*odd)) >> 2) as i16;
        }
        if let Some([_, odd]) = pairs.last() {
            self.last = *odd;
        }
    }

    /// Without direct current, and at most 12 bits large.
    fn centred(&self) -> [i16; SPAN] {
        let sum: i32 = self.past.iter().map(|sample| i32::from(*sample)).sum();
        let mean = sum.div_euclid(SPAN as i32);
        let mut largest = 0;
        let mut centred = [0_i32; SPAN];
        for (centred, sample) in centred.iter_mut().zip(&self.past) {
            *centred = i32::from(*sample) - mean;
            largest |= centred.abs();
        }
        let shift = (i32::BITS - largest.leading_zeros()).saturating_sub(LARGEST.ilog2());
        let mut small = [0; SPAN];
        for (small, centred) in small.iter_mut().zip(&centred) {
            *small = (centred >> shift) as i16;
        }
        small
    }
}

/// The newest part times what lies a period earlier, and that one's energy: from the longest period to the shortest.
fn products(samples: &[i16; SPAN]) -> ([i32; LAGS], [i32; LAGS]) {
    let mut lagged = [0; LAGS];
    let mut energies = [0; LAGS];
    let newest = newest(samples);
    let first = SPAN - PART - LONGEST;
    let (_, earlier) = samples.split_at(first);
    let mut energy: i32 = earlier
        .iter()
        .take(PART)
        .map(|sample| i32::from(*sample) * i32::from(*sample))
        .sum();
    let leaving = earlier.iter();
    let entering = earlier.iter().skip(PART);
    let windows = earlier.array_windows::<PART>();
    for ((((product, kept), window), leaving), entering) in lagged
        .iter_mut()
        .zip(&mut energies)
        .zip(windows)
        .zip(leaving)
        .zip(entering)
    {
        *product = dot(newest, window);
        *kept = energy >> 1;
        let (leaving, entering) = (i32::from(*leaving), i32::from(*entering));
        energy += entering * entering - leaving * leaving;
    }
    (lagged, energies)
}

fn newest(samples: &[i16; SPAN]) -> &[i16; PART] {
    samples.last_chunk().unwrap_or(&[0; PART])
}

fn energy(samples: &[i16; SPAN]) -> i32 {
    dot(newest(samples), newest(samples))
}

/// Half of the sum of products: halving each pair lets compilers use one instruction for eight products.
fn dot(a: &[i16; PART], b: &[i16; PART]) -> i32 {
    let (a, _) = a.as_chunks::<2>();
    let (b, _) = b.as_chunks::<2>();
    let product = |a: i16, b: i16| i32::from(a) * i32::from(b);
    let pairs = a.iter().zip(b);
    pairs
        .map(|(a, b)| (product(a[0], b[0]) + product(a[1], b[1])) >> 1)
        .sum()
}
