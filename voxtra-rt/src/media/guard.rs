//! What a call's media thread plays by itself when the agent is at a loss.

use std::sync::Arc;

use voxtra_core::audio::SampleRate;
use voxtra_core::leg::GuardSettings;
use voxtra_core::playout::Clip;

/// The times of a guard against dead air, and its clips. Calls share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardPlan {
    pub(crate) settings: GuardSettings,
    /// The rate of the clips; on another line they are not played.
    pub(crate) rate: SampleRate,
    /// Empty as long as there are none.
    pub(crate) filler: Arc<[i16]>,
    pub(crate) apology: Arc<[i16]>,
    /// What is said in them.
    pub(crate) filler_text: String,
    pub(crate) apology_text: String,
}

impl GuardPlan {
    pub(crate) fn samples(&self, clip: Clip) -> &[i16] {
        match clip {
            Clip::Filler => &self.filler,
            Clip::Apology => &self.apology,
        }
    }

    pub(crate) fn text(&self, clip: Clip) -> &str {
        match clip {
            Clip::Filler => &self.filler_text,
            Clip::Apology => &self.apology_text,
        }
    }
}
