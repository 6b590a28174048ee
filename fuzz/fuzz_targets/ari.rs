//! What Asterisk says over ARI: `voxtra-ari/src/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_ari::fuzz::ari(data));
