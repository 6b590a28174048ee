//! The decoder and the encoder against each other, and the decoder against anything.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{
    Audio, DecodeError, Decoder, EncodeError, Frame, PeerError, encode, encode_audio, encoded_len,
    kind,
};

/// A frame that owns its payload, to compare with.
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Hangup,
    Id([u8; 16]),
    Dtmf(u8),
    Audio(SampleRate, Vec<u8>),
    Error(PeerError),
    Unknown(u8, Vec<u8>),
    Bad(DecodeError),
}

impl From<Result<Frame<'_>, DecodeError>> for Owned {
    fn from(frame: Result<Frame<'_>, DecodeError>) -> Self {
        match frame {
            Ok(Frame::Hangup) => Self::Hangup,
            Ok(Frame::Id(id)) => Self::Id(id),
            Ok(Frame::Dtmf(digit)) => Self::Dtmf(digit),
            Ok(Frame::Audio(audio)) => Self::Audio(audio.rate, audio.payload.to_vec()),
            Ok(Frame::Error(error)) => Self::Error(error),
            Ok(Frame::Unknown { kind, payload }) => Self::Unknown(kind, payload.to_vec()),
            Err(error) => Self::Bad(error),
        }
    }
}

impl Owned {
    fn frame(&self) -> Frame<'_> {
        match self {
            Self::Hangup => Frame::Hangup,
            Self::Id(id) => Frame::Id(*id),
            Self::Dtmf(digit) => Frame::Dtmf(*digit),
            Self::Audio(rate, payload) => Frame::Audio(Audio {
                rate: *rate,
                payload,
            }),
            Self::Error(error) => Frame::Error(*error),
            Self::Unknown(kind, payload) => Frame::Unknown {
                kind: *kind,
                payload,
            },
            Self::Bad(_) => unreachable!("not a frame"),
        }
    }

    fn wire(&self) -> Vec<u8> {
        let frame = self.frame();
        let mut wire = vec![0; encoded_len(&frame)];
        assert_eq!(encode(&frame, &mut wire), Ok(wire.len()));
        wire
    }
}

/// All frames of a stream that comes in these pieces; each must be taken to its end.
fn decode<'a, const MAX: usize>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut decoder = Decoder::<[u8; MAX]>::new();
    let mut frames = Vec::new();
    for mut piece in pieces {
        // Every call but the last takes at least a byte, or hands on part of what was taken: this
        // bounds them.
        let mut calls = piece.len() + MAX + 4;
        while let Some(frame) = decoder.decode(&mut piece) {
            frames.push(Owned::from(frame));
            calls -= 1;
            assert_ne!(calls, 0, "no progress");
        }
        assert!(piece.is_empty(), "the decoder left bytes");
    }
    frames
}

/// `wire` cut at these lengths, over and over.
fn cut<'a>(wire: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = wire;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, later) = rest.split_at(*lengths.next()?.min(&rest.len()));
        rest = later;
        Some(piece)
    })
}

fn a_frame() -> impl Strategy<Value = Owned> {
    let bytes = |range| prop::collection::vec(any::<u8>(), range);
    prop_oneof![
        Just(Owned::Hangup),
        any::<[u8; 16]>().prop_map(Owned::Id),
        prop::sample::select(&b"0123456789ABCD*#"[..]).prop_map(Owned::Dtmf),
        (prop::sample::select(&SampleRate::ALL[..]), bytes(1..700))
            .prop_map(|(rate, payload)| Owned::Audio(rate, payload)),
        any::<Option<u8>>().prop_map(|code| Owned::Error(
            code.map_or(PeerError::Unspecified, PeerError::from_code)
        )),
        (
            any::<u8>().prop_filter("known", |k| !kind::is_known(*k)),
            bytes(0..700)
        )
            .prop_map(|(kind, payload)| Owned::Unknown(kind, payload)),
    ]
}

/// Streams that look like AudioSocket often enough to get past the header.
fn a_stream() -> impl Strategy<Value = Vec<u8>> {
    let garbage = prop::collection::vec(any::<u8>(), 0..40);
    let header = (
        prop::sample::select(&[0, 1, 3, 0x10, 0x18, 0x42, 0xff][..]),
        0u16..90,
    )
        .prop_map(|(kind, len)| [&[kind][..], &len.to_be_bytes()].concat());
    let frame = a_frame().prop_map(|frame| frame.wire());
    prop::collection::vec(prop_oneof![garbage, header, frame], 0..12).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(frames in prop::collection::vec(a_frame(), 0..20), cuts in prop::collection::vec(1usize..900, 1..8)) {
        let wire: Vec<u8> = frames.iter().flat_map(Owned::wire).collect();
        prop_assert_eq!(&decode::<700>([&wire[..]]), &frames);
        prop_assert_eq!(&decode::<700>(cut(&wire, &cuts)), &frames);
    }

    #[test]
    fn samples_come_back_bit_for_bit(samples in prop::collection::vec(any::<i16>(), 1..4_000)) {
        let mut wire = vec![0; 3 + samples.len() * 2];
        prop_assert_eq!(encode_audio(SampleRate::Hz48000, &samples, &mut wire), Ok(wire.len()));
        let mut decoder = Decoder::<[u8; 16]>::new();
        let mut input = &wire[..];
        let mut back = Vec::new();
        while let Some(frame) = decoder.decode(&mut input) {
            let Ok(Frame::Audio(audio)) = frame else { panic!("{frame:?}") };
            prop_assert_eq!(audio.rate, SampleRate::Hz48000);
            back.extend(audio.samples());
        }
        prop_assert_eq!(back, samples);
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same_frames(
        stream in a_stream(),
        cuts in prop::collection::vec(1usize..100, 1..12),
    ) {
        prop_assert_eq!(decode::<16>([&stream[..]]), decode::<16>(cut(&stream, &cuts)));
        prop_assert_eq!(decode::<64>([&stream[..]]), decode::<64>(cut(&stream, &cuts)));
    }

    #[test]
    fn a_buffer_that_is_too_small_is_left_alone(frame in a_frame(), missing in 1usize..700) {
        let needed = encoded_len(&frame.frame());
        let mut out = vec![0xaa; needed.saturating_sub(missing)];
        prop_assert_eq!(
            encode(&frame.frame(), &mut out),
            Err(EncodeError::OutputTooSmall { needed })
        );
        prop_assert!(out.iter().all(|&byte| byte == 0xaa));
    }
}

#[test]
fn thirty_frames_in_one_segment_are_thirty_frames() {
    let frame = Owned::Audio(SampleRate::Hz8000, vec![7; 320]);
    let segment = frame.wire().repeat(30);
    assert_eq!(decode::<7680>([&segment[..]]), vec![frame; 30]);
}

#[test]
fn byte_by_byte_is_the_hardest_cut_and_gives_the_same() {
    let frames = [
        Owned::Id([3; 16]),
        Owned::Audio(SampleRate::Hz16000, (0..=255).collect()),
        Owned::Dtmf(b'*'),
        Owned::Audio(SampleRate::Hz8000, vec![1]),
        Owned::Error(PeerError::Other(0x77)),
    ];
    let wire: Vec<u8> = frames.iter().flat_map(Owned::wire).collect();
    assert_eq!(decode::<320>(cut(&wire, &[1])), frames);
}

#[test]
fn the_decoder_is_about_as_large_as_what_it_holds() {
    assert!(size_of::<Decoder<[u8; 640]>>() <= 640 + 40);
}
