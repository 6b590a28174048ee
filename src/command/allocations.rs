//! Counts what each thread allocates, so that "no allocation per frame" is a figure of every run and not a promise.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count for each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Constant, and without a destructor: reading them never allocates itself.
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
    static FREED: Cell<u64> = const { Cell::new(0) };
}

/// Allocations (and reallocations) and frees of the calling thread so far.
pub(crate) fn of_this_thread() -> (u64, u64) {
    (ALLOCATED.get(), FREED.get())
}

fn count(counter: &'static std::thread::LocalKey<Cell<u64>>) {
    // A thread that is ending may be past its thread-locals.
    let _ = counter.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator unchanged, so its guarantees are ours. Counting touches a constant
// thread-local and neither allocates nor unwinds.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATED);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATED);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(&ALLOCATED);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(&FREED);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_threads_allocations_are_counted() {
        let before = super::of_this_thread();
        drop(std::hint::black_box(Box::new(7_u64)));
        let after = super::of_this_thread();
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1));
    }
}
