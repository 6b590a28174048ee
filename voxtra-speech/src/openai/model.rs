//! Chat completions, as OpenAI documents them and many others speak them: vLLM, llama.cpp's server,
//! Ollama, Groq, Azure.
//!
//! Sources, read on 2026-11-29: <https://platform.openai.com/docs/api-reference/chat>, by its
//! schema in <https://github.com/openai/openai-openapi> (August 2026);
//! <https://developers.openai.com/api/docs/models/gpt-5.6-luna>;
//! <https://docs.ollama.com/api/openai-compatibility>;
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/latest>.

use reqwest::{Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::super::chat::{self, Conversation, Turn};
use super::super::{
    BoxFuture, Endpoint, LanguageModel, ModelRequest, Parts, ProviderError, ReplyPart, ToolCall,
    ToolSpec,
};
use super::chunks::Chunks;

/// OpenAI's smallest model of the GPT-5.6 family. It answers at once where it need not reason.
const DEFAULT_MODEL: &str = "gpt-5.6-luna";
const NO_EFFORT: &str = "none";

/// A language model of OpenAI, or of a server that is compatible with it.
///
/// ```no_run
/// use voxtra_speech::{Endpoint, Timeouts, openai};
///
/// # fn example() -> Result<(), voxtra_speech::ProviderError> {
/// let key = std::env::var("OPENAI_API_KEY").unwrap_or_default();
/// let hosted = openai::Model::new(key.into())?;
///
/// // A server of your own, which needs no key.
/// let endpoint = Endpoint::new("local", "http://127.0.0.1:8080/v1", Timeouts::default())?;
/// let local = openai::Model::at(endpoint).model("qwen3-4b").temperature(0.7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    endpoint: Endpoint,
    model: Option<String>,
    effort: Option<String>,
    temperature: Option<f64>,
    max_tokens: u32,
}

impl Model {
    /// OpenAI's smallest model, `gpt-5.6-luna` without reasoning.
    ///
    /// # Errors
    /// The key can be none; the machine has no certificates.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        Ok(Self::at(super::endpoint(&key)?).model(DEFAULT_MODEL))
    }

    /// A server that is compatible, at the base URL in front of `/chat/completions`. Until
    /// [`model`](Self::model) is called the server chooses the model.
    ///
    /// For Azure the base URL is a deployment's, with `?api-version=…`, and the key's header is
    /// `api-key`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: None,
            effort: None,
            temperature: None,
            max_tokens: chat::MAX_TOKENS,
        }
    }

    /// Which model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// How much a model that reasons should do so: `none`, `low` and so on. Its caller waits in
    /// silence. Default: `none` for OpenAI's default model, else the model's own.
    ///
    /// At OpenAI and Azure, `gpt-5.4` and newer models refuse tools together with any effort but
    /// `none`: a request with tools has `none` there, unless you choose another.
    #[must_use]
    pub fn reasoning_effort(mut self, effort: impl Into<String>) -> Self {
        self.effort = Some(effort.into());
        self
    }

    /// How much chance plays a part, 0 to 2. Default: the model's own.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// How long a reply may be, in tokens; reasoning counts. Default 1,024.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    fn request(&self, request: ModelRequest) -> Result<RequestBuilder, ProviderError> {
        let http = self.endpoint.request(Method::POST, "chat/completions")?;
        Ok(http.json(&self.body(request)))
    }

    fn body(&self, request: ModelRequest) -> Value {
        let mut body = Map::new();
        let effort = match (&self.effort, &self.model) {
            (Some(effort), _) => Some(effort.as_str()),
            (None, Some(model)) if model == DEFAULT_MODEL => Some(NO_EFFORT),
            (None, Some(model))
                if !request.tools.is_empty() && self.is_openai() && tools_or_reasoning(model) =>
            {
                Some(NO_EFFORT)
            }
            (None, _) => None,
        };
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if let Some(model) = &self.model {
            set("model", json!(model));
        }
        if let Some(effort) = effort {
            set("reasoning_effort", json!(effort));
        }
        if let Some(temperature) = self.temperature {
            set("temperature", json!(temperature));
        }
        set(self.limit(), json!(self.max_tokens));
        set("stream", json!(true));
        set("stream_options", json!({ "include_usage": true }));
        if !request.tools.is_empty() {
            set("tools", request.tools.into_iter().map(tool).collect());
        }
        let conversation = Conversation::new(request.messages);
        set("messages", messages(conversation).into());
        body.into()
    }

    /// OpenAI's newer models refuse the name that everybody else knows.
    fn limit(&self) -> &'static str {
        if self.is_openai() {
            "max_completion_tokens"
        } else {
            "max_tokens"
        }
    }

    /// Whether OpenAI's own rules hold there.
    fn is_openai(&self) -> bool {
        let host = self.endpoint.host();
        host == "api.openai.com" || host.ends_with(".azure.com")
    }
}

/// Whether a model of OpenAI has either tools or reasoning in chat completions: `gpt-5.4` and
/// newer. They reason unless they are told not to, and then answer tools with a 400. Seen on
/// 2026-11-30:
/// <https://github.com/BerriAI/litellm/pull/34569>,
/// <https://github.com/pipecat-ai/pipecat/issues/4043>.
fn tools_or_reasoning(model: &str) -> bool {
    let model = model.strip_prefix("ft:").unwrap_or(model);
    let Some(name) = model.strip_prefix("gpt-") else {
        return false;
    };
    let version = name.split(['-', ':']).next().unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        // The models named `chat` don't reason.
        (Ok(major), Ok(minor)) => (major, minor) >= (5, 4) && !name.contains("-chat"),
        _ => false,
    }
}

impl LanguageModel for Model {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let request = self.request(request);
        chat::reply(self.endpoint.clone(), request, Chunks::default())
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move { endpoint.warm_up().await })
    }
}

fn tool(tool: ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    })
}

fn messages(conversation: Conversation) -> Vec<Value> {
    let mut messages = Vec::new();
    if !conversation.system.is_empty() {
        messages.push(json!({ "role": "system", "content": conversation.system }));
    }
    for turn in conversation.turns {
        match turn {
            Turn::User(text) => messages.push(json!({ "role": "user", "content": text })),
            Turn::Assistant { text, calls } if calls.is_empty() => {
                messages.push(json!({ "role": "assistant", "content": text }));
            }
            Turn::Assistant { text, calls } => {
                let content = Some(text).filter(|text| !text.trim().is_empty());
                let calls: Vec<_> = calls.iter().map(tool_call).collect();
                messages.push(json!({
                    "role": "assistant",
                    "content": content,
                    "tool_calls": calls,
                }));
            }
            Turn::Results(results) => messages.extend(results.iter().map(|result| {
                json!({ "role": "tool", "tool_call_id": result.id, "content": result.text() })
            })),
        }
    }
    messages
}

fn tool_call(call: &ToolCall) -> Value {
    // Servers with a template read the arguments, and refuse what is no object.
    let arguments = Value::Object(chat::arguments(call)).to_string();
    json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": arguments },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(model: &Model) -> Value {
        model.body(ModelRequest::default())
    }

    fn at(base: &str) -> Model {
        Model::at(Endpoint::new("test", base, Default::default()).unwrap())
    }

    #[test]
    fn the_default_model_does_not_reason_and_others_are_not_told() {
        let model = at("https://api.openai.com/v1").model(DEFAULT_MODEL);
        assert_eq!(body(&model)["reasoning_effort"], "none");
        let low = body(&model.clone().reasoning_effort("low"));
        assert_eq!(low["reasoning_effort"], "low");
        let other = body(&model.model("gpt-4.1-mini"));
        assert_eq!(other["reasoning_effort"], Value::Null);
    }

    #[test]
    fn a_newer_model_with_tools_is_told_not_to_reason_where_that_is_the_rule() {
        let effort = |model: &Model| {
            let tool = ToolSpec {
                name: "hang_up".to_owned(),
                description: String::new(),
                parameters: json!({ "type": "object" }),
            };
            let request = ModelRequest {
                tools: vec![tool],
                ..ModelRequest::default()
            };
            model.body(request)["reasoning_effort"].clone()
        };
        let azure = "https://x.openai.azure.com/openai/v1";
        for base in ["https://api.openai.com/v1", azure] {
            for newer in [
                "gpt-5.4",
                "gpt-5.4-mini",
                "gpt-5.6-terra",
                "gpt-5.10",
                "gpt-6-luna",
            ] {
                let model = at(base).model(newer);
                assert_eq!(effort(&model), "none", "{base} {newer}");
                assert_eq!(body(&model)["reasoning_effort"], Value::Null, "{newer}");
                assert_eq!(effort(&model.reasoning_effort("low")), "low", "{newer}");
            }
            for older in [
                "gpt-4.1-mini",
                "gpt-5",
                "gpt-5.2-mini",
                "gpt-oss-20b",
                "o3",
                "chat",
            ] {
                assert_eq!(effort(&at(base).model(older)), Value::Null, "{older}");
            }
        }
        let local = at("http://127.0.0.1:8080/v1").model("gpt-5.6-terra");
        assert_eq!(effort(&local), Value::Null);
    }

    #[test]
    fn the_limit_has_the_name_that_the_host_knows() {
        let azure = "https://x.openai.azure.com/openai/deployments/y?api-version=1";
        for base in ["https://api.openai.com/v1", azure] {
            assert_eq!(body(&at(base))["max_completion_tokens"], 1_024, "{base}");
        }
        for base in ["http://127.0.0.1:8080/v1", "https://api.groq.com/openai/v1"] {
            assert_eq!(body(&at(base))["max_tokens"], 1_024, "{base}");
        }
    }
}
