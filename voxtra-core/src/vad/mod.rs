//! Voice detection: is there speech in this frame?
//!
//! A detector sees one 20 ms frame at a time and answers with a probability. What the answers mean
//! for the conversation (when speech starts, when a turn ends) is decided by [`turn`](crate::turn),
//! so a better detector can be put in without touching anything else. There are two:
//! [`TelephoneDetector`] has learned what speech on the telephone sounds like, [`EnergyDetector`]
//! is tiny and takes for speech what stands out of the noise. Two that others made are there with
//! the features `earshot` and `webrtc-vad`.

#[cfg(feature = "earshot")]
mod earshot;
mod energy;
mod telephone;
#[cfg(feature = "webrtc-vad")]
mod webrtc;

#[cfg(feature = "earshot")]
pub use self::earshot::EarshotDetector;
pub use energy::EnergyDetector;
pub use telephone::TelephoneDetector;
#[cfg(feature = "webrtc-vad")]
pub use webrtc::{WebRtcDetector, WebRtcMode};

/// Samples in the frame a detector sees: 20 ms at 8 kHz.
pub const VAD_FRAME_SAMPLES: usize = 160;

/// Says how likely it is that a frame of the caller's audio holds speech.
///
/// A detector hears one call, from its first frame on, and may remember what it heard. It keeps no
/// clock and no randomness: the same frames in the same order give the same probabilities, to the
/// bit.
pub trait VoiceDetector {
    /// Takes the next 20 ms (8 kHz, 160 samples) and returns the probability, 0 to 1, that it is
    /// speech.
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32;

    /// Forgets everything heard so far, as for a new call.
    fn reset(&mut self);
}
