//! Speech to speech by the Live API. Read on 2026-11-30: <https://ai.google.dev/api/live>,
//! <https://ai.google.dev/gemini-api/docs/live-api/capabilities> and the types of
//! <https://googleapis.github.io/js-genai/release_docs/classes/types.LiveServerMessage.html>.

mod session;

use std::fmt::Write as _;

use secrecy::SecretString;
use serde_json::{Value, json};

use self::session::Live;
use super::super::conversing::{converse, converter};
use super::super::{
    Endpoint, Feed, Message, Parts, ProviderError, SpeechToSpeech, TalkInput, TalkOptions, TalkPart,
};

/// Speech to speech by Gemini's Live API.
///
/// A line is converted to the 16 kHz that the service hears; it speaks with 24 kHz.
#[derive(Clone, Debug)]
pub struct LiveAgent {
    endpoint: Endpoint,
    model: String,
    voice: Option<String>,
}

impl LiveAgent {
    /// At Google's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one whose Live API is the same. Its path is below the host, whatever the
    /// endpoint's is.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: "gemini-3.1-flash-live-preview".to_owned(),
            voice: None,
        }
    }

    /// The model. Default: `gemini-3.1-flash-live-preview`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The voice, such as `Kore`. Default: the model's own.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }

    fn setup(&self, options: TalkOptions) -> Value {
        let mut generation = json!({ "responseModalities": ["AUDIO"] });
        if let Some(voice) = &self.voice {
            let voice = json!({ "prebuiltVoiceConfig": { "voiceName": voice } });
            generation["speechConfig"] = json!({ "voiceConfig": voice });
        }
        let mut setup = json!({
            "model": format!("models/{}", self.model),
            "generationConfig": generation,
            "systemInstruction": { "parts": [{ "text": instructions(&options) }] },
            "realtimeInputConfig": {
                // The call says where a turn begins and ends.
                "automaticActivityDetection": { "disabled": true },
                "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
            },
            "inputAudioTranscription": {},
            "outputAudioTranscription": {},
            // Without it a session ends after a quarter of an hour.
            "contextWindowCompression": { "slidingWindow": {} },
            "sessionResumption": {},
        });
        if !options.tools.is_empty() {
            let tools: Vec<_> = options.tools.into_iter().map(super::model::tool).collect();
            setup["tools"] = json!([{ "functionDeclarations": tools }]);
        }
        setup
    }
}

/// The instructions, with what was said before: models differ in how they take a history.
fn instructions(options: &TalkOptions) -> String {
    let mut text = options.instructions.clone();
    if let Some(language) = &options.language {
        let _ = write!(text, "\n\nThe language of this call is {language}.");
    }
    if !options.history.is_empty() {
        text.push_str("\n\nThis call goes on. So far was said:");
    }
    for message in &options.history {
        let who = match message {
            Message::System(_) => continue,
            Message::User(_) => "The caller",
            Message::Assistant { .. } => "You",
            Message::Tool { .. } => "A tool",
        };
        if !message.text().is_empty() {
            let _ = write!(text, "\n{who}: {}", message.text());
        }
    }
    text
}

/// The rate that the service hears.
const CALLER_HZ: u32 = 16_000;

impl SpeechToSpeech for LiveAgent {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn talk(&self, options: TalkOptions, input: Feed<TalkInput>) -> Parts<TalkPart> {
        let resampler = match converter(options.rate_hz, CALLER_HZ, &self.endpoint) {
            Ok(resampler) => resampler,
            Err(error) => return Parts::failed(error),
        };
        let endpoint = self.endpoint.clone();
        let live = Live::new(endpoint, self.setup(options), resampler);
        converse(live, input)
    }
}
