//! Handlers of the agents of the configuration.

use std::sync::Arc;

use super::agent::COMMAND;
use super::{Config, ConfiguredAgent, ProviderSettings};
use crate::app::Handler;
use crate::session::{AgentSettings, Call, CallError};
use crate::speech::{
    FallbackModel, FallbackTranscriber, FallbackVoice, LanguageModel, ProviderError, SpeechError,
    SpeechToSpeech, SpeechToText, TextToSpeech,
};

/// What all calls of an agent share.
struct Shared {
    settings: AgentSettings,
    services: Services,
}

/// What it hears, thinks and speaks with.
enum Services {
    Three {
        ears: Arc<dyn SpeechToText>,
        model: Arc<dyn LanguageModel>,
        voice: Arc<dyn TextToSpeech>,
    },
    One(Arc<dyn SpeechToSpeech>),
}

/// Handles calls with this agent. `speech` is the voice of `[speech]`.
pub(super) fn handler(
    config: &Config,
    agent: &ConfiguredAgent,
    speech: Option<&Arc<dyn TextToSpeech>>,
) -> Result<Handler, SpeechError> {
    let find = |name: &str| -> Result<&ProviderSettings, SpeechError> {
        let mut providers = config.providers.iter();
        let found = providers.find(|provider| provider.name == name);
        found.ok_or_else(|| agent.refused(format!("there is no [provider.{name}]")))
    };
    let refuse = |error: ProviderError| agent.refused(error);
    let three = || -> Result<Services, SpeechError> {
        let ears = each(&agent.speech_to_text, |name| {
            find(name)?.speech_to_text().map_err(refuse)
        });
        let models = each(&agent.language_model, |name| {
            find(name)?.language_model().map_err(refuse)
        });
        let voices = each(&agent.text_to_speech, |name| match speech {
            Some(speech) if name == COMMAND => Ok(speech.clone()),
            None if name == COMMAND => Err(agent.refused(
                "it has no voice: install espeak-ng, flite or piper, or set text_to_speech",
            )),
            _ => find(name)?.text_to_speech().map_err(refuse),
        });
        Ok(Services::Three {
            ears: one(agent, "speech_to_text", ears?, |all| {
                Some(Arc::new(FallbackTranscriber::new(all)?))
            })?,
            model: one(agent, "language_model", models?, |all| {
                Some(Arc::new(FallbackModel::new(all)?))
            })?,
            voice: one(agent, "text_to_speech", voices?, |all| {
                Some(Arc::new(FallbackVoice::new(all)?))
            })?,
        })
    };
    let services = match &agent.speech_to_speech {
        Some(name) => Services::One(find(name)?.speech_to_speech().map_err(refuse)?),
        None => three()?,
    };
    let settings = agent.settings()?;
    let shared = Arc::new(Shared { settings, services });
    Ok(Handler::new(move |call: Call| {
        let shared = shared.clone();
        async move { shared.converse(&call).await }
    }))
}

fn each<P: ?Sized>(
    names: &[String],
    provider: impl Fn(&str) -> Result<Arc<P>, SpeechError>,
) -> Result<Vec<Arc<P>>, SpeechError> {
    names.iter().map(|name| provider(name)).collect()
}

/// The only provider, or all of them as one.
fn one<P: ?Sized>(
    agent: &ConfiguredAgent,
    key: &str,
    mut providers: Vec<Arc<P>>,
    fall_back: impl FnOnce(Vec<Arc<P>>) -> Option<Arc<P>>,
) -> Result<Arc<P>, SpeechError> {
    let one = match providers.len() {
        0 | 1 => providers.pop(),
        _ => fall_back(providers),
    };
    one.ok_or_else(|| agent.refused(format!("{key} names no provider")))
}

impl Shared {
    async fn converse(&self, call: &Call) -> Result<(), CallError> {
        match &self.services {
            Services::Three { ears, model, voice } => {
                call.set_voice(voice.clone());
                call.set_language_model(model.clone());
                call.set_speech_to_text(ears.clone());
            }
            Services::One(service) => call.set_speech_to_speech(service.clone()),
        }
        call.agent().run(&self.settings).await
    }
}
