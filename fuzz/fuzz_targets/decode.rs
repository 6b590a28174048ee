//! Any bytes, cut anywhere: the decoder never panics, always gets on, and gives the same frames as in one piece. What
//! it gives can be encoded again, and is then the same.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use voxtra_core::audiosocket::{DecodeError, Decoder, Frame, encode};

#[derive(Arbitrary, Debug)]
struct Stream {
    bytes: Vec<u8>,
    /// Lengths of the pieces, used over and over.
    cuts: Vec<u8>,
}

/// A frame as bytes on the wire, or what was wrong with it.
type Seen = Result<Vec<u8>, DecodeError>;

fuzz_target!(|stream: Stream| {
    compare::<16>(&stream);
    compare::<320>(&stream);
    compare::<7_680>(&stream);
});

fn compare<const MAX: usize>(stream: &Stream) {
    let mut whole = Decoder::<MAX>::new();
    let mut expected = Vec::new();
    drain(&mut whole, &stream.bytes, &mut expected);

    let mut pieces = Decoder::<MAX>::new();
    let mut seen = Vec::new();
    let mut rest = &stream.bytes[..];
    let mut cuts = stream.cuts.iter().cycle();
    while !rest.is_empty() {
        let length = cuts.next().map_or(rest.len(), |&cut| usize::from(cut) + 1);
        let (piece, later) = rest.split_at(length.min(rest.len()));
        drain(&mut pieces, piece, &mut seen);
        rest = later;
    }
    assert_eq!(seen, expected);
    assert_eq!(pieces.is_between_frames(), whole.is_between_frames());
}

fn drain<const MAX: usize>(decoder: &mut Decoder<MAX>, mut input: &[u8], seen: &mut Vec<Seen>) {
    let most = seen.len() + input.len() + MAX + 4;
    while let Some(frame) = decoder.decode(&mut input) {
        seen.push(frame.map(|frame| again::<MAX>(&frame)));
        assert!(seen.len() <= most, "no progress");
    }
    assert!(input.is_empty(), "the decoder left bytes");
}

/// Encodes the frame and decodes that: it must be the same one.
fn again<const MAX: usize>(frame: &Frame<'_>) -> Vec<u8> {
    let mut wire = vec![0; MAX + 3];
    let length = encode(frame, &mut wire).expect("what was decoded can be encoded");
    wire.truncate(length);
    let mut decoder = Decoder::<MAX>::new();
    assert_eq!(decoder.decode(&mut &wire[..]), Some(Ok(*frame)));
    wire
}
