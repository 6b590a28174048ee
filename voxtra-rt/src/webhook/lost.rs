//! Ends the calls of a process that was killed, so that no receiver keeps one up for ever.

use jiff::Timestamp;
use uuid::Uuid;
use voxtra_core::event::{CallEnded, CallEndedEndedBy, EndReason, SessionDestroyed};

use super::{OpenSession, Webhooks, outgoing};
use crate::session::{Event, EventBody};

/// Tells the webhooks of each call that an earlier process had and never ended: `call.ended`, if
/// nobody told it, and `session.destroyed`. They follow the call's events that still wait.
pub(crate) fn end_left_open(webhooks: &Webhooks) {
    let left = webhooks.left_open();
    if left.is_empty() {
        return;
    }
    tracing::warn!(
        calls = left.len(),
        "an earlier process was killed during calls: the webhooks are told that they are over"
    );
    for session in left {
        for event in ends(session, Timestamp::now()) {
            webhooks.deliver(&outgoing(&event, event.to_json().into()));
        }
    }
}

/// The events that end a session.
fn ends(session: &OpenSession, timestamp: Timestamp) -> Vec<Event> {
    let mut bodies: Vec<EventBody> = Vec::new();
    if !session.is_concluded {
        // Nobody knows more than when it was last heard of.
        let milliseconds = session.last.saturating_sub(session.began).max(0);
        let seconds = std::time::Duration::from_millis(milliseconds.unsigned_abs()).as_secs_f64();
        let ended = CallEnded::new(EndReason::LostWithVoxtra.as_str().into(), seconds)
            .with_ended_by(CallEndedEndedBy::System);
        bodies.push(ended.into());
    }
    bodies.push(SessionDestroyed::default().into());
    let first = session.sequence.map_or(0, |last| last.saturating_add(1));
    let numbered = (first..).zip(bodies);
    numbered
        .map(|(seq, body)| Event {
            id: Uuid::new_v4(),
            seq,
            session_id: session.session_id.clone(),
            timestamp,
            body,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_concluded: bool) -> Vec<(u64, String)> {
        let session = OpenSession {
            session_id: "ch-1".into(),
            sequence: Some(41),
            is_concluded,
            began: 1_000,
            last: 63_500,
        };
        let events = ends(&session, Timestamp::UNIX_EPOCH);
        let json = |event: &Event| {
            let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
            assert_eq!(json["session_id"], "ch-1");
            format!("{} {}", json["type"].as_str().unwrap(), json["data"])
        };
        events
            .iter()
            .map(|event| (event.seq, json(event)))
            .collect()
    }

    #[test]
    fn a_call_that_was_up_is_ended_once() {
        let ended = r#"call.ended {"answered_seconds":0.0,"duration_seconds":62.5,"ended_by":"system","reason":"lost_with_voxtra"}"#;
        let destroyed = "session.destroyed {}".to_owned();
        let up = [(42, ended.to_owned()), (43, destroyed.clone())];
        assert_eq!(told(false), up);
        assert_eq!(told(true), [(42, destroyed)]);
    }
}
