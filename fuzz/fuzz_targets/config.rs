//! The configuration file: `voxtra-rt/src/config/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_rt::fuzz::config(data));
