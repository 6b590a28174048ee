//! A toy of a transport, other than AudioSocket, for the tests of legs and of media threads.

use voxtra_core::audio::{Audio, SampleRate};
use voxtra_core::event::Fault;
use voxtra_core::leg::{Framing, Message};

/// Little-endian lengths before samples. The highest lengths are no lengths: a key follows, the
/// call is over, what was sent is to be forgotten.
pub(crate) struct Prefixed {
    held: Vec<u8>,
    /// Bytes in front that were handed on.
    taken: usize,
}

/// The rate of all samples.
pub(crate) const RATE: SampleRate = SampleRate::Hz8000;
pub(crate) const KEY: u16 = 0xffff;
pub(crate) const BYE: u16 = 0xfffe;
pub(crate) const FORGET: u16 = 0xfffd;

impl Framing for Prefixed {
    const HANG_UP_LEN: usize = 2;
    const FLUSH_LEN: usize = 2;

    fn new(_rate: SampleRate) -> Self {
        Self {
            held: Vec::new(),
            taken: 0,
        }
    }

    fn decode<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Option<Message<'d>> {
        self.held.drain(..self.taken);
        self.held.extend(std::mem::take(input));
        self.taken = 0;
        let (first, rest) = self.held.split_first_chunk::<2>()?;
        let (len, message) = match u16::from_le_bytes(*first) {
            KEY => (1, Message::Digit(char::from(*rest.first()?))),
            BYE => (0, Message::HangUp(None)),
            FORGET => (0, Message::Fault(Fault::Malformed)),
            len => {
                let payload = rest.get(..usize::from(len))?;
                let rate = RATE;
                (payload.len(), Message::Audio(Audio { rate, payload }))
            }
        };
        self.taken = 2 + len;
        Some(message)
    }

    fn audio_len(payload: usize) -> usize {
        2 + payload
    }

    fn encode_audio(_rate: SampleRate, samples: &[i16], out: &mut [u8]) -> usize {
        let payload: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        put(&payload, out)
    }

    fn encode_received(audio: Audio<'_>, out: &mut [u8]) -> usize {
        put(audio.payload, out)
    }

    fn encode_hang_up(out: &mut [u8]) -> usize {
        out.copy_from_slice(&BYE.to_le_bytes());
        2
    }

    fn encode_flush(out: &mut [u8]) -> usize {
        out.copy_from_slice(&FORGET.to_le_bytes());
        2
    }
}

fn put(payload: &[u8], out: &mut [u8]) -> usize {
    let (len, rest) = out.split_at_mut(2);
    len.copy_from_slice(&(payload.len() as u16).to_le_bytes());
    rest.copy_from_slice(payload);
    2 + payload.len()
}

/// A message of samples.
pub(crate) fn prefixed(samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; 2 + 2 * samples.len()];
    Prefixed::encode_audio(RATE, samples, &mut bytes);
    bytes
}
