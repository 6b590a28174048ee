//! The messages of one utterance.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::net::{Endpoint, Received, message_of};
use super::super::voice::audio::Encoding;
use super::super::voice::captions::Captions;
use super::super::voice::streamed::{Dialect, Said};
use super::super::{ProviderError, ProviderErrorKind};

/// A word that is longer than this many bytes is told in pieces: some scripts have no spaces.
const LONGEST_WORD: usize = 64;

pub(super) struct Utterance {
    rate_hz: u32,
    encoding: Encoding,
    settings: Map<String, Value>,
    begun: bool,
    captions: Captions,
    /// The provider has told times.
    timed: bool,
    /// The beginning of a word, and its place: a chunk may end inside of it.
    word: String,
    word_at: Duration,
}

impl Utterance {
    pub(super) fn new(rate_hz: u32, mu_law: bool, settings: Map<String, Value>) -> Self {
        Self {
            rate_hz,
            encoding: Encoding::at(rate_hz, mu_law),
            settings,
            begun: false,
            captions: Captions::default(),
            timed: false,
            word: String::new(),
            word_at: Duration::ZERO,
        }
    }

    pub(super) fn is_mu_law(&self) -> bool {
        self.encoding.is_mu_law()
    }

    /// Times are relative to the chunk that they come with, which begins at `length`.
    fn align(&mut self, alignment: &Value, length: Duration, said: &mut Vec<Said>) {
        let list = |name: &str| alignment.get(name).and_then(Value::as_array);
        let (Some(chars), Some(starts)) = (list("chars"), list("charStartTimesMs")) else {
            return;
        };
        for (text, start) in chars.iter().zip(starts) {
            let (Some(text), Some(ms)) = (text.as_str(), start.as_f64()) else {
                continue;
            };
            self.timed = true;
            if text.trim().is_empty() {
                self.end_word(said);
                continue;
            }
            if self.word.is_empty() {
                let start = Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default();
                self.word_at = length.saturating_add(start);
            }
            self.word.push_str(text);
            if self.word.len() > LONGEST_WORD {
                self.end_word(said);
            }
        }
    }

    fn end_word(&mut self, said: &mut Vec<Said>) {
        let word = std::mem::take(&mut self.word);
        if let Some(text) = self.captions.of(&word) {
            let at = self.word_at;
            said.push(Said::Text { text, at });
        }
    }

    fn tell_rest(&mut self, length: Duration, said: &mut Vec<Said>) {
        self.end_word(said);
        if let Some(text) = self.captions.rest() {
            said.push(Said::Text { text, at: length });
        }
    }
}

impl Dialect for Utterance {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn give(&mut self, text: &str, _: Duration, _: &mut Vec<Said>) -> Vec<String> {
        // A text must end with a single space.
        let text = format!("{} ", text.trim());
        self.captions.give(&text);
        let mut messages = Vec::new();
        if !self.begun {
            self.begun = true;
            let mut first = json!({ "text": " " });
            if !self.settings.is_empty() {
                first["voice_settings"] = Value::Object(std::mem::take(&mut self.settings));
            }
            messages.push(first.to_string());
        }
        messages.push(json!({ "text": text }).to_string());
        messages
    }

    /// An empty text: what is left is spoken, and the connection ends.
    fn finish(&mut self, _: Duration, _: &mut Vec<Said>) -> Vec<String> {
        vec![json!({ "text": "" }).to_string()]
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
        let audio = json.get("audio").and_then(Value::as_str);
        let is_final = json.get("isFinal").and_then(Value::as_bool) == Some(true);
        if audio.is_none() && !is_final && (json.get("error").or(json.get("message"))).is_some() {
            return Err(refused(endpoint, &json, text));
        }
        if let Some(alignment) = json.get("alignment").filter(|it| it.is_object()) {
            self.align(alignment, length, said);
        }
        if let Some(audio) = audio.filter(|audio| !audio.is_empty()) {
            let Ok(bytes) = STANDARD.decode(audio) else {
                return Err(endpoint.nonsense("its audio is not base64"));
            };
            if !self.timed {
                self.tell_rest(length, said);
            }
            let samples = self.encoding.decode(&bytes);
            if !samples.is_empty() {
                said.push(Said::Audio(samples));
            }
        }
        if is_final {
            self.tell_rest(length, said);
            said.push(Said::Done);
        }
        Ok(())
    }
}

/// A refusal inside the connection: `{"message": "…", "error": "quota_exceeded", "code": 1008}`.
fn refused(endpoint: &Endpoint, json: &Value, text: &str) -> ProviderError {
    let word = json.get("error").and_then(Value::as_str);
    let word = word.unwrap_or_default();
    let said = message_of(text.as_bytes()).unwrap_or_else(|| "without a reason".to_owned());
    let kind = if ["quota", "rate_limit", "concurrent"]
        .iter()
        .any(|part| word.contains(part))
    {
        ProviderErrorKind::RateLimited { retry_after: None }
    } else if ["api_key", "auth", "permission"]
        .iter()
        .any(|part| word.contains(part))
    {
        ProviderErrorKind::Auth
    } else if ["busy", "internal"].iter().any(|part| word.contains(part)) {
        ProviderErrorKind::Unavailable
    } else {
        ProviderErrorKind::Rejected
    };
    endpoint.error(kind, &said)
}

#[cfg(test)]
mod tests {
    use super::super::super::voice::streamed::odd;
    use super::*;

    proptest::proptest! {
        #[test]
        fn nothing_that_is_sent_panics(
            messages in odd::messages(&["audio", "isFinal", "alignment", "error", "message"], &[""]),
        ) {
            odd::read(Utterance::new(8_000, true, Map::new()), &messages);
        }
    }

    #[test]
    fn without_times_the_texts_are_told_where_audio_begins() {
        let endpoint = Endpoint::new("test", "http://localhost", Default::default()).unwrap();
        let mut utterance = Utterance::new(8_000, true, Map::new());
        let mut said = Vec::new();
        utterance.give("One.", Duration::ZERO, &mut said);
        let audio = Received::Text(json!({ "audio": "/w==", "alignment": null }).to_string());
        utterance
            .read(&endpoint, &audio, Duration::ZERO, &mut said)
            .unwrap();
        utterance
            .read(&endpoint, &audio, Duration::from_secs(1), &mut said)
            .unwrap();
        let text = |text: &str, at| Said::Text {
            text: text.to_owned(),
            at,
        };
        let sound = || Said::Audio(vec![0]);
        assert_eq!(said, [text("One. ", Duration::ZERO), sound(), sound()]);
    }
}
