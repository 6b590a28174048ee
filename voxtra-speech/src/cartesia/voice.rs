//! Sonic over a websocket, `/tts/websocket`:
//! <https://docs.cartesia.ai/2026-03-01/api-reference/tts/websocket>,
//! <https://docs.cartesia.ai/use-the-api/tts-websocket/contexts> and
//! <https://docs.cartesia.ai/use-the-api/tts-websocket/buffering>, read on 2026-11-29.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::net::Endpoint;
use super::super::voice::audio::{Encoding, nearest_rate};
use super::super::voice::streamed;
use super::super::{BoxFuture, Feed, Parts, ProviderError, SpeechPart, TextToSpeech, Timeouts};
use super::utterance::Utterance;

const RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// A voice of Cartesia. It speaks while its text is still being written, and knows the place of
/// each word.
///
/// ```
/// use voxtra_speech::cartesia::Voice;
///
/// # fn main() -> Result<(), voxtra_speech::ProviderError> {
/// let voice = Voice::new("key".to_owned().into())?
///     .voice("a0e99841-438c-4a64-b679-ae501e7d6091")
///     .language("en");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Voice {
    endpoint: Endpoint,
    model: String,
    voice: String,
    language: String,
    speed: Option<f32>,
    mu_law: bool,
}

impl Voice {
    /// Cartesia itself.
    ///
    /// # Errors
    /// The key can't be one, or the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        let base = "https://api.cartesia.ai";
        let endpoint = Endpoint::new("cartesia", base, Timeouts::default())?;
        Ok(Self::at(endpoint.with_key(
            "authorization",
            "Bearer ",
            &key,
        )?))
    }

    /// Another place with this interface. The key is expected in the header `Authorization`, behind
    /// `Bearer `.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint: endpoint.with_header("cartesia-version", "2026-03-01"),
            model: "sonic-3.5".to_owned(),
            voice: "a0e99841-438c-4a64-b679-ae501e7d6091".to_owned(),
            language: "en".to_owned(),
            speed: None,
            mu_law: false,
        }
    }

    /// The model. Default: `sonic-3.5`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The voice's id. Default: the one of Cartesia's examples.
    #[must_use]
    pub fn voice(mut self, id: impl Into<String>) -> Self {
        self.voice = id.into();
        self
    }

    /// The language of the text, as ISO 639-1 has it. Default: `en`.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    /// How fast to speak, 0.6 to 1.5. Default: 1.
    #[must_use]
    pub fn speed(mut self, speed: f32) -> Self {
        self.speed = Some(speed);
        self
    }

    /// µ-law on lines of 8 kHz: half the bytes, and a little noise. Default: off.
    #[must_use]
    pub fn mu_law(mut self, mu_law: bool) -> Self {
        self.mu_law = mu_law;
        self
    }

    /// What all messages of a context have in common.
    fn request(&self, rate_hz: u32, mu_law: bool) -> Value {
        let mut request = json!({
            "model_id": self.model,
            "voice": { "mode": "id", "id": self.voice },
            "language": self.language,
            "output_format": {
                "container": "raw",
                "encoding": if mu_law { "pcm_mulaw" } else { "pcm_s16le" },
                "sample_rate": rate_hz,
            },
            "add_timestamps": true,
            // Words as they were given, so that they can be found in the text.
            "use_normalized_timestamps": false,
            // Each text is spoken at once: it is a sentence, and needs no more context.
            "max_buffer_delay_ms": 0,
        });
        if let Some(speed) = self.speed {
            request["generation_config"] = json!({ "speed": speed });
        }
        request
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let rate_hz = nearest_rate(&RATES, line_hz);
        let encoding = Encoding::at(rate_hz, self.mu_law);
        let request = self.request(rate_hz, encoding.is_mu_law());
        let utterance = Utterance::new(rate_hz, encoding, request);
        let endpoint = self.endpoint.clone();
        let path = "tts/websocket".to_owned();
        Parts::made_by(|out| async move {
            streamed::speak(&endpoint, path, utterance, texts, out).await
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}
