//! Webhook signatures, and what receivers answer: `voxtra-rt/src/webhook/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_rt::fuzz::webhook(data));
