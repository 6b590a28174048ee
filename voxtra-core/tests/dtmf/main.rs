//! DTMF as tones in the audio: what the recommendations ask of a receiver, and what is no digit.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

mod limits;
mod pauses;
mod signal;
mod talk_off;
