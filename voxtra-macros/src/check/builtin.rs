//! The built-in events, as far as the checks need them. `events` refuses a catalogue that differs
//! from this list.

use quote::quote;

use crate::parse::{EventDecl, TypeDecl};

/// A built-in event: its wire name, and its fields.
pub(super) type BuiltIn = (&'static str, &'static [(&'static str, Kind)]);

/// The patterns that a field takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Text, which a string literal is compared with.
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
    /// Any pattern of Rust.
    Plain,
}

use Kind::{Plain, Text, Words};

/// Whether a declared event has these fields, by name and kind.
pub(super) fn has_fields(event: &EventDecl, known: &[(&str, Kind)]) -> bool {
    event.fields.len() == known.len()
        && event.fields.iter().zip(known).all(|(field, (name, kind))| {
            let is_kind = match (&field.ty, kind) {
                (TypeDecl::Inline(words), Words(known)) => words.iter().eq(*known),
                (TypeDecl::Rust(ty), Text) => quote!(#ty).to_string() == "String",
                (TypeDecl::Rust(ty), Plain) => quote!(#ty).to_string() != "String",
                _ => false,
            };
            is_kind && field.name == name
        })
}

/// The built-in events, in the order of the contract.
pub(super) const EVENTS: [BuiltIn; 36] = [
    (
        "call.started",
        &[
            ("caller_id", Text),
            ("called_number", Text),
            ("direction", Words(&["inbound", "outbound"])),
        ],
    ),
    ("call.ringing", &[]),
    ("call.answered", &[]),
    (
        "call.ended",
        &[
            ("reason", Text),
            ("duration_seconds", Plain),
            ("answered_seconds", Plain),
            (
                "ended_by",
                Words(&["far_end", "agent", "other_party", "system"]),
            ),
        ],
    ),
    ("call.failed", &[("reason", Text)]),
    ("call.transferred", &[("target", Text)]),
    ("call.transfer.started", &[("target", Text)]),
    (
        "call.transfer.failed",
        &[("target", Text), ("reason", Text)],
    ),
    ("call.held", &[("by", Words(&["far_end", "agent"]))]),
    ("call.resumed", &[("by", Words(&["far_end", "agent"]))]),
    ("call.replaced", &[("caller_id", Text)]),
    ("media.started", &[("sample_rate", Plain)]),
    (
        "media.stopped",
        &[("reason", Words(&["hangup", "closed", "error", "timeout"]))],
    ),
    (
        "audio.frame.received",
        &[("sequence", Plain), ("samples", Plain)],
    ),
    (
        "audio.frame.sent",
        &[("sequence", Plain), ("samples", Plain)],
    ),
    ("user.speech.started", &[]),
    (
        "user.speech.ended",
        &[
            ("duration_ms", Plain),
            ("cut", Plain),
            ("silence_ms", Plain),
        ],
    ),
    (
        "user.transcript",
        &[("text", Text), ("confidence", Plain), ("is_final", Plain)],
    ),
    ("user.transcript.partial", &[("text", Text)]),
    ("agent.thinking", &[]),
    ("agent.response", &[("text", Text), ("tool_calls", Plain)]),
    ("agent.speech.started", &[("text", Text)]),
    (
        "agent.speech.ended",
        &[
            ("text", Text),
            ("interrupted", Plain),
            ("heard_ms", Plain),
            ("heard", Text),
        ],
    ),
    (
        "agent.held",
        &[
            (
                "outcome",
                Words(&["pending", "interrupted", "resumed", "stopped"]),
            ),
            ("held_ms", Plain),
        ],
    ),
    ("agent.changed", &[("from", Text), ("to", Text)]),
    (
        "message.left",
        &[("text", Text), ("duration_ms", Plain), ("file", Text)],
    ),
    ("dtmf.received", &[("digit", Plain)]),
    ("barge_in", &[]),
    ("silence.detected", &[("silence_duration_ms", Plain)]),
    ("turn.ended", &[("duration_ms", Plain), ("cut", Plain)]),
    (
        "turn.measured",
        &[
            ("outcome", Words(&["answered", "unanswered"])),
            ("heard_silence_ms", Plain),
            ("decided_ms", Plain),
            ("transcript_ms", Plain),
            ("asked_ms", Plain),
            ("first_token_ms", Plain),
            ("first_sentence_ms", Plain),
            ("first_audio_ms", Plain),
            ("first_frame_ms", Plain),
            ("own_ms", Plain),
            ("rhythm_ms", Plain),
            ("tools", Plain),
            ("filler", Plain),
            ("preemptive", Plain),
        ],
    ),
    (
        "objective.missed",
        &[
            ("agent", Text),
            ("objective", Text),
            ("limit_ms", Plain),
            ("actual_ms", Plain),
            ("turns", Plain),
        ],
    ),
    (
        "call.transcript",
        &[
            ("entries", Plain),
            ("usage", Plain),
            ("cost", Plain),
            ("summary", Plain),
        ],
    ),
    ("error", &[("error_type", Text), ("message", Text)]),
    ("session.created", &[]),
    ("session.destroyed", &[]),
];

/// Their wire names.
pub(super) fn wire_names() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().map(|(wire, _)| *wire)
}

pub(super) fn find(wire: &str) -> Option<&'static BuiltIn> {
    EVENTS.iter().find(|(name, _)| *name == wire)
}
