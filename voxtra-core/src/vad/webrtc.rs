//! The detector of WebRTC, by the crate `webrtc-vad`.

use core::fmt;

use webrtc_vad::{SampleRate, Vad, VadMode};

use super::{VAD_FRAME_SAMPLES, VoiceDetector};

/// WebRTC's detector: Gaussian mixtures for speech and noise in each of six bands. Needs the
/// feature `webrtc-vad`.
///
/// It says 0 or 1, nothing between. It is a C library, which allocates less than 1 KiB when the
/// detector is made and nothing later, and the detector stays on the thread where it was made (it
/// is not `Send`).
///
/// ```
/// use voxtra_core::vad::{VoiceDetector, WebRtcDetector, WebRtcMode};
///
/// let mut detector = WebRtcDetector::new(WebRtcMode::VeryAggressive);
/// assert_eq!(detector.process(&[0; 160]), 0.0);
/// ```
pub struct WebRtcDetector {
    vad: Vad,
    mode: WebRtcMode,
}

/// How much it takes for [`WebRtcDetector`] to hear speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebRtcMode {
    /// WebRTC's mode 0: misses least.
    Quality,
    /// Mode 1.
    LowBitrate,
    /// Mode 2.
    Aggressive,
    /// Mode 3: takes the least noise for speech.
    #[default]
    VeryAggressive,
}

impl WebRtcDetector {
    /// A detector that has heard nothing.
    ///
    /// # Panics
    /// The C library gets no memory.
    #[must_use]
    pub fn new(mode: WebRtcMode) -> Self {
        Self {
            vad: Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, mode.into()),
            mode,
        }
    }
}

impl Default for WebRtcDetector {
    /// In the strictest mode.
    fn default() -> Self {
        Self::new(WebRtcMode::default())
    }
}

impl fmt::Debug for WebRtcDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebRtcDetector")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl VoiceDetector for WebRtcDetector {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        // 20 ms is a length that it takes.
        f32::from(u8::from(self.vad.is_voice_segment(frame).unwrap_or(false)))
    }

    fn reset(&mut self) {
        // This sets rate and mode back, too.
        self.vad.reset();
        self.vad.set_sample_rate(SampleRate::Rate8kHz);
        self.vad.set_mode(self.mode.into());
    }
}

impl From<WebRtcMode> for VadMode {
    fn from(mode: WebRtcMode) -> Self {
        match mode {
            WebRtcMode::Quality => Self::Quality,
            WebRtcMode::LowBitrate => Self::LowBitrate,
            WebRtcMode::Aggressive => Self::Aggressive,
            WebRtcMode::VeryAggressive => Self::VeryAggressive,
        }
    }
}
