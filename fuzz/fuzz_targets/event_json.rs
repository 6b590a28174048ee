//! Events as JSON, both ways: `voxtra-rt/src/session/event/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| voxtra_rt::fuzz::event_json(data));
