//! JSON Schema of events, draft 2020-12 (<https://json-schema.org/draft/2020-12>).

use serde_json::{Map, Value, json};
use voxtra_core::event::{EventInfo, FieldDefault, FieldInfo, Schema};

/// A document that describes any one of these events.
pub(super) fn document(events: &[EventInfo]) -> Value {
    let place = "#/$defs/";
    let any: Vec<Value> = events
        .iter()
        .map(|event| json!({ "$ref": format!("{place}{}", event.wire) }))
        .collect();
    let mut definitions = Map::new();
    // Wire names are in lower case.
    definitions.insert("Envelope".to_owned(), envelope());
    for event in events {
        definitions.insert(event.wire.to_owned(), of_event(event, place));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Voxtra events",
        "description": "One event of a call, as a webhook gets it.",
        "oneOf": any,
        "$defs": definitions,
    })
}

/// The fields that every event has.
pub(super) fn envelope() -> Value {
    json!({
        "title": "Envelope",
        "description": "What every event has.",
        "type": "object",
        "properties": {
            "id": {
                "description": "Random, and the same wherever the event is seen.",
                "type": "string",
                "pattern": "^[0-9a-f]{32}$",
            },
            "type": { "description": "The wire name.", "type": "string" },
            "session_id": { "description": "The call it belongs to.", "type": "string" },
            "timestamp": {
                "description": "When it happened, in UTC.",
                "type": "string",
                "format": "date-time",
                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
            },
            "data": { "type": "object" },
        },
        "required": ["id", "type", "session_id", "timestamp", "data"],
    })
}

/// An event, whose envelope is found at `place`.
pub(super) fn of_event(event: &EventInfo, place: &str) -> Value {
    json!({
        "title": event.name,
        "description": event.doc,
        "allOf": [{ "$ref": format!("{place}Envelope") }],
        "type": "object",
        "properties": {
            "type": { "const": event.wire },
            "data": object(event.fields),
        },
    })
}

/// New fields may come, so other fields are allowed.
fn object(fields: &[FieldInfo]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), of_field(field)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.default == FieldDefault::Required)
        .map(|field| field.name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn of_field(field: &FieldInfo) -> Value {
    let mut schema = of(&field.schema);
    if !field.doc.is_empty() {
        schema["description"] = field.doc.into();
    }
    if let Some(default) = default_of(field) {
        schema["default"] = default;
    }
    schema
}

/// A field's value when it is missing, if that is known without running the program.
pub(super) fn default_of(field: &FieldInfo) -> Option<Value> {
    match field.default {
        FieldDefault::Json(json) => serde_json::from_str(json).ok(),
        FieldDefault::Required | FieldDefault::Computed => None,
    }
}

fn of(schema: &Schema) -> Value {
    match schema {
        Schema::Any => json!({}),
        Schema::Bool => json!({ "type": "boolean" }),
        Schema::Integer { min, max } => {
            let mut integer = json!({ "type": "integer" });
            if let Some(min) = min {
                integer["minimum"] = (*min).into();
            }
            if let Some(max) = max {
                integer["maximum"] = (*max).into();
            }
            integer
        }
        Schema::Number => json!({ "type": "number" }),
        Schema::Character => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Schema::Text { max_bytes: None } => json!({ "type": "string" }),
        Schema::Text {
            max_bytes: Some(max),
        } => json!({ "type": "string", "maxLength": max }),
        Schema::Millis => json!({ "type": "integer", "minimum": 0, "title": "Milliseconds" }),
        Schema::OneOf(words) => json!({ "type": "string", "enum": words }),
        Schema::Optional(inner) => json!({ "anyOf": [of(inner), { "type": "null" }] }),
        Schema::List(inner) => json!({ "type": "array", "items": of(inner) }),
        Schema::Map(inner) => json!({ "type": "object", "additionalProperties": of(inner) }),
        Schema::Object(fields) => object(fields),
    }
}
