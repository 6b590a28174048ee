//! Recognition by a Wyoming server. Read on 2026-11-29:
//! <https://github.com/OHF-Voice/wyoming/blob/main/README.md#speech-to-text>.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::listening::{Connection, Dialect, Heard, Outgoing, listen, pcm, text};
use super::super::{
    Feed, ListenOptions, Parts, ProviderError, ProviderErrorKind, Recognition, SpeechInput,
    SpeechToText, Timeouts,
};
use super::wire::{Event, PROVIDER, Wire, audio_format, failed};

/// Speech-to-text by a Wyoming server, such as `wyoming-faster-whisper`.
///
/// The protocol has neither keys nor encryption: the server belongs on this machine or a network of
/// your own. Each utterance has a connection of its own, as servers close it behind a transcript.
#[derive(Clone, Debug)]
pub struct Transcriber {
    address: String,
    timeouts: Timeouts,
    model: Option<String>,
    language: Option<String>,
}

impl Transcriber {
    /// The server at `address`: a host and a port, such as `127.0.0.1:10300`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            timeouts: Timeouts::default(),
            model: None,
            language: None,
        }
    }

    /// How long to wait for the server. A transcript may take as long as a first answer.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The model, by its name. Default: the server's own.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The language of calls that name none, such as `de`. Default: the server's own.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let language = options.language.as_ref().or(self.language.as_ref());
        let mut transcribe = json!({});
        if let Some(model) = &self.model {
            transcribe["name"] = model.as_str().into();
        }
        // Servers know languages, not regions.
        if let Some(language) = language.and_then(|tag| tag.split(['-', '_']).next()) {
            transcribe["language"] = language.into();
        }
        let dialect = Wyoming {
            address: self.address.clone(),
            timeouts: self.timeouts,
            transcribe,
            rate_hz: options.rate_hz,
            chunks: String::new(),
            ended: false,
            complete: false,
        };
        listen(dialect, &options, input)
    }
}

struct Wyoming {
    address: String,
    timeouts: Timeouts,
    transcribe: Value,
    rate_hz: u32,
    /// The transcript so far, from servers that stream it.
    chunks: String,
    ended: bool,
    complete: bool,
}

impl Dialect for Wyoming {
    type Connection = Wire;

    fn provider(&self) -> &str {
        PROVIDER
    }

    fn patience(&self) -> Duration {
        self.timeouts.first
    }

    async fn open(&mut self) -> Result<Wire, ProviderError> {
        Wire::connect(&self.address, self.timeouts).await
    }

    fn one_utterance(&self) -> bool {
        true
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.chunks.clear();
        self.ended = false;
        self.complete = false;
        vec![
            event(Event::new("transcribe", self.transcribe.clone())),
            event(Event::new("audio-start", audio_format(self.rate_hz))),
        ]
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        event(Event::audio(self.rate_hz, pcm(samples)))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.ended = true;
        vec![event(Event::new("audio-stop", json!({})))]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        let said = text(message, "/data/text");
        match text(message, "/type") {
            "transcript-start" => {
                self.chunks.clear();
                Ok(Vec::new())
            }
            "transcript-chunk" => {
                if self.chunks.len().saturating_add(said.len()) < MAX_WORDS {
                    self.chunks.push_str(said);
                }
                Ok(vec![Heard::Interim(self.chunks.clone())])
            }
            "transcript" => {
                self.complete = true;
                Ok(vec![Heard::Segment {
                    text: said.to_owned(),
                    confidence: 1.0,
                }])
            }
            "error" => Err(failed(ProviderErrorKind::Unavailable, said)),
            _ => Ok(Vec::new()),
        }
    }

    fn is_complete(&self) -> bool {
        self.ended && self.complete
    }
}

/// Most bytes of a streamed transcript that are shown before it is complete.
const MAX_WORDS: usize = 64 << 10;

fn event(event: Event) -> Outgoing {
    Outgoing::Bytes(event.into_bytes())
}

impl Connection for Wire {
    async fn send(&mut self, message: Outgoing) -> Result<(), ProviderError> {
        match message {
            Outgoing::Bytes(bytes) => Wire::send(self, &bytes).await,
            Outgoing::Text(text) => Wire::send(self, text.as_bytes()).await,
        }
    }

    async fn next(&mut self) -> Result<Value, ProviderError> {
        match Wire::next(self).await? {
            Some(event) => Ok(json!({ "type": event.kind, "data": event.data })),
            None => Err(failed(
                ProviderErrorKind::Unavailable,
                "it closed the connection without a transcript",
            )),
        }
    }

    async fn close(self) {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listening::sample_json;
    use super::*;

    fn wyoming() -> Wyoming {
        Wyoming {
            address: String::new(),
            timeouts: Timeouts::default(),
            transcribe: json!({}),
            rate_hz: 8_000,
            chunks: String::new(),
            ended: false,
            complete: false,
        }
    }

    #[test]
    fn a_refusal_is_quoted_on_one_line_that_ends() {
        let text = format!("no\r\n\u{1b}[2J{}", "x".repeat(1 << 20));
        let error = wyoming().hear(&json!({ "type": "error", "data": { "text": text } }));
        let error = error.unwrap_err();
        assert!(!error.message.contains(char::is_control), "{error}");
        assert!(error.message.starts_with("no "), "{error}");
        assert!(error.message.chars().count() < 500);
    }

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut wyoming = wyoming();
            wyoming.begin();
            let _ = (wyoming.hear(&message), wyoming.end(), wyoming.is_complete());
        }
    }
}
