//! What becomes of the transcripts of calls.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::speech::LanguageModel;

/// How long a model may take to summarise a call, unless the settings say otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What becomes of the transcripts of an application's calls, beside the event `call.transcript`.
///
/// ```
/// use std::time::Duration;
/// use voxtra_rt::session::TranscriptSettings;
///
/// let transcripts = TranscriptSettings::new()
///     .folder("/var/lib/acme/transcripts")
///     .summary(None)
///     .summary_within(Duration::from_secs(20));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct TranscriptSettings {
    /// The folder into which each transcript is written, as a JSON file. Default: none.
    pub folder: Option<PathBuf>,
    /// Whether a language model is asked for a summary. Default: no.
    pub summarise: bool,
    /// What the summary is to be like. Default: what the caller wanted, what was agreed, and what
    /// is open, in 100 words.
    pub instruction: Option<String>,
    /// How long the model may take. The session's last event waits for it. Default: 10 s.
    pub summary_within: Duration,
    /// The model that summarises. Default: the call's own.
    pub language_model: Option<Arc<dyn LanguageModel>>,
}

impl Default for TranscriptSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl TranscriptSettings {
    /// `call.transcript` of each call, also of those without a language model, and no more.
    #[must_use]
    pub fn new() -> Self {
        Self {
            folder: None,
            summarise: false,
            instruction: None,
            summary_within: TIME_LIMIT,
            language_model: None,
        }
    }

    /// Writes each transcript into this folder. It is made if it is not there.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Has a language model summarise each call in which the caller said something: as this says,
    /// or in short.
    #[must_use]
    pub fn summary(mut self, instruction: Option<&str>) -> Self {
        self.summarise = true;
        self.instruction = instruction.map(str::to_owned);
        self
    }

    /// Sets how long the model may take to summarise.
    #[must_use]
    pub fn summary_within(mut self, limit: Duration) -> Self {
        self.summary_within = limit;
        self
    }

    /// Sets the model that summarises.
    #[must_use]
    pub fn language_model(mut self, model: Arc<dyn LanguageModel>) -> Self {
        self.language_model = Some(model);
        self
    }

    pub(super) fn summary_wanted(&self) -> Option<&Self> {
        Some(self).filter(|settings| settings.summarise)
    }

    pub(super) fn folder_wanted(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How much longer a session may take to end.
    pub(crate) fn takes(&self) -> Duration {
        match self.summarise {
            true => self.summary_within,
            false => Duration::ZERO,
        }
    }
}

impl fmt::Debug for TranscriptSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.language_model.as_ref().map(|model| model.name());
        f.debug_struct("TranscriptSettings")
            .field("folder", &self.folder)
            .field("summarise", &self.summarise)
            .field("instruction", &self.instruction)
            .field("summary_within", &self.summary_within)
            .field("language_model", &model)
            .finish()
    }
}
