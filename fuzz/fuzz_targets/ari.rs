//! What Asterisk says over ARI: `voxtra-rt/src/ari/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_rt::fuzz::ari(data));
