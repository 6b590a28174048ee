//! What a language model can do beside talking.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::call::Call;
use super::super::error::HandlerError;
use crate::speech::{BoxFuture, TextToSpeech, ToolCall, ToolSpec};

/// Longest time that a tool takes, unless it says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Most bytes of a result that the model is told.
const MAX_RESULT: usize = 16 << 10;

/// Something that the language model can call.
///
/// ```
/// use serde_json::{Value, json};
/// use voxtra_rt::session::{Call, HandlerError, Tool};
/// use voxtra_rt::speech::{BoxFuture, ToolSpec};
///
/// /// Looks up an order.
/// struct Orders;
///
/// impl Tool for Orders {
///     fn spec(&self) -> ToolSpec {
///         let parameters = json!({
///             "type": "object",
///             "properties": { "number": { "type": "string" } },
///             "required": ["number"],
///         });
///         ToolSpec::new("order_status", "Tells where an order is.", parameters)
///     }
///
///     fn run<'a>(
///         &'a self,
///         _call: &'a Call,
///         arguments: Value,
///     ) -> BoxFuture<'a, Result<String, HandlerError>> {
///         Box::pin(async move {
///             let number = arguments["number"].as_str().ok_or("which order?")?;
///             Ok(format!("Order {number} arrives tomorrow."))
///         })
///     }
/// }
/// ```
pub trait Tool: Send + Sync {
    /// What the model is told of it. Must not change during a conversation.
    fn spec(&self) -> ToolSpec;

    /// Runs it. `arguments` are what the model wrote: an object, which may not fit the schema. The
    /// result goes to the model, in words or as JSON, and so does the error. Dropping the future
    /// gives up.
    ///
    /// The conversation waits meanwhile: it may be read and instructed, but `answer`, `respond` and
    /// `stream` of the same call would wait for this tool.
    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>>;

    /// How long it may take; the model is told when it took longer. Default 10 s.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }

    /// Whether the agent may say a [`Filler`](super::Filler) while it runs. Default: yes. A tool
    /// that lets the caller hear something of its own says no.
    fn wants_filler(&self) -> bool {
        true
    }

    /// The voice with which the agent speaks this language, given by its tag. An agent to whom a
    /// caller is handed over stays in the caller's language if one of its tools has a voice for it.
    /// Default: none.
    fn voice(&self, _language: &str) -> Option<Arc<dyn TextToSpeech>> {
        None
    }
}

/// A tool made of a function.
pub struct FnTool<F> {
    spec: ToolSpec,
    run: F,
}

impl<F, R> FnTool<F>
where
    F: Fn(Call, Value) -> R + Send + Sync,
    R: Future<Output = Result<String, HandlerError>> + Send + 'static,
{
    /// A tool that `run` carries out.
    pub fn new(spec: ToolSpec, run: F) -> Self {
        Self { spec, run }
    }
}

impl<F, R> Tool for FnTool<F>
where
    F: Fn(Call, Value) -> R + Send + Sync,
    R: Future<Output = Result<String, HandlerError>> + Send + 'static,
{
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        Box::pin((self.run)(call.clone(), arguments))
    }
}

impl<F> std::fmt::Debug for FnTool<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FnTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

/// Runs one call of a tool, and says in words what came of it.
pub(super) async fn run(call: &Call, tool: Option<Arc<dyn Tool>>, asked: &ToolCall) -> String {
    let Some(tool) = tool else {
        return format!("error: there is no tool named {:?}", asked.name);
    };
    let arguments = match asked.arguments.trim() {
        "" => Ok(Value::Object(serde_json::Map::new())),
        text => serde_json::from_str(text),
    };
    let result = match arguments {
        Ok(arguments) if !arguments.is_object() => Err("the arguments are no object".to_owned()),
        Ok(arguments) => {
            let limit = tool.time_limit();
            match tokio::time::timeout(limit, tool.run(call, arguments)).await {
                Ok(Ok(result)) => Ok(result),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("it took longer than {} s", limit.as_secs_f64())),
            }
        }
        Err(error) => Err(format!("the arguments are no JSON: {error}")),
    };
    match result {
        Ok(result) => cut(result),
        Err(error) => {
            tracing::warn!(call = call.id(), tool = asked.name, error, "a tool failed");
            cut(format!("error: {error}"))
        }
    }
}

/// At most [`MAX_RESULT`] bytes.
fn cut(mut text: String) -> String {
    if text.len() > MAX_RESULT {
        let mut end = MAX_RESULT;
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        text.truncate(end);
        text.push_str("… (cut: the result was too long)");
    }
    text
}
