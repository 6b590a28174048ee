//! Anthropic's Messages API.
//!
//! Sources, read on 2026-11-29: <https://platform.claude.com/docs/en/api/messages>, by its schema
//! in <https://github.com/anthropics/anthropic-sdk-typescript> (August 2026);
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>;
//! <https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide>.

use reqwest::{Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::super::chat::{self, Conversation, Draft, Events, Fault, ToolResult, Turn};
use super::super::{
    BoxFuture, Endpoint, LanguageModel, ModelRequest, Parts, ProviderError, ReplyPart, StopReason,
    Timeouts, ToolCall, ToolSpec, Usage,
};

/// Anthropic's quickest model.
const DEFAULT_MODEL: &str = "claude-haiku-5-5";

/// A language model of Anthropic.
///
/// ```no_run
/// use voxtra_speech::anthropic;
///
/// # fn example() -> Result<(), voxtra_speech::ProviderError> {
/// let key = std::env::var("ANTHROPIC_API_KEY").unwrap_or_default();
/// let model = anthropic::Model::new(key.into())?.max_tokens(400);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    endpoint: Endpoint,
    model: String,
    thinks: Option<bool>,
    temperature: Option<f64>,
    max_tokens: u32,
}

impl Model {
    /// Anthropic's quickest model, `claude-haiku-5-5` without thinking.
    ///
    /// # Errors
    /// The key can be none; the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        let base = "https://api.anthropic.com/v1";
        let endpoint = Endpoint::new("anthropic", base, Timeouts::default())?;
        Ok(Self::at(endpoint.with_key("x-api-key", "", &key)?))
    }

    /// A server with this API, at the base URL in front of `/messages`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint: endpoint.with_header("anthropic-version", "2023-06-01"),
            model: DEFAULT_MODEL.to_owned(),
            thinks: None,
            temperature: None,
            max_tokens: chat::MAX_TOKENS,
        }
    }

    /// Which model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Whether it may think before it speaks. Its caller waits in silence. Default: not for the
    /// default model, else the model's own choice.
    #[must_use]
    pub fn thinking(mut self, thinks: bool) -> Self {
        self.thinks = Some(thinks);
        self
    }

    /// How much chance plays a part, 0 to 1. The newer models refuse it. Default: the model's own.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// How long a reply may be, in tokens; thinking counts. Default 1,024.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    fn request(&self, request: ModelRequest) -> Result<RequestBuilder, ProviderError> {
        let http = self.endpoint.request(Method::POST, "messages")?;
        Ok(http.json(&self.body(request)))
    }

    fn body(&self, request: ModelRequest) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("model", json!(self.model));
        set("max_tokens", json!(self.max_tokens));
        set("stream", json!(true));
        // Each turn repeats the conversation before it.
        set("cache_control", json!({ "type": "ephemeral" }));
        let thinks = self
            .thinks
            .or((self.model == DEFAULT_MODEL).then_some(false));
        if let Some(thinks) = thinks {
            let kind = if thinks { "adaptive" } else { "disabled" };
            set("thinking", json!({ "type": kind }));
        }
        if let Some(temperature) = self.temperature {
            set("temperature", json!(temperature));
        }
        if !request.tools.is_empty() {
            set("tools", request.tools.into_iter().map(tool).collect());
        }
        let conversation = Conversation::new(request.messages);
        if !conversation.system.is_empty() {
            set("system", json!(conversation.system));
        }
        set("messages", messages(conversation.turns).into());
        body.into()
    }
}

impl LanguageModel for Model {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let request = self.request(request);
        chat::reply(self.endpoint.clone(), request, MessageEvents::default())
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}

fn tool(tool: ToolSpec) -> Value {
    json!({
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.parameters,
    })
}

fn messages(turns: Vec<Turn>) -> Vec<Value> {
    // A result and what the caller said after it are one message.
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for turn in turns {
        let (role, content) = match turn {
            Turn::User(text) => ("user", vec![text_block(&text)]),
            Turn::Assistant { text, calls } => {
                let text = (!text.trim().is_empty()).then(|| text_block(&text));
                let calls = calls.iter().map(tool_use);
                ("assistant", text.into_iter().chain(calls).collect())
            }
            Turn::Results(results) => ("user", results.iter().map(tool_result).collect()),
        };
        match messages.last_mut() {
            Some((last, all)) if *last == role => all.extend(content),
            _ => messages.push((role, content)),
        }
    }
    let message = |(role, content)| json!({ "role": role, "content": content });
    messages.into_iter().map(message).collect()
}

fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn tool_use(call: &ToolCall) -> Value {
    json!({
        "type": "tool_use",
        "id": accepted(&call.id),
        "name": call.name,
        "input": chat::arguments(call),
    })
}

fn tool_result(result: &ToolResult) -> Value {
    json!({
        "type": "tool_result",
        "tool_use_id": accepted(&result.id),
        "content": result.text(),
    })
}

/// An id as Anthropic accepts it. Another provider may have given it, earlier in the call.
fn accepted(id: &str) -> String {
    let ok = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    id.replace(|letter| !ok(letter), "_")
}

/// Reads a message's events.
#[derive(Debug, Default)]
struct MessageEvents {
    usage: Usage,
}

impl Events for MessageEvents {
    fn read(&mut self, data: &str, draft: &mut Draft) -> Result<(), Fault> {
        let event: Value = serde_json::from_str(data)?;
        let text = |path| event.pointer(path).and_then(Value::as_str);
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match text("/type") {
            Some("message_start") => self.count(event.pointer("/message/usage"), draft),
            Some("content_block_start") => match text("/content_block/type") {
                Some("text") => draft.text(text("/content_block/text").unwrap_or_default()),
                Some("tool_use") => {
                    let id = text("/content_block/id").unwrap_or_default();
                    draft.call(index, id, text("/content_block/name").unwrap_or_default());
                }
                _ => {}
            },
            Some("content_block_delta") => {
                if let Some(piece) = text("/delta/text") {
                    draft.text(piece);
                }
                if let Some(piece) = text("/delta/partial_json") {
                    draft.arguments(index, piece);
                }
            }
            Some("message_delta") => {
                self.count(event.get("usage"), draft);
                match text("/delta/stop_reason") {
                    None => {}
                    Some("max_tokens" | "model_context_window_exceeded") => {
                        draft.stop(StopReason::Length);
                    }
                    Some("refusal") => draft.stop(StopReason::Filtered),
                    Some("tool_use") => draft.stop(StopReason::ToolCalls),
                    Some(_) => draft.stop(StopReason::End),
                }
            }
            Some("message_stop") => {
                draft.stop(StopReason::End);
                draft.end();
            }
            Some("error") => {
                let error = event.get("error").cloned().unwrap_or_default();
                return Err(Fault::Told(error));
            }
            // Pings, the ends of blocks, and events to come.
            _ => {}
        }
        Ok(())
    }
}

impl MessageEvents {
    /// The figures are those of the whole message so far; a later event has some of them.
    fn count(&mut self, usage: Option<&Value>, draft: &mut Draft) {
        let Some(usage) = usage else { return };
        let tokens = |name| usage.get(name).and_then(Value::as_u64);
        if let Some(input) = tokens("input_tokens") {
            let cached = tokens("cache_read_input_tokens").unwrap_or(0);
            let written = tokens("cache_creation_input_tokens").unwrap_or(0);
            // Anthropic counts what is in its cache apart.
            self.usage.input_tokens = input.saturating_add(cached).saturating_add(written);
            self.usage.cached_tokens = cached;
        }
        if let Some(output) = tokens("output_tokens") {
            self.usage.output_tokens = output;
        }
        draft.usage(self.usage);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::chat::fuzz::fuzz;
    use super::*;

    const NAMES: &[&str] = &[
        "type",
        "content_block",
        "delta",
        "text",
        "partial_json",
        "index",
        "usage",
        "message",
        "stop_reason",
        "error",
        "tool_use",
        "content_block_start",
        "content_block_delta",
        "message_delta",
        "input_tokens",
    ];

    fuzz!(MessageEvents::default(), NAMES);
}
