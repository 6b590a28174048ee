//! Webhook signatures, and what receivers answer: `voxtra-webhook/src/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_webhook::fuzz::webhook(data));
