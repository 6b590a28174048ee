//! The trained weights, from `weights.bin`, which `training/run.sh` writes.
//!
//! Little-endian, without anything between: the features' scales and offsets (f32); then layer by layer the biases (i32) and the
//! weights (i16): the dense layer; what the recurrent units make of its output, and what of their own state; the output. The
//! recurrent layers' outputs are the reset gates, the update gates and the candidates of all units, filled up with zeros to whole
//! groups. Outputs are in groups of 32, whose weights are in pairs: those of the group's outputs for the first two inputs, then
//! those for the next two. A bias is half of what it stands for, as the sums are to which it is added.

use super::features::FEATURES;
use super::network::{DENSE, UNITS};

/// Everything that was learned.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) scale: [f32; FEATURES],
    pub(super) offset: [f32; FEATURES],
    pub(super) dense: Layer<{ FEATURES / 2 }, { DENSE / GROUP }>,
    pub(super) heard: Layer<{ DENSE / 2 }, GATE_GROUPS>,
    pub(super) kept: Layer<{ UNITS / 2 }, GATE_GROUPS>,
    pub(super) out: Out,
}

/// Weights of products that are added up, and what they are added to, by groups of outputs.
#[derive(Debug)]
pub(super) struct Layer<const PAIRS: usize, const GROUPS: usize> {
    pub(super) biases: [[i32; GROUP]; GROUPS],
    pub(super) weights: [[[[i16; 2]; GROUP]; PAIRS]; GROUPS],
}

/// Outputs that are computed side by side.
pub(super) const GROUP: usize = 32;
pub(super) const GATE_GROUPS: usize = (3 * UNITS).div_ceil(GROUP);

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
    let (dense, file) = file.layer();
    let (heard, file) = file.layer();
    let (kept, file) = file.layer();
    let ([bias], file) = file.integers();
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

/// What is left to read. Runs when the crate is compiled: a file that is too short doesn't compile.
struct Reader(&'static [u8]);

impl Reader {
    const fn take<const N: usize>(self) -> ([u8; N], Self) {
        match self.0.split_first_chunk() {
            Some((bytes, rest)) => (*bytes, Self(rest)),
            None => panic!("weights.bin is shorter than the network"),
        }
    }

    const fn layer<const PAIRS: usize, const GROUPS: usize>(self) -> (Layer<PAIRS, GROUPS>, Self) {
        let mut file = self;
        let mut biases = [[0; GROUP]; GROUPS];
        let mut weights = [[[[0; 2]; GROUP]; PAIRS]; GROUPS];
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
        (Layer { biases, weights }, file)
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

    const fn integers<const N: usize>(mut self) -> ([i32; N], Self) {
        let mut values = [0; N];
        let mut n = 0;
        while n < N {
            let (bytes, rest) = self.take();
            values[n] = i32::from_le_bytes(bytes);
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
