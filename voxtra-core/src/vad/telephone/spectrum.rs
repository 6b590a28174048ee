//! The power spectrum of 32 ms: a real transform of 256 points, done as a complex one of 128.

use core::ops::{Add, Sub};

use wide::{f32x4, i16x8};

use super::tables::{HANN, TURNS, UNPACK};

/// Samples that are transformed: 32 ms at 8 kHz.
pub(super) const WINDOW: usize = 256;
/// Bins from 0 Hz up, 31.25 Hz apart. The one at 4 kHz is not of use.
pub(super) const BINS: usize = WINDOW / 2;

/// The bins, by fours.
pub(super) type Power = [[f32; 4]; BINS / 4];

/// Squared magnitudes of the Hann-windowed samples' transform, from 31.25 Hz up; the first bin
/// (direct current) stays 0.
pub(super) fn power(samples: &[i16; WINDOW]) -> Power {
    // Even samples are the real parts, odd ones the imaginary.
    let even = i16x8::new([1, 0, 1, 0, 1, 0, 1, 0]);
    let odd = i16x8::new([0, 1, 0, 1, 0, 1, 0, 1]);
    let mut points = NO_POINTS;
    let inputs = samples.as_chunks().0.iter().zip(&HANN);
    for (point, (samples, [window, window_odd])) in points.as_flattened_mut().iter_mut().zip(inputs)
    {
        let samples = i16x8::new(*samples);
        *point = Complex {
            re: samples.dot(even).round_float() * f32x4::new(*window),
            im: samples.dot(odd).round_float() * f32x4::new(*window_odd),
        };
    }
    let mut other = NO_POINTS;
    first_stage(&points, &mut other);
    middle_stage::<1>(&other, &mut points);
    middle_stage::<4>(&points, &mut other);
    unpack(&other)
}

/// 128 complex points in quarters, four points side by side. The transform is that of T. G.
/// Stockham, which sorts as it goes ("High-speed convolution and correlation", AFIPS 1966), in
/// stages of radix 4, 4, 4 and 2.
type Points = [[Complex; BINS / 16]; 4];

const NO_POINTS: Points = [[Complex::ZERO; BINS / 16]; 4];

/// Four complex numbers side by side.
#[derive(Clone, Copy)]
struct Complex {
    re: f32x4,
    im: f32x4,
}

impl Complex {
    const ZERO: Self = Self {
        re: f32x4::ZERO,
        im: f32x4::ZERO,
    };

    fn new([re, im]: &[[f32; 4]; 2]) -> Self {
        Self {
            re: f32x4::new(*re),
            im: f32x4::new(*im),
        }
    }

    /// The first of four, four times.
    fn splat([[re, ..], [im, ..]]: &[[f32; 4]; 2]) -> Self {
        Self {
            re: f32x4::splat(*re),
            im: f32x4::splat(*im),
        }
    }

    fn turned(self, by: Self) -> Self {
        Self {
            re: self.re * by.re - self.im * by.im,
            im: self.re * by.im + self.im * by.re,
        }
    }

    /// Squared magnitudes.
    fn power(self) -> f32x4 {
        self.re * self.re + self.im * self.im
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl Sub for Complex {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }
}

/// Four numbers in, four out, before they are turned.
fn butterfly(a: Complex, b: Complex, c: Complex, d: Complex) -> [Complex; 4] {
    let (sum, difference) = (a + c, a - c);
    let other = b + d;
    let turned = Complex {
        re: b.im - d.im,
        im: d.re - b.re,
    };
    [
        sum + other,
        difference + turned,
        sum - other,
        difference - turned,
    ]
}

/// 32 columns, four of them side by side.
fn first_stage([a, b, c, d]: &Points, out: &mut Points) {
    let (columns, _) = out.as_flattened_mut().as_chunks_mut();
    let inputs = a.iter().zip(b).zip(c.iter().zip(d));
    for (([o0, o1, o2, o3], [t1, t2, t3]), ((a, b), (c, d))) in
        columns.iter_mut().zip(&TURNS).zip(inputs)
    {
        let [y0, y1, y2, y3] = butterfly(*a, *b, *c, *d);
        let y1 = y1.turned(Complex::new(t1));
        let y2 = y2.turned(Complex::new(t2));
        let y3 = y3.turned(Complex::new(t3));
        // What comes out of one column lies side by side from here on.
        let [re0, re1, re2, re3] = f32x4::transpose([y0.re, y1.re, y2.re, y3.re]);
        let [im0, im1, im2, im3] = f32x4::transpose([y0.im, y1.im, y2.im, y3.im]);
        *o0 = Complex { re: re0, im: im0 };
        *o1 = Complex { re: re1, im: im1 };
        *o2 = Complex { re: re2, im: im2 };
        *o3 = Complex { re: re3, im: im3 };
    }
}

/// Columns of `4 S` neighbours, which are turned by the same angle.
fn middle_stage<const S: usize>([a, b, c, d]: &Points, out: &mut Points) {
    let (rows, _) = out.as_flattened_mut().as_chunks_mut::<S>();
    let (columns, _) = rows.as_chunks_mut();
    // A stage further on, the same angles in larger steps.
    let turns = TURNS.iter().step_by(S);
    let first_two = a.as_chunks::<S>().0.iter().zip(b.as_chunks::<S>().0);
    let last_two = c.as_chunks::<S>().0.iter().zip(d.as_chunks::<S>().0);
    for ((([o0, o1, o2, o3], [t1, t2, t3]), (a, b)), (c, d)) in
        columns.iter_mut().zip(turns).zip(first_two).zip(last_two)
    {
        for q in 0..S {
            let [y0, y1, y2, y3] = butterfly(a[q], b[q], c[q], d[q]);
            o0[q] = y0;
            o1[q] = y1.turned(Complex::splat(t1));
            o2[q] = y2.turned(Complex::splat(t2));
            o3[q] = y3.turned(Complex::splat(t3));
        }
    }
}

/// The last stage, and from the transform of pairs to the power of the transform of singles.
///
/// With Z the transform of x(2n) + i x(2n + 1): X(k) = E + W O, where E = (Z(k) + Z*(-k)) / 2, O =
/// (Z(k) - Z*(-k)) / 2i and W = exp(-2 pi i k / 256). X(128 - k) has the magnitude of E - W O.
fn unpack(points: &Points) -> Power {
    let mut power = [[0.0; 4]; BINS / 4];
    let [low, high] = points.as_flattened().as_chunks::<{ BINS / 8 }>().0 else {
        return power; // cannot be: it is twice as long
    };
    // Z from 0 to 64, and that is as far as Z is the sum of both halves. Above it is the
    // difference.
    let mut sums = [Complex::ZERO; BINS / 8 + 1];
    for (sum, (low, high)) in sums.iter_mut().zip(low.iter().zip(high)) {
        *sum = *low + *high;
    }
    sums[BINS / 8] = low[0] - high[0];

    let (power_low, power_high) = power.split_at_mut(BINS / 8);
    let places = power_low.iter_mut().zip(power_high.iter_mut().rev());
    let mirrored = low.iter().zip(high).rev();
    let mut before = 0.0;
    for ((((place, mirror), [z, next]), (low, high)), turns) in
        places.zip(sums.array_windows()).zip(mirrored).zip(&UNPACK)
    {
        // Four bins from 4n + 1 on, and those that are as far below 128.
        let (re, im) = (from_second(z.re, next.re), from_second(z.im, next.im));
        let difference = *low - *high;
        let (re_back, im_back) = (backwards(difference.re), backwards(difference.im));
        let even = Complex {
            re: re + re_back,
            im: im - im_back,
        };
        let odd = Complex {
            re: im + im_back,
            im: re_back - re,
        };
        let turned = odd.turned(Complex::new(turns));
        // E and O were left twice too large.
        let quarter = f32x4::splat(0.25);
        let [a, b, c, last] = ((even + turned).power() * quarter).to_array();
        *place = [before, a, b, c];
        before = last;
        *mirror = backwards((even - turned).power() * quarter).to_array();
    }
    power
}

fn from_second(now: f32x4, next: f32x4) -> f32x4 {
    let ([_, b, c, d], [e, ..]) = (now.to_array(), next.to_array());
    f32x4::new([b, c, d, e])
}

fn backwards(fours: f32x4) -> f32x4 {
    let [a, b, c, d] = fours.to_array();
    f32x4::new([d, c, b, a])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn by_the_book(samples: &[i16; WINDOW]) -> Vec<f64> {
        let step = 2.0 * core::f64::consts::PI / WINDOW as f64;
        let windowed: Vec<f64> = (0..WINDOW)
            .map(|n| f64::from(samples[n]) * (0.5 - 0.5 * (step * n as f64).cos()))
            .collect();
        (0..BINS)
            .map(|k| {
                let (mut x, mut y) = (0.0, 0.0);
                for (n, sample) in windowed.iter().enumerate() {
                    let angle = step * (k * n % WINDOW) as f64;
                    x += sample * angle.cos();
                    y -= sample * angle.sin();
                }
                x * x + y * y
            })
            .collect()
    }

    #[test]
    fn is_the_transform_of_the_books() {
        let mut state = 1_u32;
        let samples: [i16; WINDOW] = core::array::from_fn(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 16) as i16 / 64;
            noise.saturating_add((9_000.0 * (n as f32 * 0.7).sin()) as i16)
        });
        let book = by_the_book(&samples);
        let largest = book.iter().fold(0.0_f64, |most, p| most.max(*p));
        for (bin, (ours, book)) in power(&samples)
            .as_flattened()
            .iter()
            .zip(&book)
            .enumerate()
            .skip(1)
        {
            let apart = (f64::from(*ours).sqrt() - book.sqrt()).abs();
            assert!(
                apart < 1e-6 * largest.sqrt(),
                "bin {bin}: {ours} for {book}"
            );
        }
    }
}
