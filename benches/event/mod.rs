//! What an event costs once it is there, as `events.rs` times it and `instructions.rs` counts it:
//! beside the code that a careful engineer would have written by hand, with which each has been
//! compared before it is handed out.

pub mod dispatch;
pub mod json;

use voxtra::prelude::*;

/// An event of one call, as the session's owner makes them.
pub fn event(body: impl Into<EventBody>) -> Event {
    let json = r#"{
        "id": "8a91c0d2-f4e6-4b0f-9d5f-6a7b8c9d0e1f",
        "type": "session.created",
        "session_id": "1762155.12",
        "timestamp": "2026-05-04T08:31:21.512Z",
        "data": {}
    }"#;
    let mut event = Event::from_json(json).unwrap();
    event.body = body.into();
    event
}
