//! Bytes to frames, frames to bytes, and what is the least that can cost.

use std::hint::black_box;

use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{Audio, Decoder, Frame, HEADER_LEN, encode, encode_audio};

use super::{Aligned, PAYLOAD, SAMPLES, Stage, WIRE, caller, wire};

/// The floor: the payload from one socket's buffer into memory, and from there into another's. In
/// and out of the same places as the decoder and the encoder, and through memory, as a call's is.
pub struct CopyTwice {
    input: Aligned<[u8; WIRE]>,
    held: Aligned<[u8; PAYLOAD]>,
    out: Aligned<[u8; WIRE]>,
}

impl Stage for CopyTwice {
    const NAME: &'static str = "copy the payload twice";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            input: Aligned(wire(&caller()[3])),
            held: Aligned([0; PAYLOAD]),
            out: Aligned([0; WIRE]),
        });
        stage.frame();
        assert_eq!(stage.out.0[HEADER_LEN..], stage.input.0[HEADER_LEN..]);
        stage
    }

    fn frame(&mut self) {
        let input = black_box(&self.input.0);
        self.held.0.copy_from_slice(&input[HEADER_LEN..]);
        let held = black_box(&self.held.0);
        self.out.0[HEADER_LEN..].copy_from_slice(held);
        black_box(&mut self.out.0);
    }
}

/// A frame from one socket's buffer into another's: what an echo does.
pub struct DecodeEncode {
    decoder: Decoder<[u8; PAYLOAD]>,
    input: Aligned<[u8; WIRE]>,
    out: Aligned<[u8; WIRE]>,
}

impl Stage for DecodeEncode {
    const NAME: &'static str = "decode and encode";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            decoder: Decoder::new(),
            input: Aligned(wire(&caller()[3])),
            out: Aligned([0; WIRE]),
        });
        stage.frame();
        assert_eq!(stage.out.0, stage.input.0);
        stage
    }

    fn frame(&mut self) {
        let mut input = &black_box(&self.input.0)[..];
        let Some(Ok(Frame::Audio(audio))) = self.decoder.decode(&mut input) else {
            panic!("not audio");
        };
        let written = encode(&Frame::Audio(audio), &mut self.out.0);
        assert_eq!(written, Ok(WIRE));
        black_box(&mut self.out.0);
    }
}

/// The same when the socket was read in the middle of the frame, so that the decoder has to put it
/// together.
pub struct DecodeEncodeCut {
    decoder: Decoder<[u8; PAYLOAD]>,
    input: Aligned<[u8; WIRE]>,
    out: Aligned<[u8; WIRE]>,
}

impl Stage for DecodeEncodeCut {
    const NAME: &'static str = "decode and encode, cut in two";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            decoder: Decoder::new(),
            input: Aligned(wire(&caller()[3])),
            out: Aligned([0; WIRE]),
        });
        stage.frame();
        assert_eq!(stage.out.0, stage.input.0);
        stage
    }

    fn frame(&mut self) {
        let (mut one, mut two) = black_box(&self.input.0).split_at(100);
        assert!(self.decoder.decode(&mut one).is_none());
        let Some(Ok(Frame::Audio(audio))) = self.decoder.decode(&mut two) else {
            panic!("not audio");
        };
        let written = encode(&Frame::Audio(audio), &mut self.out.0);
        assert_eq!(written, Ok(WIRE));
        black_box(&mut self.out.0);
    }
}

/// Bytes from the socket to a frame, which borrows them.
pub struct Decode {
    decoder: Decoder<[u8; PAYLOAD]>,
    input: Aligned<[u8; WIRE]>,
}

impl Decode {
    fn decode(&mut self) -> Audio<'_> {
        let mut input = &black_box(&self.input.0)[..];
        match self.decoder.decode(&mut input) {
            Some(Ok(Frame::Audio(audio))) => audio,
            other => panic!("not audio: {other:?}"),
        }
    }
}

impl Stage for Decode {
    const NAME: &'static str = "decode";

    fn verified() -> Box<Self> {
        let samples = caller()[3];
        let mut stage = Box::new(Self {
            decoder: Decoder::new(),
            input: Aligned(wire(&samples)),
        });
        assert!(stage.decode().samples().eq(samples));
        stage
    }

    fn frame(&mut self) {
        black_box(self.decode());
    }
}

/// Samples to the bytes of a frame.
pub struct Encode {
    samples: Aligned<[i16; SAMPLES]>,
    out: Aligned<[u8; WIRE]>,
}

impl Stage for Encode {
    const NAME: &'static str = "encode";

    fn verified() -> Box<Self> {
        let samples = caller()[3];
        let mut stage = Box::new(Self {
            samples: Aligned(samples),
            out: Aligned([0; WIRE]),
        });
        stage.frame();
        assert_eq!(stage.out.0, wire(&samples));
        stage
    }

    fn frame(&mut self) {
        let samples = &black_box(&self.samples.0)[..];
        let written = encode_audio(SampleRate::Hz8000, samples, &mut self.out.0);
        assert_eq!(written, Ok(WIRE));
        black_box(&mut self.out.0);
    }
}
