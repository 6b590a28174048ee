//! Where a leg keeps what it must remember of a call's audio.

use core::fmt::Debug;
use core::ops::DerefMut;

use super::inbound::HEARD_SAMPLES;
use crate::audio::{MAX_FRAME_BYTES, SampleRate};

/// Memory of a leg: as much as any rate needs ([`Inline`]), or as much as the line's rate does.
///
/// A leg takes memory when it is made, and once more if the peer's first audio is of another rate.
pub trait Memory {
    /// Bytes of a message that has come in part.
    type Message: AsRef<[u8]> + AsMut<[u8]> + Debug;
    /// Samples of a frame that has come in part.
    type Frame: AsRef<[i16]> + AsMut<[i16]> + Debug;
    /// Where something is that most calls don't have.
    type Rare<T: Debug>: DerefMut<Target = T> + Debug;

    /// Zeros for a payload of so many bytes. They may be more than that, and are even in number.
    fn message(bytes: usize) -> Self::Message;

    /// Zeros for a frame of so many samples. They may be more than that.
    fn frame(samples: usize) -> Self::Frame;

    /// Gives `value` its place.
    fn rare<T: Debug>(value: T) -> Self::Rare<T>;
}

/// Memory within the leg itself, which is enough for every rate: 15 kB. It needs no allocator.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Memory for Inline {
    type Message = [u8; MAX_FRAME_BYTES];
    type Frame = [i16; HEARD_SAMPLES];
    type Rare<T: Debug> = Here<T>;

    fn message(_bytes: usize) -> Self::Message {
        [0; _]
    }

    fn frame(_samples: usize) -> Self::Frame {
        [0; _]
    }

    fn rare<T: Debug>(value: T) -> Here<T> {
        Here(value)
    }
}

/// A value in its place.
#[derive(Clone, Copy, Debug)]
pub struct Here<T>(T);

impl<T> core::ops::Deref for Here<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Here<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// The longest payload that a leg at this rate takes in one piece, in bytes. At the lower rates frames of more than 20 ms
/// are common: it is 120 ms at 8 kHz.
pub(super) fn message_bytes(rate: SampleRate) -> usize {
    rate.frame_bytes().max(SampleRate::Hz48000.frame_bytes())
}
