//! `POST /v1/audio/speech`:
//! <https://developers.openai.com/api/reference/resources/audio/subresources/speech/methods/create>,
//! read on 2026-11-29. That `pcm` is 24 kHz, 16-bit, little-endian and without a header:
//! <https://developers.openai.com/api/docs/guides/text-to-speech#supported-output-formats>, read on
//! the same day.

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::net::{Body, Endpoint};
use super::super::voice::audio::{Pcm16, Spoken};
use super::super::wav::{WavError, WavStream};
use super::super::{
    BoxFuture, Feed, PartSender, Parts, ProviderError, SpeechPart, TextToSpeech, text_by_text,
};

/// A voice of OpenAI, or of a server that has the same interface. It speaks text by text.
///
/// OpenAI shuts all its models for this path down on 2027-01-06:
/// <https://developers.openai.com/api/docs/guides/text-to-speech>. Other servers stay, see
/// [`at`](Self::at).
///
/// ```
/// use voxtra_speech::openai::Voice;
///
/// # fn main() -> Result<(), voxtra_speech::ProviderError> {
/// let voice = Voice::new("sk-…".replace('…', "1").into())?
///     .voice("coral")
///     .instructions("Speak calmly, as at a reception.");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Voice {
    endpoint: Endpoint,
    model: String,
    voice: String,
    instructions: Option<String>,
    speed: Option<f32>,
    format: VoiceFormat,
}

/// How the audio comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VoiceFormat {
    /// Samples without a header, 16-bit little-endian mono at this rate. OpenAI's own is 24,000.
    Pcm {
        /// Samples per second.
        rate_hz: u32,
    },
    /// A WAV, which tells its rate.
    Wav,
}

impl Voice {
    /// OpenAI itself.
    ///
    /// # Errors
    /// The key can't be one, or the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        Ok(Self::at(super::endpoint(&key)?))
    }

    /// Any server with this interface; its path `audio/speech` is below the base URL.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: "gpt-4o-mini-tts".to_owned(),
            voice: "alloy".to_owned(),
            instructions: None,
            speed: None,
            format: VoiceFormat::Pcm { rate_hz: 24_000 },
        }
    }

    /// The model. Default: `gpt-4o-mini-tts`, which OpenAI shuts down on 2027-01-06 together with
    /// `tts-1` and `tts-1-hd`. It names no other for this path.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The voice's name. Default: `alloy`.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = voice.into();
        self
    }

    /// How to speak, in plain words. The models `tts-1` and `tts-1-hd` ignore it.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// How fast to speak, 0.25 to 4. Default: 1.
    #[must_use]
    pub fn speed(mut self, speed: f32) -> Self {
        self.speed = Some(speed);
        self
    }

    /// How the audio comes. Default: samples at 24 kHz, as OpenAI has them. A server that has
    /// another rate is best asked for [`VoiceFormat::Wav`].
    #[must_use]
    pub fn format(mut self, format: VoiceFormat) -> Self {
        self.format = format;
        self
    }

    fn request(&self, text: &str) -> Value {
        let format = match self.format {
            VoiceFormat::Pcm { .. } => "pcm",
            VoiceFormat::Wav => "wav",
        };
        let mut body = json!({
            "model": self.model,
            "voice": self.voice,
            "input": text,
            "response_format": format,
        });
        if let Some(instructions) = &self.instructions {
            body["instructions"] = json!(instructions);
        }
        if let Some(speed) = self.speed {
            body["speed"] = json!(speed);
        }
        body
    }

    async fn synthesize(
        self,
        text: String,
        out: PartSender<SpeechPart>,
    ) -> Result<(), ProviderError> {
        let request = self.endpoint.request(Method::POST, "audio/speech")?;
        let request = request.json(&self.request(&text));
        let mut body = self.endpoint.send(request).await?;
        self.check_type(&body)?;
        let mut decoder = match self.format {
            VoiceFormat::Pcm { rate_hz } => Decoder::Pcm(Pcm16::default(), rate_hz),
            VoiceFormat::Wav => Decoder::Wav(WavStream::new()),
        };
        let mut spoken = Spoken::new(self.endpoint.provider());
        while let Some(bytes) = body.next().await? {
            let mut samples = Vec::new();
            let rate_hz = decoder
                .push(&bytes, &mut samples)
                .map_err(|error| self.endpoint.nonsense(error))?;
            if let Some(rate_hz) = rate_hz.filter(|_| !samples.is_empty()) {
                let part = spoken.add(rate_hz, samples)?;
                out.send(part).await;
            }
        }
        spoken.end(&text)?;
        decoder
            .finish()
            .map_err(|error| self.endpoint.nonsense(error))
    }

    /// Some servers refuse with a success and words in place of audio.
    fn check_type(&self, body: &Body) -> Result<(), ProviderError> {
        let kind = body.header("content-type").unwrap_or_default();
        if kind.starts_with("text/") || kind.starts_with("application/json") {
            let what = format!("it sent {kind} in place of audio");
            return Err(self.endpoint.nonsense(what));
        }
        Ok(())
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn speak(&self, texts: Feed<String>, _line_hz: u32) -> Parts<SpeechPart> {
        let voice = self.clone();
        text_by_text(texts, move |text| {
            let voice = voice.clone();
            Parts::made_by(|out| voice.synthesize(text, out))
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}

enum Decoder {
    Pcm(Pcm16, u32),
    Wav(WavStream),
}

impl Decoder {
    /// Decodes bytes; the rate once it is known.
    fn push(&mut self, bytes: &[u8], samples: &mut Vec<i16>) -> Result<Option<u32>, WavError> {
        match self {
            Self::Pcm(pcm, rate_hz) => {
                pcm.push(bytes, samples);
                Ok(Some(*rate_hz))
            }
            Self::Wav(wav) => {
                wav.push(bytes, samples)?;
                Ok(wav.rate_hz())
            }
        }
    }

    fn finish(self) -> Result<(), WavError> {
        match self {
            Self::Pcm(..) => Ok(()),
            // An empty WAV is judged by its text.
            Self::Wav(wav) => match wav.finish() {
                Ok(_) | Err(WavError::NoSamples) => Ok(()),
                Err(error) => Err(error),
            },
        }
    }
}
