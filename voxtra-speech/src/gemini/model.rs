//! Gemini's `streamGenerateContent`.
//!
//! Sources, read on 2026-11-29: <https://ai.google.dev/api/generate-content>, by its schema in
//! <https://github.com/googleapis/python-genai> (August 2026);
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>;
//! <https://ai.google.dev/gemini-api/docs/generate-content/latest-model>.

use reqwest::{Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::super::chat::{self, Conversation, Draft, Events, Fault, ToolResult, Turn};
use super::super::{
    BoxFuture, Endpoint, LanguageModel, ModelRequest, Parts, ProviderError, ProviderErrorKind,
    ReplyPart, StopReason, ToolCall, ToolSpec, Usage,
};
use super::signatures::Signatures;

/// Google's quickest model of the 3.5 family. By default it hardly thinks.
const DEFAULT_MODEL: &str = "gemini-3.5-flash-lite";

/// What the documentation has for a tool call whose signature isn't known: another model made it.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// A language model of Google.
///
/// ```no_run
/// use voxtra_speech::gemini;
///
/// # fn example() -> Result<(), voxtra_speech::ProviderError> {
/// let key = std::env::var("GEMINI_API_KEY").unwrap_or_default();
/// let model = gemini::Model::new(key.into())?.max_tokens(400);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    endpoint: Endpoint,
    model: String,
    thinking: Option<String>,
    temperature: Option<f64>,
    max_tokens: u32,
    signatures: Signatures,
}

impl Model {
    /// Google's quickest model of the 3.5 family, `gemini-3.5-flash-lite`.
    ///
    /// # Errors
    /// The key can be none; the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// A server with this API, at the base URL in front of `/models`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: DEFAULT_MODEL.to_owned(),
            thinking: None,
            temperature: None,
            max_tokens: chat::MAX_TOKENS,
            signatures: Signatures::default(),
        }
    }

    /// Which model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// How much it thinks before it speaks: `minimal`, `low` and so on. Its caller waits in
    /// silence. Default: the model's own, which is `minimal` for the default model.
    #[must_use]
    pub fn thinking_level(mut self, level: impl Into<String>) -> Self {
        self.thinking = Some(level.into());
        self
    }

    /// How much chance plays a part, 0 to 2. Default: the model's own.
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
        let ok = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if self.model.is_empty() || !self.model.chars().all(ok) {
            let what = format!("{:?} is not the name of a model", self.model);
            return Err(self.endpoint.error(ProviderErrorKind::Rejected, &what));
        }
        let path = format!("models/{}:streamGenerateContent?alt=sse", self.model);
        let http = self.endpoint.request(Method::POST, &path)?;
        Ok(http.json(&self.body(request)))
    }

    fn body(&self, request: ModelRequest) -> Value {
        let mut generation = json!({ "maxOutputTokens": self.max_tokens });
        if let Some(temperature) = self.temperature {
            generation["temperature"] = json!(temperature);
        }
        if let Some(level) = &self.thinking {
            generation["thinkingConfig"] = json!({ "thinkingLevel": level });
        }
        let conversation = Conversation::new(request.messages);
        let mut body = json!({
            "contents": self.contents(conversation.turns),
            "generationConfig": generation,
        });
        if !conversation.system.is_empty() {
            body["systemInstruction"] = json!({ "parts": [{ "text": conversation.system }] });
        }
        if !request.tools.is_empty() {
            let tools: Vec<_> = request.tools.into_iter().map(tool).collect();
            body["tools"] = json!([{ "functionDeclarations": tools }]);
        }
        body
    }

    fn contents(&self, turns: Vec<Turn>) -> Vec<Value> {
        let turns = turns.into_iter().map(|turn| {
            let (role, parts) = match turn {
                Turn::User(text) => ("user", vec![json!({ "text": text })]),
                Turn::Assistant { text, calls } => {
                    let text = (!text.trim().is_empty()).then(|| json!({ "text": text }));
                    let calls = calls.iter().enumerate();
                    let calls = calls.map(|(place, call)| self.function_call(place, call));
                    ("model", text.into_iter().chain(calls).collect())
                }
                // A content of their own: Gemini counts its parts.
                Turn::Results(results) => ("user", results.iter().map(function_response).collect()),
            };
            json!({ "role": role, "parts": parts })
        });
        turns.collect()
    }

    fn function_call(&self, place: usize, call: &ToolCall) -> Value {
        let mut part = json!({
            "functionCall": { "id": call.id, "name": call.name, "args": chat::arguments(call) },
        });
        let old = ["gemini-1", "gemini-2"];
        let old = old.iter().any(|name| self.model.starts_with(name));
        // Of parallel calls the first one has it.
        let missing = || (place == 0 && !old).then(|| NO_SIGNATURE.to_owned());
        if let Some(signature) = self.signatures.of(&call.id).or_else(missing) {
            part["thoughtSignature"] = json!(signature);
        }
        part
    }
}

impl LanguageModel for Model {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let request = self.request(request);
        let responses = Responses {
            signatures: self.signatures.clone(),
            calls: 0,
        };
        chat::reply(self.endpoint.clone(), request, responses)
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}

pub(super) fn tool(tool: ToolSpec) -> Value {
    let mut declaration = Map::new();
    declaration.insert("name".to_owned(), json!(tool.name));
    declaration.insert("description".to_owned(), json!(tool.description));
    declaration.insert("parametersJsonSchema".to_owned(), tool.parameters);
    declaration.into()
}

fn function_response(result: &ToolResult) -> Value {
    let response = match serde_json::from_str(result.text()) {
        Ok(Value::Object(response)) => Value::Object(response),
        Ok(other) => json!({ "output": other }),
        Err(_) => json!({ "output": result.text() }),
    };
    json!({
        "functionResponse": { "id": result.id, "name": result.name, "response": response },
    })
}

/// Reads `GenerateContentResponse` objects.
#[derive(Debug)]
struct Responses {
    signatures: Signatures,
    /// The key of the next tool call in the draft, which counts them.
    calls: u64,
}

impl Events for Responses {
    fn read(&mut self, data: &str, draft: &mut Draft) -> Result<(), Fault> {
        let response: Value = serde_json::from_str(data)?;
        if let Some(error) = response.get("error") {
            return Err(Fault::Told(error.clone()));
        }
        if let Some(usage) = response.get("usageMetadata") {
            draft.usage(used(usage));
        }
        if response.pointer("/promptFeedback/blockReason").is_some() {
            draft.stop(StopReason::Filtered);
        }
        let parts = response.pointer("/candidates/0/content/parts");
        for part in parts.and_then(Value::as_array).into_iter().flatten() {
            self.part(part, draft);
        }
        let reason = response.pointer("/candidates/0/finishReason");
        match reason.and_then(Value::as_str) {
            None | Some("FINISH_REASON_UNSPECIFIED") => {}
            Some("MAX_TOKENS") => draft.stop(StopReason::Length),
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII") => {
                draft.stop(StopReason::Filtered);
            }
            Some(
                reason @ ("MALFORMED_FUNCTION_CALL"
                | "UNEXPECTED_TOOL_CALL"
                | "TOO_MANY_TOOL_CALLS"
                | "MALFORMED_RESPONSE"),
            ) => {
                let what =
                    format!("its model called a tool in a way that makes no sense: {reason}");
                return Err(Fault::Nonsense(what));
            }
            Some(_) => draft.stop(StopReason::End),
        }
        Ok(())
    }
}

impl Responses {
    fn part(&mut self, part: &Value, draft: &mut Draft) {
        let text = |path| part.pointer(path).and_then(Value::as_str);
        if part.get("thought").and_then(Value::as_bool) == Some(true) {
            return;
        }
        if let Some(words) = text("/text") {
            draft.text(words);
        }
        let Some(call) = part.get("functionCall") else {
            return;
        };
        let key = self.calls;
        self.calls = self.calls.saturating_add(1);
        let id = text("/functionCall/id").unwrap_or_default();
        draft.call(key, id, text("/functionCall/name").unwrap_or_default());
        if let Some(arguments) = call.get("args") {
            draft.arguments(key, &arguments.to_string());
        }
        if let (Some(id), Some(signature)) = (draft.id_of(key), text("/thoughtSignature")) {
            self.signatures.keep(id.to_owned(), signature.to_owned());
        }
    }
}

fn used(usage: &Value) -> Usage {
    let tokens = |name| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    let sum = |one, other| tokens(one).saturating_add(tokens(other));
    Usage {
        input_tokens: sum("promptTokenCount", "toolUsePromptTokenCount"),
        cached_tokens: tokens("cachedContentTokenCount"),
        output_tokens: sum("candidatesTokenCount", "thoughtsTokenCount"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::chat::fuzz::fuzz;
    use super::*;

    const NAMES: &[&str] = &[
        "candidates",
        "content",
        "parts",
        "text",
        "functionCall",
        "name",
        "args",
        "id",
        "finishReason",
        "usageMetadata",
        "promptFeedback",
        "blockReason",
        "thoughtSignature",
        "error",
    ];

    fuzz!(
        Responses {
            signatures: Signatures::default(),
            calls: 0
        },
        NAMES
    );
}
