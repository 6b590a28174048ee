//! Where a leg keeps its buffers of a call's audio.

use core::fmt::Debug;

use super::History;
use super::inbound::HEARD_SAMPLES;
use crate::audio::{FILTER_SAMPLES, FRAME, MAX_FRAME_BYTES, SampleRate};
use crate::playout::{KEPT, PlayoutSettings};

/// Memory of a leg: as much as any rate needs ([`Inline`]), or as much as the line's rate needs.
///
/// A leg takes memory when it is made: enough for 8 and 16 kHz, the rates of telephones. It takes
/// memory once more before the peer's first frame if that has another rate.
pub trait Memory {
    /// Bytes of a message that came in part.
    type Message: AsRef<[u8]> + AsMut<[u8]> + Debug;
    /// Samples of a frame that came in part.
    type Frame: AsRef<[i16]> + AsMut<[i16]> + Debug;
    /// Past samples of the stream that a filter or a fade needs.
    type Past: AsRef<[i16]> + AsMut<[i16]> + Debug;
    /// The caller's latest samples.
    type History: AsMut<History>;

    /// Zeros for a payload of at least this many bytes; their number is even.
    fn message(bytes: usize) -> Self::Message;

    /// Zeros for a frame of at least this many samples.
    fn frame(samples: usize) -> Self::Frame;

    /// Zeros for at least this many past samples.
    fn past(samples: usize) -> Self::Past;

    /// An empty history. A leg that echoes from the start takes it when it gets its first listener.
    fn history() -> Self::History;
}

/// Samples in memory of any kind.
pub(super) trait Samples: AsRef<[i16]> + AsMut<[i16]> {}

impl<S: AsRef<[i16]> + AsMut<[i16]>> Samples for S {}

/// Memory within the leg itself, which is enough for every rate: 26 kB. It needs no allocator.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Memory for Inline {
    type Message = [u8; MAX_FRAME_BYTES];
    type Frame = [i16; HEARD_SAMPLES];
    type Past = [i16; FILTER_SAMPLES];
    type History = History;

    fn message(_bytes: usize) -> Self::Message {
        [0; _]
    }

    fn frame(_samples: usize) -> Self::Frame {
        [0; _]
    }

    fn past(_samples: usize) -> Self::Past {
        [0; _]
    }

    fn history() -> History {
        History::default()
    }
}

/// The longest payload that a leg at this rate takes in one piece, in bytes. At the lower rates
/// frames of more than 20 ms are common: it is 120 ms at 8 kHz.
pub(super) fn message_bytes(rate: SampleRate) -> usize {
    rate.frame_bytes().max(SampleRate::Hz48000.frame_bytes())
}

/// The longest run of samples that a leg at this rate analyses at once.
pub(super) fn heard_samples(rate: SampleRate) -> usize {
    let at_least = SampleRate::Hz16000.frame_samples();
    rate.frame_samples().clamp(at_least, HEARD_SAMPLES)
}

/// Samples that a leg at this rate keeps of audio that fades out at a pause.
pub(super) fn kept_samples(rate: SampleRate, settings: &PlayoutSettings) -> usize {
    rate.max(SampleRate::Hz16000)
        .samples_in(settings.pause_fade.min(FRAME))
        .min(KEPT)
}
