//! The network: 64 features → 32 units, tanh → 40 gated recurrent units → one number, whose
//! logistic is the probability.
//!
//! The recurrent unit is that of K. Cho et al., "Learning phrase representations using RNN
//! encoder-decoder for statistical machine translation", 2014, with the reset gate after the
//! product, as PyTorch has it. Numbers are 16-bit fixed point and sums are 32-bit integers, hence
//! exact in any order: `training/network.py` gets the same, on any processor.

use wide::{i16x16, i32x8};

use super::curves::{logistic, tanh};
use super::features::FEATURES;
use super::weights::{Layer, TABLE, WIDE};

pub(super) const DENSE: usize = 32;
pub(super) const UNITS: usize = 40;

/// The network's states.
#[derive(Clone, Debug)]
pub(super) struct Network {
    state: [i16; UNITS],
}

impl Network {
    pub(super) const fn new() -> Self {
        Self { state: [0; UNITS] }
    }

    /// The probability of speech, from 0 to 1.
    pub(super) fn hear(&mut self, features: &[f32; FEATURES]) -> f32 {
        let mut input = [0; FEATURES];
        for (((input, feature), scale), offset) in input
            .iter_mut()
            .zip(features)
            .zip(&TABLE.scale)
            .zip(&TABLE.offset)
        {
            *input = fixed((feature * scale + offset).clamp(-CUT, CUT), INPUT_ONE);
        }
        let [sums] = TABLE.dense.of(&input);
        let mut dense = [0; DENSE];
        for (unit, sum) in dense.iter_mut().zip(sums.as_flattened()) {
            *unit = fixed(tanh(*sum as f32 * OF_INPUT), STATE_ONE);
        }
        let [heard_reset, heard_update, heard] = TABLE.heard.of(&dense);
        let [kept_reset, kept_update, kept] = TABLE.kept.of(&self.state);
        let reset = open(&heard_reset, &kept_reset);
        let update = open(&heard_update, &kept_update);
        let mut candidates = [0.0; UNITS];
        for (((candidate, heard), kept), reset) in candidates
            .iter_mut()
            .zip(heard.as_flattened())
            .zip(kept.as_flattened())
            .zip(&reset)
        {
            *candidate = tanh(*heard as f32 * OF_STATE + reset * (*kept as f32 * OF_STATE));
        }
        for ((state, candidate), update) in self.state.iter_mut().zip(&candidates).zip(&update) {
            let old = f32::from(*state) * (1.0 / STATE_ONE);
            *state = fixed(candidate + update * (old - candidate), STATE_ONE);
        }
        let products = self.state.iter().zip(&TABLE.out.weights);
        let sum: i32 = products.map(|(w, x)| i32::from(*w) * i32::from(*x)).sum();
        logistic((TABLE.out.bias + sum) as f32 * OF_STATE)
    }
}

/// How far the gate of each unit is open, from 0 to 1.
fn open(heard: &Sums, kept: &Sums) -> [f32; UNITS] {
    let mut open = [0.0; UNITS];
    let sums = heard.as_flattened().iter().zip(kept.as_flattened());
    for (open, (heard, kept)) in open.iter_mut().zip(sums) {
        *open = logistic((*heard as f32 + *kept as f32) * OF_STATE);
    }
    open
}

/// The sums of each unit.
type Sums = [[i32; WIDE]; UNITS / WIDE];

impl<const PAIRS: usize, const PARTS: usize, const GROUPS: usize> Layer<PAIRS, PARTS, GROUPS> {
    /// Biases and products, added up.
    #[inline]
    fn of<const IN: usize>(&self, input: &[i16; IN]) -> [[[i32; WIDE]; PARTS]; GROUPS] {
        const { assert!(IN == 2 * PAIRS) };
        let (pairs, _) = input.as_chunks();
        let mut out = [[[0; WIDE]; PARTS]; GROUPS];
        for ((out, biases), weights) in out.iter_mut().zip(&self.biases).zip(&self.weights) {
            // A group's sums stay in registers.
            let mut sums = biases.map(i32x8::new);
            for (weights, [a, b]) in weights.iter().zip(pairs) {
                let (a, b) = (*a, *b);
                let pair = i16x16::new([a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b]);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum += i16x16::new(*weights).dot(pair);
                }
            }
            *out = sums.map(i32x8::to_array);
        }
        out
    }
}

/// To the nearest step of fixed point, halves to even. `x * one` must be within ±2²¹.
fn fixed(x: f32, one: f32) -> i16 {
    // A float this large has steps of one: adding it rounds, and leaves the integer in the lowest
    // bits.
    const STEPS: f32 = 12_582_912.0;
    (x * one + STEPS).to_bits() as i16
}

/// Features are cut off here, in standard deviations.
pub(super) const CUT: f32 = 7.99;
/// The number that stands for 1 in features, in states and in weights.
pub(super) const INPUT_ONE: f32 = 4_096.0;
pub(super) const STATE_ONE: f32 = 16_384.0;
const WEIGHT_ONE: f32 = 4_096.0;
/// From a sum of products to what it stands for.
const OF_INPUT: f32 = 1.0 / (INPUT_ONE * WEIGHT_ONE);
const OF_STATE: f32 = 1.0 / (STATE_ONE * WEIGHT_ONE);
