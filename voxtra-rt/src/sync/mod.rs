//! The primitives that threads share. Files that import them from here are compiled twice: with the
//! real ones, and in tests with loom's, which tries every interleaving and every reordering that
//! the memory model allows.

pub(crate) use rtrb::{Consumer, Producer, PushError, RingBuffer};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, atomic};
pub(crate) use std::thread;
pub(crate) use tokio::sync::{Notify, watch};
pub(crate) use tokio::time;

#[cfg(test)]
pub(crate) mod model;
