//! What is between a leg's samples and the bytes of its transport.

use crate::audio::{Audio, SampleRate};
use crate::event::Fault;

/// How a peer's bytes are cut into messages, and messages are put into bytes.
///
/// A [`Leg`](super::Leg) knows samples, keys and the end of a call; all else that a transport has
/// is its framing's. [`AudioSocket`](super::AudioSocket) is the one of Asterisk.
///
/// What is written depends on nothing that was written before: each message stands for itself.
pub trait Framing {
    /// Bytes of the message that hangs up.
    const HANG_UP_LEN: usize;

    /// Bytes of the message that takes audio back; 0 where the peer can't do that.
    const FLUSH_LEN: usize = 0;

    /// At the start of a stream whose audio is expected to have this rate.
    fn new(rate: SampleRate) -> Self;

    /// Looks at what [`decode`](Self::decode) is given next. Called as long as the line's rate is
    /// not known, so that memory for a higher one can be taken before its first frame.
    fn prepare(&mut self, _input: &[u8]) {}

    /// Takes the next message off the front of `input`, which may come in any chunking. `None`
    /// means that all of `input` was taken and that the next message needs more.
    fn decode<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Option<Message<'d>>;

    /// Bytes of a message with so many bytes of samples.
    fn audio_len(payload: usize) -> usize;

    /// Writes a message of `samples` at `rate` to the front of `out`, and returns its length in
    /// bytes: 0 if it can't be written.
    fn encode_audio(rate: SampleRate, samples: &[i16], out: &mut [u8]) -> usize;

    /// The same with audio as it came from the peer, byte for byte.
    fn encode_received(audio: Audio<'_>, out: &mut [u8]) -> usize;

    /// Writes the message that hangs up to the front of `out`, and returns its length in bytes.
    fn encode_hang_up(out: &mut [u8]) -> usize;

    /// Writes the message that asks the peer to forget the audio that it has not played yet, and
    /// returns its length in bytes. Never called where [`FLUSH_LEN`](Self::FLUSH_LEN) is 0.
    fn encode_flush(_out: &mut [u8]) -> usize {
        0
    }
}

/// What a peer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Audio, usually 20 ms of it.
    Audio(Audio<'a>),
    /// The caller pressed a key: `0`-`9`, `A`-`D`, `*` or `#`.
    Digit(char),
    /// The call is over. The fault is what was wrong with the message, if something was.
    HangUp(Option<Fault>),
    /// Something that the protocol doesn't allow, or that says nothing to a leg. The stream is
    /// still in step.
    Fault(Fault),
}
