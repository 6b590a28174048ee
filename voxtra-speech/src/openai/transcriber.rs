//! Recognition of whole utterances, one request each. Read on 2026-11-29: OpenAI's own client,
//! <https://github.com/openai/openai-node/blob/master/src/resources/audio/transcriptions.ts>, whose
//! comments are the reference's. The form is that of RFC 7578.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use super::super::listening::{Ahead, Words, text};
use super::super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput, SpeechToText, wav,
};

/// Speech-to-text by `POST audio/transcriptions`: OpenAI, Groq, and whisper servers of your own.
///
/// The request begins when the caller has stopped, so there are no partial transcripts. Of an
/// utterance that is longer than [`longest_s`](Self::longest_s) each such part is a request of its
/// own, and their texts are joined.
#[derive(Clone, Debug)]
pub struct Transcriber {
    endpoint: Endpoint,
    model: String,
    language: Option<String>,
    prompt: Option<String>,
    temperature: Option<f32>,
    longest_s: u32,
}

impl Transcriber {
    /// At OpenAI's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one whose `audio/transcriptions` is the same, such as
    /// `https://api.groq.com/openai/v1` or `http://127.0.0.1:8000/v1`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: "gpt-transcribe".to_owned(),
            language: None,
            prompt: None,
            temperature: None,
            longest_s: 60,
        }
    }

    /// The model. Default: `gpt-transcribe`.
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

    /// Names and words that callers are likely to say.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.prompt = Some(prompt.into());
        self
    }

    /// How freely the model chooses its words, 0 to 1. Default: the server's own.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Most seconds of audio in one request, at least one. Default: 60.
    #[must_use]
    pub fn longest_s(mut self, seconds: u32) -> Self {
        self.longest_s = seconds.max(1);
        self
    }
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let this = self.clone();
        Parts::made_by(|out| async move {
            let mut requests = Requests {
                input: Ahead::new(input, options.rate_hz),
                most: usize::try_from(options.rate_hz)
                    .unwrap_or(usize::MAX)
                    .saturating_mul(usize::try_from(this.longest_s).unwrap_or(usize::MAX)),
                transcriber: this,
                options,
                used: None,
            };
            while let Some(words) = requests.utterance().await? {
                if let Some(words) = words.finish() {
                    out.send(words).await;
                }
            }
            Ok(())
        })
    }
}

/// How long a connection is surely kept by both sides.
const KEPT: Duration = Duration::from_secs(4);
/// Most bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;

struct Requests {
    transcriber: Transcriber,
    options: ListenOptions,
    input: Ahead,
    /// Most samples of a request.
    most: usize,
    /// When the last request was over.
    used: Option<Instant>,
}

impl Requests {
    /// The next utterance's words; `None` at the end of the call.
    async fn utterance(&mut self) -> Result<Option<Words>, ProviderError> {
        let endpoint = self.transcriber.endpoint.clone();
        let mut connecting = std::pin::pin!(endpoint.warm_up());
        let mut connected = self.used.is_some_and(|used| used.elapsed() < KEPT);
        let mut words = Words::default();
        let mut samples = Vec::new();
        let mut begun = false;
        loop {
            let part = tokio::select! {
                part = self.input.next() => part,
                // While the caller speaks, so that the request needs not wait for it.
                () = &mut connecting, if begun && !connected => {
                    connected = true;
                    continue;
                }
            };
            match part {
                Some(SpeechInput::Started) if begun => {
                    self.input.put_back(SpeechInput::Started);
                    break;
                }
                Some(SpeechInput::Started) => begun = true,
                Some(SpeechInput::Audio(more)) => {
                    begun = true;
                    samples.extend(more);
                    if samples.len() >= self.most {
                        self.transcribe(&std::mem::take(&mut samples), &mut words)
                            .await?;
                    }
                }
                Some(SpeechInput::Ended) => break,
                None if begun => break,
                None => return Ok(None),
            }
        }
        if !samples.is_empty() {
            self.transcribe(&samples, &mut words).await?;
        }
        Ok(Some(words))
    }

    async fn transcribe(
        &mut self,
        samples: &[i16],
        words: &mut Words,
    ) -> Result<(), ProviderError> {
        let (content_type, form) = self.form(samples);
        let said = match self.request(content_type.clone(), form.clone()).await {
            Err(error) if error.kind == ProviderErrorKind::Unavailable => {
                tracing::debug!(%error, "speech-to-text broke off; the utterance is sent again");
                self.request(content_type, form).await?
            }
            other => other?,
        };
        self.used = Some(Instant::now());
        words.segment(&said, 1.0);
        Ok(())
    }

    async fn request(
        &mut self,
        content_type: String,
        form: bytes::Bytes,
    ) -> Result<String, ProviderError> {
        let endpoint = &self.transcriber.endpoint;
        let request = endpoint
            .request(reqwest::Method::POST, "audio/transcriptions")?
            .header(reqwest::header::CONTENT_TYPE, content_type)
            .body(form);
        let answer = async { endpoint.send(request).await?.whole(MAX_ANSWER).await };
        let answer = tokio::select! {
            answer = answer => answer?,
            () = self.input.read_ahead() => return std::future::pending().await,
        };
        let answer: Value = serde_json::from_slice(&answer)
            .map_err(|error| endpoint.nonsense(format!("its answer is no JSON: {error}")))?;
        if answer.get("text").and_then(Value::as_str).is_none() {
            return Err(endpoint.nonsense("its answer holds no `text`"));
        }
        Ok(text(&answer, "/text").to_owned())
    }

    /// The content type and the form.
    fn form(&self, samples: &[i16]) -> (String, bytes::Bytes) {
        let wav = wav::bytes(self.options.rate_hz, samples);
        let settings = &self.transcriber;
        let language = self
            .options
            .language
            .as_ref()
            .or(settings.language.as_ref());
        // ISO 639-1, so without a region.
        let language = language.and_then(|tag| tag.split(['-', '_']).next());
        let language_field = if super::takes_languages(&settings.model) {
            "languages[]"
        } else {
            "language"
        };
        let temperature = settings
            .temperature
            .map(|temperature| temperature.to_string());
        let fields = [
            ("model", Some(settings.model.as_str())),
            ("response_format", Some("json")),
            (language_field, language),
            ("prompt", settings.prompt.as_deref()),
            ("temperature", temperature.as_deref()),
        ];
        multipart(fields, &wav)
    }
}

fn multipart<const N: usize>(
    fields: [(&str, Option<&str>); N],
    wav: &[u8],
) -> (String, bytes::Bytes) {
    // The audio is the caller's, who must not be able to write a boundary.
    let mut boundary = String::from("voxtra-part");
    let mut n = 0_u32;
    let holds = |hay: &[u8], boundary: &str| {
        hay.windows(boundary.len())
            .any(|window| window == boundary.as_bytes())
    };
    while holds(wav, &boundary)
        || fields
            .iter()
            .any(|(_, value)| value.is_some_and(|value| value.contains(&boundary)))
    {
        n = n.wrapping_add(1);
        boundary = format!("voxtra-part-{n}");
    }
    let mut form = Vec::with_capacity(wav.len().saturating_add(1_024));
    for (name, value) in fields {
        if let Some(value) = value {
            let part = format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            form.extend_from_slice(part.as_bytes());
        }
    }
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; \
         filename=\"utterance.wav\"\r\ncontent-type: audio/wav\r\n\r\n"
    );
    form.extend_from_slice(head.as_bytes());
    form.extend_from_slice(wav);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (
        format!("multipart/form-data; boundary={boundary}"),
        form.into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_cannot_write_the_boundary() {
        let (content_type, form) = multipart([("model", Some("m"))], b"RIFF--voxtra-part\r\n\r\nx");
        assert_eq!(content_type, "multipart/form-data; boundary=voxtra-part-1");
        let form = String::from_utf8_lossy(&form);
        assert_eq!(form.matches("--voxtra-part-1\r\n").count(), 2, "{form}");
        assert!(form.ends_with("\r\n--voxtra-part-1--\r\n"), "{form}");
    }
}
