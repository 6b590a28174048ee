//! Who plays the providers in a rehearsal.

use std::fmt;
use std::sync::Arc;

use super::chaos::Disturbance;
use super::speech_to_text::{Recogniser, Spoken, SpokenTranscriber};
use super::voice::Voice;
use crate::session::{Services, StandIns};
use crate::speech::{LanguageModel, SpeechToText, TextToSpeech};

/// The providers that the rehearsal was given, for all of its calls.
#[derive(Clone, Default)]
pub(super) struct Cast {
    pub(super) recogniser: Option<Recogniser>,
    pub(super) voice: Option<Voice>,
    pub(super) model: Option<Arc<dyn LanguageModel>>,
    pub(super) disturbance: Disturbance,
}

impl Cast {
    /// The services of a call whose caller says `spoken`. What the application has and the
    /// rehearsal has not, stays.
    pub(super) fn services(&self, of_the_application: Services, spoken: &Arc<Spoken>) -> Services {
        let by = &self.disturbance;
        let speech_to_text = by.speech_to_text(Arc::new(SpokenTranscriber {
            recogniser: self.recogniser.clone().unwrap_or_default(),
            spoken: spoken.clone(),
        }));
        let voice = by.voice(Arc::new(self.voice.clone().unwrap_or_default()));
        let model = self.model.clone().or(of_the_application.model.clone());
        let model = model.map(|model| by.model(model));
        let stand_ins = OfCall {
            speech_to_text: self.recogniser.is_some().then(|| speech_to_text.clone()),
            voice: self.voice.is_some().then(|| voice.clone()),
            model: model.clone().filter(|_| self.model.is_some()),
            disturbance: by.clone(),
        };
        Services {
            voice: Some(voice),
            speech_to_text: Some(speech_to_text),
            model,
            stand_ins: Some(Arc::new(stand_ins)),
            ..of_the_application
        }
    }
}

impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cast")
            .field("recogniser", &self.recogniser)
            .field("voice", &self.voice)
            .field("model", &self.model.as_ref().map(|model| model.name()))
            .finish_non_exhaustive()
    }
}

/// Plays the providers that one call chooses for itself.
struct OfCall {
    speech_to_text: Option<Arc<dyn SpeechToText>>,
    voice: Option<Arc<dyn TextToSpeech>>,
    model: Option<Arc<dyn LanguageModel>>,
    disturbance: Disturbance,
}

impl StandIns for OfCall {
    fn speech_to_text(&self, chosen: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText> {
        match &self.speech_to_text {
            Some(ours) => ours.clone(),
            None => self.disturbance.speech_to_text(chosen),
        }
    }

    fn voice(&self, chosen: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech> {
        match &self.voice {
            Some(ours) => ours.clone(),
            None => self.disturbance.voice(chosen),
        }
    }

    fn model(&self, chosen: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel> {
        match &self.model {
            Some(ours) => ours.clone(),
            None => self.disturbance.model(chosen),
        }
    }
}
