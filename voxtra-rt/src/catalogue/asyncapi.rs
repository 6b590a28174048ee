//! AsyncAPI 3 of the webhooks (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>).

use serde_json::{Map, Value, json};
use voxtra_core::event::EventInfo;

use super::schema;

/// A document of one channel, in which Voxtra sends these events.
pub(super) fn document(events: &[EventInfo]) -> Value {
    let place = "#/components/schemas/";
    let mut schemas = Map::new();
    schemas.insert("Envelope".to_owned(), schema::envelope());
    schemas.insert("Headers".to_owned(), headers());
    let mut messages = Map::new();
    let mut in_channel = Map::new();
    let mut sent = Vec::new();
    for event in events {
        let wire = event.wire;
        schemas.insert(wire.to_owned(), schema::of_event(event, place));
        messages.insert(wire.to_owned(), message(event, place));
        let reference = json!({ "$ref": format!("#/components/messages/{wire}") });
        in_channel.insert(wire.to_owned(), reference);
        sent.push(json!({ "$ref": format!("#/channels/webhook/messages/{wire}") }));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Voxtra webhooks",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that happens during a call, POSTed to the URLs of the configuration. 2xx is success; \
                4xx is not retried (408, 425 and 429 are), 5xx and transport errors are, with exponential backoff. The events \
                of a session arrive in their order.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "address": null,
                "title": "A webhook",
                "description": "A URL of the configuration.",
                "messages": in_channel,
            },
        },
        "operations": {
            "tell": {
                "action": "send",
                "channel": { "$ref": "#/channels/webhook" },
                "summary": "Tells an event.",
                "bindings": { "http": { "method": "POST", "bindingVersion": "0.3.0" } },
                "messages": sent,
            },
        },
        "components": { "messages": messages, "schemas": schemas },
    })
}

fn message(event: &EventInfo, place: &str) -> Value {
    json!({
        "name": event.wire,
        "title": event.name,
        "summary": event.doc,
        "headers": {
            "allOf": [{ "$ref": format!("{place}Headers") }],
            "type": "object",
            "properties": { "X-Voxtra-Event": { "const": event.wire } },
        },
        "payload": { "$ref": format!("{place}{}", event.wire) },
    })
}

fn headers() -> Value {
    json!({
        "type": "object",
        "properties": {
            "X-Voxtra-Event": { "type": "string", "description": "The wire name." },
            "X-Voxtra-Event-Id": {
                "type": "string",
                "description": "The event's `id`, the same on every retry.",
                "pattern": "^[0-9a-f]{32}$",
            },
            "X-Voxtra-Session-Id": { "type": "string", "description": "The event's `session_id`." },
            "X-Voxtra-Sequence": {
                "type": "string",
                "description": "The event's number in its session, from 0. A number that is missing is an event that did not arrive, or is not on the webhook's list.",
                "pattern": "^[0-9]+$",
            },
            "X-Voxtra-Signature": {
                "type": "string",
                "description": "With a secret: lower-case hex of HMAC-SHA256(secret, body), over the exact bytes of the body.",
                "pattern": "^[0-9a-f]{64}$",
            },
        },
        "required": ["X-Voxtra-Event", "X-Voxtra-Event-Id", "X-Voxtra-Session-Id", "X-Voxtra-Sequence"],
    })
}
