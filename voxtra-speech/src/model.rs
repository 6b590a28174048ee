pub use voxtra_core::event::ToolCall;

use super::{BoxFuture, Parts, ProviderError};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// What the model is and how to behave.
    System(String),
    /// What the caller said.
    User(String),
    /// What the model said, and the tools that it called.
    Assistant {
        /// The text: what the caller heard of it, where that is known.
        text: String,
        /// The tools.
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool gave back.
    Tool {
        /// [`ToolCall::id`] of the call that this answers.
        id: String,
        /// [`ToolCall::name`] of that call.
        name: String,
        /// The result, or the error, in words or as JSON.
        result: String,
    },
}

impl Message {
    /// A message of the model that calls no tool.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant {
            text: text.into(),
            tool_calls: Vec::new(),
        }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::System(text) | Self::User(text) | Self::Assistant { text, .. } => text,
            Self::Tool { result, .. } => result,
        }
    }
}

/// A tool, as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// When to use it and what it gives back.
    pub description: String,
    /// Its arguments as JSON Schema, an object.
    pub parameters: serde_json::Value,
}

impl ToolSpec {
    /// A tool with these parameters.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: serde_json::Value,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            parameters,
        }
    }
}

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelRequest {
    /// The conversation, oldest message first.
    pub messages: Vec<Message>,
    /// The tools that it may call.
    pub tools: Vec<ToolSpec>,
}

impl ModelRequest {
    /// This conversation, without tools.
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            tools: Vec::new(),
        }
    }
}

/// A part of a model's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyPart {
    /// The next piece of the text: a word or less, mostly.
    Text(String),
    /// A tool to call, complete with its arguments.
    ToolCall(ToolCall),
    /// What the reply cost.
    Usage(Usage),
    /// The reply has ended, and why. It comes exactly once, after text and tool calls.
    Done(StopReason),
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The model had said what it wanted to say.
    End,
    /// It waits for the results of its tool calls.
    ToolCalls,
    /// It was as long as it may be.
    Length,
    /// The provider's filter stopped it.
    Filtered,
}

/// What a reply cost, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the request that were in the provider's cache; part of `input_tokens`.
    pub cached_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
}

impl Usage {
    /// Tokens of a request and its reply, none of them cached.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens,
            cached_tokens: 0,
            output_tokens,
        }
    }
}

/// A model's whole reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// Text to say; may be empty when tools come first.
    pub text: String,
    /// Tools to call, in order.
    pub tool_calls: Vec<ToolCall>,
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Reply {
    /// A reply without tool calls.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tool_calls: Vec::new(),
        }
    }

    /// Adds a tool call.
    #[must_use]
    pub fn calling(mut self, tool: ToolCall) -> Self {
        self.tool_calls.push(tool);
        self
    }

    /// Reads a reply to its end.
    ///
    /// # Errors
    /// The provider's error, even after a part of the reply.
    pub async fn collect(mut parts: Parts<ReplyPart>) -> Result<Self, ProviderError> {
        let mut reply = Self::default();
        while let Some(part) = parts.next().await {
            reply.add(&part?);
        }
        Ok(reply)
    }

    /// Adds the next part of the reply.
    pub fn add(&mut self, part: &ReplyPart) {
        match part {
            ReplyPart::Text(text) => self.text.push_str(text),
            ReplyPart::ToolCall(call) => self.tool_calls.push(call.clone()),
            ReplyPart::Usage(_) | ReplyPart::Done(_) => {}
        }
    }

    /// The reply as parts: its text as one, then its tool calls.
    #[must_use]
    pub fn into_parts(self) -> Parts<ReplyPart> {
        let stop = if self.tool_calls.is_empty() {
            StopReason::End
        } else {
            StopReason::ToolCalls
        };
        let text = Some(self.text).filter(|text| !text.is_empty());
        let text = text.map(ReplyPart::Text).into_iter();
        let tools = self.tool_calls.into_iter().map(ReplyPart::ToolCall);
        Parts::whole(text.chain(tools).chain([ReplyPart::Done(stop)]))
    }
}

/// Answers in a conversation.
///
/// ```
/// use voxtra_speech::{LanguageModel, Message, ModelRequest, Parts, Reply, ReplyPart};
///
/// /// Repeats the caller's last words.
/// struct Parrot;
///
/// impl LanguageModel for Parrot {
///     fn name(&self) -> &str {
///         "parrot"
///     }
///
///     fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
///         let said = request.messages.iter().rev().find_map(|message| match message {
///             Message::User(text) => Some(text.as_str()),
///             _ => None,
///         });
///         Reply::new(said.unwrap_or("Hello?")).into_parts()
///     }
/// }
/// ```
pub trait LanguageModel: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Continues a conversation. Dropping the parts cancels the reply. After an error there is no
    /// more of it; the call goes on.
    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart>;

    /// Opens connections, so that the first answer needs not wait for them. Called while the
    /// telephone rings. It may fail quietly: whoever needs the connection next is told why.
    fn prepare(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}
