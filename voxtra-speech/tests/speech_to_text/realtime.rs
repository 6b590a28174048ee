//! Transcription sessions, by
//! <https://developers.openai.com/api/docs/guides/realtime-transcription>.

use axum::extract::ws::Message;
use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use voxtra_core::audio::Law;
use voxtra_speech::conformance::speech_to_text::{self, Scenario};
use voxtra_speech::openai::RealtimeTranscriber;

use crate::double::{KEY, Read, Server, header_is, query_is, subject};

#[derive(Default)]
struct Session {
    configured: bool,
    uncommitted: usize,
    item: usize,
    /// What was told of this item.
    told: String,
}

const EVENTS: &str = "conversation.item.input_audio_transcription";

impl Server for Session {
    fn new() -> Self {
        Self::default()
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "authorization", &format!("Bearer {KEY}"))?;
        if uri.path() != "/realtime" {
            return Err(format!("the path is {}", uri.path()));
        }
        query_is(uri, &[("intent", "transcription")])
    }

    fn hello(&mut self) -> Vec<String> {
        vec![json!({ "type": "session.created", "session": {} }).to_string()]
    }

    fn read(&mut self, message: Message) -> Result<Read, String> {
        let Message::Text(text) = message else {
            return Ok(Read::Other);
        };
        let message: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        match message["type"].as_str() {
            Some("session.update") => {
                let expected = json!({ "type": "transcription", "audio": { "input": {
                    "format": { "type": "audio/pcmu" },
                    "transcription": { "model": "gpt-live-transcribe", "languages": ["de"] },
                    "turn_detection": null,
                } } });
                if message["session"] != expected {
                    return Err(format!("the session is {message}"));
                }
                self.configured = true;
                Ok(Read::Other)
            }
            Some("input_audio_buffer.append") if self.configured => {
                let audio = message["audio"].as_str().unwrap_or_default();
                let bytes = BASE64.decode(audio).map_err(|e| e.to_string())?;
                self.uncommitted += bytes.len();
                let samples = bytes.iter().map(|&byte| Law::Mu.decode(byte));
                Ok(Read::Audio(samples.collect()))
            }
            Some("input_audio_buffer.commit") if self.uncommitted >= 800 => {
                self.uncommitted = 0;
                Ok(Read::End)
            }
            other => Err(format!("{other:?} at the wrong time")),
        }
    }

    fn answer(&mut self) -> Vec<String> {
        vec![json!({ "type": "session.updated", "session": {} }).to_string()]
    }

    fn interim(&mut self, words: &str) -> Vec<String> {
        let Some(delta) = words.strip_prefix(self.told.as_str()).map(str::to_owned) else {
            return Vec::new();
        };
        if delta.is_empty() {
            return Vec::new();
        }
        self.told.push_str(&delta);
        let item = format!("item_{}", self.item);
        let event = json!({ "type": format!("{EVENTS}.delta"), "item_id": item, "delta": delta });
        vec![event.to_string()]
    }

    fn segment(&mut self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn last(&mut self, words: &str) -> Vec<String> {
        let item = format!("item_{}", self.item);
        self.item += 1;
        self.told.clear();
        let committed = json!({ "type": "input_audio_buffer.committed", "item_id": item });
        let completed = json!({
            "type": format!("{EVENTS}.completed"), "item_id": item, "transcript": words,
        });
        vec![committed.to_string(), completed.to_string()]
    }

    fn failed(&mut self) -> Vec<String> {
        let item = format!("item_{}", self.item);
        self.item += 1;
        self.told.clear();
        let failed = json!({
            "type": format!("{EVENTS}.failed"), "item_id": item, "content_index": 0,
            "error": {
                "type": "transcription_error",
                "code": "audio_unintelligible",
                "message": "The audio could not be transcribed.",
                "param": null,
            },
        });
        vec![failed.to_string()]
    }
}

#[tokio::test]
async fn the_realtime_transcriber_does_as_it_must() {
    speech_to_text::check(|scenario| async move {
        // The call alone says where an utterance ends, and nothing is final before. What was
        // committed is always answered.
        if matches!(
            scenario,
            Scenario::EndOfTurn | Scenario::Segments | Scenario::Unanswered
        ) {
            return None;
        }
        let connected = subject::<Session, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "Bearer ", &KEY.into());
            RealtimeTranscriber::at(endpoint.unwrap()).language("de-AT")
        });
        Some(connected.await)
    })
    .await;
}
