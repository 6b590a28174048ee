//! The agent's audio, unless it is muted.

use crate::audio::gain::{fade_in, fade_out};

/// Whether frames are silenced on their way out. The audio fades over one frame at either end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mute {
    wanted: bool,
    /// The last frame was silenced.
    is_silent: bool,
}

impl Mute {
    /// Silences the audio from the next frame on, or lets it be heard again.
    pub(super) fn want(&mut self, on: bool) {
        self.wanted = on;
    }

    /// Silences the frame if that is wanted.
    pub(super) fn apply(&mut self, frame: &mut [i16]) {
        match (self.is_silent, self.wanted) {
            (false, false) => {}
            (false, true) => fade_out(frame),
            (true, true) => frame.fill(0),
            (true, false) => fade_in(frame),
        }
        self.is_silent = self.wanted;
    }
}
