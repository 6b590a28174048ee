use std::cell::Cell;

use voxtra_core::voxtra;

voxtra! {
    events {
        counter.moved { value: Cell<u8> }
    }
}

fn main() {}
