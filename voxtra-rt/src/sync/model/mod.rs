//! What loom runs in place of the shared primitives: its own atomics, locks and threads, and
//! stand-ins built on them for other crates' primitives, which are checked there (rtrb's rings,
//! tokio's `Notify` and `watch`, time).
#![allow(dead_code, unreachable_pub)]

mod notify;
mod ring;
pub(crate) mod time;
pub(crate) mod watch;

pub(crate) use loom::sync::{Mutex, MutexGuard, atomic};
pub(crate) use notify::Notify;
pub(crate) use ring::{Consumer, Producer, PushError, RingBuffer, fullest};
pub(crate) use std::sync::PoisonError;

pub(crate) mod thread {
    pub(crate) use loom::thread::{Builder, JoinHandle, park};

    /// Lets another thread run.
    pub(crate) fn sleep(_: std::time::Duration) {
        loom::thread::yield_now();
    }
}

/// Runs `program` in every order of its steps with up to `preemptions` switches that nothing
/// forced.
pub(crate) fn in_every_order(preemptions: usize, program: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(preemptions);
    // A program that goes on for longer than this waits for something that never comes.
    model.max_branches = 3_000;
    model.check(program);
}
