//! Recordings: `voxtra-speech/src/wav/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_speech::wav::fuzz::wav(data));
