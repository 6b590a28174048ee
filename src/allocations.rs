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
//! With [`of_this_thread`] as `MediaSettings::allocations`, the media threads report what they
//! allocate while they handle frames.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
// SAFETY: every call goes to `System` unchanged. The counters are thread-local cells without
// destructors or lazy initialisation, so that counting itself never allocates and is safe at any
// time in a thread's life.
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

/// As [`Counting`], and also counts the bytes in use, in a counter that all threads share: for
/// tests rather than for every day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighing;

/// Bytes in use, as far as the program asked for them: without the allocator's own overhead.
static IN_USE: AtomicU64 = AtomicU64::new(0);

#[allow(
    unsafe_code,
    reason = "the trait of allocators is unsafe to implement; there is no other way to weigh"
)]
// SAFETY: every call goes to `Counting`, and thereby to `System`, unchanged. An atomic is all that
// is touched besides.
unsafe impl GlobalAlloc for Weighing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `Counting`.
        unsafe { Counting.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is that of `Counting`.
        unsafe { Counting.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, which is that of `Counting`.
        unsafe { Counting.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        IN_USE.fetch_add(new_size as u64, Relaxed);
        IN_USE.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`, which is that of `Counting`.
        unsafe { Counting.realloc(pointer, layout, new_size) }
    }
}

/// Bytes of heap in use by the whole program; 0 if [`Weighing`] is not the allocator.
pub fn bytes_in_use() -> u64 {
    IN_USE.load(Relaxed)
}

/// Counters of the calling thread's allocations and frees since its start; zeros if [`Counting`] is
/// not the allocator.
pub fn of_this_thread() -> Allocations {
    Allocations {
        allocated: ALLOCATED.try_with(Cell::get).unwrap_or(0),
        freed: FREED.try_with(Cell::get).unwrap_or(0),
    }
}
