//! One call's whole media path in virtual time: bytes, times and commands in; records, audio and
//! bytes out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod background;
mod dead_air;
mod framing;
mod hearing;
mod keys;
mod life;
mod loudspeaker;
mod meaning;
mod mute;
mod prefixed;
mod property;
mod protocol;
mod rig;
mod speaking;
mod uninterruptible;
