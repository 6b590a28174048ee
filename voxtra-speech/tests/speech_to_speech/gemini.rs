//! The Live API, by <https://ai.google.dev/api/live>.

use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use voxtra_speech::conformance::speech_to_speech::{self, GREETING, INSTRUCTIONS, Scenario, TOOL};
use voxtra_speech::gemini::LiveAgent;

use crate::double::{KEY, Read, Server, header_is, subject};

struct Session {
    scenario: Scenario,
    configured: bool,
    /// Bytes of the caller's turn; `None` between turns.
    turn: Option<usize>,
    written: String,
    /// A response is being made.
    active: bool,
    /// It waits for a tool.
    called: bool,
}

impl Server for Session {
    // Nothing in the protocol does it.
    const TRUNCATES: bool = false;

    fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            configured: false,
            turn: None,
            written: String::new(),
            active: false,
            called: false,
        }
    }

    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String> {
        header_is(headers, "x-goog-api-key", KEY)?;
        let path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
        if uri.path() != path {
            return Err(format!("the path is {}", uri.path()));
        }
        Ok(())
    }

    fn hello(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn read(&mut self, message: &Value) -> Result<Read, String> {
        let other = || Ok(Read::Other(Vec::new()));
        if let Some(setup) = message.get("setup") {
            let text = setup["systemInstruction"]["parts"][0]["text"].as_str();
            let text = text.unwrap_or_default();
            let told = text.contains(&format!("You: {GREETING}\nThe caller: Hallo."));
            if !text.starts_with(INSTRUCTIONS) || told != (self.scenario == Scenario::History) {
                return Err(format!("the instructions are {text}"));
            }
            let mut expected = json!({
                "model": "models/gemini-3.1-flash-live-preview",
                "generationConfig": {
                    "responseModalities": ["AUDIO"],
                    "speechConfig": {
                        "voiceConfig": { "prebuiltVoiceConfig": { "voiceName": "Kore" } },
                    },
                },
                "realtimeInputConfig": {
                    "automaticActivityDetection": { "disabled": true },
                    "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
                },
                "inputAudioTranscription": {},
                "outputAudioTranscription": {},
                "contextWindowCompression": { "slidingWindow": {} },
                "sessionResumption": {},
            });
            expected["systemInstruction"] = setup["systemInstruction"].clone();
            expected["tools"] = setup["tools"].clone();
            let tool = &setup["tools"][0]["functionDeclarations"][0]["name"];
            if *setup != expected || tool != TOOL {
                return Err(format!("the setup is {setup}"));
            }
            self.configured = true;
            let update = json!({ "newHandle": "h", "resumable": true });
            return Ok(Read::Other(vec![
                json!({ "setupComplete": {} }),
                json!({ "sessionResumptionUpdate": update }),
            ]));
        }
        if !self.configured {
            return Err("the setup comes first".to_owned());
        }
        if let Some(responses) = message.pointer("/toolResponse/functionResponses") {
            if responses[0]["id"] != "7" || responses[0]["name"] != TOOL {
                return Err(format!("the results are {responses}"));
            }
            let output = responses[0]["response"]["output"].as_str();
            return Ok(Read::AskWith(output.unwrap_or_default().to_owned()));
        }
        let input = &message["realtimeInput"];
        if input.get("activityStart").is_some() && self.turn.is_none() {
            self.turn = Some(0);
            self.written.clear();
            return if self.active {
                Ok(Read::Cancel)
            } else {
                other()
            };
        }
        let Some(heard) = &mut self.turn else {
            return Err(format!("at the wrong time: {message}"));
        };
        if let Some(audio) = input.get("audio") {
            if audio["mimeType"] != "audio/pcm;rate=16000" {
                return Err(format!("the audio is {}", audio["mimeType"]));
            }
            let bytes = BASE64.decode(audio["data"].as_str().unwrap_or_default());
            *heard += bytes.map_err(|error| error.to_string())?.len();
            return other();
        }
        if let Some(text) = input["text"].as_str() {
            self.written = text.to_owned();
            return other();
        }
        if input.get("activityEnd").is_some() {
            let heard = self.turn.take().unwrap_or_default();
            let greets = self.written.ends_with(&format!("\n{GREETING}"));
            // A second of 16 kHz.
            if !greets && heard != 32_000 {
                return Err(format!("{heard} bytes were heard"));
            }
            return Ok(Read::Ask(greets.then(|| GREETING.to_owned())));
        }
        Err(format!("at the wrong time: {message}"))
    }

    fn begin(&mut self) -> Vec<Value> {
        self.active = true;
        Vec::new()
    }

    fn words(&mut self, words: &str) -> Vec<Value> {
        vec![json!({ "serverContent": { "outputTranscription": { "text": words } } })]
    }

    fn audio(&mut self, length: Duration) -> Vec<Value> {
        let samples = usize::try_from(length.as_millis()).unwrap() * 24;
        let bytes = vec![1; samples * 2];
        // Cut within a sample.
        let (one, two) = bytes.split_at(samples + 1);
        let halves = [one, two].map(|bytes| {
            let data = BASE64.encode(bytes);
            let data = json!({ "mimeType": "audio/pcm;rate=24000", "data": data });
            let parts = json!([{ "inlineData": data }]);
            json!({ "serverContent": { "modelTurn": { "parts": parts } } })
        });
        halves.into()
    }

    fn call(&mut self) -> Vec<Value> {
        self.called = true;
        let call = json!({ "id": "7", "name": TOOL, "args": { "number": 7 } });
        vec![json!({ "toolCall": { "functionCalls": [call] } })]
    }

    fn end(&mut self) -> Vec<Value> {
        self.active = false;
        if std::mem::take(&mut self.called) {
            return Vec::new();
        }
        vec![
            json!({ "serverContent": { "generationComplete": true } }),
            json!({ "serverContent": { "turnComplete": true }, "usageMetadata": {
                "promptTokenCount": 10, "responseTokenCount": 20,
            } }),
        ]
    }

    fn cancelled(&mut self) -> Vec<Value> {
        self.active = false;
        // What was on its way.
        let mut late = self.audio(Duration::from_millis(100));
        late.push(json!({ "serverContent": { "interrupted": true } }));
        late.push(json!({ "serverContent": { "turnComplete": true } }));
        late
    }

    fn caller(&mut self, words: &str) -> Vec<Value> {
        let (one, two) = words.split_at(5);
        let told = [one, two]
            .map(|words| json!({ "serverContent": { "inputTranscription": { "text": words } } }));
        told.into()
    }
}

#[tokio::test]
async fn the_live_agent_does_as_it_must() {
    speech_to_speech::check(|scenario| {
        subject::<Session, _>(scenario, |endpoint| {
            let endpoint = endpoint.with_key("x-goog-api-key", "", &KEY.into());
            LiveAgent::at(endpoint.unwrap()).voice("Kore")
        })
    })
    .await;
}
