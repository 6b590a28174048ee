//! The messages of one utterance.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::ProviderError;
use super::super::net::{Endpoint, Received, kind, message_of};
use super::super::voice::audio::Encoding;
use super::super::voice::captions::Captions;
use super::super::voice::streamed::{Dialect, Said};

/// A context expires one second after its last audio. After this long without any it is finished,
/// and what comes later gets a new one.
const PAUSE: Duration = Duration::from_millis(400);

pub(super) struct Utterance {
    rate_hz: u32,
    encoding: Encoding,
    request: Value,
    id: u64,
    /// How many contexts there have been.
    contexts: u64,
    /// The last of them is not done.
    open: bool,
    /// Where the context begins, which its times count from.
    begin: Duration,
    captions: Captions,
    timed: bool,
}

impl Utterance {
    pub(super) fn new(rate_hz: u32, encoding: Encoding, request: Value) -> Self {
        Self {
            rate_hz,
            encoding,
            request,
            // Nothing hashed with random keys is a random number.
            id: RandomState::new().build_hasher().finish(),
            contexts: 0,
            open: false,
            begin: Duration::ZERO,
            captions: Captions::default(),
            timed: false,
        }
    }

    fn context(&self) -> String {
        format!("{:016x}-{}", self.id, self.contexts)
    }

    fn message(&self, text: &str, more: bool) -> String {
        let mut message = self.request.clone();
        message["context_id"] = json!(self.context());
        message["transcript"] = json!(text);
        message["continue"] = json!(more);
        message.to_string()
    }

    fn tell_words(&mut self, json: &Value, said: &mut Vec<Said>) {
        let list = |name: &str| json.pointer(name).and_then(Value::as_array);
        let words = list("/word_timestamps/words");
        let (Some(words), Some(starts)) = (words, list("/word_timestamps/start")) else {
            return;
        };
        for (word, start) in words.iter().zip(starts) {
            let (Some(word), Some(start)) = (word.as_str(), start.as_f64()) else {
                continue;
            };
            self.timed = true;
            let start = Duration::try_from_secs_f64(start).unwrap_or_default();
            if let Some(text) = self.captions.of(word) {
                let at = self.begin.saturating_add(start);
                said.push(Said::Text { text, at });
            }
        }
    }
}

impl Dialect for Utterance {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn give(&mut self, text: &str, length: Duration, _: &mut Vec<Said>) -> Vec<String> {
        if !self.open {
            self.open = true;
            self.contexts = self.contexts.saturating_add(1);
            self.begin = length;
            self.timed = false;
        }
        // Texts are joined as they are.
        let text = format!("{} ", text.trim());
        self.captions.give(&text);
        vec![self.message(&text, true)]
    }

    fn finish(&mut self, _: Duration, said: &mut Vec<Said>) -> Vec<String> {
        if self.open {
            vec![self.message("", false)]
        } else {
            said.push(Said::Done);
            Vec::new()
        }
    }

    fn read(
        &mut self,
        endpoint: &Endpoint,
        message: &Received,
        length: Duration,
        said: &mut Vec<Said>,
    ) -> Result<(), ProviderError> {
        let Received::Text(text) = message else {
            return Err(endpoint.nonsense("it sent bytes in place of JSON"));
        };
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            return Err(endpoint.nonsense("it sent what is no JSON"));
        };
        let field = |name: &str| json.get(name).and_then(Value::as_str);
        if field("context_id").is_some_and(|id| id != self.context()) {
            return Ok(());
        }
        match field("type").unwrap_or_default() {
            "chunk" => {
                let Some(Ok(bytes)) = field("data").map(|data| STANDARD.decode(data)) else {
                    return Err(endpoint.nonsense("its audio is not base64"));
                };
                let samples = self.encoding.decode(&bytes);
                if !samples.is_empty() {
                    said.push(Said::Audio(samples));
                }
            }
            "timestamps" => self.tell_words(&json, said),
            "done" => {
                if let Some(text) = self.captions.rest() {
                    let at = if self.timed { length } else { self.begin };
                    said.push(Said::Text { text, at });
                }
                self.open = false;
                said.push(Said::Done);
            }
            "error" => {
                let status = json.get("status_code").and_then(Value::as_u64);
                let status = status.and_then(|status| u16::try_from(status).ok());
                let what = message_of(text.as_bytes());
                let what = what.unwrap_or_else(|| "without a reason".to_owned());
                let kind = kind(status.unwrap_or(500), None);
                return Err(endpoint.error(kind, &format!("it refused: {what}")));
            }
            // `flush_done`, and what may be added later.
            _ => {}
        }
        Ok(())
    }

    fn pause(&self) -> Option<Duration> {
        Some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::voice::audio::Pcm16;
    use super::super::super::voice::streamed::odd;
    use super::*;

    proptest::proptest! {
        #[test]
        fn nothing_that_is_sent_panics(
            messages in odd::messages(
                &["data", "word_timestamps", "status_code", "message", "done"],
                &["chunk", "chunk", "timestamps", "done", "error", "flush_done"],
            ),
        ) {
            let encoding = Encoding::Pcm16(Pcm16::default());
            odd::read(Utterance::new(8_000, encoding, json!({})), &messages);
        }
    }

    #[test]
    fn without_times_the_texts_are_told_where_their_context_begins() {
        let endpoint = Endpoint::new("test", "http://localhost", Default::default()).unwrap();
        let encoding = Encoding::Pcm16(Pcm16::default());
        let mut utterance = Utterance::new(8_000, encoding, json!({}));
        let (begin, mut said) = (Duration::from_secs(1), Vec::new());
        utterance.give("One.", begin, &mut said);
        for message in [
            json!({ "type": "chunk", "data": "AAA=" }),
            json!({ "type": "done" }),
        ] {
            let message = Received::Text(message.to_string());
            utterance
                .read(&endpoint, &message, Duration::from_secs(2), &mut said)
                .unwrap();
        }
        let text = Said::Text {
            text: "One. ".to_owned(),
            at: begin,
        };
        assert_eq!(said, [Said::Audio(vec![0]), text, Said::Done]);
    }
}
