//! The AudioSocket decoder: `voxtra-core/src/audiosocket/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_core::fuzz::decode(data));
