//! The detector of the crate `earshot`.

use core::fmt;

use ::earshot::Detector;

use super::{VAD_FRAME_SAMPLES, VoiceDetector};
use crate::audio::Resampler;

/// earshot's network over mel bands, which hears 16 ms at 16 kHz. Needs the feature `earshot`.
///
/// Frames are brought up to 16 kHz; the answer for a frame is that for the last 16 ms that were
/// whole by its end, 3 to 15 ms before it. About 12 KiB of state, no allocation.
///
/// ```
/// use voxtra_core::vad::{EarshotDetector, VoiceDetector};
///
/// let mut detector = EarshotDetector::new();
/// assert!(detector.process(&[0; 160]) < 0.5);
/// ```
pub struct EarshotDetector {
    detector: Detector,
    /// `None` would be a pair of rates that can't be had, which this one isn't.
    resampler: Option<Resampler>,
    block: [i16; BLOCK],
    filled: usize,
    probability: f32,
}

impl EarshotDetector {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            detector: Detector::default(),
            resampler: Resampler::new(8_000, 16_000).ok(),
            block: [0; BLOCK],
            filled: 0,
            probability: 0.0,
        }
    }
}

impl Default for EarshotDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EarshotDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarshotDetector")
            .field("probability", &self.probability)
            .finish_non_exhaustive()
    }
}

impl VoiceDetector for EarshotDetector {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        let mut pcm = frame.as_slice();
        let Some(resampler) = &mut self.resampler else {
            return 0.0;
        };
        while !pcm.is_empty() {
            let space = self.block.get_mut(self.filled..).unwrap_or_default();
            let (taken, made) = resampler.process(pcm, space);
            pcm = pcm.get(taken..).unwrap_or_default();
            self.filled += made;
            if self.filled >= BLOCK {
                self.filled = 0;
                self.probability = self.detector.predict_i16(&self.block).clamp(0.0, 1.0);
            } else if taken == 0 {
                break;
            }
        }
        self.probability
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Samples that earshot hears at a time: 16 ms at 16 kHz.
const BLOCK: usize = 256;
