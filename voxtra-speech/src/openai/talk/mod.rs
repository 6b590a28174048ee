//! Speech to speech in a realtime session, as it is since its general availability. Read on
//! 2026-11-30: <https://developers.openai.com/api/docs/guides/realtime-conversations> and the types
//! of <https://github.com/openai/openai-python/tree/main/src/openai/types/realtime>.

mod session;

use secrecy::SecretString;
use serde_json::{Value, json};

use self::session::Realtime;
use super::super::conversing::{converse, converter};
use super::super::{
    Endpoint, Feed, Parts, ProviderError, ProviderErrorKind, SpeechToSpeech, TalkInput,
    TalkOptions, TalkPart,
};

/// Speech to speech by OpenAI's realtime models.
///
/// A line of 8 kHz is sent and received as µ-law; for others the service's 24 kHz are converted.
#[derive(Clone, Debug)]
pub struct RealtimeAgent {
    endpoint: Endpoint,
    model: String,
    voice: String,
    transcription_model: String,
}

impl RealtimeAgent {
    /// At OpenAI's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one whose `realtime` is the same.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: "gpt-realtime-2.1".to_owned(),
            voice: "marin".to_owned(),
            transcription_model: super::REALTIME_TRANSCRIPTION.to_owned(),
        }
    }

    /// The model. Default: `gpt-realtime-2.1`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The voice. Default: `marin`.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = voice.into();
        self
    }

    /// The model that writes down what the caller says. Default: `gpt-live-transcribe`.
    #[must_use]
    pub fn transcription_model(mut self, model: impl Into<String>) -> Self {
        self.transcription_model = model.into();
        self
    }

    fn session(&self, options: &TalkOptions) -> Value {
        let format = if options.rate_hz == MU_LAW_HZ {
            json!({ "type": "audio/pcmu" })
        } else {
            json!({ "type": "audio/pcm", "rate": PCM_HZ })
        };
        let language = options.language.as_deref();
        let transcription = super::transcription(&self.transcription_model, language);
        let tools = options.tools.iter().map(|tool| {
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            })
        });
        json!({
            "type": "realtime",
            "instructions": options.instructions,
            "output_modalities": ["audio"],
            "tools": tools.collect::<Vec<_>>(),
            "audio": {
                "input": {
                    "format": format,
                    "transcription": transcription,
                    // The call says where a turn ends, and what interrupts.
                    "turn_detection": null,
                },
                "output": { "format": format, "voice": self.voice },
            },
        })
    }
}

/// The rate of a telephone line, which is sent as it is.
const MU_LAW_HZ: u32 = 8_000;
/// The only rate of linear samples.
const PCM_HZ: u32 = 24_000;

impl SpeechToSpeech for RealtimeAgent {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn talk(&self, options: TalkOptions, input: Feed<TalkInput>) -> Parts<TalkPart> {
        let ok = |letter: char| letter.is_ascii_alphanumeric() || "-._:".contains(letter);
        if self.model.is_empty() || !self.model.chars().all(ok) {
            let what = format!("{:?} is not the name of a model", self.model);
            return Parts::failed(self.endpoint.error(ProviderErrorKind::Rejected, &what));
        }
        let mu_law = options.rate_hz == MU_LAW_HZ;
        let rate_hz = if mu_law { MU_LAW_HZ } else { PCM_HZ };
        let resampler = match converter(options.rate_hz, rate_hz, &self.endpoint) {
            Ok(resampler) => resampler,
            Err(error) => return Parts::failed(error),
        };
        let path = format!("realtime?model={}", self.model);
        let session = self.session(&options);
        let endpoint = self.endpoint.clone();
        let realtime = Realtime::new(endpoint, path, session, options.history, resampler, mu_law);
        converse(realtime, input)
    }
}
