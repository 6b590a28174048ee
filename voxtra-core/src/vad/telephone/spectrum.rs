//! The power spectrum of 32 ms: a real transform of 256 points, done as a complex one of 128.

use super::tables::{HANN, TURNS, UNPACK};

/// Samples that are transformed: 32 ms at 8 kHz.
pub(super) const WINDOW: usize = 256;
/// Bins from 0 Hz up, 31.25 Hz apart. The one at 4 kHz is not of use.
pub(super) const BINS: usize = WINDOW / 2;

/// Squared magnitudes of the Hann-windowed samples' transform, from 31.25 Hz up; the first bin (direct current) stays 0.
pub(super) fn power(samples: &[i16; WINDOW]) -> [f32; BINS] {
    // Even samples are the real parts, odd ones the imaginary.
    let mut re = [0.0_f32; BINS];
    let mut im = [0.0_f32; BINS];
    let (pairs, _) = samples.as_chunks::<2>();
    let (windows, _) = HANN.as_chunks::<2>();
    for (((re, im), [even, odd]), [w, v]) in re.iter_mut().zip(&mut im).zip(pairs).zip(windows) {
        *re = f32::from(*even) * w;
        *im = f32::from(*odd) * v;
    }
    transform(&mut re, &mut im);
    unpack(&re, &im)
}

/// Forward transform of 128 complex points, in order: T. G. Stockham's, which sorts as it goes ("High-speed convolution and
/// correlation", AFIPS 1966), with stages of radix 4, 4, 4 and 2.
fn transform(re: &mut [f32; BINS], im: &mut [f32; BINS]) {
    let (mut re2, mut im2) = ([0.0_f32; BINS], [0.0_f32; BINS]);
    first_stage(re, im, &mut re2, &mut im2);
    middle_stage::<4, 8>(&re2, &im2, re, im);
    middle_stage::<16, 2>(re, im, &mut re2, &mut im2);
    last_stage(&re2, re);
    last_stage(&im2, im);
}

/// Four numbers in, four out, before they are turned.
fn butterfly(a: Complex, b: Complex, c: Complex, d: Complex) -> [Complex; 4] {
    let (sum, difference) = ((a.0 + c.0, a.1 + c.1), (a.0 - c.0, a.1 - c.1));
    let (other, turned) = ((b.0 + d.0, b.1 + d.1), (b.1 - d.1, d.0 - b.0));
    [
        (sum.0 + other.0, sum.1 + other.1),
        (difference.0 + turned.0, difference.1 + turned.1),
        (sum.0 - other.0, sum.1 - other.1),
        (difference.0 - turned.0, difference.1 - turned.1),
    ]
}

type Complex = (f32, f32);

fn turn((x, y): Complex, (c, s): Complex) -> Complex {
    (x * c - y * s, x * s + y * c)
}

/// Columns of 32 with stride 1: here neighbours in the column are computed side by side.
fn first_stage(
    re: &[f32; BINS],
    im: &[f32; BINS],
    re_out: &mut [f32; BINS],
    im_out: &mut [f32; BINS],
) {
    const Q: usize = BINS / 4;
    let mut out = [[[0.0_f32; Q]; 2]; 4];
    for p in 0..Q {
        let at = |k: usize| (re[p + k * Q], im[p + k * Q]);
        let y = butterfly(at(0), at(1), at(2), at(3));
        for (k, y) in y.into_iter().enumerate() {
            let (x, y) = turn(y, (TURNS[k][0][p], TURNS[k][1][p]));
            out[k][0][p] = x;
            out[k][1][p] = y;
        }
    }
    for p in 0..Q {
        for k in 0..4 {
            re_out[4 * p + k] = out[k][0][p];
            im_out[4 * p + k] = out[k][1][p];
        }
    }
}

/// `M` columns of `S` neighbours, which are turned by the same angle.
fn middle_stage<const S: usize, const M: usize>(
    re: &[f32; BINS],
    im: &[f32; BINS],
    re_out: &mut [f32; BINS],
    im_out: &mut [f32; BINS],
) {
    const { assert!(4 * S * M == BINS) };
    for p in 0..M {
        // A stage further on, the same angles in larger steps.
        let angle = |k: usize| (TURNS[k][0][p * S], TURNS[k][1][p * S]);
        for q in 0..S {
            let at = |k: usize| (re[q + S * (p + k * M)], im[q + S * (p + k * M)]);
            let y = butterfly(at(0), at(1), at(2), at(3));
            for (k, y) in y.into_iter().enumerate() {
                let (x, y) = if k == 0 { y } else { turn(y, angle(k)) };
                re_out[q + S * (4 * p + k)] = x;
                im_out[q + S * (4 * p + k)] = y;
            }
        }
    }
}

fn last_stage(part: &[f32; BINS], out: &mut [f32; BINS]) {
    const HALF: usize = BINS / 2;
    for q in 0..HALF {
        out[q] = part[q] + part[q + HALF];
        out[q + HALF] = part[q] - part[q + HALF];
    }
}

/// From the transform of pairs to the power of the transform of singles.
///
/// With Z the transform of x(2n) + i x(2n + 1): X(k) = E + W O, where E = (Z(k) + Z*(-k)) / 2, O = (Z(k) - Z*(-k)) / 2i and
/// W = exp(-2 pi i k / 256).
fn unpack(re: &[f32; BINS], im: &[f32; BINS]) -> [f32; BINS] {
    let mut power = [0.0_f32; BINS];
    let (_, re_up) = re.split_at(1);
    let (_, im_up) = im.split_at(1);
    let (_, power_up) = power.split_at_mut(1);
    let mirrored = re.iter().rev().zip(im.iter().rev());
    let turns = UNPACK[0].iter().zip(&UNPACK[1]);
    for ((((power, re), im), (re_back, im_back)), (c, s)) in power_up
        .iter_mut()
        .zip(re_up)
        .zip(im_up)
        .zip(mirrored)
        .zip(turns)
    {
        let even = (re + re_back, im - im_back);
        let odd = turn((im + im_back, re_back - re), (*c, *s));
        let (x, y) = (even.0 + odd.0, even.1 + odd.1);
        // E and O were left twice too large.
        *power = (x * x + y * y) * 0.25;
    }
    power
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
        for (bin, (ours, book)) in power(&samples).iter().zip(&book).enumerate().skip(1) {
            let apart = (f64::from(*ours).sqrt() - book.sqrt()).abs();
            assert!(
                apart < 1e-6 * largest.sqrt(),
                "bin {bin}: {ours} for {book}"
            );
        }
    }
}
