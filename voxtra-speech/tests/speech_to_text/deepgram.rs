//! `v1/listen`, by the pages that `src/deepgram/transcriber.rs` names.

use std::sync::Arc;

use axum::extract::ws::Message;
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use voxtra_speech::FallbackTranscriber;
use voxtra_speech::conformance::speech_to_text::{self, RATE_HZ, Scenario};
use voxtra_speech::deepgram::Transcriber;

use crate::double::{KEY, Read, Server, header_is, query_is, samples, subject};

struct Listen {
    samples: usize,
    /// Where the open segment begins.
    start: usize,
    finalized: bool,
}

impl Listen {
    fn results(&self, words: &str, is_final: bool, from_finalize: bool) -> String {
        let seconds = |samples: usize| samples as f64 / f64::from(RATE_HZ);
        json!({
            "type": "Results",
            "channel_index": [0, 1],
            "start": seconds(self.start),
            "duration": seconds(self.samples - self.start),
            "is_final": is_final,
            "speech_final": false,
            "from_finalize": from_finalize,
            "channel": { "alternatives": [
                { "transcript": words, "confidence": 0.9, "words": [] },
            ] },
        })
        .to_string()
    }
}

impl Server for Listen {
    fn new() -> Self {
        Self {
            samples: 0,
            start: 0,
            finalized: false,
        }
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "authorization", &format!("Token {KEY}"))?;
        if uri.path() != "/v1/listen" {
            return Err(format!("the path is {}", uri.path()));
        }
        let expected = [
            ("model", "nova-3"),
            ("language", "de"),
            ("encoding", "linear16"),
            ("sample_rate", "8000"),
            ("channels", "1"),
            ("interim_results", "true"),
            ("smart_format", "true"),
            ("endpointing", "300"),
            ("keyterm", "Anna"),
        ];
        query_is(uri, &expected)
    }

    fn read(&mut self, message: Message) -> Result<Read, String> {
        match message {
            Message::Binary(bytes) => {
                let heard = samples(&bytes)?;
                self.samples += heard.len();
                self.finalized = false;
                Ok(Read::Audio(heard))
            }
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                match message["type"].as_str() {
                    Some("Finalize") if self.finalized => Err("finalized twice".to_owned()),
                    Some("Finalize") => {
                        self.finalized = true;
                        Ok(Read::End)
                    }
                    Some("KeepAlive") => Ok(Read::Other),
                    Some("CloseStream") => Ok(Read::Goodbye),
                    other => Err(format!("no such type: {other:?}")),
                }
            }
            _ => Ok(Read::Other),
        }
    }

    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "type": "Metadata", "request_id": "x" }).to_string()]
    }

    fn interim(&mut self, words: &str) -> Vec<String> {
        vec![self.results(words, false, false)]
    }

    fn segment(&mut self, words: &str) -> Vec<String> {
        let results = self.results(words, true, false);
        self.start = self.samples;
        vec![results]
    }

    fn last(&mut self, words: &str) -> Vec<String> {
        let results = self.results(words, true, true);
        self.start = self.samples;
        vec![results]
    }
}

#[tokio::test]
async fn deepgram_does_as_it_must() {
    speech_to_text::check(|scenario| async move {
        // Its pauses are no ends of turns.
        if scenario == Scenario::EndOfTurn {
            return None;
        }
        let connected = subject::<Listen, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "Token ", &KEY.into());
            Transcriber::at(endpoint.unwrap())
                .language("de")
                .keyterm("Anna")
        });
        Some(connected.await)
    })
    .await;
}

#[tokio::test]
async fn it_does_so_as_the_only_one_of_a_list() {
    speech_to_text::check(|scenario| async move {
        if scenario == Scenario::EndOfTurn {
            return None;
        }
        let connected = subject::<Listen, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "Token ", &KEY.into());
            let transcriber = Transcriber::at(endpoint.unwrap())
                .language("de")
                .keyterm("Anna");
            FallbackTranscriber::new(vec![Arc::new(transcriber)]).unwrap()
        });
        Some(connected.await)
    })
    .await;
}

#[test]
fn the_key_is_not_shown() {
    let transcriber = Transcriber::new(KEY.into()).unwrap();
    assert!(!format!("{transcriber:?}").contains(KEY));
}
