//! JSON for property tests of what providers send.

use proptest::prelude::*;
use serde_json::Value;

/// Messages that any of the providers might send, and others.
pub(crate) fn sample_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z ]{0,8}".prop_map(Value::from),
        proptest::sample::select(SAMPLES).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(SAMPLES), inner), 0..6).prop_map(
                |fields| {
                    let fields = fields
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value));
                    Value::Object(fields.collect())
                }
            ),
        ]
    })
}

const SAMPLES: &[&str] = &[
    "type",
    "Results",
    "channel",
    "alternatives",
    "transcript",
    "confidence",
    "is_final",
    "start",
    "duration",
    "from_finalize",
    "TurnInfo",
    "event",
    "EndOfTurn",
    "EagerEndOfTurn",
    "TurnResumed",
    "StartOfTurn",
    "words",
    "text",
    "audio_window_end",
    "Turn",
    "end_of_turn",
    "turn_order",
    "Error",
    "error",
    "delta",
    "item_id",
    "conversation.item.input_audio_transcription.delta",
    "input_audio_buffer.committed",
    "message",
    "conversation.item.input_audio_transcription.completed",
    "session.updated",
    "partial",
    "data",
    "transcript-chunk",
    "transcript-stop",
    "result",
    "conf",
    "Begin",
    "Termination",
    "response",
    "id",
    "status",
    "status_details",
    "response.created",
    "response.output_audio.delta",
    "response.output_item.done",
    "response.done",
    "item",
    "function_call",
    "setupComplete",
    "serverContent",
    "modelTurn",
    "parts",
    "inlineData",
    "mimeType",
    "generationComplete",
    "turnComplete",
    "toolCall",
    "functionCalls",
    "args",
    "usageMetadata",
    "sessionResumptionUpdate",
    "newHandle",
];
