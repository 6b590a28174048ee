//! The window, the transform's angles and the bands, computed from their formulas when the crate is compiled.

use super::spectrum::{BINS, WINDOW};

/// Bands of the spectrum.
pub(super) const BANDS: usize = 24;
/// The first bin that belongs to a band, at 125 Hz, and how many do.
pub(super) const FIRST_BIN: usize = 4;
const HEARD_BINS: usize = BINS - FIRST_BIN;
/// The lower end of the first band and the upper one of the last.
const LOW_HZ: f64 = 100.0;
const HIGH_HZ: f64 = 3_900.0;
const BIN_HZ: f64 = 8_000.0 / WINDOW as f64;

/// J. von Hann's window.
pub(super) static HANN: [f32; WINDOW] = {
    let mut window = [0.0; WINDOW];
    let mut n = 0;
    while n < WINDOW {
        window[n] = (0.5 - 0.5 * cosine(n as f64 / WINDOW as f64)) as f32;
        n += 1;
    }
    window
};

/// `TURNS[k]` are the real and the imaginary parts of exp(-2 pi i p k / 128) for p from 0 to 31.
pub(super) static TURNS: [[[f32; BINS / 4]; 2]; 4] = {
    let mut turns = [[[0.0; BINS / 4]; 2]; 4];
    let mut k = 0;
    while k < 4 {
        let mut p = 0;
        while p < BINS / 4 {
            let turn = (p * k) as f64 / BINS as f64;
            turns[k][0][p] = cosine(turn) as f32;
            turns[k][1][p] = -sine(turn) as f32;
            p += 1;
        }
        k += 1;
    }
    turns
};

/// Real and imaginary parts of exp(-2 pi i k / 256) for k from 1 to 127.
pub(super) static UNPACK: [[f32; BINS - 1]; 2] = {
    let mut turns = [[0.0; BINS - 1]; 2];
    let mut k = 1;
    while k < BINS {
        let turn = k as f64 / WINDOW as f64;
        turns[0][k - 1] = cosine(turn) as f32;
        turns[1][k - 1] = -sine(turn) as f32;
        k += 1;
    }
    turns
};

/// How many bins lie below the middle of the first band, between those of the first and the second, and so on, and above that of
/// the last, from [`FIRST_BIN`] on.
pub(super) static BINS_BETWEEN: [u8; BANDS + 1] = {
    let mut bins = [0; BANDS + 1];
    let mut bin = 0;
    while bin < HEARD_BINS {
        let place = place(bin);
        if place < (BANDS + 1) as f64 {
            bins[place as usize] += 1;
        }
        bin += 1;
    }
    bins
};

/// The share of each bin that the upper one of the two bands gets.
pub(super) static BIN_SHARE: [f32; HEARD_BINS] = {
    let mut shares = [0.0; HEARD_BINS];
    let mut bin = 0;
    while bin < HEARD_BINS {
        let place = place(bin);
        shares[bin] = (place - place as u8 as f64) as f32;
        bin += 1;
    }
    shares
};

/// Where a bin lies on the mel scale, 2595 log10(1 + f / 700), in widths of a band.
const fn place(bin: usize) -> f64 {
    let hz = (bin + FIRST_BIN) as f64 * BIN_HZ;
    let (low, high) = (
        logarithm(1.0 + LOW_HZ / 700.0),
        logarithm(1.0 + HIGH_HZ / 700.0),
    );
    (logarithm(1.0 + hz / 700.0) - low) / (high - low) * (BANDS + 1) as f64
}

/// Sine of a share of a full turn, by its series.
const fn sine(turn: f64) -> f64 {
    // Beyond half a turn it is the same, negative.
    if turn > 0.5 {
        return -sine(turn - 0.5);
    }
    let x = 2.0 * core::f64::consts::PI * (if turn > 0.25 { 0.5 - turn } else { turn });
    let (mut sum, mut term, mut n) = (0.0, x, 1.0);
    while n < 30.0 {
        sum += term;
        term = -term * x * x / ((n + 1.0) * (n + 2.0));
        n += 2.0;
    }
    sum
}

const fn cosine(turn: f64) -> f64 {
    if turn <= 0.75 {
        sine(turn + 0.25)
    } else {
        sine(turn - 0.75)
    }
}

/// Natural logarithm, by the series of log((1 + t) / (1 - t)).
const fn logarithm(x: f64) -> f64 {
    let t = (x - 1.0) / (x + 1.0);
    let (mut sum, mut power, mut n) = (0.0, t, 1.0);
    while n < 200.0 {
        sum += power / n;
        power *= t * t;
        n += 2.0;
    }
    2.0 * sum
}
