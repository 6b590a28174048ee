//! The `no_std` core of Voxtra.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(test)]
extern crate std;

pub mod time;
pub mod turn;
pub mod vad;
