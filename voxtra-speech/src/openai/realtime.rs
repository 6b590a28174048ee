//! Recognition while the caller speaks, in a realtime session. Read on 2026-11-29:
//! <https://developers.openai.com/api/docs/guides/realtime-transcription>,
//! <https://developers.openai.com/api/reference/resources/realtime/client-events>,
//! <https://developers.openai.com/api/reference/resources/realtime/server-events>.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::SecretString;
use serde_json::{Value, json};
use voxtra_core::audio::{Law, Resampler};

use super::super::listening::{Dialect, Heard, Outgoing, listen, pcm, text};
use super::super::net::Socket;
use super::super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput, SpeechToText,
};

/// Speech-to-text by a realtime transcription session, with partial transcripts.
///
/// A line of 8 kHz is sent as µ-law; others are converted to the 24 kHz that the service takes.
#[derive(Clone, Debug)]
pub struct RealtimeTranscriber {
    endpoint: Endpoint,
    model: String,
    language: Option<String>,
    prompt: Option<String>,
}

impl RealtimeTranscriber {
    /// At OpenAI's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one whose `realtime?intent=transcription` is the same.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: super::REALTIME_TRANSCRIPTION.to_owned(),
            language: None,
            prompt: None,
        }
    }

    /// The model. Default: `gpt-live-transcribe`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The language of calls that name none, such as `de`. Default: the model finds out.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Names and words that callers are likely to say, for models that take them.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.prompt = Some(prompt.into());
        self
    }

    fn session(&self, options: &ListenOptions) -> Value {
        let language = options.language.as_ref().or(self.language.as_ref());
        let language = language.map(String::as_str);
        let mut transcription = super::transcription(&self.model, language);
        if let Some(prompt) = &self.prompt {
            transcription["prompt"] = prompt.as_str().into();
        }
        let format = if options.rate_hz == MU_LAW_HZ {
            json!({ "type": "audio/pcmu" })
        } else {
            json!({ "type": "audio/pcm", "rate": PCM_HZ })
        };
        json!({
            "type": "session.update",
            "session": {
                "type": "transcription",
                "audio": { "input": {
                    "format": format,
                    "transcription": transcription,
                    // The call says where an utterance ends.
                    "turn_detection": null,
                } },
            },
        })
    }
}

/// The rate of a telephone line, which is sent as it is.
const MU_LAW_HZ: u32 = 8_000;
/// The only rate of linear samples.
const PCM_HZ: u32 = 24_000;

impl SpeechToText for RealtimeTranscriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let resampler = if options.rate_hz == MU_LAW_HZ {
            None
        } else {
            match Resampler::new(options.rate_hz, PCM_HZ) {
                Ok(resampler) => Some(Box::new(resampler)),
                Err(error) => {
                    let kind = ProviderErrorKind::Rejected;
                    return Parts::failed(self.endpoint.error(kind, &error.to_string()));
                }
            }
        };
        let dialect = Realtime {
            session: self.session(&options),
            endpoint: self.endpoint.clone(),
            resampler,
            configured: false,
            deltas: String::new(),
            committed: false,
            complete: false,
        };
        listen(dialect, &options, input)
    }
}

struct Realtime {
    endpoint: Endpoint,
    session: Value,
    resampler: Option<Box<Resampler>>,
    /// The session was accepted.
    configured: bool,
    /// The transcript so far.
    deltas: String,
    committed: bool,
    complete: bool,
}

/// Most bytes of a transcript that are shown before it is complete.
const MAX_DELTAS: usize = 64 << 10;

impl Dialect for Realtime {
    type Connection = Socket;

    fn provider(&self) -> &str {
        self.endpoint.provider()
    }

    fn patience(&self) -> Duration {
        self.endpoint.timeouts().first
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        self.configured = false;
        let mut socket = self
            .endpoint
            .websocket("realtime?intent=transcription")
            .await?;
        socket.send_text(self.session.to_string()).await?;
        Ok(socket)
    }

    /// Less than 100 ms can't be committed.
    fn pieces(&self) -> (Duration, Duration) {
        (Duration::from_millis(100), Duration::from_millis(500))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.deltas.clear();
        self.committed = false;
        self.complete = false;
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        let bytes = match &mut self.resampler {
            Some(resampler) => {
                let mut converted = vec![0; resampler.output_len(samples.len())];
                let (_, made) = resampler.process(samples, &mut converted);
                pcm(converted.get(..made).unwrap_or_default())
            }
            None => samples
                .iter()
                .map(|&sample| Law::Mu.encode(sample))
                .collect(),
        };
        json!({ "type": "input_audio_buffer.append", "audio": BASE64.encode(bytes) }).into()
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.committed = true;
        vec![json!({ "type": "input_audio_buffer.commit" }).into()]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        match text(message, "/type") {
            "conversation.item.input_audio_transcription.delta" => {
                let delta = text(message, "/delta");
                if self.deltas.len().saturating_add(delta.len()) < MAX_DELTAS {
                    self.deltas.push_str(delta);
                }
                Ok(vec![Heard::Interim(self.deltas.clone())])
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.complete |= self.committed;
                self.deltas.clear();
                Ok(vec![Heard::Segment {
                    text: text(message, "/transcript").to_owned(),
                    confidence: 1.0,
                }])
            }
            "session.updated" | "transcription_session.updated" => {
                self.configured = true;
                Ok(Vec::new())
            }
            "conversation.item.input_audio_transcription.failed" => {
                let failure = self.failure(message);
                // A cough, for instance.
                if text(message, "/error/type") != "transcription_error"
                    || failure.kind != ProviderErrorKind::Rejected
                {
                    return Err(failure);
                }
                tracing::debug!(error = %failure, "an utterance could not be understood");
                Ok(self.without_words())
            }
            "error" => {
                let failure = self.failure(message);
                // Most errors leave the session open.
                if !self.configured || failure.kind != ProviderErrorKind::Rejected {
                    return Err(failure);
                }
                tracing::warn!(error = %failure, "speech-to-text refused a message");
                if text(message, "/error/code") == "input_audio_buffer_commit_empty" {
                    return Ok(self.without_words());
                }
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

impl Realtime {
    /// No words come for what was committed.
    fn without_words(&mut self) -> Vec<Heard> {
        self.complete |= self.committed;
        self.deltas.clear();
        Vec::new()
    }

    fn failure(&self, message: &Value) -> ProviderError {
        super::realtime_failure(&self.endpoint, message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listening::sample_json;
    use super::*;

    fn realtime(resampler: Option<Box<Resampler>>) -> Realtime {
        Realtime {
            endpoint: Endpoint::new("openai", "http://host", Default::default()).unwrap(),
            session: json!({}),
            resampler,
            configured: false,
            deltas: String::new(),
            committed: false,
            complete: false,
        }
    }

    fn failed(error: Value) -> Value {
        let kind = "conversation.item.input_audio_transcription.failed";
        json!({ "type": kind, "item_id": "x", "error": error })
    }

    #[test]
    fn what_cannot_be_understood_is_an_utterance_without_words() {
        let mut realtime = realtime(None);
        realtime.begin();
        realtime.end();
        let cough = json!({ "type": "transcription_error", "code": "audio_unintelligible" });
        assert_eq!(realtime.hear(&failed(cough)), Ok(Vec::new()));
        assert!(realtime.is_complete());
        for error in [
            json!({ "type": "server_error" }),
            json!({ "type": "transcription_error", "code": "insufficient_quota" }),
            json!({ "type": "invalid_request_error", "code": "model_not_found" }),
        ] {
            assert!(realtime.hear(&failed(error.clone())).is_err(), "{error}");
        }
    }

    #[test]
    fn an_error_in_an_accepted_session_is_its_end_only_if_nothing_can_follow() {
        let error = |kind: &str, code: &str| json!({ "type": "error", "error": { "type": kind, "code": code } });
        let recoverable = error("invalid_request_error", "invalid_value");
        let mut realtime = realtime(None);
        assert!(realtime.hear(&recoverable).is_err());
        realtime
            .hear(&json!({ "type": "session.updated" }))
            .unwrap();
        realtime.begin();
        realtime.end();
        assert_eq!(realtime.hear(&recoverable), Ok(Vec::new()));
        assert!(!realtime.is_complete());
        let empty = error("invalid_request_error", "input_audio_buffer_commit_empty");
        assert_eq!(realtime.hear(&empty), Ok(Vec::new()));
        assert!(realtime.is_complete());
        let expired = realtime.hear(&error("invalid_request_error", "session_expired"));
        assert_eq!(expired.unwrap_err().kind, ProviderErrorKind::Unavailable);
        for code in ["invalid_api_key", "insufficient_quota"] {
            assert!(realtime.hear(&error("x", code)).is_err(), "{code}");
        }
    }

    #[test]
    fn a_language_has_the_field_that_the_model_knows() {
        let at = |model: &str| {
            let endpoint = Endpoint::new("openai", "http://host", Default::default()).unwrap();
            let transcriber = RealtimeTranscriber::at(endpoint)
                .language("de-AT")
                .model(model);
            let session = transcriber.session(&ListenOptions::new(8_000));
            session["session"]["audio"]["input"]["transcription"].clone()
        };
        for model in ["gpt-live-transcribe", "gpt-transcribe"] {
            let expected = json!({ "model": model, "languages": ["de"] });
            assert_eq!(at(model), expected);
        }
        let expected = json!({ "model": "gpt-realtime-whisper", "language": "de" });
        assert_eq!(at("gpt-realtime-whisper"), expected);
    }

    #[test]
    fn a_line_of_another_rate_is_converted() {
        let mut realtime = realtime(Some(Box::new(Resampler::new(16_000, PCM_HZ).unwrap())));
        realtime.begin();
        let mut bytes = 0;
        for _ in 0..50 {
            let Outgoing::Text(text) = realtime.audio(&[1_000; 320]) else {
                panic!("audio is text");
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            bytes += BASE64
                .decode(super::text(&message, "/audio"))
                .unwrap()
                .len();
        }
        assert_eq!(bytes, 2 * 24_000);
    }

    #[test]
    fn an_error_says_what_to_do() {
        let mut realtime = realtime(None);
        let limited = ProviderErrorKind::RateLimited { retry_after: None };
        for (error, kind) in [
            (
                json!({ "type": "server_error" }),
                ProviderErrorKind::Unavailable,
            ),
            (
                json!({ "type": "x", "code": "insufficient_quota" }),
                limited,
            ),
            (
                json!({ "code": "invalid_api_key" }),
                ProviderErrorKind::Auth,
            ),
            (
                json!({ "type": "invalid_request_error" }),
                ProviderErrorKind::Rejected,
            ),
        ] {
            let told = realtime.hear(&json!({ "type": "error", "error": error }));
            assert_eq!(told.unwrap_err().kind, kind, "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut realtime = realtime(None);
            realtime.begin();
            let _ = (realtime.hear(&message), realtime.end(), realtime.is_complete());
        }
    }
}
