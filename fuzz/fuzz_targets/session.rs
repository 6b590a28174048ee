//! A whole call in virtual time: `voxtra-core/src/leg/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |session: voxtra_core::fuzz::Session| voxtra_core::fuzz::session(&session)
);
