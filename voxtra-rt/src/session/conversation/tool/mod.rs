//! What a language model can do beside talking.

mod arguments;
mod background;
mod function;
#[cfg(feature = "schema")]
mod typed;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::Value;
use voxtra_core::leg::Awaited;

pub(super) use self::background::Background;
pub use self::function::FnTool;
#[cfg(feature = "schema")]
pub use self::typed::typed;
use super::super::call::Call;
use super::super::error::HandlerError;
use super::guard::AGENT;
use crate::lock::lock;
use crate::speech::{BoxFuture, TextToSpeech, ToolCall, ToolSpec};

/// Longest time that a tool takes, unless it says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Most bytes of a result that the model is told.
const MAX_RESULT: usize = 16 << 10;

/// Most characters of a failure that are logged.
const MAX_LOGGED: usize = 400;

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

    /// Runs it. `arguments` are what the model wrote: an object that has what the schema requires,
    /// and at its top the right types; what is deeper may not fit. The result goes to the model, in
    /// words or as JSON, and so does the error. Dropping the future gives up.
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

    /// Whether the caller must agree before it runs. The model is told to ask; a call with the same
    /// arguments runs once the caller has heard the agent and spoken again. Default: no.
    fn confirms(&self) -> bool {
        false
    }

    /// Whether the conversation goes on while it runs: the model is told that it has started, and
    /// its result when that is there, as soon as nobody speaks. Up to eight go on at the same time
    /// in a call, whose end cancels them; [`time_limit`](Self::time_limit) holds for them too.
    /// Speech to speech waits for them as for others; [`answer`](super::Conversation::answer) tells
    /// the model of results when it is called next. Default: no.
    fn in_background(&self) -> bool {
        false
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

/// Runs tools, several at once, and says in words what came of each. Meanwhile the guard against
/// dead air waits for them.
pub(super) async fn run_all(call: &Call, calls: &[ToolCall]) -> Vec<String> {
    let mut filled = true;
    let mut limit = Duration::ZERO;
    let results = calls.iter().map(|asked| {
        let tool = lock(call.session().memory()).tool(&asked.name);
        if let Some(tool) = tool.as_ref().filter(|tool| !goes_on(call, &***tool)) {
            filled &= tool.wants_filler();
            limit = limit.max(tool.time_limit());
        }
        run(call, tool, asked)
    });
    let results = futures_util::future::join_all(results.collect::<Vec<_>>());
    // A tool may take as long as it may take, and its result is no answer yet.
    call.awaits(match filled {
        true => Awaited::Agent {
            patience_ms: u32::try_from(limit.as_millis()).unwrap_or(u32::MAX),
        },
        false => Awaited::Nobody,
    })
    .await;
    let results = results.await;
    call.awaits(AGENT).await;
    results
}

/// Runs one call of a tool, and says in words what came of it.
pub(super) async fn run(call: &Call, tool: Option<Arc<dyn Tool>>, asked: &ToolCall) -> String {
    let transcript = || call.session().transcript();
    let number = transcript().tool_called(&asked.name, &asked.arguments);
    let result = result_of(call, tool, asked).await;
    transcript().tool_gave(number, &result);
    result
}

async fn result_of(call: &Call, tool: Option<Arc<dyn Tool>>, asked: &ToolCall) -> String {
    let Some(tool) = tool else {
        return format!("error: there is no tool named {:?}", asked.name);
    };
    let arguments = match asked.arguments.trim() {
        "" => Ok(Value::Object(serde_json::Map::new())),
        text => serde_json::from_str(text),
    };
    let result = match arguments {
        Ok(arguments) => checked(call, tool, asked, arguments).await,
        Err(error) => Err(format!("the arguments are no JSON: {error}")),
    };
    told_of(call, asked, result)
}

/// What the model is told of a result.
fn told_of(call: &Call, asked: &ToolCall, result: Result<String, String>) -> String {
    match result {
        Ok(result) => cut(result),
        Err(error) => {
            let why = in_short(&error);
            tracing::warn!(
                call = call.id(),
                tool = asked.name,
                error = why,
                "a tool failed"
            );
            cut(format!("error: {error}"))
        }
    }
}

/// Runs a tool if its arguments are right and the caller agrees to what must be agreed to.
async fn checked(
    call: &Call,
    tool: Arc<dyn Tool>,
    asked: &ToolCall,
    arguments: Value,
) -> Result<String, String> {
    let object = arguments.as_object().ok_or("the arguments are no object")?;
    let spec = tool.spec();
    arguments::check(&spec.parameters, object)?;
    if tool.confirms() && !lock(call.session().memory()).agreed(&spec.name, &arguments) {
        return Ok(ASK_FIRST.to_owned());
    }
    if goes_on(call, &*tool) {
        return background::start(call, tool, asked, arguments);
    }
    within(call, &*tool, arguments).await
}

/// Whether the conversation of this call goes on while this tool runs. A speech-to-speech service
/// waits for results: it can't be told one by the way.
pub(super) fn goes_on(call: &Call, tool: &dyn Tool) -> bool {
    tool.in_background() && call.session().services().speech_to_speech.is_none()
}

/// Runs a tool within its limit.
async fn within(call: &Call, tool: &dyn Tool, arguments: Value) -> Result<String, String> {
    let limit = tool.time_limit();
    // Whatever happens within it is the tool's failure, and not the call's.
    let running = AssertUnwindSafe(async { tool.run(call, arguments).await }).catch_unwind();
    match tokio::time::timeout(limit, running).await {
        Ok(Ok(Ok(result))) => Ok(result),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(_)) => Err("it is broken: it panicked".to_owned()),
        Err(_) => Err(format!("it took longer than {} s", limit.as_secs_f64())),
    }
}

/// What the model is told instead of a result.
const ASK_FIRST: &str = "not done yet: ask the caller whether you should do this, say what it \
                         is, and wait for the answer. If the caller agrees, call this again with \
                         the same arguments; if not, don't.";

/// What the model is told of one call.
#[cfg(test)]
pub(super) async fn told(call: &Call, tool: impl Tool + 'static, arguments: Value) -> String {
    let asked = ToolCall {
        id: "1".to_owned(),
        name: tool.spec().name,
        arguments: arguments.to_string(),
    };
    run(call, Some(Arc::new(tool)), &asked).await
}

/// What the log says of a failure: a server may answer without end.
fn in_short(error: &str) -> String {
    match error.char_indices().nth(MAX_LOGGED) {
        Some((at, _)) => format!("{}…", error.get(..at).unwrap_or_default()),
        None => error.to_owned(),
    }
}

/// At most [`MAX_RESULT`] bytes.
fn cut(mut text: String) -> String {
    if text.len() > MAX_RESULT {
        text.truncate(text.floor_char_boundary(MAX_RESULT));
        text.push_str("… (cut: the result was too long)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_of_a_failure_in_short() {
        let logged = in_short(&"ä".repeat(5_000_000));
        assert_eq!(logged.chars().count(), MAX_LOGGED + 1);
        assert_eq!(in_short("no such order"), "no such order");
    }
}
