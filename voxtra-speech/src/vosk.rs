//! Vosk's websocket server, which runs on one's own machine. Its protocol is described by its
//! source, read on 2026-11-29:
//! <https://github.com/alphacep/vosk-server/blob/master/websocket/asr_server.py>.

use std::time::Duration;

use serde_json::{Value, json};

use super::listening::{Dialect, Heard, Outgoing, listen, mean, number, pcm};
use super::net::Socket;
use super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, Recognition, SpeechInput, SpeechToText,
};

/// Speech-to-text by a Vosk websocket server.
///
/// The server's model decides the language. Each utterance has a connection of its own, as the
/// server closes it behind the last words.
#[derive(Clone, Debug)]
pub struct Transcriber {
    endpoint: Endpoint,
    phrases: Vec<String>,
}

impl Transcriber {
    /// The server at this place, such as `http://127.0.0.1:2700`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            phrases: Vec::new(),
        }
    }

    /// The only phrases that callers say, for models that can be limited. May be called often.
    #[must_use]
    pub fn phrase(mut self, phrase: impl Into<String>) -> Self {
        self.phrases.push(phrase.into());
        self
    }
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let mut config = json!({ "sample_rate": options.rate_hz, "words": true });
        if !self.phrases.is_empty() {
            config["phrase_list"] = self.phrases.clone().into();
        }
        let dialect = Vosk {
            endpoint: self.endpoint.clone(),
            config,
            sent: 0,
            answers: 0,
            ended: false,
        };
        listen(dialect, &options, input)
    }
}

struct Vosk {
    endpoint: Endpoint,
    config: Value,
    /// Messages that are answered, each by one: pieces of audio, and the end.
    sent: usize,
    answers: usize,
    ended: bool,
}

impl Dialect for Vosk {
    type Connection = Socket;

    fn provider(&self) -> &str {
        self.endpoint.provider()
    }

    fn patience(&self) -> Duration {
        self.endpoint.timeouts().first
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        self.endpoint.websocket("").await
    }

    fn one_utterance(&self) -> bool {
        true
    }

    /// The server answers each piece, so they are not the shortest.
    fn pieces(&self) -> (Duration, Duration) {
        (Duration::from_millis(100), Duration::from_millis(500))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.sent = 0;
        self.answers = 0;
        self.ended = false;
        vec![json!({ "config": self.config }).into()]
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        self.sent = self.sent.saturating_add(1);
        Outgoing::Bytes(pcm(samples))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.sent = self.sent.saturating_add(1);
        self.ended = true;
        // The server compares these very characters.
        vec![Outgoing::Text("{\"eof\" : 1}".to_owned())]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        self.answers = self.answers.saturating_add(1);
        if let Some(partial) = message.get("partial").and_then(Value::as_str) {
            return Ok(vec![Heard::Interim(partial.to_owned())]);
        }
        let Some(said) = message.get("text").and_then(Value::as_str) else {
            return Err(self
                .endpoint
                .nonsense("it sent neither `partial` nor `text`"));
        };
        Ok(vec![Heard::Segment {
            text: said.to_owned(),
            confidence: confidence(message),
        }])
    }

    fn is_complete(&self) -> bool {
        self.ended && self.answers >= self.sent
    }
}

/// The mean of the words' confidences.
fn confidence(message: &Value) -> f64 {
    let words = message.get("result").and_then(Value::as_array);
    mean(
        words
            .into_iter()
            .flatten()
            .filter_map(|word| number(word, "/conf")),
    )
}

#[cfg(doctest)]
#[doc = include_str!("../../docs/providers/vosk.md")]
struct Page;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::listening::sample_json;
    use super::*;

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut vosk = Vosk {
                endpoint: Endpoint::new("vosk", "http://host", Default::default()).unwrap(),
                config: json!({}),
                sent: 0,
                answers: 0,
                ended: false,
            };
            vosk.begin();
            let _ = (vosk.hear(&message), vosk.end(), vosk.is_complete());
        }
    }
}
