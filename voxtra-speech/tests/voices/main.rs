//! Voices against servers that speak their protocols, built from the providers' documentation, and
//! that misbehave.
#![allow(clippy::unwrap_used)]

mod cartesia;
mod deepgram;
mod double;
mod elevenlabs;
mod openai;
mod wyoming;
