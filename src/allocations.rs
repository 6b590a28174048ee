//! Counting allocations, to see for yourself that the media path makes none.
//!
//! ```
//! use voxtra::allocations::{Counting, of_this_thread};
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting = Counting;
//!
//! let before = of_this_thread();
//! let boxed = std::hint::black_box(Box::new(1));
//! assert_eq!(of_this_thread().allocated, before.allocated + 1);
//! # drop(boxed);
//! ```
//!
//! With [`of_this_thread`] as `MediaSettings::allocations`, the media threads report what they allocate while they handle
//! frames.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub use voxtra_rt::media::Allocations;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
    static FREED: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count for each thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

#[allow(
    unsafe_code,
    reason = "the trait of allocators is unsafe to implement; there is no other way to count"
)]
// SAFETY: every call goes to `System` unchanged. The counters are thread-local cells without destructors or lazy
// initialisation, so that counting itself never allocates and is safe at any time in a thread's life.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(&ALLOCATED);
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(&ALLOCATED);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is that of `System`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(&FREED);
        // SAFETY: the caller keeps the contract of `dealloc`, which is that of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        add(&ALLOCATED);
        // SAFETY: the caller keeps the contract of `realloc`, which is that of `System`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

fn add(count: &'static std::thread::LocalKey<Cell<u64>>) {
    // A thread that is being torn down is not counted any more.
    let _ = count.try_with(|count| count.set(count.get().wrapping_add(1)));
}

/// What the calling thread has allocated and freed since it started; zeros if [`Counting`] is not the allocator.
pub fn of_this_thread() -> Allocations {
    Allocations {
        allocated: ALLOCATED.try_with(Cell::get).unwrap_or(0),
        freed: FREED.try_with(Cell::get).unwrap_or(0),
    }
}
