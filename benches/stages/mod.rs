//! The stages of the media path, as `core.rs` times them and `instructions.rs` counts them.
//!
//! Each is made of the parts a call is made of, and has moved and checked a second of audio before
//! it is handed out.

pub mod framing;
pub mod hearing;
pub mod leg;
pub mod speaking;

use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{HEADER_LEN, encode_audio};

pub const SAMPLES: usize = 160;
pub const PAYLOAD: usize = 2 * SAMPLES;
pub const WIRE: usize = HEADER_LEN + PAYLOAD;
/// Frames of the caller's audio, which comes round again and again: a second.
pub const FRAMES: usize = 50;

/// One stage, with all that it needs.
pub trait Stage {
    /// What it is called in criterion's reports.
    const NAME: &'static str;

    /// A stage that has done `FRAMES` frames, rightly.
    fn verified() -> Box<Self>;

    /// Does the work of one frame.
    fn frame(&mut self);

    /// Clears away what gathers over frames, at least every thousand of them. Not measured.
    fn tidy(&mut self) {}
}

/// A recorded voice: WAV, 16 bits at 8 kHz, 44 bytes of header and 40 ms without sound.
const RECORDING: &[u8] = include_bytes!("../../assets/caller-hello.wav");
const VOICE: usize = 44 + 2 * PAYLOAD;
/// The caller's first frame of speech, and the first after it.
pub const SPEECH: std::ops::Range<usize> = 8..30;

/// A moment of a quiet line, almost half a second of a voice, and the quiet line again.
pub fn caller() -> [[i16; SAMPLES]; FRAMES] {
    let (recorded, _) = RECORDING[VOICE..].as_chunks::<PAYLOAD>();
    std::array::from_fn(|n| {
        if !SPEECH.contains(&n) {
            return std::array::from_fn(|n| (n as i16 * 7 % 5 - 2) * 2);
        }
        let (pairs, _) = recorded[n - SPEECH.start].as_chunks::<2>();
        std::array::from_fn(|n| i16::from_le_bytes(pairs[n]))
    })
}

/// The agent's words: the caller's backwards, so that none is the other's echo.
pub fn agent() -> [[i16; SAMPLES]; FRAMES] {
    let mut frames = caller();
    frames.reverse();
    frames.map(|mut frame| {
        frame.reverse();
        frame
    })
}

/// A frame as it is in a socket's buffer.
pub fn wire(samples: &[i16; SAMPLES]) -> [u8; WIRE] {
    let mut bytes = [0; WIRE];
    let len = encode_audio(SampleRate::Hz8000, samples, &mut bytes).unwrap();
    assert_eq!(len, WIRE);
    bytes
}

/// A buffer that begins where a cache line does, so that no figure depends on where it happens to
/// lie.
#[repr(align(64))]
pub struct Aligned<T>(pub T);

/// Things that come round again and again.
pub struct Round<T> {
    things: [T; FRAMES],
    at: usize,
}

impl<T> Round<T> {
    pub fn of(things: [T; FRAMES]) -> Self {
        Self { things, at: 0 }
    }

    pub fn next(&mut self) -> &T {
        let thing = &self.things[self.at];
        self.at = if self.at + 1 == FRAMES {
            0
        } else {
            self.at + 1
        };
        thing
    }
}
