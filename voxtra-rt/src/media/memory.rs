//! Memory of a call's leg, as much as the line's rate needs.

use voxtra_core::leg::Memory;

/// On the heap: taken when a connection becomes a call. A line of more than 48 kHz, which no
/// telephone has, takes more once, before its first frame.
#[derive(Debug)]
pub(crate) struct Heap;

impl Memory for Heap {
    type Message = Box<[u8]>;
    type Frame = Box<[i16]>;

    fn message(bytes: usize) -> Box<[u8]> {
        vec![0; bytes].into()
    }

    fn frame(samples: usize) -> Box<[i16]> {
        vec![0; samples].into()
    }
}
