//! Aura over a websocket, `/v1/speak`:
//! <https://developers.deepgram.com/reference/text-to-speech/speak-streaming> and
//! <https://developers.deepgram.com/docs/tts-ws-flush>, read on 2026-11-29.

use secrecy::SecretString;
use url::form_urlencoded::Serializer;

use super::super::net::Endpoint;
use super::super::voice::audio::{Encoding, nearest_rate};
use super::super::voice::streamed;
use super::super::{BoxFuture, Feed, Parts, ProviderError, SpeechPart, TextToSpeech};
use super::utterance::Utterance;

/// The rates of `linear16`.
const RATES: [u32; 5] = [8_000, 16_000, 24_000, 32_000, 48_000];

/// A voice of Deepgram. It speaks while its text is still being written, and tells where each text
/// begins.
///
/// ```
/// use voxtra_speech::deepgram::Voice;
///
/// # fn main() -> Result<(), voxtra_speech::ProviderError> {
/// let voice = Voice::new("key".to_owned().into())?.voice("aura-2-orion-en");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Voice {
    endpoint: Endpoint,
    voice: String,
    speed: Option<f32>,
    mu_law: bool,
}

impl Voice {
    /// Deepgram itself.
    ///
    /// # Errors
    /// The key can't be one, or the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        Ok(Self::at(super::endpoint(&key)?))
    }

    /// Another place with this interface, such as a server of one's own. The key is expected in the
    /// header `Authorization`, behind `Token `.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            voice: "aura-2-thalia-en".to_owned(),
            speed: None,
            mu_law: false,
        }
    }

    /// The voice, which is a model with a language. Default: `aura-2-thalia-en`.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = voice.into();
        self
    }

    /// How fast to speak; 1 is the voice's own speed. Some languages don't have it.
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

    fn path(&self, rate_hz: u32, mu_law: bool) -> String {
        let mut query = Serializer::new(String::new());
        query
            .append_pair("model", &self.voice)
            .append_pair("encoding", if mu_law { "mulaw" } else { "linear16" })
            .append_pair("sample_rate", &rate_hz.to_string());
        if let Some(speed) = self.speed {
            query.append_pair("speed", &speed.to_string());
        }
        format!("v1/speak?{}", query.finish())
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let rate_hz = nearest_rate(&RATES, line_hz);
        let encoding = Encoding::at(rate_hz, self.mu_law);
        let path = self.path(rate_hz, encoding.is_mu_law());
        let utterance = Utterance::new(rate_hz, encoding);
        let endpoint = self.endpoint.clone();
        Parts::made_by(|out| async move {
            streamed::speak(&endpoint, path, utterance, texts, out).await
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}
