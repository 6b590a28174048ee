//! The `no_std` core of Voxtra.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

// The output of `voxtra!` names this crate by an absolute path, here as everywhere.
extern crate self as voxtra_core;

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod event;
pub mod time;
pub mod turn;
pub mod vad;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use voxtra_macros::voxtra;
