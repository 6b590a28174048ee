//! What every language model must do, as scenarios that it is run through.
//!
//! You write a double of your provider's server that plays each [`Scenario`], and give [`check`] a
//! function that connects your [`LanguageModel`] to it. The double should also check what it is
//! sent, and answer with a refusal where that is wrong: its message is in the failure then.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use voxtra_speech::conformance::model::{self, Scenario, Subject};
//! use voxtra_speech::{LanguageModel, ScriptedModel};
//!
//! /// A server that plays this scenario, and a model that is connected to it.
//! async fn connected(scenario: Scenario) -> Subject {
//!     # let _ = scenario;
//!     # let model: Arc<dyn LanguageModel> = Arc::new(ScriptedModel::new(["Hello."]));
//!     // …
//!     Subject::new(model)
//! }
//!
//! # async fn test() {
//! model::check(connected).await;
//! # }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::{
    BoxFuture, LanguageModel, Message, ModelRequest, ProviderError, ProviderErrorKind, ReplyPart,
    StopReason, ToolCall, ToolSpec, Usage,
};

/// What the model says where it says something: some of its letters have more than one byte.
pub const TEXT: &str = "Grüß Gott — how can I help you? 😀";
/// The name of the tool that it calls.
pub const TOOL: &str = "find_order";
/// What it wants to find: the value of `number` in the arguments of its first call, an integer.
pub const FIRST: u64 = 7;
/// The same for its second call.
pub const SECOND: u64 = 8;
/// What the reply of [`Scenario::Text`] costs, where the provider tells.
pub const COST: Usage = Usage {
    input_tokens: 40,
    cached_tokens: 30,
    output_tokens: 12,
};
/// How long [`Scenario::RateLimited`] asks to wait.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);
/// Most bytes that a model may say in [`Scenario::Endless`].
pub const MOST: usize = 100_000;

/// Longest time that a scenario takes.
const LONGEST: Duration = Duration::from_secs(60);

/// What the provider's server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// It says [`TEXT`] in several events, tells that it cost [`COST`], and ends.
    Text,
    /// The same, byte by byte: letters, lines and events are cut.
    Cut,
    /// The same, after a conversation with a greeting, messages of one role in a row, an empty
    /// message, tools called in parallel, and one whose result is missing.
    History,
    /// It says nothing, and ends.
    Empty,
    /// It says [`TEXT`], then calls [`TOOL`] for [`FIRST`]. The arguments come in pieces where the
    /// provider has such.
    ToolCall,
    /// It calls [`TOOL`] for [`FIRST`] and [`SECOND`] at the same time.
    ParallelToolCalls,
    /// It begins to call [`TOOL`], and the connection breaks in the middle of the call.
    ToolCallBreaksOff,
    /// It says [`TEXT`], and then has no tokens left.
    Length,
    /// It never ends, and never stops speaking.
    Endless,
    /// Its filter stops it.
    Filtered,
    /// It says [`TEXT`], and the connection ends as if all were well, but without the end that the
    /// protocol has for a reply.
    BreaksOff,
    /// It says [`TEXT`], and then tells that it is overloaded.
    FailsInTheMiddle,
    /// It refuses the key.
    Auth,
    /// It answers 429 and asks to wait for [`RETRY_AFTER`].
    RateLimited,
    /// It answers 500.
    Unavailable,
    /// It takes the request and never answers. The model's time limits should be short.
    Silent,
    /// It says [`TEXT`], and then nothing but what keeps a connection up. The model's time limits
    /// should be short.
    FallsSilent,
    /// It streams what makes no sense.
    Garbage,
    /// It says [`TEXT`], and goes on until the connection is closed: see
    /// [`Subject::cancelled_when`].
    Cancelled,
}

impl Scenario {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Text,
        Self::Cut,
        Self::History,
        Self::Empty,
        Self::ToolCall,
        Self::ParallelToolCalls,
        Self::ToolCallBreaksOff,
        Self::Length,
        Self::Endless,
        Self::Filtered,
        Self::BreaksOff,
        Self::FailsInTheMiddle,
        Self::Auth,
        Self::RateLimited,
        Self::Unavailable,
        Self::Silent,
        Self::FallsSilent,
        Self::Garbage,
        Self::Cancelled,
    ];

    /// What the model is asked.
    #[must_use]
    pub fn request(self) -> ModelRequest {
        let system = Message::System("You answer the telephone.".to_owned());
        let user = |text: &str| Message::User(text.to_owned());
        let number = serde_json::json!({ "type": "integer" });
        let tool = ToolSpec::new(
            TOOL,
            "Finds an order by its number.",
            serde_json::json!({
                "type": "object",
                "properties": { "number": number },
                "required": ["number"],
            }),
        );
        let messages = match self {
            Self::History => vec![
                system,
                Message::assistant("Hello."),
                user("Where are"),
                user("my orders 7, 8 and 9?"),
                Message::Assistant {
                    text: String::new(),
                    tool_calls: [7, 8, 9].map(call).into(),
                },
                result(8, "{\"state\":\"sent\"}"),
                result(7, "not found"),
                Message::assistant(""),
                user("And?"),
            ],
            _ => vec![system, user("Where is my order?")],
        };
        ModelRequest {
            messages,
            tools: vec![tool],
        }
    }
}

fn call(number: u64) -> ToolCall {
    ToolCall {
        id: format!("earlier_{number}"),
        name: TOOL.to_owned(),
        arguments: format!("{{\"number\":{number}}}"),
    }
}

fn result(number: u64, result: &str) -> Message {
    Message::Tool {
        id: format!("earlier_{number}"),
        name: TOOL.to_owned(),
        result: result.to_owned(),
    }
}

/// A model that is connected to a server.
pub struct Subject {
    model: Arc<dyn LanguageModel>,
    cancelled: Option<BoxFuture<'static, ()>>,
}

impl Subject {
    /// This model.
    #[must_use]
    pub fn new(model: Arc<dyn LanguageModel>) -> Self {
        Self {
            model,
            cancelled: None,
        }
    }

    /// How to learn that the server noticed the end of [`Scenario::Cancelled`]. Without it, that is
    /// not checked.
    #[must_use]
    pub fn cancelled_when(mut self, noticed: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Some(Box::pin(noticed));
        self
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.model.name();
        f.debug_struct("Subject")
            .field("model", &name)
            .finish_non_exhaustive()
    }
}

/// Runs a model through all scenarios, on a tokio runtime. None of them may take a minute.
///
/// # Panics
/// The model doesn't do what the scenario asks for; the message says which and what.
pub async fn check<F>(connect: impl Fn(Scenario) -> F)
where
    F: Future<Output = Subject>,
{
    for scenario in Scenario::ALL {
        check_one(*scenario, connect(*scenario).await).await;
    }
}

/// Runs a model through one scenario.
///
/// # Panics
/// As [`check`].
pub async fn check_one(scenario: Scenario, subject: Subject) {
    let run = tokio::time::timeout(LONGEST, run(scenario, subject)).await;
    assert!(run.is_ok(), "{scenario:?}: not over after {LONGEST:?}");
}

async fn run(scenario: Scenario, subject: Subject) {
    let Subject { model, cancelled } = subject;
    model.prepare().await;
    let mut parts = model.reply(scenario.request());
    let mut seen = Seen::new(scenario);
    while let Some(part) = parts.next().await {
        match part {
            Ok(part) => seen.part(part),
            Err(error) => {
                seen.error = Some(error);
                let more = parts.next().await;
                assert!(more.is_none(), "{scenario:?}: {more:?} behind the error");
                break;
            }
        }
        if scenario == Scenario::Cancelled && !seen.text.is_empty() {
            drop(parts);
            if let Some(cancelled) = cancelled {
                cancelled.await;
            }
            return;
        }
    }
    seen.judge(model.name());
}

/// All that a reply brought.
struct Seen {
    scenario: Scenario,
    text: String,
    pieces: usize,
    calls: Vec<ToolCall>,
    usage: Option<Usage>,
    done: Option<StopReason>,
    error: Option<ProviderError>,
}

impl Seen {
    fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            text: String::new(),
            pieces: 0,
            calls: Vec::new(),
            usage: None,
            done: None,
            error: None,
        }
    }

    fn part(&mut self, part: ReplyPart) {
        let scenario = self.scenario;
        assert_eq!(self.done, None, "{scenario:?}: {part:?} behind the end");
        match part {
            ReplyPart::Text(text) => {
                assert!(!text.is_empty(), "{scenario:?}: an empty text");
                self.text.push_str(&text);
                self.pieces += 1;
                let length = self.text.len();
                assert!(length <= MOST, "{scenario:?}: {length} bytes of text");
            }
            ReplyPart::ToolCall(call) => {
                let known = self.calls.iter().any(|other| other.id == call.id);
                assert!(!known, "{scenario:?}: two calls with one id");
                assert!(!call.id.is_empty(), "{scenario:?}: a call without an id");
                self.calls.push(call);
            }
            ReplyPart::Usage(usage) => {
                assert_eq!(self.usage, None, "{scenario:?}: figures twice");
                self.usage = Some(usage);
            }
            ReplyPart::Done(reason) => self.done = Some(reason),
        }
    }

    fn judge(&self, name: &str) {
        match self.scenario {
            Scenario::Text | Scenario::Cut | Scenario::History => {
                self.ends(StopReason::End, TEXT, &[]);
                let pieces = self.pieces;
                assert!(pieces > 1, "{:?}: all text at once", self.scenario);
                if let Some(usage) = self.usage {
                    assert_eq!(usage, COST, "{:?}", self.scenario);
                }
            }
            Scenario::Empty => self.ends(StopReason::End, "", &[]),
            Scenario::ToolCall => self.ends(StopReason::ToolCalls, TEXT, &[FIRST]),
            Scenario::ParallelToolCalls => {
                self.ends(StopReason::ToolCalls, "", &[FIRST, SECOND]);
            }
            Scenario::Length => self.ends(StopReason::Length, TEXT, &[]),
            Scenario::Endless => {
                assert_eq!(self.error, None, "Endless");
                assert_eq!(self.done, Some(StopReason::Length), "Endless");
                assert!(!self.text.is_empty(), "Endless: no text");
            }
            Scenario::Filtered => {
                assert_eq!(self.error, None, "Filtered");
                assert_eq!(self.done, Some(StopReason::Filtered), "Filtered");
                assert_eq!(self.calls, [], "Filtered: tool calls");
            }
            Scenario::ToolCallBreaksOff => {
                self.fails(name, ProviderErrorKind::Unavailable, None);
            }
            Scenario::BreaksOff | Scenario::FailsInTheMiddle => {
                self.fails(name, ProviderErrorKind::Unavailable, Some(TEXT));
            }
            Scenario::Auth => self.fails(name, ProviderErrorKind::Auth, Some("")),
            Scenario::RateLimited => {
                let retry_after = Some(RETRY_AFTER);
                let kind = ProviderErrorKind::RateLimited { retry_after };
                self.fails(name, kind, Some(""));
            }
            Scenario::Unavailable => self.fails(name, ProviderErrorKind::Unavailable, Some("")),
            Scenario::Silent => self.fails(name, ProviderErrorKind::Timeout, Some("")),
            Scenario::FallsSilent => self.fails(name, ProviderErrorKind::Timeout, Some(TEXT)),
            Scenario::Garbage => self.fails(name, ProviderErrorKind::Protocol, None),
            Scenario::Cancelled => panic!("Cancelled: it ended before it was cancelled: {self}"),
        }
    }

    /// It has ended well, with this text and calls of the tool for these numbers.
    fn ends(&self, reason: StopReason, text: &str, numbers: &[u64]) {
        let scenario = self.scenario;
        assert_eq!(self.error, None, "{scenario:?}");
        assert_eq!(self.done, Some(reason), "{scenario:?}: {self}");
        assert_eq!(self.text, text, "{scenario:?}");
        let called: Vec<_> = self.calls.iter().map(number).collect();
        let numbers: Vec<_> = numbers.iter().map(|number| Some(*number)).collect();
        assert_eq!(called, numbers, "{scenario:?}: {:?}", self.calls);
    }

    /// It has failed like this, without a tool call; after this text, if that is known.
    fn fails(&self, name: &str, kind: ProviderErrorKind, text: Option<&str>) {
        let scenario = self.scenario;
        let Some(error) = &self.error else {
            panic!("{scenario:?}: no error, but {self}");
        };
        assert_eq!(error.kind, kind, "{scenario:?}: {error}");
        assert_eq!(error.provider, name, "{scenario:?}");
        assert!(!error.message.is_empty(), "{scenario:?}: no message");
        assert_eq!(self.done, None, "{scenario:?}: an end before the error");
        assert_eq!(self.calls, [], "{scenario:?}: tool calls");
        if let Some(text) = text {
            assert_eq!(self.text, text, "{scenario:?}");
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes of text, {} tool calls, end {:?}",
            self.text.len(),
            self.calls.len(),
            self.done
        )
    }
}

fn number(call: &ToolCall) -> Option<u64> {
    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).ok()?;
    let number = arguments.get("number")?.as_u64()?;
    (call.name == TOOL).then_some(number)
}
