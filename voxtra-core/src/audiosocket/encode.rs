//! From frames to bytes, into the caller's buffer.

use super::HEADER_LEN;
use super::error::EncodeError;
use super::frame::{Frame, is_dtmf_digit, kind};
use crate::audio::SampleRate;

/// Writes one whole frame to the front of `out` and returns its length in bytes. On an error
/// nothing may be sent: a frame for which Asterisk would end the call (empty audio) is refused
/// here.
///
/// # Errors
/// See [`EncodeError`].
#[inline]
pub fn encode(frame: &Frame<'_>, out: &mut [u8]) -> Result<usize, EncodeError> {
    match frame {
        // Inlined, as in the decoder: an echoed frame is never built in memory.
        Frame::Audio(audio) if !audio.payload.is_empty() => {
            put(kind::of_audio(audio.rate), audio.payload, out)
        }
        other => encode_any(other, out),
    }
}

/// [`encode`] for any frame.
fn encode_any(frame: &Frame<'_>, out: &mut [u8]) -> Result<usize, EncodeError> {
    let code;
    let (kind, payload): (u8, &[u8]) = match frame {
        Frame::Hangup => (kind::HANGUP, &[]),
        Frame::Id(id) => (kind::ID, id),
        Frame::Dtmf(digit) if !is_dtmf_digit(*digit) => return Err(EncodeError::DtmfDigit(*digit)),
        Frame::Dtmf(digit) => (kind::DTMF, core::slice::from_ref(digit)),
        Frame::Audio(audio) if audio.payload.is_empty() => return Err(EncodeError::EmptyAudio),
        Frame::Audio(audio) => (kind::of_audio(audio.rate), audio.payload),
        Frame::Error(error) => {
            code = error.code();
            (kind::ERROR, code.as_slice())
        }
        Frame::Unknown { kind, .. } if kind::is_known(*kind) => {
            return Err(EncodeError::KnownKind(*kind));
        }
        Frame::Unknown { kind, payload } => (*kind, payload),
    };
    put(kind, payload, out)
}

/// Writes the header and the payload.
#[inline]
fn put(kind: u8, payload: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
    let body = begin(kind, payload.len(), out)?;
    body.copy_from_slice(payload);
    Ok(HEADER_LEN + payload.len())
}

/// Writes one audio frame of `samples` to the front of `out` and returns its length in bytes.
///
/// ```
/// use voxtra_core::audio::SampleRate;
/// use voxtra_core::audiosocket::encode_audio;
///
/// let mut out = [0; 323];
/// assert_eq!(encode_audio(SampleRate::Hz8000, &[1; 160], &mut out), Ok(323));
/// assert_eq!(out[..5], [0x10, 0x01, 0x40, 1, 0]);
/// ```
///
/// # Errors
/// See [`EncodeError`].
#[inline]
pub fn encode_audio(
    rate: SampleRate,
    samples: &[i16],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    if samples.is_empty() {
        return Err(EncodeError::EmptyAudio);
    }
    let body = begin(kind::of_audio(rate), samples.len().saturating_mul(2), out)?;
    let (pairs, _) = body.as_chunks_mut::<2>();
    for (pair, sample) in pairs.iter_mut().zip(samples) {
        *pair = sample.to_le_bytes();
    }
    Ok(HEADER_LEN + body.len())
}

/// How many bytes [`encode`] writes for `frame`.
pub const fn encoded_len(frame: &Frame<'_>) -> usize {
    HEADER_LEN
        + match frame {
            Frame::Hangup => 0,
            Frame::Id(id) => id.len(),
            Frame::Dtmf(_) => 1,
            Frame::Audio(audio) => audio.payload.len(),
            Frame::Error(error) => error.code().is_some() as usize,
            Frame::Unknown { payload, .. } => payload.len(),
        }
}

/// Writes the header and returns the room for the payload.
#[inline]
fn begin(kind: u8, len: usize, out: &mut [u8]) -> Result<&mut [u8], EncodeError> {
    let length = u16::try_from(len).map_err(|_| EncodeError::PayloadTooLong { len })?;
    let [high, low] = length.to_be_bytes();
    let needed = HEADER_LEN + len;
    let frame = out
        .get_mut(..needed)
        .and_then(<[u8]>::split_first_chunk_mut::<HEADER_LEN>);
    let Some((header, body)) = frame else {
        return Err(EncodeError::OutputTooSmall { needed });
    };
    *header = [kind, high, low];
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audiosocket::{Audio, PeerError};

    #[test]
    fn each_frame_on_the_wire() {
        let id = [7; 16];
        let audio = Audio {
            rate: SampleRate::Hz16000,
            payload: &[1, 2, 3],
        };
        let cases: [(Frame<'_>, &[u8]); 7] = [
            (Frame::Hangup, &[0, 0, 0]),
            (
                Frame::Id(id),
                &[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
            ),
            (Frame::Dtmf(b'#'), &[3, 0, 1, b'#']),
            (Frame::Audio(audio), &[0x12, 0, 3, 1, 2, 3]),
            (Frame::Error(PeerError::Unspecified), &[0xff, 0, 0]),
            (Frame::Error(PeerError::Memory), &[0xff, 0, 1, 4]),
            (
                Frame::Unknown {
                    kind: 0x42,
                    payload: &[9],
                },
                &[0x42, 0, 1, 9],
            ),
        ];
        for (frame, wire) in cases {
            let mut out = [0; 32];
            let len = encode(&frame, &mut out).unwrap();
            assert_eq!(&out[..len], wire);
            assert_eq!(encoded_len(&frame), wire.len());
            assert_eq!(
                encode(&frame, &mut out[..len - 1]),
                Err(EncodeError::OutputTooSmall { needed: len })
            );
        }
    }

    #[test]
    fn what_would_end_the_call_is_refused() {
        let mut out = [0; 8];
        let rate = SampleRate::Hz8000;
        let empty = Frame::Audio(Audio { rate, payload: &[] });
        assert_eq!(encode(&empty, &mut out), Err(EncodeError::EmptyAudio));
        assert_eq!(
            encode_audio(rate, &[], &mut out),
            Err(EncodeError::EmptyAudio)
        );
        assert_eq!(
            encode(&Frame::Dtmf(b'a'), &mut out),
            Err(EncodeError::DtmfDigit(b'a'))
        );
        let disguised = Frame::Unknown {
            kind: 0x10,
            payload: &[],
        };
        assert_eq!(
            encode(&disguised, &mut out),
            Err(EncodeError::KnownKind(0x10))
        );
    }

    #[test]
    fn a_length_that_does_not_fit_16_bits_is_an_error() {
        let mut out = [0; 70_000];
        assert_eq!(
            encode_audio(SampleRate::Hz8000, &[0; 32_768], &mut out),
            Err(EncodeError::PayloadTooLong { len: 65_536 })
        );
        assert_eq!(
            encode_audio(SampleRate::Hz8000, &[0; 32_767], &mut out),
            Ok(65_537)
        );
    }
}
