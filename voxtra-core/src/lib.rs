//! The `no_std` core of Voxtra.
#![no_std]
#![forbid(unsafe_code)]
