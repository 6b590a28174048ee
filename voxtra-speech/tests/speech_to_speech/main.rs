//! Speech to speech against servers that speak the providers' protocols, as their documentation has
//! them, and that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by a panic"
)]

mod double;
mod gemini;
mod openai;
