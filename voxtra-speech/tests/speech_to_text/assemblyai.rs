//! `v3/ws`, by <https://www.assemblyai.com/docs/streaming/message-sequence> and
//! <https://www.assemblyai.com/docs/streaming/common-session-errors-and-closures>.

use axum::extract::ws::Message;
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use voxtra_speech::assemblyai::Transcriber;
use voxtra_speech::conformance::speech_to_text::{self, Scenario};

use crate::double::{KEY, Read, Server, header_is, query_is, samples, subject};

#[derive(Default)]
struct Stream {
    turn: usize,
}

impl Stream {
    fn turn(&self, words: &str, ended: bool) -> String {
        let all: Vec<&str> = words.split_whitespace().collect();
        // The last word may still change.
        let certain = all.len() - usize::from(!ended && !all.is_empty());
        let words: Vec<Value> = all
            .iter()
            .enumerate()
            .map(|(n, word)| {
                json!({ "text": word, "confidence": 0.9, "word_is_final": n < certain })
            })
            .collect();
        json!({
            "type": "Turn",
            "turn_order": self.turn,
            "turn_is_formatted": false,
            "end_of_turn": ended,
            "transcript": all[..certain].join(" "),
            "end_of_turn_confidence": 0.5,
            "words": words,
            "utterance": "",
        })
        .to_string()
    }
}

impl Server for Stream {
    const REFUSAL: Option<(&str, u16)> = Some((
        r#"{"type":"Error","error_code":1008,"error":"Unauthorized Connection: Invalid API key"}"#,
        1008,
    ));

    fn new() -> Self {
        Self::default()
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "authorization", KEY)?;
        if uri.path() != "/v3/ws" {
            return Err(format!("the path is {}", uri.path()));
        }
        let expected = [
            ("speech_model", "universal-streaming-multilingual"),
            ("encoding", "pcm_s16le"),
            ("sample_rate", "8000"),
            ("format_turns", "false"),
        ];
        query_is(uri, &expected)
    }

    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "type": "Begin", "id": "x", "expires_at": 1 }).to_string()]
    }

    fn read(&mut self, message: Message) -> Result<Read, String> {
        match message {
            Message::Binary(bytes) => {
                let heard = samples(&bytes)?;
                // 50 to 1,000 ms.
                if !(400..=8_000).contains(&heard.len()) {
                    return Err(format!("a piece of {} samples", heard.len()));
                }
                Ok(Read::Audio(heard))
            }
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                match message["type"].as_str() {
                    Some("ForceEndpoint") => Ok(Read::End),
                    Some("Terminate") => Ok(Read::Goodbye),
                    other => Err(format!("no such type: {other:?}")),
                }
            }
            _ => Ok(Read::Other),
        }
    }

    fn interim(&mut self, words: &str) -> Vec<String> {
        if words.is_empty() {
            return Vec::new();
        }
        vec![self.turn(words, false)]
    }

    fn segment(&mut self, words: &str) -> Vec<String> {
        let ended = self.turn(words, true);
        self.turn += 1;
        vec![ended]
    }

    /// Without a turn nothing is answered.
    fn last(&mut self, words: &str) -> Vec<String> {
        if words.is_empty() {
            return Vec::new();
        }
        self.segment(words)
    }
}

#[tokio::test]
async fn assemblyai_does_as_it_must() {
    speech_to_text::check(|scenario| async move {
        // An utterance alone never fails.
        if scenario == Scenario::Failed {
            return None;
        }
        let connected = subject::<Stream, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "", &KEY.into());
            Transcriber::at(endpoint.unwrap()).language("de")
        });
        Some(connected.await)
    })
    .await;
}
