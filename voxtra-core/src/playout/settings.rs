//! Settings of playout.

use core::time::Duration;

/// Settings of a [`Playout`](super::Playout). Values are clamped to their range.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct PlayoutSettings {
    /// How fast an interrupted utterance fades to silence: 0 to 20 ms. Default 20 ms, which sounds
    /// like a person who stops talking; much less sounds like a click.
    pub fade: Duration,
    /// How fast the agent fades out when it is held back because the caller may be speaking, and in
    /// again when it goes on: 0 to 20 ms (above 48 kHz at most 960 samples). Default 10 ms: the
    /// caller is waiting for it.
    pub pause_fade: Duration,
    /// When audio runs out in the middle of an utterance, its last sample decays over this time,
    /// and the audio that follows fades in over it: 0 to 20 ms. Default 2.5 ms, long enough not to
    /// click. With 0, samples are never changed.
    pub declick: Duration,
    /// Gain on the agent's audio, in dB: up to +40. Default 0, which leaves samples as they are.
    pub gain_db: f32,
    /// A frame sent this long or longer after its deadline counts as late. Default 5 ms, which is
    /// how long Asterisk itself waits for the rest of a frame.
    pub late_after: Duration,
}

impl Default for PlayoutSettings {
    fn default() -> Self {
        Self {
            fade: Duration::from_millis(20),
            pause_fade: Duration::from_millis(10),
            declick: Duration::from_micros(2_500),
            gain_db: 0.0,
            late_after: Duration::from_millis(5),
        }
    }
}

impl PlayoutSettings {
    /// These settings with changes:
    ///
    /// ```
    /// use voxtra_core::playout::PlayoutSettings;
    ///
    /// let softer = PlayoutSettings::default().with(|playout| playout.gain_db = -3.0);
    /// assert_eq!(softer.gain_db, -3.0);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}
