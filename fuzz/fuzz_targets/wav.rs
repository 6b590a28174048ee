//! Recordings: `voxtra-rt/src/speech/wav/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_rt::fuzz::wav(data));
