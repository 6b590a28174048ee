//! The trained weights, from `weights.bin`, which `training/run.sh` writes.
//!
//! Little-endian, without anything between: the features' scales and offsets (f32); then layer by
//! layer the biases (i32) and the weights (i16): the dense layer; what the recurrent units make of
//! its output, and what of their own state; the output. The recurrent layers have three groups of
//! outputs: the reset gates, the update gates and the candidates of all units. A group's weights
//! are in pairs: those of its outputs for the first two inputs, then those for the next two.

use super::features::FEATURES;
use super::network::{CUT, DENSE, INPUT_ONE, STATE_ONE, UNITS};

/// Everything that was learned.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) scale: [f32; FEATURES],
    pub(super) offset: [f32; FEATURES],
    pub(super) dense: Layer<{ FEATURES / 2 }, { DENSE / WIDE }, 1>,
    pub(super) heard: Layer<{ DENSE / 2 }, { UNITS / WIDE }, 3>,
    pub(super) kept: Layer<{ UNITS / 2 }, { UNITS / WIDE }, 3>,
    pub(super) out: Out,
}

/// Weights of products that are added up, and what they are added to: groups of outputs, in parts
/// that are computed side by side.
#[derive(Debug)]
pub(super) struct Layer<const PAIRS: usize, const PARTS: usize, const GROUPS: usize> {
    pub(super) biases: [[[i32; WIDE]; PARTS]; GROUPS],
    pub(super) weights: [[[[i16; 2 * WIDE]; PARTS]; PAIRS]; GROUPS],
}

/// Outputs that a register may hold.
pub(super) const WIDE: usize = 8;

impl<const PAIRS: usize, const PARTS: usize, const GROUPS: usize> Layer<PAIRS, PARTS, GROUPS> {
    /// Whether every sum fits 32 bits, whatever the inputs up to the largest.
    const fn fits(&self, largest: f32) -> bool {
        let mut n = 0;
        while n < GROUPS * PARTS * WIDE {
            let (group, part, lane) = (n / WIDE / PARTS, n / WIDE % PARTS, n % WIDE);
            let mut most = self.biases[group][part][lane].unsigned_abs() as u64;
            let mut pair = 0;
            while pair < PAIRS {
                let weights = &self.weights[group][pair][part];
                let both = weights[2 * lane].unsigned_abs() as u64
                    + weights[2 * lane + 1].unsigned_abs() as u64;
                most += both * largest as u64;
                pair += 1;
            }
            if most > i32::MAX as u64 {
                return false;
            }
            n += 1;
        }
        true
    }
}

/// The one number that comes out.
#[derive(Debug)]
pub(super) struct Out {
    pub(super) bias: i32,
    pub(super) weights: [i16; UNITS],
}

pub(super) static TABLE: Table = {
    let file = Reader(FILE);
    let (scale, file) = file.floats();
    let (offset, file) = file.floats();
    let (dense, file) = file.layer(CUT * INPUT_ONE);
    let (heard, file) = file.layer(STATE_ONE);
    let (kept, file) = file.layer(STATE_ONE);
    let ([[bias]], file) = file.integers();
    let ([weights], file) = file.weights();
    assert!(file.0.is_empty(), "weights.bin is longer than the network");
    Table {
        scale,
        offset,
        dense,
        heard,
        kept,
        out: Out { bias, weights },
    }
};

const FILE: &[u8] = include_bytes!("weights.bin");

/// The bytes that are left to read. Runs when the crate is compiled: a file that is too short
/// doesn't compile.
struct Reader(&'static [u8]);

impl Reader {
    const fn take<const N: usize>(self) -> ([u8; N], Self) {
        match self.0.split_first_chunk() {
            Some((bytes, rest)) => (*bytes, Self(rest)),
            None => panic!("weights.bin is shorter than the network"),
        }
    }

    const fn layer<const PAIRS: usize, const PARTS: usize, const GROUPS: usize>(
        self,
        largest: f32,
    ) -> (Layer<PAIRS, PARTS, GROUPS>, Self) {
        let mut file = self;
        let mut biases = [[[0; WIDE]; PARTS]; GROUPS];
        let mut weights = [[[[0; 2 * WIDE]; PARTS]; PAIRS]; GROUPS];
        let mut group = 0;
        while group < GROUPS {
            (biases[group], file) = file.integers();
            group += 1;
        }
        group = 0;
        while group < GROUPS {
            let mut pair = 0;
            while pair < PAIRS {
                (weights[group][pair], file) = file.weights();
                pair += 1;
            }
            group += 1;
        }
        let layer = Layer { biases, weights };
        assert!(layer.fits(largest), "a sum may overflow");
        (layer, file)
    }

    const fn floats<const N: usize>(mut self) -> ([f32; N], Self) {
        let mut values = [0.0; N];
        let mut n = 0;
        while n < N {
            let (bytes, rest) = self.take();
            values[n] = f32::from_le_bytes(bytes);
            self = rest;
            n += 1;
        }
        (values, self)
    }

    const fn integers<const N: usize, const M: usize>(mut self) -> ([[i32; N]; M], Self) {
        let mut values = [[0; N]; M];
        let mut n = 0;
        while n < N * M {
            let (bytes, rest) = self.take();
            values[n / N][n % N] = i32::from_le_bytes(bytes);
            self = rest;
            n += 1;
        }
        (values, self)
    }

    const fn weights<const N: usize, const M: usize>(mut self) -> ([[i16; N]; M], Self) {
        let mut values = [[0; N]; M];
        let mut n = 0;
        while n < N * M {
            let (bytes, rest) = self.take();
            values[n / N][n % N] = i16::from_le_bytes(bytes);
            self = rest;
            n += 1;
        }
        (values, self)
    }
}
