//! Where a leg keeps what it must remember of a call's audio.

use core::fmt::Debug;

use super::inbound::HEARD_SAMPLES;
use crate::audio::{MAX_FRAME_BYTES, SampleRate};

/// Memory of a leg: as much as any rate needs ([`Inline`]), or as much as the line's rate needs.
///
/// A leg takes memory when it is made: enough for 48 kHz, so that a telephone's rate needs no more.
/// It takes memory once more before the peer's first frame if that is of a higher rate.
pub trait Memory {
    /// Bytes of a message that has come in part.
    type Message: AsRef<[u8]> + AsMut<[u8]> + Debug;
    /// Samples of a frame that has come in part.
    type Frame: AsRef<[i16]> + AsMut<[i16]> + Debug;

    /// Zeros for a payload of so many bytes. They may be more than that, and are even in number.
    fn message(bytes: usize) -> Self::Message;

    /// Zeros for a frame of so many samples. They may be more than that.
    fn frame(samples: usize) -> Self::Frame;
}

/// Memory within the leg itself, which is enough for every rate: 11.5 kB. It needs no allocator.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Memory for Inline {
    type Message = [u8; MAX_FRAME_BYTES];
    type Frame = [i16; HEARD_SAMPLES];

    fn message(_bytes: usize) -> Self::Message {
        [0; _]
    }

    fn frame(_samples: usize) -> Self::Frame {
        [0; _]
    }
}

/// The longest payload that a leg at this rate takes in one piece, in bytes. At the lower rates
/// frames of more than 20 ms are common: it is 120 ms at 8 kHz.
pub(super) fn message_bytes(rate: SampleRate) -> usize {
    rate.frame_bytes().max(SampleRate::Hz48000.frame_bytes())
}

/// The longest frame that a leg at this rate hears at once, in samples.
pub(super) fn heard_samples(rate: SampleRate) -> usize {
    let at_least = SampleRate::Hz48000.frame_samples();
    rate.frame_samples().clamp(at_least, HEARD_SAMPLES)
}
