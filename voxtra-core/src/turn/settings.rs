//! The thresholds and times of turn-taking.

use core::fmt;

use serde::{Deserialize, Serialize};

/// When speech starts and ends, and what counts as a turn, a barge-in and a silence.
///
/// Times are milliseconds of the call. The defaults suit a conversation on the telephone. Every
/// field has a range; [`check`](Self::check) names the first one that is outside.
///
/// ```
/// use voxtra_core::turn::TurnSettings;
///
/// let patient = TurnSettings::default().with(|turn| turn.end_of_turn_ms = 1_500);
/// assert!(patient.check().is_ok());
///
/// let wrong = TurnSettings::default().with(|turn| turn.start_threshold = 1.5);
/// assert_eq!(wrong.check().unwrap_err().key, "start_threshold");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TurnSettings {
    /// A frame at or above this probability can start speech. 0.05 to 1, default 0.6.
    pub start_threshold: f32,
    /// Once speech is under way, a frame at or above this probability continues it. Above 0 and at
    /// most `start_threshold`, default 0.25.
    pub stop_threshold: f32,
    /// Speech may start when this many of the last `start_window` frames reach `start_threshold`.
    /// Frames of 20 ms, 1 to `start_window`, default 3.
    pub start_frames: u8,
    /// See `start_frames`. Frames of 20 ms, 1 to 50, default 5.
    pub start_window: u8,
    /// Speech is reported when it has lasted this long, so that a click or a knock is not. Counted
    /// in frames with voice. 20 to 2,000 ms, default 100.
    pub min_speech_ms: u32,
    /// Speech has ended after this long without speech: longer than the pauses inside a word. 20 to
    /// 5,000 ms, default 240.
    pub hangover_ms: u32,
    /// The turn has ended after this long without speech: longer than the pauses inside a sentence.
    /// This is the value at the start of a call; it adapts to the caller's own pauses (see
    /// `end_of_turn_range`). `hangover_ms` to 30,000 ms, default 700.
    pub end_of_turn_ms: u32,
    /// How far the threshold that begins as `end_of_turn_ms` may adapt: from `end_of_turn_ms`
    /// divided by this to `end_of_turn_ms` times this, never below the hangover. Each pause of
    /// length *p* that turns out not to end the turn sets a target of 1.5 *p*. So does a pause
    /// after the end of a turn, if the caller goes on before the agent answers. A turn without a
    /// pause sets a target of 1.5 `hangover_ms`. The threshold moves half-way up to a higher
    /// target, a tenth of the way down to a lower one. 1 (not adapted) to 4, default 2.
    pub end_of_turn_range: f32,
    /// Silence is reported when neither side has spoken for this long. 0 never reports it;
    /// otherwise `hangover_ms` to 3,600,000 ms, default 5,000.
    pub silence_ms: u32,
    /// Speech that lasts this long is ended, reported as cut, and goes on as a new utterance: code
    /// that collects an utterance needs bounded memory. 1,000 to 3,600,000 ms, default 60,000.
    pub longest_utterance_ms: u32,
    /// A turn that lasts this long is ended, reported as cut, with the current utterance.
    /// 1,000 to 3,600,000 ms, default 60,000.
    pub longest_turn_ms: u32,
    /// Whether a caller who talks over the agent is reported as a barge-in. Default true.
    pub barge_in: bool,
    /// A frame over the agent at or above this probability counts towards a barge-in. 0.05 to 1,
    /// default 0.97.
    pub barge_in_threshold: f32,
    /// A barge-in is reported, and the agent cut, when the caller has talked over the agent for
    /// this long, counted in frames that reach `barge_in_threshold`: longer than a cough or
    /// "mm-hm". Never before the speech itself is reported. With `pause` the agent has fallen
    /// silent long before. 20 to 5,000 ms, default 560.
    pub barge_in_min_speech_ms: u32,
    /// How long a barge-in for which the caller has talked long enough waits for the words, where
    /// they are told while they are said ([`TurnTaking::expect_words`](super::TurnTaking)): they
    /// may be no more than "mm-hm". Only while the agent is held back, so the caller hears no
    /// difference. 0 to 5,000 ms, default 400.
    pub barge_in_words_ms: u32,
    /// Whether the agent is held back at the first likely speech, until it is clear whether that is
    /// a barge-in. Only with `barge_in`. Default true.
    pub pause: bool,
    /// A frame over the agent at or above this probability is likely speech. 0.05 to 1, default
    /// 0.5.
    pub pause_threshold: f32,
    /// The agent is held back when this many of the last `pause_window` frames were likely speech.
    /// Each false alarm adds one for 5 s, up to three. Frames of 20 ms, 1 to `pause_window`,
    /// default 1.
    pub pause_frames: u8,
    /// See `pause_frames`. Frames of 20 ms, 1 to 50, default 1.
    pub pause_window: u8,
    /// The agent goes on after this long without voice. 20 to 5,000 ms, default 400.
    pub pause_resume_ms: u32,
    /// The agent goes on after this long at the latest, unless the caller has barged in. 100 to
    /// 30,000 ms, default 2,000.
    pub pause_max_ms: u32,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            start_threshold: 0.6,
            stop_threshold: 0.25,
            start_frames: 3,
            start_window: 5,
            min_speech_ms: 100,
            hangover_ms: 240,
            end_of_turn_ms: 700,
            end_of_turn_range: 2.0,
            silence_ms: 5_000,
            longest_utterance_ms: 60_000,
            longest_turn_ms: 60_000,
            barge_in: true,
            barge_in_threshold: 0.97,
            barge_in_min_speech_ms: 560,
            barge_in_words_ms: 400,
            pause: true,
            pause_threshold: 0.5,
            pause_frames: 1,
            pause_window: 1,
            pause_resume_ms: 400,
            pause_max_ms: 2_000,
        }
    }
}

impl TurnSettings {
    /// These settings with changes:
    ///
    /// ```
    /// use voxtra_core::turn::TurnSettings;
    ///
    /// let guarded = TurnSettings::default().with(|turn| {
    ///     turn.barge_in_threshold = 0.99;
    ///     turn.barge_in_min_speech_ms = 800;
    /// });
    /// assert!(guarded.check().is_ok());
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    /// The first field that is outside its range, and the range.
    pub fn check(&self) -> Result<(), TurnSettingsError> {
        // Comparisons are such that NaN is outside every range.
        within(
            (0.05..=1.0).contains(&self.start_threshold),
            "start_threshold",
            "must be from 0.05 to 1",
        )?;
        within(
            self.stop_threshold > 0.0 && self.stop_threshold <= self.start_threshold,
            "stop_threshold",
            "must be above 0 and not above start_threshold",
        )?;
        within(
            (1..=MAX_START_WINDOW).contains(&self.start_window),
            "start_window",
            "must be from 1 to 50 frames of 20 ms",
        )?;
        within(
            (1..=self.start_window).contains(&self.start_frames),
            "start_frames",
            "must be from 1 to start_window",
        )?;
        within(
            (20..=2_000).contains(&self.min_speech_ms),
            "min_speech_ms",
            "must be from 20 to 2000 ms",
        )?;
        within(
            (20..=5_000).contains(&self.hangover_ms),
            "hangover_ms",
            "must be from 20 to 5000 ms",
        )?;
        within(
            (self.hangover_ms..=30_000).contains(&self.end_of_turn_ms),
            "end_of_turn_ms",
            "must be from hangover_ms to 30000 ms",
        )?;
        within(
            (1.0..=4.0).contains(&self.end_of_turn_range),
            "end_of_turn_range",
            "must be from 1 to 4",
        )?;
        within(
            self.silence_ms == 0 || (self.hangover_ms..=3_600_000).contains(&self.silence_ms),
            "silence_ms",
            "must be 0 (never) or from hangover_ms to 3600000 ms",
        )?;
        within(
            LONGEST.contains(&self.longest_utterance_ms),
            "longest_utterance_ms",
            "must be from 1000 to 3600000 ms",
        )?;
        within(
            LONGEST.contains(&self.longest_turn_ms),
            "longest_turn_ms",
            "must be from 1000 to 3600000 ms",
        )?;
        within(
            (20..=5_000).contains(&self.barge_in_min_speech_ms),
            "barge_in_min_speech_ms",
            "must be from 20 to 5000 ms",
        )?;
        within(
            (0.05..=1.0).contains(&self.barge_in_threshold),
            "barge_in_threshold",
            "must be from 0.05 to 1",
        )?;
        within(
            self.barge_in_words_ms <= 5_000,
            "barge_in_words_ms",
            "must be from 0 to 5000 ms",
        )?;
        self.check_pause()
    }

    fn check_pause(&self) -> Result<(), TurnSettingsError> {
        within(
            (0.05..=1.0).contains(&self.pause_threshold),
            "pause_threshold",
            "must be from 0.05 to 1",
        )?;
        within(
            (1..=MAX_START_WINDOW).contains(&self.pause_window),
            "pause_window",
            "must be from 1 to 50 frames of 20 ms",
        )?;
        within(
            (1..=self.pause_window).contains(&self.pause_frames),
            "pause_frames",
            "must be from 1 to pause_window",
        )?;
        within(
            (20..=5_000).contains(&self.pause_resume_ms),
            "pause_resume_ms",
            "must be from 20 to 5000 ms",
        )?;
        within(
            (100..=30_000).contains(&self.pause_max_ms),
            "pause_max_ms",
            "must be from 100 to 30000 ms",
        )
    }
}

/// A field of [`TurnSettings`] is outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnSettingsError {
    /// Name of the field, as in the configuration file.
    pub key: &'static str,
    /// What the field must be.
    pub reason: &'static str,
}

impl fmt::Display for TurnSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.reason)
    }
}

impl core::error::Error for TurnSettingsError {}

fn within(ok: bool, key: &'static str, reason: &'static str) -> Result<(), TurnSettingsError> {
    if ok {
        Ok(())
    } else {
        Err(TurnSettingsError { key, reason })
    }
}

/// How long the longest utterance and the longest turn may be, in ms.
const LONGEST: core::ops::RangeInclusive<u32> = 1_000..=3_600_000;

/// The frames of the start window are kept as the bits of a `u64`.
pub(super) const MAX_START_WINDOW: u8 = 50;
