//! From bytes to frames, however the stream was cut.

use super::HEADER_LEN;
use super::error::DecodeError;
use super::frame::{Frame, PeerError, is_dtmf_digit, kind};
use crate::audio::{Audio, MAX_FRAME_BYTES, SampleRate};

/// Cuts a stream of bytes into [`Frame`]s.
///
/// The stream may arrive in pieces of any size: half a header, thirty frames at once. A frame that
/// is whole in the input is borrowed from it; only a split frame is put together in the decoder's
/// memory `H`.
///
/// An audio payload longer than that memory is returned as several frames of its length (the last
/// one shorter), so that no audio is lost. Any other payload longer than that is
/// [`DecodeError::TooLong`]. The frames are the same however the stream was cut.
///
/// ```
/// use voxtra_core::audiosocket::{Decoder, Frame};
///
/// let mut decoder = <Decoder>::new();
/// let mut digits = 0;
/// for mut chunk in [&[3, 0][..], &[1, b'5', 3, 0, 1, b'#']] {
///     while let Some(frame) = decoder.decode(&mut chunk) {
///         assert!(matches!(frame, Ok(Frame::Dtmf(_))));
///         digits += 1;
///     }
/// }
/// assert_eq!(digits, 2);
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<H = [u8; MAX_FRAME_BYTES]> {
    state: State,
    /// Bytes in `held`: of the header while reading one, otherwise of the piece of payload being
    /// put together.
    filled: usize,
    held: H,
}

/// Where in the stream the decoder is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// At a header, or within one.
    Header,
    /// Within a frame's payload; `left` bytes of it were not returned yet. Never zero.
    Payload { kind: u8, left: usize },
    /// Within the payload of a frame that was refused.
    Skip { left: usize },
}

impl<const MAX: usize> Decoder<[u8; MAX]> {
    /// A decoder at the start of a stream. `MAX` must be even (a sample is never cut) and hold an
    /// id.
    pub const fn new() -> Self {
        const {
            assert!(MAX >= 16, "the decoder must have room for an id");
            assert!(MAX.is_multiple_of(2), "a sample must not be cut in two");
        }
        Self {
            state: State::Header,
            filled: 0,
            held: [0; MAX],
        }
    }
}

impl<H: AsRef<[u8]> + AsMut<[u8]>> Decoder<H> {
    /// A decoder at the start of a stream, with memory of an even number of bytes (a sample is
    /// never cut), at least 16.
    pub(crate) const fn with_memory(held: H) -> Self {
        Self {
            state: State::Header,
            filled: 0,
            held,
        }
    }

    /// Replaces its memory, unless it holds something: between two frames.
    pub(crate) fn set_memory(&mut self, held: H) {
        if self.filled == 0 {
            self.held = held;
        }
    }

    /// The rate of the audio frame that begins with the first byte of `input`, if one does.
    pub(crate) fn peek_rate(&self, input: &[u8]) -> Option<SampleRate> {
        let kind = input.first().filter(|_| self.is_between_frames())?;
        kind::audio_rate(*kind)
    }

    /// The longest payload that is taken in one piece, in bytes. Never zero, or the stream would
    /// stand still.
    #[inline]
    pub(crate) fn longest(&self) -> usize {
        self.held.as_ref().len().max(2)
    }

    /// Takes the next frame off the front of `input`. `None` means that all of `input` was consumed
    /// and the next frame needs more. After an error the stream is still in step: call again.
    ///
    /// # Errors
    /// See [`DecodeError`]: one for each way a frame can break the protocol.
    #[inline]
    pub fn decode<'d, 'i: 'd>(
        &'d mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<Frame<'d>, DecodeError>> {
        // Nearly every frame of a call is audio that is whole in the input. That path is short
        // enough to be inlined; no `Frame` is then built in memory.
        if self.is_between_frames()
            && let Some((&[kind, high, low], rest)) = input.split_first_chunk()
            && let Some(rate) = kind::audio_rate(kind)
            && let len @ 1.. = usize::from(u16::from_be_bytes([high, low]))
            && len <= self.longest()
            && let Some((payload, rest)) = rest.split_at_checked(len)
        {
            *input = rest;
            return Some(Ok(Frame::Audio(Audio { rate, payload })));
        }
        self.decode_any(input)
    }

    /// [`decode`](Self::decode) for any frame, whole or split.
    fn decode_any<'d, 'i: 'd>(
        &'d mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<Frame<'d>, DecodeError>> {
        loop {
            match self.state {
                State::Header => {
                    let [kind, high, low] = self.header(input)?;
                    let len = usize::from(u16::from_be_bytes([high, low]));
                    if let Some(error) = refusal(kind, len, self.longest()) {
                        self.state = State::skip(len);
                        return Some(Err(error));
                    }
                    if len == 0 {
                        return Some(frame(kind, &[]));
                    }
                    self.state = State::Payload { kind, left: len };
                }
                State::Payload { kind, left } => {
                    let piece = left.min(self.longest());
                    if self.filled == 0
                        && let Some((payload, rest)) = input.split_at_checked(piece)
                    {
                        *input = rest;
                        self.state = State::payload(kind, left - piece);
                        return Some(frame(kind, payload));
                    }
                    if !self.fill(piece, input) {
                        return None;
                    }
                    self.state = State::payload(kind, left - piece);
                    return Some(frame(
                        kind,
                        self.held.as_ref().get(..piece).unwrap_or_default(),
                    ));
                }
                State::Skip { left } => {
                    let (skipped, rest) = input.split_at(left.min(input.len()));
                    *input = rest;
                    self.state = State::skip(left - skipped.len());
                    if self.state != State::Header {
                        return None;
                    }
                }
            }
        }
    }

    /// Whether the stream is between two frames. If it ends elsewhere, a frame was cut off.
    #[inline]
    pub fn is_between_frames(&self) -> bool {
        self.state == State::Header && self.filled == 0
    }

    /// Returns to the start of a stream.
    pub const fn reset(&mut self) {
        self.state = State::Header;
        self.filled = 0;
    }

    /// The next header, once all of it is there.
    fn header(&mut self, input: &mut &[u8]) -> Option<[u8; HEADER_LEN]> {
        if self.filled == 0
            && let Some((header, rest)) = input.split_first_chunk()
        {
            *input = rest;
            return Some(*header);
        }
        if !self.fill(HEADER_LEN, input) {
            return None;
        }
        self.held.as_ref().first_chunk().copied()
    }

    /// Moves bytes from `input` until `wanted` are held. They then count as consumed: the next call
    /// starts anew.
    fn fill(&mut self, wanted: usize, input: &mut &[u8]) -> bool {
        let taken = wanted.saturating_sub(self.filled).min(input.len());
        let (now, rest) = input.split_at(taken);
        *input = rest;
        if let Some(free) = self.held.as_mut().get_mut(self.filled..self.filled + taken) {
            free.copy_from_slice(now);
        }
        self.filled += taken;
        let full = self.filled >= wanted;
        if full {
            self.filled = 0;
        }
        full
    }
}

impl<const MAX: usize> Default for Decoder<[u8; MAX]> {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    const fn payload(kind: u8, left: usize) -> Self {
        if left == 0 {
            Self::Header
        } else {
            Self::Payload { kind, left }
        }
    }

    const fn skip(left: usize) -> Self {
        if left == 0 {
            Self::Header
        } else {
            Self::Skip { left }
        }
    }
}

/// The error that a frame's kind and length reveal, before its payload has arrived.
const fn refusal(kind: u8, len: usize, longest: usize) -> Option<DecodeError> {
    match kind {
        kind::HANGUP if len != 0 => Some(DecodeError::HangupPayload { len }),
        kind::ID if len != 16 => Some(DecodeError::IdLength { len }),
        kind::DTMF if len != 1 => Some(DecodeError::DtmfLength { len }),
        kind::ERROR if len > 1 => Some(DecodeError::ErrorLength { len }),
        _ if kind::audio_rate(kind).is_some() => {
            if len == 0 {
                Some(DecodeError::EmptyAudio)
            } else {
                None
            }
        }
        _ if len > longest => Some(DecodeError::TooLong { kind, len }),
        _ => None,
    }
}

/// The frame of a kind and a payload whose length is right.
fn frame(kind: u8, payload: &[u8]) -> Result<Frame<'_>, DecodeError> {
    if let Some(rate) = kind::audio_rate(kind) {
        return Ok(Frame::Audio(Audio { rate, payload }));
    }
    let len = payload.len();
    match (kind, payload) {
        (kind::HANGUP, _) => Ok(Frame::Hangup),
        (kind::ID, _) => match payload.try_into() {
            Ok(id) => Ok(Frame::Id(id)),
            Err(_) => Err(DecodeError::IdLength { len }),
        },
        (kind::DTMF, &[digit]) if is_dtmf_digit(digit) => Ok(Frame::Dtmf(digit)),
        (kind::DTMF, &[byte]) => Err(DecodeError::DtmfDigit(byte)),
        (kind::DTMF, _) => Err(DecodeError::DtmfLength { len }),
        (kind::ERROR, &[code, ..]) => Ok(Frame::Error(PeerError::from_code(code))),
        (kind::ERROR, []) => Ok(Frame::Error(PeerError::Unspecified)),
        (kind, payload) => Ok(Frame::Unknown { kind, payload }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SampleRate;
    use std::vec::Vec;

    /// Checks what a decoder of 16 bytes makes of `wire`, and that it consumes all of it.
    #[track_caller]
    fn assert_decodes(wire: &[u8], expected: &[Result<Frame<'_>, DecodeError>]) {
        let mut decoder = Decoder::<[u8; 16]>::new();
        let mut input = wire;
        for expected in expected {
            assert_eq!(decoder.decode(&mut input), Some(*expected));
        }
        assert_eq!(decoder.decode(&mut input), None);
        assert!(input.is_empty());
        assert!(decoder.is_between_frames());
    }

    fn audio(payload: &[u8]) -> Result<Frame<'_>, DecodeError> {
        let rate = SampleRate::Hz8000;
        Ok(Frame::Audio(Audio { rate, payload }))
    }

    #[test]
    fn every_violation_is_its_own_error_and_the_next_frame_is_read() {
        let digit = Ok(Frame::Dtmf(b'5'));
        let cases: [(&[u8], DecodeError); 9] = [
            (&[0, 0, 2, 9, 9], DecodeError::HangupPayload { len: 2 }),
            (&[1, 0, 0], DecodeError::IdLength { len: 0 }),
            (&[1, 0, 3, 1, 2, 3], DecodeError::IdLength { len: 3 }),
            (&[3, 0, 0], DecodeError::DtmfLength { len: 0 }),
            (&[3, 0, 2, b'1', b'2'], DecodeError::DtmfLength { len: 2 }),
            (&[3, 0, 1, b'x'], DecodeError::DtmfDigit(b'x')),
            (&[0x18, 0, 0], DecodeError::EmptyAudio),
            (&[0xff, 0, 2, 1, 1], DecodeError::ErrorLength { len: 2 }),
            (
                &[
                    0x42, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                ],
                DecodeError::TooLong {
                    kind: 0x42,
                    len: 17,
                },
            ),
        ];
        for (wire, error) in cases {
            let mut wire = wire.to_vec();
            wire.extend([3, 0, 1, b'5']);
            assert_decodes(&wire, &[Err(error), digit]);
        }
    }

    #[test]
    fn every_kind_is_read() {
        assert_decodes(&[0, 0, 0], &[Ok(Frame::Hangup)]);
        let mut id = std::vec![1, 0, 16];
        id.extend(0..16);
        assert_decodes(&id, &[Ok(Frame::Id(core::array::from_fn(|n| n as u8)))]);
        assert_decodes(&[0x10, 0, 2, 1, 2], &[audio(&[1, 2])]);
        assert_decodes(&[0xff, 0, 0], &[Ok(Frame::Error(PeerError::Unspecified))]);
        assert_decodes(&[0xff, 0, 1, 1], &[Ok(Frame::Error(PeerError::Hangup))]);
        let (kind, payload) = (0x19, &[][..]);
        assert_decodes(&[0x19, 0, 0], &[Ok(Frame::Unknown { kind, payload })]);
    }

    #[test]
    fn audio_longer_than_the_decoder_comes_in_pieces() {
        let samples: Vec<u8> = (0..37).collect();
        let mut wire = std::vec![0x10, 0, 37];
        wire.extend(&samples);
        let pieces = [
            audio(&samples[..16]),
            audio(&samples[16..32]),
            audio(&samples[32..]),
        ];
        assert_decodes(&wire, &pieces);
    }

    #[test]
    fn the_longest_payload_of_all_loses_nothing() {
        let mut wire = std::vec![0x12, 0xff, 0xff];
        wire.resize(3 + 65_535, 1);
        wire.extend([0, 0, 0]);
        let mut decoder = <Decoder>::new();
        let mut bytes = 0;
        for mut chunk in wire.chunks(1_460) {
            while let Some(frame) = decoder.decode(&mut chunk) {
                match frame.unwrap() {
                    Frame::Audio(audio) => bytes += audio.payload.len(),
                    other => assert_eq!(other, Frame::Hangup),
                }
            }
        }
        assert_eq!(bytes, 65_535);
    }

    #[test]
    fn a_whole_frame_is_borrowed_from_the_input() {
        let wire = [0x10, 0, 4, 1, 2, 3, 4];
        let mut decoder = Decoder::<[u8; 16]>::new();
        let mut input = &wire[..];
        let Some(Ok(Frame::Audio(audio))) = decoder.decode(&mut input) else {
            panic!("no audio");
        };
        assert!(core::ptr::eq(audio.payload, &wire[3..]));
    }

    #[test]
    fn a_cut_off_stream_is_seen() {
        for cut in 1..6 {
            let mut decoder = Decoder::<[u8; 16]>::new();
            let mut input = &[0x10, 0, 3, 1, 2, 3][..cut];
            assert_eq!(decoder.decode(&mut input), None);
            assert!(!decoder.is_between_frames());
            decoder.reset();
            assert_eq!(decoder.decode(&mut &[0, 0, 0][..]), Some(Ok(Frame::Hangup)));
        }
    }
}
