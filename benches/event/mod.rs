//! What an event costs once it is there, as `events.rs` times it and `instructions.rs` counts it:
//! beside the code that a careful engineer would have written by hand, with which each has been
//! compared before it is handed out.

pub mod dispatch;
pub mod json;

use voxtra::prelude::*;

/// An event of one call, as the session's owner makes them.
pub fn event(body: impl Into<EventBody>) -> Event {
    Event {
        id: uuid::Uuid::from_u128(0x8a91_c0d2_f4e6_4b0f_9d5f_6a7b_8c9d_0e1f),
        seq: 0,
        session_id: "1762155.12".into(),
        timestamp: jiff::Timestamp::from_millisecond(1_777_883_481_512).unwrap(),
        body: body.into(),
    }
}
