//! What was said and done in a call, in order.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::usage::{optional, required};
use super::{Described, FieldDefault, FieldInfo, Schema};

/// What an entry of a transcript tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TranscriptKind {
    /// The caller said something.
    Caller,
    /// The caller heard the agent say something.
    Agent,
    /// The agent called a tool.
    Tool,
    /// Another agent took over.
    AgentChanged,
    /// The caller was connected to somebody else.
    Transferred,
    /// Entries are missing here: the transcript would be too long.
    LeftOut,
}

/// One thing that was said or done in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TranscriptEntry {
    /// When it began, in milliseconds since the call's start.
    pub at_ms: u64,
    /// What it is.
    pub kind: TranscriptKind,
    /// What the caller said; of what the agent said, the words that the caller heard; what a tool
    /// gave back, if it did before the call's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether the agent was cut: `text` is what the caller heard of it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cut: bool,
    /// The tool; the agent that took over; the endpoint of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the tool was called with, as the model wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
    /// How long the agent was heard, or the tool took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How many entries are missing here; in another entry, how many bytes of its texts, which end
    /// with an ellipsis then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
}

impl TranscriptEntry {
    /// Something of this kind, so many milliseconds after the call's start.
    #[must_use]
    pub fn new(at_ms: u64, kind: TranscriptKind) -> Self {
        Self {
            at_ms,
            kind,
            text: None,
            cut: false,
            name: None,
            arguments: None,
            took_ms: None,
            left_out: None,
        }
    }
}

impl Described for TranscriptKind {
    const SCHEMA: Schema = Schema::OneOf(&[
        "caller",
        "agent",
        "tool",
        "agent_changed",
        "transferred",
        "left_out",
    ]);
}

impl Described for TranscriptEntry {
    const SCHEMA: Schema = Schema::Object(&[
        required(
            "at_ms",
            "u64",
            u64::SCHEMA,
            "When it began, in milliseconds since the call's start.",
        ),
        required(
            "kind",
            "TranscriptKind",
            TranscriptKind::SCHEMA,
            "What it is.",
        ),
        text(
            "text",
            "What the caller said, heard of the agent, or the tool gave back.",
        ),
        FieldInfo {
            default: FieldDefault::Json("false"),
            ..required("cut", "bool", bool::SCHEMA, "Whether the agent was cut.")
        },
        text(
            "name",
            "The tool, the agent that took over, or the endpoint of a transfer.",
        ),
        text("arguments", "What the tool was called with."),
        number(
            "took_ms",
            "How long the agent was heard, or the tool took, in milliseconds.",
        ),
        number(
            "left_out",
            "How many entries are missing here, or bytes of an entry's texts.",
        ),
    ]);
}

const fn text(name: &'static str, doc: &'static str) -> FieldInfo {
    optional(name, "Option<String>", Option::<String>::SCHEMA, doc)
}

const fn number(name: &'static str, doc: &'static str) -> FieldInfo {
    optional(name, "Option<u64>", Option::<u64>::SCHEMA, doc)
}
