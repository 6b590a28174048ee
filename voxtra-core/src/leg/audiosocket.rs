//! AudioSocket as a leg's framing.

use super::framing::{Framing, Message};
use super::memory::{Inline, Memory, message_bytes};
use crate::audio::{Audio, SampleRate};
use crate::audiosocket::{DecodeError, Decoder, Frame, HEADER_LEN, encode, encode_audio};
use crate::event::Fault;

/// Asterisk's AudioSocket. It can't take audio back. `M` is the memory in which a message that came
/// in parts is put together.
#[derive(Debug)]
pub struct AudioSocket<M: Memory = Inline> {
    decoder: Decoder<M::Message>,
}

impl<M: Memory> Framing for AudioSocket<M> {
    const HANG_UP_LEN: usize = HEADER_LEN;

    fn new(rate: SampleRate) -> Self {
        Self {
            decoder: Decoder::with_memory(M::message(message_bytes(rate))),
        }
    }

    fn prepare(&mut self, input: &[u8]) {
        if let Some(rate) = self.decoder.peek_rate(input)
            && message_bytes(rate) > self.decoder.longest()
        {
            self.decoder.set_memory(M::message(message_bytes(rate)));
        }
    }

    #[inline]
    fn decode<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Option<Message<'d>> {
        Some(match self.decoder.decode(input)? {
            Ok(Frame::Audio(audio)) => Message::Audio(audio),
            Ok(Frame::Dtmf(digit)) => Message::Digit(char::from(digit)),
            Ok(Frame::Hangup) => Message::HangUp(None),
            Ok(Frame::Id(_)) => Message::Fault(Fault::SecondId),
            Ok(Frame::Error(error)) => Message::Fault(Fault::PeerError(error.code().unwrap_or(0))),
            Ok(Frame::Unknown { kind, .. }) => Message::Fault(Fault::UnknownKind(kind)),
            Err(DecodeError::EmptyAudio) => Message::Fault(Fault::EmptyAudio),
            Err(DecodeError::HangupPayload { .. }) => Message::HangUp(Some(Fault::Malformed)),
            Err(_) => Message::Fault(Fault::Malformed),
        })
    }

    #[inline]
    fn audio_len(payload: usize) -> usize {
        HEADER_LEN + payload
    }

    #[inline]
    fn encode_audio(rate: SampleRate, samples: &[i16], out: &mut [u8]) -> usize {
        encode_audio(rate, samples, out).unwrap_or(0)
    }

    #[inline]
    fn encode_received(audio: Audio<'_>, out: &mut [u8]) -> usize {
        encode(&Frame::Audio(audio), out).unwrap_or(0)
    }

    fn encode_hang_up(out: &mut [u8]) -> usize {
        encode(&Frame::Hangup, out).unwrap_or(0)
    }
}
