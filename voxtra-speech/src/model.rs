pub use voxtra_core::event::ToolCall;

use super::{BoxFuture, SpeechError};

/// The author of a message in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The instructions to the model.
    System,
    /// The caller.
    User,
    /// The model.
    Assistant,
    /// What a tool returned.
    Tool,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its author.
    pub role: Role,
    /// Its text.
    pub text: String,
    /// The [`ToolCall::id`] that a [`Role::Tool`] message answers.
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message that answers no tool call.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            text: text.into(),
            tool_call_id: None,
        }
    }
}

/// A model's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// Answers in a conversation.
pub trait LanguageModel: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// The reply to a conversation, oldest message first. Dropping the future cancels it.
    ///
    /// # Errors
    /// There is no reply; the call goes on.
    fn respond<'a>(&'a self, history: &'a [Message]) -> BoxFuture<'a, Result<Reply, SpeechError>>;
}
