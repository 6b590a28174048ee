//! What is said in a realtime session, and what it means.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use voxtra_core::audio::{Law, Resampler};

use super::super::super::conversing::{Protocol, converted};
use super::super::super::listening::{pcm, text};
use super::super::super::net::Socket;
use super::super::super::voice::audio::Pcm16;
use super::super::super::voice::duration;
use super::super::super::{
    Endpoint, Message, ProviderError, ProviderErrorKind, StopReason, TalkInput, TalkPart, ToolCall,
    Usage,
};
use super::{MU_LAW_HZ, PCM_HZ};

/// Less than this can't be committed.
const LEAST: Duration = Duration::from_millis(100);
/// Most bytes of a transcript that are shown before it is complete.
const MAX_DELTAS: usize = 64 << 10;

/// A session, as it is spoken.
pub(super) struct Realtime {
    endpoint: Endpoint,
    path: String,
    session: Value,
    history: Vec<Message>,
    mu_law: bool,
    rate_hz: u32,
    resampler: Option<Box<Resampler>>,
    /// The session was accepted.
    configured: bool,
    /// Responses to ask for once the one before is done: the service makes one at a time.
    asked: VecDeque<Value>,
    active: Option<Active>,
    /// Samples of the caller that belong to no item yet.
    uncommitted: usize,
    /// What the latest response speaks.
    items: Vec<Item>,
    pcm: Pcm16,
    /// The transcript of the caller's item so far.
    deltas: String,
}

/// A response that is not done.
#[derive(Default)]
struct Active {
    /// Its id, once the service has told it.
    id: Option<String>,
    interrupted: bool,
    calls: bool,
}

/// An item that the response speaks.
struct Item {
    id: String,
    samples: usize,
    /// The service was told how much of it was heard.
    truncated: bool,
}

impl Protocol for Realtime {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        let mut socket = self.endpoint.websocket(&self.path).await?;
        let update = json!({ "type": "session.update", "session": self.session });
        socket.send_text(update.to_string()).await?;
        for item in std::mem::take(&mut self.history)
            .into_iter()
            .flat_map(items)
        {
            let create = json!({ "type": "conversation.item.create", "item": item });
            socket.send_text(create.to_string()).await?;
        }
        Ok(socket)
    }

    fn is_ready(&self) -> bool {
        true
    }

    fn owes(&self) -> bool {
        !self.configured || self.active.is_some()
    }

    fn give(&mut self, input: TalkInput, to: &mut Vec<Value>) {
        match input {
            TalkInput::Audio(samples) => {
                let samples = converted(self.resampler.as_mut(), samples);
                self.uncommitted = self.uncommitted.saturating_add(samples.len());
                let bytes = if self.mu_law {
                    samples.iter().map(|&one| Law::Mu.encode(one)).collect()
                } else {
                    pcm(&samples)
                };
                let audio = BASE64.encode(bytes);
                to.push(json!({ "type": "input_audio_buffer.append", "audio": audio }));
            }
            TalkInput::Respond => {
                if duration(self.uncommitted, self.rate_hz) >= LEAST {
                    self.uncommitted = 0;
                    to.push(json!({ "type": "input_audio_buffer.commit" }));
                }
                self.ask(json!({ "type": "response.create" }), to);
            }
            TalkInput::Say(words) => {
                let instructions =
                    format!("Say exactly the following words, and nothing else:\n\n{words}");
                let response = json!({ "instructions": instructions, "tool_choice": "none" });
                let create = json!({ "type": "response.create", "response": response });
                self.ask(create, to);
            }
            TalkInput::ToolResult { id, result, .. } => to.push(json!({
                "type": "conversation.item.create",
                "item": { "type": "function_call_output", "call_id": id, "output": result },
            })),
            TalkInput::Interrupted { heard } => self.interrupt(heard, to),
        }
    }

    fn hear(
        &mut self,
        message: &Value,
        parts: &mut VecDeque<TalkPart>,
        to: &mut Vec<Value>,
    ) -> Result<(), ProviderError> {
        match text(message, "/type") {
            "session.updated" => self.configured = true,
            "response.created" => {
                if let Some(active) = &mut self.active
                    && active.id.is_none()
                {
                    let id = text(message, "/response/id").to_owned();
                    if active.interrupted {
                        to.push(json!({ "type": "response.cancel", "response_id": id }));
                    }
                    active.id = Some(id);
                }
            }
            "response.output_audio.delta" => return self.audio(message, parts),
            "response.output_audio_transcript.delta" if self.is_heard() => {
                parts.push_back(TalkPart::Words(text(message, "/delta").to_owned()));
            }
            "response.output_item.done" if self.is_heard() => self.item(message, parts),
            "response.done" => return self.done(message, parts, to),
            "conversation.item.input_audio_transcription.delta" => {
                let delta = text(message, "/delta");
                if self.deltas.len().saturating_add(delta.len()) < MAX_DELTAS {
                    self.deltas.push_str(delta);
                }
                parts.push_back(TalkPart::Caller {
                    text: self.deltas.clone(),
                    is_final: false,
                });
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.deltas.clear();
                let text = text(message, "/transcript").to_owned();
                let is_final = true;
                parts.push_back(TalkPart::Caller { text, is_final });
            }
            "conversation.item.input_audio_transcription.failed" => {
                self.deltas.clear();
                let error = super::super::realtime_failure(&self.endpoint, message);
                tracing::debug!(%error, "what a caller said could not be written down");
            }
            "error" => return self.error(message),
            _ => {}
        }
        Ok(())
    }
}

impl Realtime {
    pub(super) fn new(
        endpoint: Endpoint,
        path: String,
        session: Value,
        history: Vec<Message>,
        resampler: Option<Box<Resampler>>,
        mu_law: bool,
    ) -> Self {
        Self {
            endpoint,
            path,
            session,
            history,
            mu_law,
            rate_hz: if mu_law { MU_LAW_HZ } else { PCM_HZ },
            resampler,
            configured: false,
            asked: VecDeque::new(),
            active: None,
            uncommitted: 0,
            items: Vec::new(),
            pcm: Pcm16::default(),
            deltas: String::new(),
        }
    }

    fn ask(&mut self, create: Value, to: &mut Vec<Value>) {
        if self.active.is_some() {
            self.asked.push_back(create);
            return;
        }
        self.active = Some(Active::default());
        self.items.clear();
        self.pcm = Pcm16::default();
        to.push(create);
    }

    /// Whether what comes of the response is of use.
    fn is_heard(&self) -> bool {
        let active = self.active.as_ref();
        active.is_some_and(|active| !active.interrupted)
    }

    fn interrupt(&mut self, heard: Duration, to: &mut Vec<Value>) {
        if let Some(active) = self.active.as_mut().filter(|active| !active.interrupted) {
            active.interrupted = true;
            // Otherwise it is cancelled when it has an id.
            if let Some(id) = &active.id {
                to.push(json!({ "type": "response.cancel", "response_id": id }));
            }
        }
        let growing = self.active.is_some();
        let last = self.items.len().saturating_sub(1);
        let mut heard = heard;
        for (place, item) in self.items.iter_mut().enumerate() {
            let length = duration(item.samples, self.rate_hz);
            // More of it may have been made than has come.
            if heard < length || growing && place == last {
                item.truncate(heard.min(length), to);
            }
            heard = heard.saturating_sub(length);
        }
    }

    fn audio(
        &mut self,
        message: &Value,
        parts: &mut VecDeque<TalkPart>,
    ) -> Result<(), ProviderError> {
        if self.active.is_none() {
            return Ok(());
        }
        let id = text(message, "/item_id");
        if self.items.last().is_none_or(|item| item.id != id) {
            self.items.push(Item {
                id: id.to_owned(),
                samples: 0,
                truncated: false,
            });
        }
        if !self.is_heard() {
            return Ok(());
        }
        let bytes = BASE64.decode(text(message, "/delta"));
        let bytes = bytes.map_err(|_| self.endpoint.nonsense("its audio is no base64"))?;
        let mut samples = Vec::with_capacity(bytes.len());
        if self.mu_law {
            samples.extend(bytes.iter().map(|&byte| Law::Mu.decode(byte)));
        } else {
            self.pcm.push(&bytes, &mut samples);
        }
        if let Some(item) = self.items.last_mut() {
            item.samples = item.samples.saturating_add(samples.len());
        }
        parts.push_back(TalkPart::Audio {
            rate_hz: self.rate_hz,
            samples: samples.into(),
        });
        Ok(())
    }

    fn item(&mut self, message: &Value, parts: &mut VecDeque<TalkPart>) {
        if text(message, "/item/type") != "function_call" {
            return;
        }
        if let Some(active) = &mut self.active {
            active.calls = true;
        }
        parts.push_back(TalkPart::ToolCall(ToolCall {
            id: text(message, "/item/call_id").to_owned(),
            name: text(message, "/item/name").to_owned(),
            arguments: text(message, "/item/arguments").to_owned(),
        }));
    }

    fn done(
        &mut self,
        message: &Value,
        parts: &mut VecDeque<TalkPart>,
        to: &mut Vec<Value>,
    ) -> Result<(), ProviderError> {
        let Some(active) = self.active.take() else {
            return Ok(());
        };
        let reason = text(message, "/response/status_details/reason");
        let reason = match text(message, "/response/status") {
            "failed" => {
                let told = json!({ "error": message.pointer("/response/status_details/error") });
                return Err(super::super::realtime_failure(&self.endpoint, &told));
            }
            "incomplete" if reason == "content_filter" => StopReason::Filtered,
            "incomplete" => StopReason::Length,
            _ if active.calls => StopReason::ToolCalls,
            _ => StopReason::End,
        };
        if active.interrupted {
            // What it had begun behind the interruption was not heard.
            for item in &mut self.items {
                if item.samples == 0 {
                    item.truncate(Duration::ZERO, to);
                }
            }
        }
        if let Some(usage) = message.pointer("/response/usage") {
            parts.push_back(TalkPart::Usage(used(usage)));
        }
        parts.push_back(TalkPart::Done(reason));
        if let Some(next) = self.asked.pop_front() {
            self.ask(next, to);
        }
        Ok(())
    }

    fn error(&mut self, message: &Value) -> Result<(), ProviderError> {
        let failure = super::super::realtime_failure(&self.endpoint, message);
        // It was done before it could be cancelled.
        if text(message, "/error/code") == "response_cancel_not_active" {
            return Ok(());
        }
        let refused = self.active.as_ref().is_some_and(|one| one.id.is_none());
        // Most errors leave the session open.
        if !self.configured || refused || failure.kind != ProviderErrorKind::Rejected {
            return Err(failure);
        }
        tracing::warn!(error = %failure, "speech-to-speech refused a message");
        Ok(())
    }
}

impl Item {
    /// Tells how much of it was heard, once.
    fn truncate(&mut self, heard: Duration, to: &mut Vec<Value>) {
        if !std::mem::replace(&mut self.truncated, true) {
            let heard = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
            to.push(json!({
                "type": "conversation.item.truncate",
                "item_id": self.id,
                "content_index": 0,
                "audio_end_ms": heard,
            }));
        }
    }
}

/// A message of the conversation as the items of the session.
fn items(message: Message) -> Vec<Value> {
    let said = |role: &str, kind: &str, text: &str| json!({ "type": "message", "role": role, "content": [{ "type": kind, "text": text }] });
    match message {
        Message::System(_) => Vec::new(),
        Message::User(text) => vec![said("user", "input_text", &text)],
        Message::Assistant { text, tool_calls } => {
            let text = Some(text).filter(|text| !text.trim().is_empty());
            let text = text.map(|text| said("assistant", "output_text", &text));
            let calls = tool_calls.into_iter().map(|call| {
                json!({
                    "type": "function_call",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": call.arguments,
                })
            });
            text.into_iter().chain(calls).collect()
        }
        Message::Tool { id, result, .. } => {
            vec![json!({ "type": "function_call_output", "call_id": id, "output": result })]
        }
    }
}

fn used(usage: &Value) -> Usage {
    let tokens = |path| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("/input_tokens"),
        cached_tokens: tokens("/input_token_details/cached_tokens"),
        output_tokens: tokens("/output_tokens"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::super::listening::sample_json;
    use super::*;

    fn realtime() -> Realtime {
        let endpoint = Endpoint::new("openai", "http://host", Default::default()).unwrap();
        let (path, session) = (String::new(), Value::Null);
        Realtime::new(endpoint, path, session, Vec::new(), None, true)
    }

    /// What is sent for an input.
    fn given(realtime: &mut Realtime, input: TalkInput) -> Vec<String> {
        let mut to = Vec::new();
        realtime.give(input, &mut to);
        to.iter().map(|one| text(one, "/type").to_owned()).collect()
    }

    #[test]
    fn one_response_is_asked_for_at_a_time_and_cancelled_once_it_has_an_id() {
        let mut realtime = realtime();
        let (mut parts, mut to) = (VecDeque::new(), Vec::new());
        let asked = given(&mut realtime, TalkInput::Respond);
        assert_eq!(asked, ["response.create"], "there is no audio to commit");
        let heard = Duration::ZERO;
        assert!(given(&mut realtime, TalkInput::Interrupted { heard }).is_empty());
        let audio = TalkInput::Audio(vec![0; 800]);
        assert_eq!(given(&mut realtime, audio), ["input_audio_buffer.append"]);
        let asked = given(&mut realtime, TalkInput::Respond);
        assert_eq!(
            asked,
            ["input_audio_buffer.commit"],
            "the first is not done"
        );
        let mut hear = |message: Value| {
            realtime.hear(&message, &mut parts, &mut to).unwrap();
            let sent = to
                .drain(..)
                .map(|one: Value| text(&one, "/type").to_owned());
            sent.collect::<Vec<_>>()
        };
        let created = json!({ "type": "response.created", "response": { "id": "a" } });
        assert_eq!(hear(created), ["response.cancel"]);
        let done = json!({ "type": "response.done", "response": { "status": "cancelled" } });
        assert_eq!(hear(done), ["response.create"]);
        assert_eq!(parts, [TalkPart::Done(StopReason::End)]);
    }

    proptest! {
        #[test]
        fn no_message_panics(messages in proptest::collection::vec(sample_json(), 0..6)) {
            let mut realtime = realtime();
            let (mut parts, mut to) = (VecDeque::new(), Vec::new());
            realtime.give(TalkInput::Respond, &mut to);
            for message in &messages {
                let _ = realtime.hear(message, &mut parts, &mut to);
            }
            let heard = Duration::from_millis(10);
            realtime.give(TalkInput::Interrupted { heard }, &mut to);
        }
    }
}
