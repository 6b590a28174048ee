//! The network: 64 features → 32 units, tanh → 40 gated recurrent units → one number, whose logistic is the probability.
//!
//! The recurrent unit is that of K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
//! translation", 2014, with the reset gate after the product, as PyTorch has it. Numbers are 16-bit fixed point and sums are 32-bit
//! integers, hence exact in any order: `training/network.py` gets the same.

use super::curves::{logistic, tanh};
use super::features::FEATURES;
use super::weights::{GATE_GROUPS, GROUP, Layer, TABLE};

pub(super) const DENSE: usize = 32;
pub(super) const UNITS: usize = 40;

/// What the network remembers.
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
        let mut dense = [0; DENSE];
        for (unit, sum) in dense.iter_mut().zip(TABLE.dense.of(&input).as_flattened()) {
            *unit = fixed(tanh(*sum as f32 * OF_INPUT), STATE_ONE);
        }
        let heard = TABLE.heard.of(&dense);
        let kept = TABLE.kept.of(&self.state);
        let [heard_reset, heard_update, heard] = gates(&heard);
        let [kept_reset, kept_update, kept] = gates(&kept);
        let reset = open(heard_reset, kept_reset);
        let update = open(heard_update, kept_update);
        let mut candidates = [0.0; UNITS];
        for (((candidate, heard), kept), reset) in
            candidates.iter_mut().zip(heard).zip(kept).zip(&reset)
        {
            *candidate = tanh(*heard as f32 * OF_STATE + reset * (*kept as f32 * OF_STATE));
        }
        for ((state, candidate), update) in self.state.iter_mut().zip(&candidates).zip(&update) {
            let old = f32::from(*state) * (1.0 / STATE_ONE);
            *state = fixed(candidate + update * (old - candidate), STATE_ONE);
        }
        let products = self.state.iter().zip(&TABLE.out.weights);
        let sum: i32 = products.map(|(w, x)| i32::from(*w) * i32::from(*x)).sum();
        logistic((TABLE.out.bias + (sum >> 1)) as f32 * OF_STATE)
    }
}

/// Sums of the reset gates, the update gates and the candidates.
fn gates(sums: &[[i32; GROUP]; GATE_GROUPS]) -> &[[i32; UNITS]; 3] {
    let (parts, _) = sums.as_flattened().as_chunks::<UNITS>();
    parts.first_chunk().unwrap_or(&[[0; UNITS]; 3])
}

/// How far the gate of each unit is open, from 0 to 1.
fn open(heard: &[i32; UNITS], kept: &[i32; UNITS]) -> [f32; UNITS] {
    let mut open = [0.0; UNITS];
    for ((open, heard), kept) in open.iter_mut().zip(heard).zip(kept) {
        *open = logistic((heard + kept) as f32 * OF_STATE);
    }
    open
}

impl<const PAIRS: usize, const GROUPS: usize> Layer<PAIRS, GROUPS> {
    /// Half of the sums of products, for each pair of products is halved before it is added.
    #[inline]
    fn of<const IN: usize>(&self, input: &[i16; IN]) -> [[i32; GROUP]; GROUPS] {
        const { assert!(IN == 2 * PAIRS) };
        let (pairs, _) = input.as_chunks::<2>();
        let mut out = [[0; GROUP]; GROUPS];
        for ((out, biases), weights) in out.iter_mut().zip(&self.biases).zip(&self.weights) {
            // A group's sums stay in registers: there are 16.
            let mut sums = *biases;
            for (weights, pair) in weights.iter().zip(pairs) {
                // What compilers make of this is one `pmaddwd` for four units: the pair is spread out, the second product
                // comes first, and the halving keeps the sum of two together.
                let pairs = [*pair; GROUP];
                for ((sum, [w0, w1]), [x0, x1]) in sums.iter_mut().zip(weights).zip(&pairs) {
                    *sum += (product(w1, x1) + product(w0, x0)) >> 1;
                }
            }
            *out = sums;
        }
        out
    }
}

fn product(a: &i16, b: &i16) -> i32 {
    i32::from(*a) * i32::from(*b)
}

/// To the nearest step of fixed point, halves to even. `x * one` must be within ±2²¹.
fn fixed(x: f32, one: f32) -> i16 {
    // A float this large has steps of one: adding it rounds, and leaves the integer in the lowest bits.
    const STEPS: f32 = 12_582_912.0;
    (x * one + STEPS).to_bits() as i16
}

/// Features are cut off here, in standard deviations.
const CUT: f32 = 8.0;
/// What stands for 1 in features, in states and in weights.
const INPUT_ONE: f32 = 1_024.0;
const STATE_ONE: f32 = 16_384.0;
const WEIGHT_ONE: f32 = 4_096.0;
/// From half a sum of products to what it stands for.
const OF_INPUT: f32 = 2.0 / (INPUT_ONE * WEIGHT_ONE);
const OF_STATE: f32 = 2.0 / (STATE_ONE * WEIGHT_ONE);
