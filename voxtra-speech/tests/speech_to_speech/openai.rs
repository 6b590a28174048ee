//! Realtime sessions, by <https://developers.openai.com/api/docs/guides/realtime-conversations>.

use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use voxtra_core::audio::Law;
use voxtra_speech::conformance::speech_to_speech::{self, GREETING, INSTRUCTIONS, Scenario, TOOL};
use voxtra_speech::openai::RealtimeAgent;

use crate::double::{KEY, Read, Server, header_is, subject};

struct Session {
    scenario: Scenario,
    configured: bool,
    /// Bytes of the caller since the last commit.
    uncommitted: usize,
    committed: bool,
    /// Responses so far, and whether one is being made.
    responses: u32,
    active: bool,
    /// Items that were given beforehand.
    given: Vec<Value>,
}

impl Session {
    fn item(&self) -> String {
        format!("item_{}", self.responses)
    }

    fn id(&self) -> String {
        format!("resp_{}", self.responses)
    }

    fn done(&mut self, status: &str) -> Vec<Value> {
        self.active = false;
        vec![json!({ "type": "response.done", "response": {
            "id": self.id(),
            "status": status,
            "usage": {
                "input_tokens": 10, "output_tokens": 20,
                "input_token_details": { "cached_tokens": 5 },
            },
        } })]
    }
}

impl Server for Session {
    const TRUNCATES: bool = true;

    fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            configured: false,
            uncommitted: 0,
            committed: false,
            responses: 0,
            active: false,
            given: Vec::new(),
        }
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "authorization", &format!("Bearer {KEY}"))?;
        match (uri.path(), uri.query()) {
            ("/v1/realtime", Some("model=gpt-realtime-2.1")) => Ok(()),
            _ => Err(format!("the address is {uri}")),
        }
    }

    fn hello(&mut self) -> Vec<Value> {
        vec![json!({ "type": "session.created", "session": {} })]
    }

    fn read(&mut self, message: &Value) -> Result<Read, String> {
        let kind = message["type"].as_str().unwrap_or_default();
        if !self.configured && kind != "session.update" {
            return Err(format!("{kind} comes first"));
        }
        let other = || Ok(Read::Other(Vec::new()));
        match kind {
            "session.update" => {
                let law = json!({ "type": "audio/pcmu" });
                let tools = &message["session"]["tools"];
                let expected = json!({
                    "type": "realtime",
                    "instructions": INSTRUCTIONS,
                    "output_modalities": ["audio"],
                    "tools": [{
                        "type": "function",
                        "name": TOOL,
                        "description": "Where an order is.",
                        "parameters": tools[0]["parameters"],
                    }],
                    "audio": {
                        "input": {
                            "format": law,
                            "transcription": { "model": "gpt-live-transcribe", "languages": ["de"] },
                            "turn_detection": null,
                        },
                        "output": { "format": law, "voice": "cedar" },
                    },
                });
                if message["session"] != expected {
                    return Err(format!("the session is {message}"));
                }
                self.configured = true;
                Ok(Read::Other(vec![
                    json!({ "type": "session.updated", "session": {} }),
                ]))
            }
            "input_audio_buffer.append" => {
                let audio = message["audio"].as_str().unwrap_or_default();
                let bytes = BASE64.decode(audio).map_err(|error| error.to_string())?;
                if bytes
                    .iter()
                    .any(|&byte| Law::Mu.decode(byte).abs_diff(1_000) > 50)
                {
                    return Err("that is not what the caller said".to_owned());
                }
                self.uncommitted += bytes.len();
                other()
            }
            "input_audio_buffer.commit" if self.uncommitted == 8_000 => {
                self.uncommitted = 0;
                self.committed = true;
                other()
            }
            "response.create" if self.active => Err("a response is being made".to_owned()),
            "response.create" => {
                let say = message["response"]["instructions"].as_str();
                let greets = say.is_some_and(|text| text.ends_with(&format!("\n{GREETING}")));
                if !greets && !std::mem::take(&mut self.committed) && self.responses == 0 {
                    return Err("nothing is to be answered".to_owned());
                }
                let given = match self.scenario {
                    Scenario::History => {
                        let said = |role: &str, kind: &str, text: &str| {
                            let content = json!([{ "type": kind, "text": text }]);
                            json!({ "type": "message", "role": role, "content": content })
                        };
                        vec![
                            said("assistant", "output_text", GREETING),
                            said("user", "input_text", "Hallo."),
                        ]
                    }
                    _ => Vec::new(),
                };
                if self.given != given {
                    return Err(format!("before were {:?}", self.given));
                }
                Ok(Read::Ask(greets.then(|| GREETING.to_owned())))
            }
            "response.cancel" if message["response_id"] == json!(self.id()) => Ok(Read::Cancel),
            "conversation.item.truncate" if message["item_id"] == json!(self.item()) => {
                let heard = message["audio_end_ms"].as_u64().ok_or("how much?")?;
                Ok(Read::Heard(Duration::from_millis(heard)))
            }
            "conversation.item.create" => {
                let item = &message["item"];
                if item["type"] == "function_call_output" && item["call_id"] == "call_7" {
                    let output = item["output"].as_str().unwrap_or_default();
                    return Ok(Read::Result(output.to_owned()));
                }
                self.given.push(item.clone());
                other()
            }
            kind => Err(format!("{kind} at the wrong time: {message}")),
        }
    }

    fn begin(&mut self) -> Vec<Value> {
        self.responses += 1;
        self.active = true;
        vec![json!({ "type": "response.created", "response": { "id": self.id() } })]
    }

    fn words(&mut self, words: &str) -> Vec<Value> {
        let kind = "response.output_audio_transcript.delta";
        vec![json!({ "type": kind, "item_id": self.item(), "delta": words })]
    }

    fn audio(&mut self, length: Duration) -> Vec<Value> {
        let bytes = vec![Law::Mu.encode(500); usize::try_from(length.as_millis()).unwrap() * 8];
        let (kind, delta) = ("response.output_audio.delta", BASE64.encode(bytes));
        vec![json!({ "type": kind, "item_id": self.item(), "delta": delta })]
    }

    fn call(&mut self) -> Vec<Value> {
        let half = json!({ "type": "response.function_call_arguments.delta", "delta": "{\"num" });
        let item = json!({
            "type": "function_call", "id": self.item(), "call_id": "call_7",
            "name": TOOL, "arguments": "{\"number\":7}",
        });
        vec![
            half,
            json!({ "type": "response.output_item.done", "item": item }),
        ]
    }

    fn end(&mut self) -> Vec<Value> {
        self.done("completed")
    }

    fn cancelled(&mut self) -> Vec<Value> {
        // What was on its way.
        let mut late = self.audio(Duration::from_millis(100));
        late.extend(self.words("öffnen "));
        late.extend(self.done("cancelled"));
        late
    }

    fn caller(&mut self, words: &str) -> Vec<Value> {
        let kind = "conversation.item.input_audio_transcription.completed";
        vec![json!({ "type": kind, "item_id": "item_caller", "transcript": words })]
    }
}

#[tokio::test]
async fn the_realtime_agent_does_as_it_must() {
    speech_to_speech::check(|scenario| {
        subject::<Session, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("authorization", "Bearer ", &KEY.into());
            RealtimeAgent::at(endpoint.unwrap()).voice("cedar")
        })
    })
    .await;
}
