//! A Vosk server, by
//! <https://github.com/alphacep/vosk-server/blob/master/websocket/asr_server.py>.

use axum::extract::ws::Message;
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use voxtra_speech::conformance::speech_to_text::{self, Scenario};
use voxtra_speech::vosk::Transcriber;

use crate::double::{Read, Server, samples, subject};

struct Vosk {
    configured: bool,
}

fn result(words: &str) -> Vec<String> {
    let result: Vec<Value> = words
        .split_whitespace()
        .map(|word| json!({ "word": word, "conf": 0.9, "start": 0.0, "end": 0.1 }))
        .collect();
    vec![json!({ "result": result, "text": words }).to_string()]
}

impl Server for Vosk {
    const ONE_UTTERANCE: bool = true;

    fn new() -> Self {
        Self { configured: false }
    }

    fn accept(_: &HeaderMap, uri: &Uri) -> Result<(), String> {
        match uri.to_string().as_str() {
            "/" => Ok(()),
            other => Err(format!("the path is {other}")),
        }
    }

    fn read(&mut self, message: Message) -> Result<Read, String> {
        match message {
            Message::Binary(bytes) if self.configured => Ok(Read::Audio(samples(&bytes)?)),
            Message::Binary(_) => Err("audio before its rate".to_owned()),
            // The server compares these very characters.
            Message::Text(text) if text.as_str() == "{\"eof\" : 1}" => Ok(Read::End),
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                let expected = json!({ "config": { "sample_rate": 8000, "words": true } });
                if message != expected {
                    return Err(format!("the configuration is {message}"));
                }
                self.configured = true;
                Ok(Read::Other)
            }
            _ => Ok(Read::Other),
        }
    }

    fn interim(&mut self, words: &str) -> Vec<String> {
        vec![json!({ "partial": words }).to_string()]
    }

    fn segment(&mut self, words: &str) -> Vec<String> {
        result(words)
    }

    fn last(&mut self, words: &str) -> Vec<String> {
        result(words)
    }
}

#[tokio::test]
async fn vosk_does_as_it_must() {
    speech_to_text::check(|scenario| async move {
        match scenario {
            // Its pauses are no ends of turns, it answers every piece of audio, and it has no keys.
            // A proxy before it may.
            Scenario::EndOfTurn | Scenario::Unanswered | Scenario::Failed => None,
            _ => Some(subject::<Vosk, _>(scenario, Transcriber::at).await),
        }
    })
    .await;
}
