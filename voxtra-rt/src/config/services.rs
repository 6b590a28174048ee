//! The providers of the configuration, ready to be used.

use std::sync::Arc;

use super::{ProviderKind, ProviderSettings};
#[cfg(feature = "anthropic")]
use crate::speech::anthropic;
#[cfg(feature = "assemblyai")]
use crate::speech::assemblyai;
#[cfg(feature = "cartesia")]
use crate::speech::cartesia;
#[cfg(feature = "deepgram")]
use crate::speech::deepgram;
#[cfg(feature = "elevenlabs")]
use crate::speech::elevenlabs;
#[cfg(feature = "gemini")]
use crate::speech::gemini;
#[cfg(feature = "openai")]
use crate::speech::openai;
#[cfg(feature = "vosk")]
use crate::speech::vosk;
#[cfg(feature = "wyoming")]
use crate::speech::wyoming;
use crate::speech::{
    LanguageModel, ProviderError, ProviderErrorKind, SpeechToSpeech, SpeechToText, TextToSpeech,
};

/// Changes a provider by a setting that the file has.
macro_rules! set {
    ($provider:expr $(, $method:ident($value:expr))*) => {{
        let mut provider = $provider;
        $(if let Some(value) = $value.as_ref() {
            provider = provider.$method(value.clone());
        })*
        Arc::new(provider)
    }};
}

/// How sure Flux is of a likely end of the turn: in the midst of what Deepgram names as usual.
#[cfg(feature = "deepgram")]
const LIKELY_END: f32 = 0.4;

impl ProviderSettings {
    /// As speech-to-text, which tells likely ends of turns to an agent that is `preemptive`.
    #[cfg_attr(not(feature = "deepgram"), expect(unused_variables))]
    pub(super) fn speech_to_text(
        &self,
        preemptive: bool,
    ) -> Result<Arc<dyn SpeechToText>, ProviderError> {
        let model = &self.model;
        Ok(match self.kind {
            #[cfg(feature = "assemblyai")]
            ProviderKind::AssemblyAi => set!(
                assemblyai::Transcriber::at(self.endpoint()?),
                model(model),
                language(self.language)
            ),
            #[cfg(feature = "deepgram")]
            ProviderKind::Deepgram => set!(
                deepgram::Transcriber::at(self.endpoint()?),
                model(model),
                language(self.language)
            ),
            #[cfg(feature = "deepgram")]
            ProviderKind::DeepgramFlux => set!(
                deepgram::FluxTranscriber::at(self.endpoint()?),
                model(model),
                language(self.language),
                likely_end_of_turn(preemptive.then_some(LIKELY_END))
            ),
            #[cfg(feature = "openai")]
            ProviderKind::OpenAi => set!(
                openai::Transcriber::at(self.endpoint()?),
                model(self.speech_to_text_model),
                language(self.language)
            ),
            #[cfg(feature = "openai")]
            ProviderKind::OpenAiRealtime => set!(
                openai::RealtimeTranscriber::at(self.endpoint()?),
                model(model),
                language(self.language)
            ),
            #[cfg(feature = "vosk")]
            ProviderKind::Vosk => Arc::new(vosk::Transcriber::at(self.endpoint()?)),
            #[cfg(feature = "wyoming")]
            ProviderKind::Wyoming => set!(
                wyoming::Transcriber::new(self.address()).timeouts(self.timeouts()),
                model(model),
                language(self.language)
            ),
            _ => return Err(self.lacking()),
        })
    }

    /// As speech to speech.
    pub(super) fn speech_to_speech(&self) -> Result<Arc<dyn SpeechToSpeech>, ProviderError> {
        Ok(match self.kind {
            #[cfg(feature = "openai")]
            ProviderKind::OpenAi => set!(
                openai::RealtimeAgent::at(self.endpoint()?),
                model(self.speech_to_speech_model),
                voice(self.voice),
                transcription_model(self.speech_to_text_model)
            ),
            #[cfg(feature = "gemini")]
            ProviderKind::Gemini => set!(
                gemini::LiveAgent::at(self.endpoint()?),
                model(self.speech_to_speech_model),
                voice(self.voice)
            ),
            _ => return Err(self.lacking()),
        })
    }

    /// As a language model.
    pub(super) fn language_model(&self) -> Result<Arc<dyn LanguageModel>, ProviderError> {
        Ok(match self.kind {
            #[cfg(feature = "anthropic")]
            ProviderKind::Anthropic => {
                set!(anthropic::Model::at(self.endpoint()?), model(self.model))
            }
            #[cfg(feature = "gemini")]
            ProviderKind::Gemini => {
                set!(gemini::Model::at(self.endpoint()?), model(self.model))
            }
            #[cfg(feature = "openai")]
            ProviderKind::OpenAi => {
                set!(openai::Model::at(self.endpoint()?), model(self.model))
            }
            _ => return Err(self.lacking()),
        })
    }

    /// As a voice.
    pub(super) fn text_to_speech(&self) -> Result<Arc<dyn TextToSpeech>, ProviderError> {
        let model = &self.model;
        Ok(match self.kind {
            #[cfg(feature = "cartesia")]
            ProviderKind::Cartesia => set!(
                cartesia::Voice::at(self.endpoint()?),
                model(model),
                voice(self.voice),
                language(self.language)
            ),
            #[cfg(feature = "deepgram")]
            ProviderKind::Deepgram => {
                set!(deepgram::Voice::at(self.endpoint()?), voice(self.voice))
            }
            #[cfg(feature = "elevenlabs")]
            ProviderKind::ElevenLabs => set!(
                elevenlabs::Voice::at(self.endpoint()?),
                model(model),
                voice(self.voice),
                language(self.language)
            ),
            #[cfg(feature = "openai")]
            ProviderKind::OpenAi => {
                let mut speaker = openai::Voice::at(self.endpoint()?);
                if self.base_url.is_some() {
                    // Servers of others have rates of their own, which only a WAV tells.
                    speaker = speaker.format(openai::VoiceFormat::Wav);
                }
                set!(speaker, model(self.text_to_speech_model), voice(self.voice))
            }
            #[cfg(feature = "wyoming")]
            ProviderKind::Wyoming => {
                let server = wyoming::Voice::new(self.address()).timeouts(self.timeouts());
                // A voice has a language already.
                let language = self.language.as_ref().filter(|_| self.voice.is_none());
                set!(server, voice(self.voice), language(language))
            }
            _ => return Err(self.lacking()),
        })
    }

    /// Whether the provider is there and takes the key, by the cheapest question that it documents.
    /// False: it is there, and doesn't say whether it takes the key.
    ///
    /// # Errors
    /// It can't be reached, refuses the key, or is not built in.
    pub async fn look(&self) -> Result<bool, ProviderError> {
        let kind = self.kind;
        if !kind.is_built_in() {
            return Err(self.lacking());
        }
        // Read on 2026-11-30: OpenAI's, Anthropic's and Gemini's lists of models,
        // <https://developers.deepgram.com/docs/authenticating>,
        // <https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token>,
        // <https://elevenlabs.io/docs/api-reference/models/list>,
        // <https://docs.cartesia.ai/api-reference/voices/list>.
        let (path, headers): (_, &[_]) = match kind {
            ProviderKind::OpenAi | ProviderKind::OpenAiRealtime | ProviderKind::Gemini => {
                ("models", &[])
            }
            ProviderKind::Anthropic => ("models", &[("anthropic-version", "2023-06-01")]),
            ProviderKind::Deepgram | ProviderKind::DeepgramFlux => ("v1/auth/token", &[]),
            ProviderKind::AssemblyAi => ("v3/token?expires_in_seconds=60", &[]),
            ProviderKind::ElevenLabs => ("v1/models", &[]),
            ProviderKind::Cartesia => ("voices?limit=1", &[("cartesia-version", "2026-03-01")]),
            ProviderKind::Vosk | ProviderKind::Wyoming => return self.knock().await,
        };
        self.look_at(path, headers).await
    }

    /// A server without keys: whether anybody is there.
    async fn knock(&self) -> Result<bool, ProviderError> {
        let failed = |why: String| {
            ProviderError::new(self.name.as_str(), ProviderErrorKind::Unavailable, why)
        };
        let base = self.base_url.as_deref().unwrap_or_default();
        let base = match base.contains("://") {
            true => base.to_owned(),
            false => format!("tcp://{base}"),
        };
        let url = url::Url::parse(&base).map_err(|error| failed(error.to_string()))?;
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port_or_known_default().unwrap_or_default();
        let limit = self.timeouts().connect;
        let connect = tokio::net::TcpStream::connect((host, port));
        match tokio::time::timeout(limit, connect).await {
            Ok(Ok(_)) => Ok(false),
            Ok(Err(error)) => Err(failed(format!("{host}:{port} is not reached: {error}"))),
            Err(_) => Err(failed(format!(
                "{host}:{port} is not reached: it doesn't answer"
            ))),
        }
    }

    #[cfg(any(
        feature = "anthropic",
        feature = "assemblyai",
        feature = "cartesia",
        feature = "deepgram",
        feature = "elevenlabs",
        feature = "gemini",
        feature = "openai",
        feature = "vosk"
    ))]
    async fn look_at(
        &self,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<bool, ProviderError> {
        self.endpoint()?.look(path, headers).await
    }

    #[cfg(not(any(
        feature = "anthropic",
        feature = "assemblyai",
        feature = "cartesia",
        feature = "deepgram",
        feature = "elevenlabs",
        feature = "gemini",
        feature = "openai",
        feature = "vosk"
    )))]
    async fn look_at(
        &self,
        _: &str,
        _: &[(&'static str, &'static str)],
    ) -> Result<bool, ProviderError> {
        Err(self.lacking())
    }

    #[cfg(any(
        feature = "anthropic",
        feature = "assemblyai",
        feature = "cartesia",
        feature = "deepgram",
        feature = "elevenlabs",
        feature = "gemini",
        feature = "openai",
        feature = "vosk"
    ))]
    fn endpoint(&self) -> Result<crate::speech::Endpoint, ProviderError> {
        let own = self.kind.base_url().unwrap_or_default();
        let base = self.base_url.as_deref().unwrap_or(own);
        let endpoint = crate::speech::Endpoint::new(&self.name, base, self.timeouts())?;
        let own = self.kind.key_header();
        let header = if self.azure_key {
            Some(("api-key", ""))
        } else {
            own
        };
        match (&self.key, header) {
            (Some(key), Some((header, prefix))) => endpoint.with_key(header, prefix, key),
            _ => Ok(endpoint),
        }
    }

    /// Host and port of a Wyoming server.
    fn address(&self) -> &str {
        let address = self.base_url.as_deref().unwrap_or_default();
        address.strip_prefix("tcp://").unwrap_or(address)
    }

    fn timeouts(&self) -> crate::speech::Timeouts {
        let mut timeouts = crate::speech::Timeouts::default();
        if let Some(timeout) = self.timeout {
            timeouts.first = timeout;
            timeouts.idle = timeout;
        }
        timeouts
    }

    fn lacking(&self) -> ProviderError {
        let kind = self.kind;
        let why = if kind.is_built_in() {
            format!("{} can't do this", kind.word())
        } else {
            not_built_in(kind)
        };
        ProviderError::new(self.name.as_str(), ProviderErrorKind::Rejected, why)
    }
}

/// Why a provider can't be used.
pub(super) fn not_built_in(kind: ProviderKind) -> String {
    format!(
        "this program was built without {:?}: build it with the feature {}, or with `providers` for all",
        kind.word(),
        kind.feature()
    )
}
