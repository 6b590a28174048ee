//! The tokio runtime of Voxtra: it moves the bytes, keeps the time, and connects the core's state
//! machines to Asterisk, to agents and to the outside world.
//!
//! - [`media`]: the AudioSocket server and its media threads;
//! - [`ari`]: Asterisk's REST interface and its events, which is `voxtra-ari`;
//! - [`session`]: one call, its one ordered stream of events, and what an agent can do with it;
//! - [`app`]: which call goes to which agent, from start-up to the last drained call;
//! - [`rehearsal`]: agents tested in virtual time, against callers who follow a script;
//! - [`speech`]: voices, speech-to-text, language models, which is `voxtra-speech`;
//! - [`webhook`]: events for the outside world;
//! - [`catalogue`]: the events that a program knows, for people and for other programs;
//! - [`config`]: the TOML file.
#![forbid(unsafe_code)]
// What threads share is compiled once more under loom (`sync`).
#![cfg_attr(test, allow(clippy::duplicate_mod))]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

// The output of `voxtra!` names this crate by an absolute path, here as everywhere.
#[cfg(any(fuzzing, test))]
extern crate self as voxtra_rt;

pub mod app;
mod audit;
mod carrier;
pub mod catalogue;
pub mod config;
pub mod media;
pub mod rehearsal;
pub mod session;
mod sync;
pub mod webhook;

/// What `fuzz/` runs. The bodies live beside the code they exercise.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz {
    pub use crate::config::fuzz::config;
    pub use crate::session::fuzz::event_json;
}

pub use voxtra_ari as ari;
pub use voxtra_core as core;
pub use voxtra_speech as speech;
