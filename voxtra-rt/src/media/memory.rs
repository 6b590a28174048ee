//! Memory of a call's leg, only as much as the line's rate needs.

use voxtra_core::leg::{History, Memory};

/// Memory on the heap, taken when a connection becomes a call. At a rate other than 8 or 16 kHz the
/// leg takes more once, before the line's first frame.
#[derive(Debug)]
pub(crate) struct Heap;

impl Memory for Heap {
    type Message = Box<[u8]>;
    type Frame = Box<[i16]>;
    type Past = Box<[i16]>;
    type History = Box<History>;

    fn message(bytes: usize) -> Box<[u8]> {
        vec![0; bytes].into()
    }

    fn frame(samples: usize) -> Box<[i16]> {
        vec![0; samples].into()
    }

    fn past(samples: usize) -> Box<[i16]> {
        vec![0; samples].into()
    }

    fn history() -> Box<History> {
        Box::default()
    }
}
