//! The decoder compared with one that is too simple to be wrong: any bytes, cut anywhere.

use std::vec;
use std::vec::Vec;

use super::{Audio, DecodeError, Decoder, Frame, PeerError, encode, encoded_len};
use crate::audio::SampleRate;

/// The decoder makes of any stream, cut anywhere, what [`frames_of`] makes of the whole stream. It
/// consumes every byte, always makes progress, knows whether a frame was cut off, and its frames
/// can be encoded again.
///
/// The input is a count (its low four bits), as many cuts, and the stream. A cut is the length of a
/// piece less one, from 200 on in steps of 64 bytes; the cuts are used over and over.
pub fn decode(data: &[u8]) {
    let (count, rest) = match data.split_first() {
        Some((count, rest)) => (usize::from(count & 15).min(rest.len()), rest),
        None => (0, data),
    };
    let (cuts, stream) = rest.split_at(count);
    compare::<16>(stream, cuts);
    compare::<320>(stream, cuts);
    compare::<7_680>(stream, cuts);
}

fn compare<const MAX: usize>(stream: &[u8], cuts: &[u8]) {
    let (expected, whole) = frames_of(stream, MAX);
    let mut expected = expected.into_iter();
    let mut decoder = Decoder::<[u8; MAX]>::new();
    let mut rest = stream;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let length = match cuts.next() {
            None => rest.len(),
            Some(&cut @ 200..) => (usize::from(cut) - 199) * 64,
            Some(&cut) => usize::from(cut) + 1,
        };
        let (mut piece, later) = rest.split_at(length.min(rest.len()));
        while let Some(frame) = decoder.decode(&mut piece) {
            assert_eq!(Some(frame), expected.next());
            if let Ok(frame) = frame {
                assert_encodes::<MAX>(&frame);
            }
        }
        assert!(piece.is_empty(), "the decoder left bytes");
        rest = later;
    }
    assert_eq!(expected.next(), None, "the decoder is behind");
    assert_eq!(decoder.is_between_frames(), whole);
}

/// A decoded frame can be encoded, and gives the same bytes.
fn assert_encodes<const MAX: usize>(frame: &Frame<'_>) {
    let mut wire = vec![0; encoded_len(frame)];
    assert_eq!(encode(frame, &mut wire), Ok(wire.len()));
    let (frames, whole) = frames_of(&wire, MAX);
    assert_eq!((&frames[..], whole), (&[Ok(*frame)][..], true));
}

/// The frames in `stream`, and whether it ends between two frames: the protocol written as one pass
/// over all bytes.
///
/// A payload of more than `max` bytes comes in parts of that length if it is audio, and is refused
/// otherwise.
pub(crate) fn frames_of(
    mut stream: &[u8],
    max: usize,
) -> (Vec<Result<Frame<'_>, DecodeError>>, bool) {
    let mut frames = Vec::new();
    while let [kind, high, low, rest @ ..] = stream {
        let (kind, len) = (*kind, usize::from(*high) << 8 | usize::from(*low));
        let (payload, after) = rest.split_at(len.min(rest.len()));
        let whole = payload.len() == len;
        let wrong = match kind {
            0x00 if len > 0 => Some(DecodeError::HangupPayload { len }),
            0x01 if len != 16 => Some(DecodeError::IdLength { len }),
            0x03 if len != 1 => Some(DecodeError::DtmfLength { len }),
            0x10..=0x18 if len == 0 => Some(DecodeError::EmptyAudio),
            0x10..=0x18 => None,
            0xff if len > 1 => Some(DecodeError::ErrorLength { len }),
            _ if len > max => Some(DecodeError::TooLong { kind, len }),
            _ => None,
        };
        if let Some(error) = wrong {
            // Already known from the header.
            frames.push(Err(error));
        } else if let 0x10..=0x18 = kind {
            let rate = SampleRate::ALL[usize::from(kind - 0x10)];
            let parts = payload.chunks(max);
            let complete = parts.filter(|part| whole || part.len() == max);
            frames.extend(complete.map(|payload| Ok(Frame::Audio(Audio { rate, payload }))));
        } else if whole {
            frames.push(match (kind, payload) {
                (0x00, _) => Ok(Frame::Hangup),
                (0x01, id) => Ok(Frame::Id(id.try_into().unwrap_or_default())),
                (0x03, [digit]) if b"0123456789ABCD*#".contains(digit) => Ok(Frame::Dtmf(*digit)),
                (0x03, [byte, ..]) => Err(DecodeError::DtmfDigit(*byte)),
                (0xff, []) => Ok(Frame::Error(PeerError::Unspecified)),
                (0xff, [0x01, ..]) => Ok(Frame::Error(PeerError::Hangup)),
                (0xff, [0x02, ..]) => Ok(Frame::Error(PeerError::FrameForwarding)),
                (0xff, [0x04, ..]) => Ok(Frame::Error(PeerError::Memory)),
                (0xff, [code, ..]) => Ok(Frame::Error(PeerError::Other(*code))),
                (kind, payload) => Ok(Frame::Unknown { kind, payload }),
            });
        }
        if !whole {
            return (frames, false);
        }
        stream = after;
    }
    (frames, stream.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    proptest! {
        #[test]
        fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..2_000)) {
            super::decode(&data);
        }

        #[test]
        fn frames_of_any_kind_cut_anywhere(
            cuts in prop::collection::vec(any::<u8>(), 15),
            frames in prop::collection::vec(
                (prop_oneof![Just(0_u8), Just(1), Just(3), 0x0f..0x1a_u8, Just(0xff)], 0..700_u16, any::<u8>()),
                0..12,
            ),
        ) {
            let mut data = vec![15];
            data.extend(cuts);
            for (kind, len, fill) in frames {
                data.push(kind);
                data.extend(len.to_be_bytes());
                data.extend(vec![fill; usize::from(len)]);
            }
            super::decode(&data);
        }
    }
}
