//! What a conversation remembers: what was said, and what the caller heard of it.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::tool::Tool;
use crate::speech::{Message, ModelRequest};

/// The conversation of one call.
#[derive(Default)]
pub(crate) struct Memory {
    instructions: Option<String>,
    messages: Vec<Message>,
    tools: Vec<Arc<dyn Tool>>,
    /// Turns of the caller that were answered.
    turns: u64,
    unconfirmed: Vec<Unconfirmed>,
}

/// A tool that the caller must agree to.
#[derive(Debug)]
struct Unconfirmed {
    tool: String,
    arguments: Value,
    /// The turn in which the model first called it.
    turn: u64,
    /// The agent has said something since.
    asked: bool,
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

    /// The caller has spoken, and is to be answered.
    pub(super) fn begin_turn(&mut self) {
        self.turns = self.turns.wrapping_add(1);
    }

    /// Whether the caller may have agreed to this: the model called for it before, the caller heard
    /// the agent then, and has spoken since. It counts once.
    pub(super) fn agreed(&mut self, tool: &str, arguments: &Value) -> bool {
        let turn = self.turns;
        let same = |one: &Unconfirmed| one.tool == tool && one.arguments == *arguments;
        let known = self.unconfirmed.iter().position(same);
        match known.map(|at| (at, self.unconfirmed.get(at))) {
            Some((at, Some(one))) if one.asked && one.turn != turn => {
                self.unconfirmed.remove(at);
                true
            }
            Some(_) => false,
            None => {
                self.unconfirmed.retain(|one| one.tool != tool);
                self.unconfirmed.push(Unconfirmed {
                    tool: tool.to_owned(),
                    arguments: arguments.clone(),
                    turn,
                    asked: false,
                });
                false
            }
        }
    }

    /// What was said so far, without the instructions.
    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn append(&mut self, messages: Vec<Message>) {
        // What came before a tool's result asked for nothing that the result says.
        let behind = messages.rsplit(|one| matches!(one, Message::Tool { .. }));
        let mut behind = behind.take(1).flatten();
        if behind.any(|one| matches!(one, Message::Assistant { text, .. } if !text.is_empty())) {
            for one in &mut self.unconfirmed {
                one.asked = true;
            }
        }
        self.messages.extend(messages);
    }

    pub(super) fn forget(&mut self) {
        self.messages.clear();
        self.unconfirmed.clear();
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
