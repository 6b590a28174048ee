//! Speech-to-text against servers that speak the providers' protocols, as their documentation has
//! them, and that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by a panic"
)]

mod assemblyai;
mod deepgram;
mod double;
mod flux;
mod openai;
mod realtime;
mod vosk;
mod wyoming;
