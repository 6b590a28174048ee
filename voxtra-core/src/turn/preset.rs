//! Sets of settings for kinds of conversations.

use serde::{Deserialize, Serialize};

use super::TurnSettings;

/// A set of [`TurnSettings`] to start from.
///
/// ```
/// use voxtra_core::turn::{Preset, TurnSettings};
///
/// let settings = Preset::Patient.settings().with(|turn| turn.silence_ms = 8_000);
/// assert!(settings.check().is_ok());
/// assert_eq!(Preset::Balanced.settings(), TurnSettings::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// For short questions and answers, and callers who know what to expect: the agent answers
    /// early and yields to short speech. Callers who think aloud are cut off now and then.
    Responsive,
    /// The defaults: a conversation on the telephone.
    #[default]
    Balanced,
    /// For callers who take their time: numbers read from a card, a foreign language, a noisy
    /// place. The agent waits longer before it answers and before a caller can interrupt it.
    Patient,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 3] = [Self::Responsive, Self::Balanced, Self::Patient];

    /// Its settings.
    #[must_use]
    pub fn settings(self) -> TurnSettings {
        let balanced = TurnSettings::default();
        match self {
            Self::Responsive => TurnSettings {
                hangover_ms: 180,
                end_of_turn_ms: 550,
                barge_in_min_speech_ms: 400,
                pause_resume_ms: 300,
                ..balanced
            },
            Self::Balanced => balanced,
            Self::Patient => TurnSettings {
                hangover_ms: 320,
                end_of_turn_ms: 1_100,
                barge_in_min_speech_ms: 720,
                pause_frames: 2,
                pause_window: 3,
                pause_resume_ms: 500,
                ..balanced
            },
        }
    }
}
