//! The window, the transform's angles and the bands, computed from their formulas when the crate is
//! compiled.

use super::spectrum::{BINS, WINDOW};

/// Bands of the spectrum.
pub(super) const BANDS: usize = 24;
/// The lower end of the first band and the upper one of the last.
const LOW_HZ: f64 = 100.0;
const HIGH_HZ: f64 = 3_900.0;
const BIN_HZ: f64 = 8_000.0 / WINDOW as f64;

/// J. von Hann's window, by eights: the even and the odd ones.
pub(super) static HANN: [[[f32; 4]; 2]; WINDOW / 8] = {
    let mut window = [[[0.0; 4]; 2]; WINDOW / 8];
    let mut n = 0;
    while n < WINDOW {
        window[n / 8][n % 2][n % 8 / 2] = (0.5 - 0.5 * cosine(n as f64 / WINDOW as f64)) as f32;
        n += 1;
    }
    window
};

/// `TURNS[p / 4][k - 1]` are the real and the imaginary parts of exp(-2 pi i p k / 128) for p and
/// the next three.
pub(super) static TURNS: [[[[f32; 4]; 2]; 3]; BINS / 16] = {
    let mut turns = [[[[0.0; 4]; 2]; 3]; BINS / 16];
    let mut n = 0;
    while n < 3 * BINS / 4 {
        let (p, k) = (n / 3, n % 3);
        let turn = (p * (k + 1)) as f64 / BINS as f64;
        turns[p / 4][k][0][p % 4] = cosine(turn) as f32;
        turns[p / 4][k][1][p % 4] = -sine(turn) as f32;
        n += 1;
    }
    turns
};

/// Real and imaginary parts of exp(-2 pi i k / 256) for k from 1 to 64, by fours.
pub(super) static UNPACK: [[[f32; 4]; 2]; BINS / 8] = {
    let mut turns = [[[0.0; 4]; 2]; BINS / 8];
    let mut n = 0;
    while n < BINS / 2 {
        let turn = (n + 1) as f64 / WINDOW as f64;
        turns[n / 4][0][n % 4] = cosine(turn) as f32;
        turns[n / 4][1][n % 4] = -sine(turn) as f32;
        n += 1;
    }
    turns
};

/// Where a band begins, in fours of bins, and how many fours it has.
pub(super) static BAND_FOURS: [[u8; 2]; BANDS] = {
    let mut fours = [[0; 2]; BANDS];
    let mut band = 0;
    while band < BANDS {
        let mut bin = 0;
        while bin < BINS {
            if share(bin, band) > 0.0 {
                let [first, count] = &mut fours[band];
                if *count == 0 {
                    *first = (bin / 4) as u8;
                }
                *count = (bin / 4) as u8 - *first + 1;
            }
            bin += 1;
        }
        band += 1;
    }
    fours
};

/// The bands' shares of the bins in their fours, band after band.
pub(super) static BAND_SHARES: [[f32; 4]; SHARES] = {
    let mut shares = [[0.0; 4]; SHARES];
    let (mut band, mut n) = (0, 0);
    while band < BANDS {
        let [first, count] = BAND_FOURS[band];
        let mut bin = 4 * first as usize;
        while bin < 4 * (first + count) as usize {
            shares[n / 4][n % 4] = share(bin, band) as f32;
            bin += 1;
            n += 1;
        }
        band += 1;
    }
    shares
};

const SHARES: usize = {
    let (mut band, mut shares) = (0, 0);
    while band < BANDS {
        shares += BAND_FOURS[band][1] as usize;
        band += 1;
    }
    shares
};

/// A band's share of a bin: a triangle from the middle of the band below to that of the band above.
const fn share(bin: usize, band: usize) -> f64 {
    (1.0 - (PLACES[bin] - (band + 1) as f64).abs()).max(0.0)
}

/// Where bins lie on the mel scale, 2595 log10(1 + f / 700), in widths of a band.
const PLACES: [f64; BINS] = {
    let low = logarithm(1.0 + LOW_HZ / 700.0);
    let width = (logarithm(1.0 + HIGH_HZ / 700.0) - low) / (BANDS + 1) as f64;
    let mut places = [0.0; BINS];
    let mut bin = 0;
    while bin < BINS {
        places[bin] = (logarithm(1.0 + bin as f64 * BIN_HZ / 700.0) - low) / width;
        bin += 1;
    }
    places
};

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
