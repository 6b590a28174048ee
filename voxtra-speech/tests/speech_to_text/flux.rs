//! `v2/listen`, by <https://developers.deepgram.com/reference/speech-to-text/listen-flux>.

use axum::extract::ws::Message;
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use voxtra_speech::conformance::speech_to_text::{self, RATE_HZ, Scenario};
use voxtra_speech::deepgram::FluxTranscriber;

use crate::double::{KEY, Read, Server, header_is, query_is, samples, subject};

#[derive(Default)]
struct Listen {
    samples: usize,
    /// Where the turn begins.
    start: usize,
    turn: usize,
    ongoing: bool,
}

impl Listen {
    fn turn(&self, event: &str, words: &str, trigger: &str) -> String {
        let seconds = |samples: usize| samples as f64 / f64::from(RATE_HZ);
        let words_of: Vec<Value> = words
            .split_whitespace()
            .map(|word| json!({ "word": word, "confidence": 0.9 }))
            .collect();
        json!({
            "type": "TurnInfo",
            "event": event,
            "turn_index": self.turn,
            "audio_window_start": seconds(self.start),
            "audio_window_end": seconds(self.samples),
            "transcript": words,
            "trigger": trigger,
            "words": words_of,
            "end_of_turn_confidence": 0.5,
        })
        .to_string()
    }
}

impl Listen {
    fn end(&mut self, trigger: &str, words: &str) -> Vec<String> {
        let ended = self.turn("EndOfTurn", words, trigger);
        self.start = self.samples;
        self.turn += 1;
        self.ongoing = false;
        vec![ended]
    }
}

impl Server for Listen {
    fn new() -> Self {
        Self::default()
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "authorization", &format!("Token {KEY}"))?;
        if uri.path() != "/v2/listen" {
            return Err(format!("the path is {}", uri.path()));
        }
        let expected = [
            ("model", "flux-general-multi"),
            ("language_hint", "de"),
            ("encoding", "linear16"),
            ("sample_rate", "8000"),
        ];
        query_is(uri, &expected)
    }

    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "type": "Connected", "request_id": "x", "sequence_id": 0 }).to_string()]
    }

    fn read(&mut self, message: Message) -> Result<Read, String> {
        match message {
            Message::Binary(bytes) => {
                let heard = samples(&bytes)?;
                self.samples += heard.len();
                Ok(Read::Audio(heard))
            }
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                match message["type"].as_str() {
                    Some("ForceEndTurn") => Ok(Read::End),
                    Some("CloseStream") => Ok(Read::Goodbye),
                    other => Err(format!("no such type: {other:?}")),
                }
            }
            _ => Ok(Read::Other),
        }
    }

    fn interim(&mut self, words: &str) -> Vec<String> {
        if words.is_empty() || self.ongoing {
            return vec![self.turn("Update", words, "")];
        }
        self.ongoing = true;
        vec![self.turn("StartOfTurn", words, "")]
    }

    fn segment(&mut self, words: &str) -> Vec<String> {
        self.end("model", words)
    }

    /// Without a turn nothing is answered.
    fn last(&mut self, words: &str) -> Vec<String> {
        if words.is_empty() {
            return Vec::new();
        }
        self.end("manual", words)
    }
}

#[tokio::test]
async fn flux_does_as_it_must() {
    speech_to_text::check(|scenario| async move {
        // An utterance alone never fails.
        if scenario == Scenario::Failed {
            return None;
        }
        let connected = subject::<Listen, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "Token ", &KEY.into());
            FluxTranscriber::at(endpoint.unwrap()).language("de-CH")
        });
        Some(connected.await)
    })
    .await;
}
