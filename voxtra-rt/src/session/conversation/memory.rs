//! What a conversation remembers: what was said, and what the caller heard of it.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::agents;
use super::context::{self, ContextLimit, OldPart};
use super::tool::{Background, Tool};
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
    limit: ContextLimit,
    /// The oldest part of the conversation, which is no longer among the messages.
    summary: Option<String>,
    /// Messages that were forgotten, all told.
    forgotten: u64,
    /// How often the conversation was reset.
    resets: u64,
    summarising: bool,
    /// To whom a tool has handed the caller over.
    next_agent: Option<String>,
    /// How often since the caller said something.
    handed_over: u32,
    /// Only where something went on in it: most calls have none.
    background: Option<Box<Background>>,
    /// The caller's words have ended a tool, and say more than its result.
    gives_way: bool,
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
        self.remove_tool(&tool.spec().name);
        self.tools.push(tool);
    }

    pub(super) fn remove_tool(&mut self, name: &str) {
        self.tools.retain(|one| one.spec().name != name);
    }

    pub(super) fn tool(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let named = |tool: &&Arc<dyn Tool>| tool.spec().name == name;
        self.tools.iter().find(named).cloned()
    }

    /// The caller has spoken, and is to be answered. A question that somebody else began, such as a
    /// tool in the background with its result, is no turn of the caller.
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

    /// What goes on in the background.
    pub(super) fn background(&mut self) -> &mut Background {
        self.background.get_or_insert_default()
    }

    /// The results of what went on in the background become part of the conversation. Whether
    /// there were any.
    pub(super) fn hear_results(&mut self) -> bool {
        let Some(background) = &mut self.background else {
            return false;
        };
        let results = background.take();
        let any = !results.is_empty();
        self.messages.extend(results);
        any
    }

    /// A tool ended because the caller spoke.
    pub(super) fn give_way(&mut self) {
        self.gives_way = true;
    }

    /// Whether the caller's words are to be answered instead of what the tools gave. True once.
    pub(super) fn takes_way(&mut self) -> bool {
        std::mem::take(&mut self.gives_way)
    }

    /// What was said so far, without the instructions.
    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many messages there were, all told.
    pub(super) fn count(&self) -> u64 {
        self.forgotten.saturating_add(self.messages.len() as u64)
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
        self.unconfirmed.clear();
        self.drop_oldest(self.messages.len());
        self.summary = None;
        self.resets = self.resets.saturating_add(1);
    }

    fn drop_oldest(&mut self, count: usize) {
        self.messages.drain(..count.min(self.messages.len()));
        self.forgotten = self.forgotten.saturating_add(count as u64);
    }

    pub(super) fn limit(&mut self, limit: ContextLimit) {
        self.limit = limit;
    }

    /// Forgets what is over the limit. What is to be summarised before is returned, and stays
    /// until [`shortened`](Self::shortened), unless it becomes twice as much as the limit.
    pub(super) fn shorten(&mut self) -> Option<OldPart> {
        let surplus = self.limit.surplus(&self.messages);
        if surplus == 0 {
            return None;
        }
        if self.summarising || !self.limit.summarise {
            if !self.summarising || self.limit.doubled().surplus(&self.messages) > 0 {
                self.drop_oldest(surplus);
            }
            return None;
        }
        self.summarising = true;
        let old = self.messages.get(..surplus).unwrap_or_default();
        Some(OldPart {
            conversation: self.resets,
            until: self.forgotten.saturating_add(surplus as u64),
            text: context::written(self.summary.as_deref(), old),
        })
    }

    /// The old part was summarised, or that failed: it is forgotten.
    pub(super) fn shortened(&mut self, old: &OldPart, summary: Option<String>) {
        self.summarising = false;
        if old.conversation == self.resets {
            let count = old.until.saturating_sub(self.forgotten);
            self.drop_oldest(usize::try_from(count).unwrap_or(usize::MAX));
            self.summary = summary.or(self.summary.take());
        }
    }

    /// The caller is to talk with this agent from now on. False if that happened too often since
    /// the caller said something.
    pub(super) fn hand_over(&mut self, agent: &str) -> bool {
        if self.handed_over >= agents::MOST {
            return false;
        }
        self.handed_over = self.handed_over.saturating_add(1);
        self.next_agent = Some(agent.to_owned());
        true
    }

    pub(super) fn is_handed_over(&self) -> bool {
        self.next_agent.is_some()
    }

    pub(super) fn take_hand_over(&mut self) -> Option<String> {
        self.next_agent.take()
    }

    /// The caller has said something.
    pub(super) fn caller_spoke(&mut self) {
        self.handed_over = 0;
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
        let summary = self.summary.as_ref();
        let summary = summary.map(|summary| format!("What was said before, in short:\n{summary}"));
        let system = self.instructions.clone().into_iter().chain(summary);
        let system = system.map(Message::System);
        let messages = self.messages.iter().chain(more).cloned();
        let mut request = ModelRequest::new(system.chain(messages).collect());
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
