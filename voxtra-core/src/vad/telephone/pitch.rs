//! How periodic the last 40 ms are: voices are, and few noises.

use wide::{i16x8, i16x16, i32x4};

use crate::vad::VAD_FRAME_SAMPLES;

/// Samples at 4 kHz that are looked at, and how many of them, the newest, are compared with earlier
/// ones.
const SPAN: usize = 160;
const PART: usize = 96;
/// The shortest and the longest period: 500 to 63.5 Hz.
const SHORTEST: usize = 8;
const LONGEST: usize = 63;
const LAGS: usize = LONGEST - SHORTEST + 1;
/// A frame, brought down to 4 kHz.
const HALF_FRAME: usize = VAD_FRAME_SAMPLES / 2;
/// So that the sum of 96 products fits 32 bits.
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
    /// Normalised autocorrelation, squared with its sign: -1 to 1. Only the order matters, so the
    /// root is saved.
    pub(super) strength: f32,
    /// Samples at 4 kHz.
    pub(super) lag: f32,
}

impl Period {
    const NONE: Self = Self {
        strength: 0.0,
        lag: SHORTEST as f32,
    };
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
        // The first is the longest.
        let mut strengths = [0.0_f32; LAGS];
        let mut ranks = [0.0_f32; LAGS];
        let sums = lagged.as_flattened().iter().zip(&energies);
        for (((strength, rank), (product, energy)), lag) in
            strengths.iter_mut().zip(&mut ranks).zip(sums).zip(&LAG)
        {
            let product = *product as f32;
            *strength = product * product.abs() / (own * *energy as f32 + 4e4);
            *rank = *strength - FAVOUR_SHORT * lag;
        }
        let highest = highest(&ranks);
        let fits = ranks.iter().zip(strengths.iter().zip(&LAG)).rev();
        let best = fits.into_iter().find(|(rank, _)| **rank >= highest);
        best.map_or(Period::NONE, |(_, (strength, lag))| Period {
            strength: *strength,
            lag: *lag,
        })
    }

    /// Every second sample, after a low-pass of three.
    fn take(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) {
        self.past.copy_within(HALF_FRAME.., 0);
        let mut samples = [0; VAD_FRAME_SAMPLES + 2];
        let (before, rest) = samples.split_at_mut(1);
        before.fill(self.last);
        if let Some(now) = rest.first_chunk_mut() {
            *now = *frame;
        }
        // Of three samples: the first and twice the second, which are a pair; then the third, of
        // the next pair.
        let first_two = i16x16::new([1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
        let third = i16x16::new([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
        let (_, newest) = self.past.split_at_mut(SPAN - HALF_FRAME);
        let (_, ahead) = samples.split_at(2);
        let sixteens = samples.as_chunks().0.iter().zip(ahead.as_chunks().0);
        for (eight, (here, ahead)) in newest.as_chunks_mut().0.iter_mut().zip(sixteens) {
            let sums = i16x16::new(*here).dot(first_two) + i16x16::new(*ahead).dot(third);
            *eight = i16x8::from_i32x8_saturate(sums >> 2_i32).to_array();
        }
        if let Some(last) = frame.last() {
            self.last = *last;
        }
    }

    /// Without direct current, and at most 12 bits large.
    fn centred(&self) -> [i16; SPAN] {
        let (eights, _) = self.past.as_chunks();
        let mut sums = i32x4::ZERO;
        for eight in eights {
            sums += i16x8::new(*eight).dot(i16x8::ONE);
        }
        let mean = sums.reduce_add().div_euclid(SPAN as i32);
        let mean = i16x8::splat(mean as i16);
        let (mut most, mut least) = (i16x8::ZERO, i16x8::ZERO);
        for eight in eights {
            let centred = i16x8::new(*eight).saturating_sub(mean);
            most = most.max(centred);
            least = least.min(centred);
        }
        let largest = i32::from(most.reduce_max()).max(-i32::from(least.reduce_min()));
        let shift = (i32::BITS - largest.leading_zeros()).saturating_sub(LARGEST.ilog2());
        let mut small = [0; SPAN];
        for (small, eight) in small.as_chunks_mut().0.iter_mut().zip(eights) {
            let centred = i16x8::new(*eight).saturating_sub(mean);
            *small = (centred >> shift).to_array();
        }
        small
    }
}

/// The newest part times what lies a period earlier, and that one's energy: from the longest period
/// to the shortest.
fn products(samples: &[i16; SPAN]) -> ([[i32; 4]; LAGS / 4], [i32; LAGS]) {
    const { assert!(LAGS.is_multiple_of(4) && PART.is_multiple_of(8)) };
    let (_, earlier) = samples.split_at(SPAN - PART - LONGEST);
    let mut lagged = [[0; 4]; LAGS / 4];
    // Four periods at a time, so that they share what is read of the newest part.
    let windows = earlier.array_windows::<{ PART + 3 }>().step_by(4);
    for (lagged, window) in lagged.iter_mut().zip(windows) {
        let (_, second) = window.split_at(1);
        let (_, third) = window.split_at(2);
        let (_, fourth) = window.split_at(3);
        let [mut a, mut b, mut c, mut d] = [i32x4::ZERO; 4];
        for ((((newest, w), x), y), z) in eights(newest(samples))
            .iter()
            .zip(eights(window))
            .zip(eights(second))
            .zip(eights(third))
            .zip(eights(fourth))
        {
            let newest = i16x8::new(*newest);
            a += i16x8::new(*w).dot(newest);
            b += i16x8::new(*x).dot(newest);
            c += i16x8::new(*y).dot(newest);
            d += i16x8::new(*z).dot(newest);
        }
        *lagged = [a, b, c, d].map(i32x4::reduce_add);
    }
    let mut energies = [0; LAGS];
    let mut energy: i32 = earlier.iter().take(PART).map(square).sum();
    let leaving = earlier.iter();
    let entering = earlier.iter().skip(PART);
    for ((kept, leaving), entering) in energies.iter_mut().zip(leaving).zip(entering) {
        *kept = energy;
        energy += square(entering) - square(leaving);
    }
    (lagged, energies)
}

fn newest(samples: &[i16; SPAN]) -> &[i16; PART] {
    samples.last_chunk().unwrap_or(&[0; PART])
}

fn energy(samples: &[i16; SPAN]) -> i32 {
    newest(samples).iter().map(square).sum()
}

fn square(sample: &i16) -> i32 {
    i32::from(*sample) * i32::from(*sample)
}

fn eights(samples: &[i16]) -> &[[i16; 8]] {
    samples.as_chunks().0
}

/// In lanes, so that the comparisons do not wait for each other.
fn highest(ranks: &[f32; LAGS]) -> f32 {
    let mut most = [-1.0_f32; 4];
    for ranks in ranks.as_chunks::<4>().0 {
        for (most, rank) in most.iter_mut().zip(ranks) {
            *most = if *rank > *most { *rank } else { *most };
        }
    }
    most.into_iter().fold(-1.0, f32::max)
}

/// The periods, from the longest to the shortest.
const LAG: [f32; LAGS] = {
    let mut lags = [0.0; LAGS];
    let mut n = 0;
    while n < LAGS {
        lags[n] = (LONGEST - n) as f32;
        n += 1;
    }
    lags
};
