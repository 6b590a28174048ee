//! The messages of one utterance.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::net::{Endpoint, Received, message_of};
use super::super::voice::audio::Encoding;
use super::super::voice::streamed::{Dialect, Said};
use super::super::{ProviderError, ProviderErrorKind};

/// How many times a text is flushed, so that it is spoken without waiting for the next one.
/// Deepgram allows 20 in a minute; what comes behind these is flushed at the end.
const FLUSHES: usize = 15;

pub(super) struct Utterance {
    rate_hz: u32,
    encoding: Encoding,
    /// What is not spoken yet; the first is being spoken.
    groups: VecDeque<Group>,
    flushes: usize,
    /// It takes no more flushes for a while.
    refused: bool,
    finished: bool,
}

/// Texts up to a flush.
struct Group {
    text: String,
    told: bool,
    flushed: bool,
}

impl Utterance {
    pub(super) fn new(rate_hz: u32, encoding: Encoding) -> Self {
        Self {
            rate_hz,
            encoding,
            groups: VecDeque::new(),
            flushes: 0,
            refused: false,
            finished: false,
        }
    }

    /// Tells what is being spoken from now on.
    fn tell_first(&mut self, length: Duration, said: &mut Vec<Said>) {
        if let Some(group) = self.groups.front_mut().filter(|group| !group.told) {
            group.told = true;
            let text = std::mem::take(&mut group.text);
            said.push(Said::Text { text, at: length });
        }
    }
}

impl Dialect for Utterance {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn give(&mut self, text: &str, length: Duration, said: &mut Vec<Said>) -> Vec<String> {
        let text = format!("{} ", text.trim());
        let mut messages = vec![json!({ "type": "Speak", "text": text }).to_string()];
        let flushed = self.flushes < FLUSHES;
        if flushed {
            self.flushes = self.flushes.saturating_add(1);
            messages.push(flush());
        }
        match self.groups.back_mut().filter(|group| !group.flushed) {
            Some(group) => {
                if group.told {
                    said.push(Said::Text { text, at: length });
                } else {
                    group.text.push_str(&text);
                }
                group.flushed = flushed;
            }
            None => self.groups.push_back(Group {
                text,
                told: false,
                flushed,
            }),
        }
        self.tell_first(length, said);
        messages
    }

    fn finish(&mut self, _: Duration, said: &mut Vec<Said>) -> Vec<String> {
        self.finished = true;
        match self.groups.back_mut() {
            None => said.push(Said::Done),
            // To close flushes as well, and ends when all is spoken.
            Some(_) if self.refused => return vec![json!({ "type": "Close" }).to_string()],
            Some(group) if !group.flushed => {
                group.flushed = true;
                return vec![flush()];
            }
            Some(_) => {}
        }
        Vec::new()
    }

    fn closed(&mut self, why: Option<&str>, length: Duration, said: &mut Vec<Said>) {
        if self.finished && self.refused && why.is_some_and(|why| why.starts_with("1000")) {
            while !self.groups.is_empty() {
                self.tell_first(length, said);
                self.groups.pop_front();
            }
            said.push(Said::Done);
        }
    }

    fn read(
        &mut self,
        endpoint: &Endpoint,
        message: &Received,
        length: Duration,
        said: &mut Vec<Said>,
    ) -> Result<(), ProviderError> {
        let text = match message {
            Received::Binary(bytes) => {
                let samples = self.encoding.decode(bytes);
                if !samples.is_empty() {
                    said.push(Said::Audio(samples));
                }
                return Ok(());
            }
            Received::Text(text) => text,
            Received::Closed(_) => return Ok(()),
        };
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            return Err(endpoint.nonsense("it sent what is no JSON"));
        };
        let field = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
        match field("type") {
            "Flushed" => {
                if self.groups.front().is_some_and(|group| group.flushed) {
                    self.groups.pop_front();
                }
                self.tell_first(length, said);
                if self.finished && self.groups.is_empty() {
                    said.push(Said::Done);
                }
            }
            "Warning" => {
                let (code, what) = (field("code"), field("description"));
                if format!("{code} {what}").to_lowercase().contains("flush") {
                    self.flushes = FLUSHES;
                    self.refused = true;
                    // It was the last one, which the texts that come now share a group with.
                    if let Some(group) = self.groups.back_mut() {
                        group.flushed = false;
                    }
                }
                tracing::warn!(provider = endpoint.provider(), code, what, "voice warns");
            }
            "Error" => {
                let what = Some(field("description")).filter(|what| !what.is_empty());
                let what = what
                    .map(str::to_owned)
                    .or_else(|| message_of(text.as_bytes()));
                let what = what.unwrap_or_else(|| "it failed without a reason".to_owned());
                return Err(endpoint.error(ProviderErrorKind::Unavailable, &what));
            }
            // `Metadata` at the beginning, and what may be added later.
            _ => {}
        }
        Ok(())
    }
}

fn flush() -> String {
    json!({ "type": "Flush" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::super::Timeouts;
    use super::super::super::voice::audio::Pcm16;
    use super::super::super::voice::streamed::odd;
    use super::*;

    proptest::proptest! {
        #[test]
        fn nothing_that_is_sent_panics(
            messages in odd::messages(&["description", "code"], &["Flushed", "Warning", "Error", "Metadata"]),
        ) {
            odd::read(Utterance::new(8_000, Encoding::Pcm16(Pcm16::default())), &messages);
        }
    }

    fn text(text: &str, at_ms: u64) -> Said {
        Said::Text {
            text: text.to_owned(),
            at: Duration::from_millis(at_ms),
        }
    }

    #[test]
    fn a_long_speech_keeps_to_the_limit_of_flushes() {
        let endpoint = Endpoint::new("test", "http://localhost", Timeouts::default()).unwrap();
        let encoding = Encoding::Pcm16(Pcm16::default());
        let mut speech = Utterance::new(8_000, encoding);
        let (mut said, mut messages) = (Vec::new(), Vec::new());
        for n in 0..40 {
            messages.extend(speech.give(&n.to_string(), Duration::ZERO, &mut said));
        }
        messages.extend(speech.finish(Duration::ZERO, &mut said));
        let flushes = messages
            .iter()
            .filter(|it| it.contains("\"Flush\""))
            .count();
        assert_eq!((flushes, messages.len()), (16, 56));
        assert_eq!(said, [text("0 ", 0)]);
        let flushed = Received::Text("{\"type\":\"Flushed\",\"sequence_id\":0}".to_owned());
        said.clear();
        for n in 1..=16 {
            let length = Duration::from_millis(n * 100);
            speech.read(&endpoint, &flushed, length, &mut said).unwrap();
        }
        assert_eq!(said.len(), 16);
        assert_eq!(said[0], text("1 ", 100));
        let rest: String = (15..40).map(|n| format!("{n} ")).collect();
        assert_eq!(said[14], text(&rest, 1500));
        assert_eq!(said[15], Said::Done);
    }
}
