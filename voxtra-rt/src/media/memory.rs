//! Memory of a call's leg, as much as the line's rate needs.

use std::fmt::Debug;

use voxtra_core::leg::Memory;

/// On the heap: taken when a connection becomes a call, and once more if the peer's first audio is of
/// another rate than expected.
#[derive(Debug)]
pub(crate) struct Heap;

impl Memory for Heap {
    type Message = Box<[u8]>;
    type Frame = Box<[i16]>;
    type Rare<T: Debug> = Box<T>;

    fn message(bytes: usize) -> Box<[u8]> {
        vec![0; bytes].into()
    }

    fn frame(samples: usize) -> Box<[i16]> {
        vec![0; samples].into()
    }

    fn rare<T: Debug>(value: T) -> Box<T> {
        Box::new(value)
    }
}
