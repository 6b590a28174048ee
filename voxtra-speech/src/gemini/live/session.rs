//! What is said in a session of the Live API, and what it means.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use voxtra_core::audio::Resampler;

use super::super::super::chat::{SILENCE, new_id};
use super::super::super::conversing::{Protocol, converted};
use super::super::super::listening::{pcm, text};
use super::super::super::net::Socket;
use super::super::super::voice::audio::Pcm16;
use super::super::super::{
    Endpoint, ProviderError, StopReason, TalkInput, TalkPart, ToolCall, Usage,
};
use super::CALLER_HZ;

/// The rate that it speaks with, where it doesn't say.
const AGENT_HZ: u32 = 24_000;
/// Most samples of the caller that are kept back while a response is being made: a minute.
const MOST_HELD: usize = 60 * CALLER_HZ as usize;
/// Most bytes of what the caller said in one turn.
const MAX_SAID: usize = 64 << 10;

/// A session, as it is spoken.
pub(super) struct Live {
    endpoint: Endpoint,
    setup: Value,
    resampler: Option<Box<Resampler>>,
    /// The setup was accepted.
    ready: bool,
    /// The service will close this connection.
    leaves: bool,
    /// The service was told that the caller speaks.
    speaking: bool,
    /// What the caller says while a response is being made: the service would take it for an
    /// interruption.
    held: Vec<i16>,
    results: Vec<Value>,
    /// The responses that were asked for and are not done; whether each was interrupted.
    active: VecDeque<bool>,
    /// Responses that are made, and whose turns the service has yet to complete.
    to_complete: usize,
    /// What the caller said, so far.
    said: String,
    pcm: Pcm16,
}

impl Protocol for Live {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        self.ready = false;
        self.leaves = false;
        self.speaking = false;
        self.to_complete = 0;
        let path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
        let mut socket = self.endpoint.websocket(path).await?;
        let setup = json!({ "setup": self.setup });
        socket.send_text(setup.to_string()).await?;
        Ok(socket)
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn owes(&self) -> bool {
        !self.ready || !self.active.is_empty()
    }

    fn leaves(&self) -> bool {
        // In a turn of the caller the service has heard what a new connection would not know.
        self.leaves && !self.owes() && !self.speaking
    }

    fn give(&mut self, input: TalkInput, to: &mut Vec<Value>) {
        match input {
            TalkInput::Audio(samples) => {
                let samples = converted(self.resampler.as_mut(), samples);
                if self.speaking || self.active.is_empty() {
                    let mut all = std::mem::take(&mut self.held);
                    all.extend(samples);
                    self.hears(&all, to);
                } else {
                    let room = MOST_HELD.saturating_sub(self.held.len());
                    self.held.extend(samples.into_iter().take(room));
                }
            }
            TalkInput::Respond => {
                let held = std::mem::take(&mut self.held);
                if !held.is_empty() {
                    self.hears(&held, to);
                }
                if self.speaking {
                    self.speaking = false;
                    to.push(realtime("activityEnd", json!({})));
                } else if self.results.is_empty() {
                    reads(SILENCE, to);
                }
                let results = std::mem::take(&mut self.results);
                if !results.is_empty() {
                    to.push(json!({ "toolResponse": { "functionResponses": results } }));
                }
                self.active.push_back(false);
            }
            TalkInput::Say(words) => {
                let order = format!(
                    "(Say exactly the following words to the caller, and nothing else.)\n\n{words}"
                );
                reads(&order, to);
                self.active.push_back(false);
            }
            TalkInput::ToolResult { id, name, result } => {
                let response = match serde_json::from_str(&result) {
                    Ok(Value::Object(response)) => Value::Object(response),
                    _ => json!({ "output": result }),
                };
                self.results
                    .push(json!({ "id": id, "name": name, "response": response }));
            }
            TalkInput::Interrupted { .. } => {
                if let Some(interrupted) = self.active.back_mut() {
                    *interrupted = true;
                    let held = std::mem::take(&mut self.held);
                    self.hears(&held, to);
                }
            }
        }
    }

    fn hear(
        &mut self,
        message: &Value,
        parts: &mut VecDeque<TalkPart>,
        _: &mut Vec<Value>,
    ) -> Result<(), ProviderError> {
        if message.get("setupComplete").is_some() {
            self.ready = true;
        }
        self.leaves |= message.get("goAway").is_some();
        let update = message.get("sessionResumptionUpdate");
        let handle = update.map(|update| text(update, "/newHandle"));
        if let Some(handle) = handle.filter(|handle| !handle.is_empty()) {
            self.setup["sessionResumption"] = json!({ "handle": handle });
        }
        if let Some(content) = message.get("serverContent") {
            self.content(content, parts)?;
        }
        if let Some(usage) = message.get("usageMetadata")
            && !self.active.is_empty()
        {
            parts.push_back(TalkPart::Usage(used(usage)));
        }
        if let Some(calls) = message.pointer("/toolCall/functionCalls")
            && self.is_heard()
        {
            self.understood(parts);
            for call in calls.as_array().into_iter().flatten() {
                let id = Some(text(call, "/id")).filter(|id| !id.is_empty());
                parts.push_back(TalkPart::ToolCall(ToolCall {
                    id: id.map_or_else(new_id, str::to_owned),
                    name: text(call, "/name").to_owned(),
                    arguments: call.get("args").map(Value::to_string).unwrap_or_default(),
                }));
            }
            self.active.pop_front();
            parts.push_back(TalkPart::Done(StopReason::ToolCalls));
        }
        Ok(())
    }
}

impl Live {
    pub(super) fn new(endpoint: Endpoint, setup: Value, resampler: Option<Box<Resampler>>) -> Self {
        Self {
            endpoint,
            setup,
            resampler,
            ready: false,
            leaves: false,
            speaking: false,
            held: Vec::new(),
            results: Vec::new(),
            active: VecDeque::new(),
            to_complete: 0,
            said: String::new(),
            pcm: Pcm16::default(),
        }
    }

    /// Whether what comes of the response is of use.
    fn is_heard(&self) -> bool {
        self.active.front() == Some(&false)
    }

    /// The caller speaks. It ends a response that is being made.
    fn hears(&mut self, samples: &[i16], to: &mut Vec<Value>) {
        if !std::mem::replace(&mut self.speaking, true) {
            to.push(realtime("activityStart", json!({})));
        }
        for samples in samples.chunks(CALLER_HZ as usize) {
            let data = BASE64.encode(pcm(samples));
            let mime = format!("audio/pcm;rate={CALLER_HZ}");
            to.push(realtime("audio", json!({ "data": data, "mimeType": mime })));
        }
    }

    fn content(
        &mut self,
        content: &Value,
        parts: &mut VecDeque<TalkPart>,
    ) -> Result<(), ProviderError> {
        let said = text(content, "/inputTranscription/text");
        if !said.is_empty() && self.said.len().saturating_add(said.len()) < MAX_SAID {
            self.said.push_str(said);
            let (text, is_final) = (self.said.trim().to_owned(), false);
            parts.push_back(TalkPart::Caller { text, is_final });
        }
        let turn = content
            .pointer("/modelTurn/parts")
            .and_then(Value::as_array);
        for part in turn.into_iter().flatten() {
            let data = text(part, "/inlineData/data");
            if data.is_empty() || !self.is_heard() {
                continue;
            }
            self.understood(parts);
            let bytes = BASE64.decode(data);
            let bytes = bytes.map_err(|_| self.endpoint.nonsense("its audio is no base64"))?;
            let mut samples = Vec::with_capacity(bytes.len() / 2);
            self.pcm.push(&bytes, &mut samples);
            let rate = text(part, "/inlineData/mimeType").split_once("rate=");
            let rate_hz = rate.and_then(|(_, rate)| rate.parse::<u32>().ok());
            parts.push_back(TalkPart::Audio {
                rate_hz: rate_hz.filter(|rate| *rate > 0).unwrap_or(AGENT_HZ),
                samples: samples.into(),
            });
        }
        let words = text(content, "/outputTranscription/text");
        if !words.is_empty() && self.is_heard() {
            parts.push_back(TalkPart::Words(words.to_owned()));
        }
        let is = |name| content.get(name).and_then(Value::as_bool) == Some(true);
        if is("generationComplete") {
            // The turn is complete when the service believes that all of it was heard.
            self.to_complete = self.to_complete.saturating_add(1);
            self.done(parts);
        }
        if is("turnComplete") {
            match self.to_complete.checked_sub(1) {
                Some(less) => self.to_complete = less,
                None => self.done(parts),
            }
        }
        Ok(())
    }

    fn done(&mut self, parts: &mut VecDeque<TalkPart>) {
        self.understood(parts);
        if self.active.pop_front().is_some() {
            self.pcm = Pcm16::default();
            parts.push_back(TalkPart::Done(StopReason::End));
        }
    }

    /// The agent answers, so the caller's words are complete.
    fn understood(&mut self, parts: &mut VecDeque<TalkPart>) {
        let text = std::mem::take(&mut self.said).trim().to_owned();
        if !text.is_empty() {
            let is_final = true;
            parts.push_back(TalkPart::Caller { text, is_final });
        }
    }
}

/// A turn in writing.
fn reads(words: &str, to: &mut Vec<Value>) {
    to.push(realtime("activityStart", json!({})));
    to.push(realtime("text", json!(words)));
    to.push(realtime("activityEnd", json!({})));
}

fn realtime(name: &str, value: Value) -> Value {
    json!({ "realtimeInput": { name: value } })
}

fn used(usage: &Value) -> Usage {
    let tokens = |name| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("promptTokenCount").saturating_add(tokens("toolUsePromptTokenCount")),
        cached_tokens: tokens("cachedContentTokenCount"),
        output_tokens: tokens("responseTokenCount").saturating_add(tokens("thoughtsTokenCount")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::super::TalkOptions;
    use super::super::super::super::listening::sample_json;
    use super::super::LiveAgent;
    use super::*;

    fn live() -> Live {
        let endpoint = Endpoint::new("gemini", "http://host", Default::default()).unwrap();
        let setup = LiveAgent::at(endpoint.clone()).setup(TalkOptions::new(16_000, "x"));
        Live::new(endpoint, setup, None)
    }

    #[test]
    fn what_is_said_over_a_response_is_kept_back_until_it_interrupts() {
        let mut live = live();
        let (mut parts, mut to) = (VecDeque::new(), Vec::new());
        live.give(TalkInput::Say("Hello.".to_owned()), &mut to);
        to.clear();
        live.give(TalkInput::Audio(vec![1; 160]), &mut to);
        assert!(to.is_empty());
        let heard = std::time::Duration::ZERO;
        live.give(TalkInput::Interrupted { heard }, &mut to);
        assert!(to[0].pointer("/realtimeInput/activityStart").is_some());
        assert!(to[1].pointer("/realtimeInput/audio").is_some());
        let complete = json!({ "serverContent": { "interrupted": true, "turnComplete": true } });
        live.hear(&complete, &mut parts, &mut to).unwrap();
        assert_eq!(parts, [TalkPart::Done(StopReason::End)]);
    }

    #[test]
    fn a_connection_is_left_between_two_turns_and_the_session_goes_on() {
        let mut live = live();
        let (mut parts, mut to) = (VecDeque::new(), Vec::new());
        let mut hear = |live: &mut Live, message: Value| {
            live.hear(&message, &mut parts, &mut Vec::new()).unwrap();
        };
        hear(&mut live, json!({ "setupComplete": {} }));
        let update = json!({ "newHandle": "h", "resumable": true });
        hear(&mut live, json!({ "sessionResumptionUpdate": update }));
        live.give(TalkInput::Respond, &mut to);
        hear(&mut live, json!({ "goAway": { "timeLeft": "10s" } }));
        assert!(!live.leaves(), "a response is due");
        hear(
            &mut live,
            json!({ "serverContent": { "generationComplete": true } }),
        );
        assert!(live.leaves());
        assert_eq!(live.setup["sessionResumption"], json!({ "handle": "h" }));
    }

    proptest! {
        #[test]
        fn no_message_panics(messages in proptest::collection::vec(sample_json(), 0..6)) {
            let mut live = live();
            let (mut parts, mut to) = (VecDeque::new(), Vec::new());
            live.give(TalkInput::Respond, &mut to);
            for message in &messages {
                let _ = live.hear(message, &mut parts, &mut to);
            }
        }
    }
}
