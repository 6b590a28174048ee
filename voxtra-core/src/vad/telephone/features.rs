//! The detector's features of a frame: 64 numbers, from the last 32 ms (spectrum) and 40 ms
//! (pitch).
//!
//! `training/features.py` computes the same for the training.

use wide::f32x4;

use super::curves::{log2, sqrt};
use super::pitch::Pitch;
use super::spectrum::{Power, WINDOW, power};
use super::tables::{BAND_FOURS, BAND_SHARES, BANDS};
use crate::vad::VAD_FRAME_SAMPLES;

/// Numbers that describe a frame.
pub(super) const FEATURES: usize = 64;

/// Everything that is remembered of earlier frames.
#[derive(Clone, Debug)]
pub(super) struct Features {
    window: [i16; WINDOW],
    pitch: Pitch,
    started: bool,
    /// Level of the noise in each band. Levels are binary logarithms of energies: 1 is 3 dB.
    floor: [f32; BANDS],
    /// The loudest level lately, the average level, how much it moves, and the last one.
    peak: f32,
    average: f32,
    motion: f32,
    before: f32,
    /// Frames in a row that were digital silence, wholly or in part.
    holes: u8,
    /// Logarithm of the last period.
    lag: f32,
    /// What the last three frames' spectra looked like, and which of them is the oldest.
    looks: [Look; 3],
    oldest: usize,
}

/// Magnitudes of the bins that are compared with those of other frames, and their energies below
/// and above 1 kHz.
#[derive(Clone, Copy, Debug)]
struct Look {
    magnitudes: [f32; FINE],
    energies: [f32; 2],
}

impl Features {
    pub(super) const fn new() -> Self {
        Self {
            window: [0; WINDOW],
            pitch: Pitch::new(),
            started: false,
            floor: [0.0; BANDS],
            peak: 0.0,
            average: 0.0,
            motion: 0.0,
            before: 0.0,
            holes: 0,
            lag: 0.0,
            looks: [Look::NOTHING; 3],
            oldest: 0,
        }
    }

    pub(super) fn of(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> [f32; FEATURES] {
        self.window.copy_within(VAD_FRAME_SAMPLES.., 0);
        if let Some(newest) = self.window.last_chunk_mut::<VAD_FRAME_SAMPLES>() {
            *newest = *frame;
        }
        let power = power(&self.window);
        let bands = bands(&power);
        let level = mean(&bands);
        if !self.started {
            self.started = true;
            self.floor = bands;
            (self.peak, self.average, self.before) = (level, level, level);
        }
        let zeros: u16 = frame.iter().map(|sample| u16::from(*sample == 0)).sum();

        let mut features = [0.0; FEATURES];
        let (shape, rest) = features.split_at_mut(BANDS);
        let (above_noise, rest) = rest.split_at_mut(BANDS);
        for (((shape, above), band), floor) in shape
            .iter_mut()
            .zip(above_noise)
            .zip(&bands)
            .zip(&self.floor)
        {
            *shape = band - level;
            *above = band - floor;
        }
        let noise = mean(&self.floor);
        self.learn_noise(&bands, zeros >= HOLE_SAMPLES);
        self.peak = level.max(self.peak - PEAK_FALL);
        let over_average = level - self.average;
        self.average += AVERAGE_RATE * over_average;
        self.motion += MOTION_RATE * ((level - self.before).abs() - self.motion);
        self.before = level;

        let fine = fine(&power);
        let look = Look::at(fine);
        let [low_20_ms, high_20_ms] = look.likeness(&self.looks[(self.oldest + 2) % 3]);
        let [low_60_ms, high_60_ms] = look.likeness(&self.looks[self.oldest]);
        self.looks[self.oldest] = look;
        self.oldest = (self.oldest + 1) % 3;
        let [concentrated_1, concentrated_2, concentrated_3] = concentrations(fine);
        let period = self.pitch.find(frame);
        let lag = log2(period.lag);
        let leap = (lag - self.lag).abs().min(1.0);
        self.lag = lag;

        let others: [f32; FEATURES - 2 * BANDS] = [
            level,
            level - self.peak,
            self.peak - noise,
            over_average,
            self.motion,
            concentrated_1,
            concentrated_2,
            concentrated_3,
            low_20_ms,
            high_20_ms,
            low_60_ms,
            high_60_ms,
            period.strength,
            lag,
            leap,
            f32::from(zeros) * (1.0 / VAD_FRAME_SAMPLES as f32),
        ];
        rest.copy_from_slice(&others);
        features
    }

    /// Follows what is quieter quickly and what is louder slowly: speech is not learned as noise.
    fn learn_noise(&mut self, bands: &[f32; BANDS], hole: bool) {
        // A lost packet is a few frames of zeros and says nothing about the noise; a muted line
        // does.
        self.holes = if hole {
            self.holes.saturating_add(1)
        } else {
            0
        };
        if hole && self.holes <= DROPOUT_FRAMES {
            return;
        }
        for (floor, band) in self.floor.iter_mut().zip(bands) {
            let above = band - *floor;
            let rise = (FLOOR_RISE * above).min(FLOOR_RISE_MOST);
            *floor += if above < 0.0 {
                FLOOR_FALL * above
            } else {
                rise
            };
        }
    }
}

impl Look {
    const NOTHING: Self = Self {
        magnitudes: [0.0; FINE],
        energies: [0.0; 2],
    };

    fn at(power: &[f32; FINE]) -> Self {
        let (low, high) = power.split_at(FINE_1 - FINE_0);
        let mut magnitudes = [0.0; FINE];
        for (magnitude, power) in magnitudes.iter_mut().zip(power) {
            *magnitude = sqrt(*power);
        }
        Self {
            magnitudes,
            energies: [1e3 + sum(low), 1e3 + sum(high)],
        }
    }

    /// Cosines between two spectra below and above 1 kHz: 1 is the same sound.
    fn likeness(&self, other: &Self) -> [f32; 2] {
        let mut products = [0.0; FINE];
        for ((product, a), b) in products
            .iter_mut()
            .zip(&self.magnitudes)
            .zip(&other.magnitudes)
        {
            *product = a * b;
        }
        let (low, high) = products.split_at(FINE_1 - FINE_0);
        let [low_now, high_now] = self.energies;
        let [low_then, high_then] = other.energies;
        [
            sum(low) / sqrt(low_now * low_then + 1.0),
            sum(high) / sqrt(high_now * high_then + 1.0),
        ]
    }
}

/// Levels in bands that are equally wide on the mel scale.
fn bands(power: &Power) -> [f32; BANDS] {
    let mut shares = BAND_SHARES.as_slice();
    let mut sums = [f32x4::ZERO; BANDS];
    for (sum, [first, count]) in sums.iter_mut().zip(&BAND_FOURS) {
        let Some((now, rest)) = shares.split_at_checked(usize::from(*count)) else {
            break; // cannot be: there are as many as the table says
        };
        shares = rest;
        for (four, shares) in power.iter().skip(usize::from(*first)).zip(now) {
            *sum += f32x4::new(*four) * f32x4::new(*shares);
        }
    }
    let mut bands = [0.0; BANDS];
    let (band_fours, _) = bands.as_chunks_mut();
    for (bands, sums) in band_fours.iter_mut().zip(sums.as_chunks().0) {
        let [a, b, c, d] = f32x4::transpose(*sums);
        let energies = (a + b) + (c + d) + f32x4::splat(SILENCE);
        *bands = energies.to_array().map(log2);
    }
    bands
}

/// How much of each part of the spectrum is in few bins: the sum of squares over the square of the
/// sum.
fn concentrations(power: &[f32; FINE]) -> [f32; 3] {
    let (low, rest) = power.split_at(FINE_1 - FINE_0);
    let (middle, high) = rest.split_at(FINE_2 - FINE_1);
    [low, middle, high].map(|part| {
        let all = 1e3 + sum(part);
        let mut squares = [0.0_f32; LANES];
        let (blocks, _) = part.as_chunks::<LANES>();
        for block in blocks {
            for (square, power) in squares.iter_mut().zip(block) {
                *square += power * power;
            }
        }
        (1e5 + squares.iter().sum::<f32>()) / (all * all)
    })
}

fn fine(power: &Power) -> &[f32; FINE] {
    let (_, from) = power.as_flattened().split_at(FINE_0);
    from.first_chunk().unwrap_or(&[0.0; FINE])
}

/// In lanes, so that the additions do not wait for each other.
fn sum(part: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (blocks, _) = part.as_chunks::<LANES>();
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    sums.iter().sum()
}

fn mean(levels: &[f32; BANDS]) -> f32 {
    sum(levels) / BANDS as f32
}

const LANES: usize = 4;
/// Bins that are looked at one by one: 125 Hz, 1 kHz, 2 kHz and 3375 Hz.
const FINE_0: usize = 4;
const FINE_1: usize = 32;
const FINE_2: usize = 64;
const FINE_3: usize = 108;
const FINE: usize = FINE_3 - FINE_0;
/// Added to a band's energy: about -80 dBFS.
const SILENCE: f32 = 2_000.0;
/// This many zero samples (5 ms) are a hole in the audio; holes up to 100 ms are taken for lost
/// packets.
const HOLE_SAMPLES: u16 = 40;
const DROPOUT_FRAMES: u8 = 5;
/// Shares of the distance per frame, and at most 3 dB a second.
const FLOOR_FALL: f32 = 0.25;
const FLOOR_RISE: f32 = 0.05;
const FLOOR_RISE_MOST: f32 = 0.02;
/// 1.5 dB a second.
const PEAK_FALL: f32 = 0.01;
/// Over about a second, and half a second.
const AVERAGE_RATE: f32 = 0.02;
const MOTION_RATE: f32 = 0.04;
