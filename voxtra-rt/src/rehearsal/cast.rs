//! Who plays the providers in a rehearsal.

use std::fmt;
use std::sync::Arc;

use super::chaos::Disturbance;
use super::speech_to_text::{Recogniser, Spoken, SpokenTranscriber};
use super::voice::Voice;
use crate::session::{Services, StandIns};
use crate::speech::{LanguageModel, SpeechToSpeech, SpeechToText, TextToSpeech};

/// The providers that the rehearsal was given, for all of its calls.
#[derive(Clone, Default)]
pub(super) struct Cast {
    pub(super) recogniser: Option<Recogniser>,
    pub(super) voice: Option<Voice>,
    pub(super) model: Option<Arc<dyn LanguageModel>>,
    pub(super) speech_to_speech: Option<Arc<dyn SpeechToSpeech>>,
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
        let theirs = of_the_application.speech_to_speech.clone();
        let in_one = self.speech_to_speech.clone().or(theirs);
        let in_one = in_one.map(|service| by.speech_to_speech(service));
        let stand_ins = OfCall {
            speech_to_text: self.recogniser.is_some().then(|| speech_to_text.clone()),
            voice: self.voice.is_some().then(|| voice.clone()),
            model: model.clone().filter(|_| self.model.is_some()),
            speech_to_speech: in_one.clone().filter(|_| self.speech_to_speech.is_some()),
            disturbance: by.clone(),
        };
        Services {
            voice: Some(voice),
            speech_to_text: Some(speech_to_text),
            model,
            speech_to_speech: in_one,
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
            .field(
                "speech_to_speech",
                &self.speech_to_speech.as_ref().map(|one| one.name()),
            )
            .finish_non_exhaustive()
    }
}

/// Plays the providers that one call chooses for itself.
struct OfCall {
    speech_to_text: Option<Arc<dyn SpeechToText>>,
    voice: Option<Arc<dyn TextToSpeech>>,
    model: Option<Arc<dyn LanguageModel>>,
    speech_to_speech: Option<Arc<dyn SpeechToSpeech>>,
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

    fn speech_to_speech(&self, chosen: Arc<dyn SpeechToSpeech>) -> Arc<dyn SpeechToSpeech> {
        match &self.speech_to_speech {
            Some(ours) => ours.clone(),
            None => self.disturbance.speech_to_speech(chosen),
        }
    }
}
