//! `voxtra!`: `voxtra-macros/src/fuzz.rs`.
#![no_main]
#![allow(dead_code, reason = "what only the compiler calls")]

#[path = "../../voxtra-macros/src/check/mod.rs"]
mod check;
#[path = "../../voxtra-macros/src/errors.rs"]
mod errors;
#[path = "../../voxtra-macros/src/expand.rs"]
mod expand;
#[path = "../../voxtra-macros/src/fuzz.rs"]
mod fuzz;
#[path = "../../voxtra-macros/src/generate/mod.rs"]
mod generate;
#[path = "../../voxtra-macros/src/parse/mod.rs"]
mod parse;
#[path = "../../voxtra-macros/src/roots.rs"]
mod roots;

use expand::expand;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::expansion(data));
