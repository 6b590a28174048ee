//! DTMF as tones in the audio: what the recommendations ask of a receiver, and what is no digit.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

mod limits;
mod line;
mod pauses;
mod talk_off;
