//! A detector that has learned what speech on a telephone line sounds like.

mod curves;
mod features;
mod network;
mod pitch;
mod spectrum;
mod tables;
mod weights;

use super::{VAD_FRAME_SAMPLES, VoiceDetector};
use features::Features;
use network::Network;

/// A small recurrent network over the spectrum, its noise floor and the pitch, trained on thousands
/// of made-up telephone calls.
///
/// It hears speech at levels from about −45 to −6 dBFS without configuration, and takes neither
/// noise, music on hold, keys nor the tones of an exchange for it. It looks at no later frame: the
/// answer for a frame is there when the frame is. Its weights are 23 KB of constants; a frame costs
/// one to two microseconds. How it was trained, how good it is and where it fails is in
/// `docs/voice-detector.md`.
///
/// ```
/// use voxtra_core::vad::{TelephoneDetector, VoiceDetector};
///
/// let mut detector = TelephoneDetector::new();
/// assert!(detector.process(&[0; 160]) < 0.5);
/// ```
#[derive(Clone, Debug)]
pub struct TelephoneDetector {
    features: Features,
    network: Network,
}

impl TelephoneDetector {
    /// A detector that has heard nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            features: Features::new(),
            network: Network::new(),
        }
    }
}

impl Default for TelephoneDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceDetector for TelephoneDetector {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        let features = self.features.of(frame);
        self.network.hear(&features)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}
