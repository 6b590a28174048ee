//! What a conversation remembers: what was said, and what the caller heard of it.

use std::fmt;
use std::sync::Arc;

use super::tool::Tool;
use crate::speech::{Message, ModelRequest};

/// The conversation of one call.
#[derive(Default)]
pub(crate) struct Memory {
    instructions: Option<String>,
    messages: Vec<Message>,
    tools: Vec<Arc<dyn Tool>>,
}

impl Memory {
    pub(super) fn instruct(&mut self, instructions: &str) {
        self.instructions = Some(instructions.to_owned());
    }

    /// Adds a tool; it replaces the one of its name.
    pub(super) fn add_tool(&mut self, tool: Arc<dyn Tool>) {
        let name = tool.spec().name;
        self.tools.retain(|one| one.spec().name != name);
        self.tools.push(tool);
    }

    pub(super) fn tool(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let named = |tool: &&Arc<dyn Tool>| tool.spec().name == name;
        self.tools.iter().find(named).cloned()
    }

    /// What was said so far, without the instructions.
    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn append(&mut self, messages: Vec<Message>) {
        self.messages.extend(messages);
    }

    pub(super) fn forget(&mut self) {
        self.messages.clear();
    }

    /// Adds what the agent said, if the caller heard anything of it. What was cut ends with an
    /// ellipsis.
    pub(super) fn agent_said(&mut self, heard: &str, cut: bool) {
        if !heard.is_empty() {
            let end = if cut { "…" } else { "" };
            self.messages
                .push(Message::assistant(format!("{heard}{end}")));
        }
    }

    /// The question that continues the conversation with `more`.
    pub(super) fn request(&self, more: &[Message], with_tools: bool) -> ModelRequest {
        let system = self.instructions.clone().map(Message::System);
        let messages = self.messages.iter().chain(more).cloned();
        let mut request = ModelRequest::new(system.into_iter().chain(messages).collect());
        if with_tools {
            request.tools = self.tools.iter().map(|tool| tool.spec()).collect();
        }
        request
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("messages", &self.messages.len())
            .field("tools", &self.tools.len())
            .finish_non_exhaustive()
    }
}
