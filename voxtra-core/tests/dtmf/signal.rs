//! A line with digits, and other things, on it.

use std::f64::consts::TAU;

use voxtra_core::dtmf::DtmfDetector;

pub(crate) const KEYS: &str = "123A456B789C*0#D";
const LOW_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// Chance from a seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of a normal distribution.
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.share().max(1e-300).ln()).sqrt() * (TAU * self.share()).cos()
    }
}

/// Two sines: frequencies in Hz, levels in dBm0, phases in turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) hz: [f64; 2],
    pub(crate) dbm0: [f64; 2],
    pub(crate) phase: [f64; 2],
}

impl Pair {
    /// A key's tones at -10 dBm0 each.
    pub(crate) fn of(key: usize, chance: &mut Chance) -> Self {
        Self {
            hz: [LOW_HZ[key / 4], HIGH_HZ[key % 4]],
            dbm0: [-10.0; 2],
            phase: [chance.share(), chance.share()],
        }
    }

    /// Its mean square.
    pub(crate) fn power(&self) -> f64 {
        self.dbm0
            .iter()
            .map(|dbm0| amplitude(*dbm0).powi(2) / 2.0)
            .sum()
    }
}

/// A sine at full scale is 3.17 dBm0.
pub(crate) fn amplitude(dbm0: f64) -> f64 {
    32_768.0 * 10_f64.powf((dbm0 - 3.17) / 20.0)
}

/// Audio at 8 kHz, before it is cut to 16 bits.
pub(crate) struct Signal(pub(crate) Vec<f64>);

impl Signal {
    pub(crate) fn silent(ms: f64) -> Self {
        Self(vec![0.0; samples(ms)])
    }

    /// Adds a pair of tones.
    pub(crate) fn add(&mut self, from_ms: f64, ms: f64, pair: &Pair) {
        let from = samples(from_ms);
        let part = self.0.iter_mut().enumerate().skip(from).take(samples(ms));
        for (n, sample) in part {
            for ((hz, dbm0), phase) in pair.hz.iter().zip(pair.dbm0).zip(pair.phase) {
                *sample += amplitude(dbm0) * (TAU * (hz * n as f64 / 8_000.0 + phase)).sin();
            }
        }
    }

    /// Adds white noise of this mean square.
    pub(crate) fn add_noise(&mut self, power: f64, chance: &mut Chance) {
        for sample in &mut self.0 {
            *sample += power.sqrt() * chance.normal();
        }
    }

    pub(crate) fn silence(&mut self, from_ms: f64, ms: f64) {
        self.0[samples(from_ms)..samples(from_ms + ms)].fill(0.0);
    }

    pub(crate) fn pcm(&self) -> Vec<i16> {
        self.0.iter().map(|sample| sample.round() as i16).collect()
    }

    /// The digits heard.
    pub(crate) fn heard(&self) -> String {
        heard(&self.pcm())
            .into_iter()
            .map(|(_, digit)| digit)
            .collect()
    }
}

fn samples(ms: f64) -> usize {
    (8.0 * ms).round() as usize
}

/// The digits heard, each with the end of the frame that made it certain, in ms.
pub(crate) fn heard(pcm: &[i16]) -> Vec<(u64, char)> {
    let mut detector = DtmfDetector::new();
    let (frames, _) = pcm.as_chunks();
    let digits = frames.iter().zip(1..).filter_map(|(frame, n)| {
        let digit = detector.process(frame)?;
        Some((20 * n, digit))
    });
    digits.collect()
}

/// How many of these lines, one for each key, alignment to frames and seed, tell that key and
/// nothing else.
pub(crate) fn told(
    alignments: usize,
    mut line: impl FnMut(usize, f64, &mut Chance) -> Signal,
) -> Told {
    let mut told = Told::default();
    for key in 0..16 {
        for alignment in 0..alignments {
            let from_ms = 60.0 + 20.0 * alignment as f64 / alignments as f64;
            let mut chance = Chance::new((1 + key * 1_000 + alignment) as u64);
            let heard = line(key, from_ms, &mut chance).heard();
            told.lines += 1;
            if heard == KEYS[key..=key] {
                told.right += 1;
            } else if heard.is_empty() {
                told.nothing += 1;
            } else {
                told.other.push(heard);
            }
        }
    }
    told
}

#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) lines: usize,
    pub(crate) right: usize,
    pub(crate) nothing: usize,
    pub(crate) other: Vec<String>,
}

impl Told {
    pub(crate) fn all(&self) -> bool {
        self.right == self.lines
    }

    pub(crate) fn none(&self) -> bool {
        self.nothing == self.lines
    }
}
