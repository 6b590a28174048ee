//! The `no_std` core of Voxtra: everything between the bytes of a telephone call and its events.
//!
//! It has no I/O, no clock, no allocator and no `unsafe`. Each part is a state machine that is
//! given bytes, samples and times and hands back frames, samples and events, so a whole call can
//! run in a test in virtual time, on a media thread, or on a device without an operating system:
//!
//! - [`audiosocket`]: Asterisk's AudioSocket frames, in and out.
//! - [`audio`]: 20 ms frames, sample rates, G.711, levels, gain and fades, resampling.
//! - [`playout`]: the agent's audio, one frame per 20 ms, held back or cut when it is interrupted.
//! - [`echo`]: how much of what is heard is the agent's own voice coming back.
//! - [`background`]: whose voice is the caller's, and whose is behind it.
//! - [`dtmf`]: digits that come as tones in the audio.
//! - [`vad`]: how likely it is that a frame holds speech.
//! - [`turn`]: when the caller started and stopped speaking, barged in, ended a turn; when there is
//!   silence.
//! - [`leg`]: all of the above for one call, as one state machine.
//! - [`event`]: what happened in the call, as typed events; [`bus`]: how they leave the media
//!   thread.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

// The output of `voxtra!` names this crate by an absolute path, here as everywhere.
extern crate self as voxtra_core;

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(any(fuzzing, test))]
extern crate std;

pub mod audio;
pub mod audiosocket;
pub mod background;
pub mod bus;
pub mod dtmf;
pub mod echo;
pub mod event;
pub mod leg;
pub mod playout;
pub mod time;
pub mod turn;
pub mod vad;

/// What `fuzz/` runs. The bodies live beside the code they exercise.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz {
    pub use crate::audiosocket::fuzz::decode;
    pub use crate::leg::fuzz::{Session, session};
}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use voxtra_macros::voxtra;
