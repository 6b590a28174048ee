//! The layer between a leg's samples and the bytes of its transport.

use crate::audio::{Audio, SampleRate};
use crate::event::Fault;

/// Cuts a peer's bytes into messages, and encodes messages as bytes.
///
/// A [`Leg`](super::Leg) knows samples, keys and the end of a call; its framing handles the rest of
/// a transport. [`AudioSocket`](super::AudioSocket) is Asterisk's framing.
///
/// The bytes of a message depend on no earlier message.
pub trait Framing {
    /// Length of the message that hangs up, in bytes.
    const HANG_UP_LEN: usize;

    /// Length of the message that takes audio back, in bytes; 0 if the peer can't do that.
    const FLUSH_LEN: usize = 0;

    /// A framing for the start of a stream whose audio is expected to have this rate.
    fn new(rate: SampleRate) -> Self;

    /// Looks at the input that [`decode`](Self::decode) gets next. Called while the line's rate is
    /// not known, so that memory for a higher rate can be taken before its first frame.
    fn prepare(&mut self, _input: &[u8]) {}

    /// Takes the next message off the front of `input`, which may come in any chunking. `None`
    /// means that all of `input` was consumed and the next message needs more.
    fn decode<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Option<Message<'d>>;

    /// Length of a message with `payload` bytes of samples.
    fn audio_len(payload: usize) -> usize;

    /// Writes a message of `samples` at `rate` to the front of `out`, and returns its length in
    /// bytes: 0 if it can't be written.
    fn encode_audio(rate: SampleRate, samples: &[i16], out: &mut [u8]) -> usize;

    /// Writes a message of audio as the peer sent it, byte for byte.
    fn encode_received(audio: Audio<'_>, out: &mut [u8]) -> usize;

    /// Writes the message that hangs up to the front of `out`, and returns its length in bytes.
    fn encode_hang_up(out: &mut [u8]) -> usize;

    /// Writes the message that asks the peer to discard the audio that it has not played yet, and
    /// returns its length in bytes. Never called where [`FLUSH_LEN`](Self::FLUSH_LEN) is 0.
    fn encode_flush(_out: &mut [u8]) -> usize {
        0
    }
}

/// A message from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Audio, usually 20 ms of it.
    Audio(Audio<'a>),
    /// The caller pressed a key: `0`-`9`, `A`-`D`, `*` or `#`.
    Digit(char),
    /// The call is over. The fault is what was wrong with the message, if anything.
    HangUp(Option<Fault>),
    /// A message that the protocol doesn't allow, or that means nothing to a leg. The stream is
    /// still in step.
    Fault(Fault),
}
