//! `/v1/text-to-speech/{voice_id}/stream-input`:
//! <https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input>,
//! read on 2026-11-29, with the types of ElevenLabs' own Python package.

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::super::net::Endpoint;
use super::super::voice::audio::nearest_rate;
use super::super::voice::streamed;
use super::super::{BoxFuture, Feed, Parts, ProviderError, SpeechPart, TextToSpeech, Timeouts};
use super::message::Utterance;

/// Rates of `pcm_…` that every plan has.
const RATES: [u32; 4] = [8_000, 16_000, 22_050, 24_000];

/// A voice of ElevenLabs. It speaks while its text is still being written, and knows the place of
/// each word.
///
/// ```
/// use voxtra_speech::elevenlabs::Voice;
///
/// # fn main() -> Result<(), voxtra_speech::ProviderError> {
/// let voice = Voice::new("key".to_owned().into())?
///     .voice("JBFqnCBsd6RMkjVDRZzb")
///     .language("en")
///     .speed(1.1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Voice {
    endpoint: Endpoint,
    voice: String,
    model: String,
    language: Option<String>,
    mu_law: bool,
    settings: Map<String, Value>,
}

impl Voice {
    /// ElevenLabs itself.
    ///
    /// # Errors
    /// The key can't be one, or the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        let base = "https://api.elevenlabs.io";
        let endpoint = Endpoint::new("elevenlabs", base, Timeouts::default())?;
        Ok(Self::at(endpoint.with_key("xi-api-key", "", &key)?))
    }

    /// Another place with this interface, such as `https://api.eu.residency.elevenlabs.io`. The key
    /// is expected in the header `xi-api-key`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            voice: "JBFqnCBsd6RMkjVDRZzb".to_owned(),
            model: "eleven_flash_v2_5".to_owned(),
            language: None,
            mu_law: false,
            settings: Map::new(),
        }
    }

    /// The voice's id. Default: `JBFqnCBsd6RMkjVDRZzb`, the one of ElevenLabs' examples.
    #[must_use]
    pub fn voice(mut self, id: impl Into<String>) -> Self {
        self.voice = id.into();
        self
    }

    /// The model. Default: `eleven_flash_v2_5`, the quickest. The models `eleven_v3…` can't be used
    /// here: they have no such websocket.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The language of the text, as ISO 639-1 has it. Default: the model finds out.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// How fast to speak, 0.7 to 1.2. Default: as the voice is set up.
    #[must_use]
    pub fn speed(self, speed: f32) -> Self {
        self.setting("speed", speed)
    }

    /// How little the voice varies, 0 to 1. Default: as the voice is set up.
    #[must_use]
    pub fn stability(self, stability: f32) -> Self {
        self.setting("stability", stability)
    }

    /// How close to the original voice, 0 to 1. Default: as the voice is set up.
    #[must_use]
    pub fn similarity(self, similarity: f32) -> Self {
        self.setting("similarity_boost", similarity)
    }

    /// µ-law on lines of 8 kHz: half the bytes, and a little noise. Default: off.
    #[must_use]
    pub fn mu_law(mut self, mu_law: bool) -> Self {
        self.mu_law = mu_law;
        self
    }

    fn setting(mut self, name: &str, value: f32) -> Self {
        self.settings.insert(name.to_owned(), json!(value));
        self
    }

    fn path(&self, rate_hz: u32, mu_law: bool) -> String {
        let voice: String = byte_serialize(self.voice.as_bytes()).collect();
        let format = if mu_law { "ulaw" } else { "pcm" };
        let mut query = Serializer::new(String::new());
        query
            .append_pair("model_id", &self.model)
            .append_pair("output_format", &format!("{format}_{rate_hz}"))
            // Each text is spoken at once: it is a sentence, and needs no more context.
            .append_pair("auto_mode", "true")
            .append_pair("sync_alignment", "true")
            // A language model may think for longer than the 20 s that are the default.
            .append_pair("inactivity_timeout", "180");
        if let Some(language) = &self.language {
            query.append_pair("language_code", language);
        }
        format!("v1/text-to-speech/{voice}/stream-input?{}", query.finish())
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let rate_hz = nearest_rate(&RATES, line_hz);
        let utterance = Utterance::new(rate_hz, self.mu_law, self.settings.clone());
        let path = self.path(rate_hz, utterance.is_mu_law());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_rate_is_asked_for() {
        let voice = Voice::new("key".to_owned().into()).unwrap().voice("a/b?c");
        let path = voice.path(nearest_rate(&RATES, 8_000), true);
        assert!(
            path.starts_with("v1/text-to-speech/a%2Fb%3Fc/stream-input?"),
            "{path}"
        );
        assert!(path.contains("output_format=ulaw_8000&"), "{path}");
        let path = voice.path(nearest_rate(&RATES, 12_000), false);
        assert!(path.contains("output_format=pcm_16000&"), "{path}");
        assert_eq!(nearest_rate(&RATES, 48_000), 24_000);
        assert!(!format!("{voice:?}").contains("\"key\""));
    }
}
