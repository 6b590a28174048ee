//! Likely speech, frame by frame, before it is certain.

use super::TurnSettings;
use super::recent::newest;

/// Whether the caller is likely to be speaking: hysteresis over single frames, without a minimum or
/// a hangover.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Likely {
    /// Which of the latest frames reached `pause_threshold`: one bit each, the newest lowest.
    frames: u64,
    on: bool,
    /// Frames in a row without voice.
    unvoiced: u8,
}

impl Likely {
    pub(super) fn frame(&mut self, probability: f32, settings: &TurnSettings) {
        self.frames = self.frames << 1 | u64::from(probability >= settings.pause_threshold);
        self.unvoiced = if probability >= settings.stop_threshold {
            0
        } else {
            self.unvoiced.saturating_add(1)
        };
        let window = newest(self.frames, settings.pause_window.into());
        if window.count_ones() >= u32::from(settings.pause_frames.max(1)) {
            self.on = true;
        } else if self.unvoiced >= UNVOICED_FRAMES {
            self.on = false;
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.on
    }
}

/// Frames of 20 ms without voice after which speech is likely over.
const UNVOICED_FRAMES: u8 = 2;
