pub use voxtra_core::event::ToolCall;

use super::{BoxFuture, SpeechError};

/// Who says a message of a conversation.
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
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub text: String,
    /// The [`ToolCall::id`] that a message of [`Role::Tool`] answers.
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

/// What the model answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// To be said; may be empty when tools are to be used first.
    pub text: String,
    /// Tools to be used, in order.
    pub tool_calls: Vec<ToolCall>,
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Reply {
    /// A reply without tools.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tool_calls: Vec::new(),
        }
    }
}

/// Thinks of an answer.
pub trait LanguageModel: Send + Sync {
    /// What it is called in logs and errors.
    fn name(&self) -> &str;

    /// The reply to a conversation, oldest message first. Dropping the future gives up.
    ///
    /// # Errors
    /// Where there is no reply; the call goes on.
    fn respond<'a>(&'a self, history: &'a [Message]) -> BoxFuture<'a, Result<Reply, SpeechError>>;
}
