//! The story that the demo tells, and whether a call told it.

use std::sync::Arc;
use std::time::Duration;

use super::expected::{self, Expected, expect, is_complete};
use crate::caller::{Script, Step};
use crate::report::TimedEvent;

/// What the agent says, by the names of its recordings.
pub(super) mod line {
    pub(in crate::demo) const HELLO: &str =
        "Hello, this is Voxtra. Tell me something, and I will say it back to you.";
    pub(in crate::demo) const YOU_SAID: &str = "You said:";
    pub(in crate::demo) const EXPLAIN: &str = "Every twenty milliseconds I hear a frame of your voice, and decide whether you are speaking. While I talk, I go on listening, so you may interrupt me at any time.";
    pub(in crate::demo) const PRESS: &str = "All right. Please press some keys, and end with hash.";
    pub(in crate::demo) const GOODBYE: &str =
        "Forty two. A fine answer. Thank you for calling. Goodbye.";
}

/// The caller's keys.
pub(super) const KEYS: &str = "42#";

/// The caller's part. It waits for what it hears, as a person would, so it stays in step however
/// fast the agent is.
pub(super) fn caller_script(hello: Arc<[i16]>, cough: Arc<[i16]>, stop: Arc<[i16]>) -> Script {
    let ms = Duration::from_millis;
    let hears = |long| Step::UntilSpeaking {
        long: ms(long),
        at_most: ms(4000),
    };
    let quiet = |long| Step::UntilQuiet {
        long: ms(long),
        at_most: ms(8000),
    };
    Script::new([
        hears(300),
        quiet(500),
        Step::Say {
            name: "The weather is lovely here this morning.".into(),
            samples: hello,
        },
        // "You said:", the caller's words, and the beginning of the explanation, which a cough does
        // not end.
        hears(200),
        Step::Wait(ms(3900)),
        hears(100),
        Step::Say {
            name: "(coughs)".into(),
            samples: cough,
        },
        hears(1200),
        Step::Say {
            name: "Stop, thank you. That is enough.".into(),
            samples: stop,
        },
        hears(300),
        quiet(450),
        Step::Press(KEYS.into()),
        hears(300),
        quiet(500),
        Step::HangUp,
    ])
}

/// What has to happen, in this order.
const IN_ORDER: [Expected; 24] = [
    expect("the session begins", "session.created", |_| true),
    expect("the call comes in", "call.started", |d| {
        d["direction"] == "inbound"
    }),
    expect("the agent greets", "agent.speech.started", |d| {
        d["text"] == line::HELLO
    }),
    expect(
        "the greeting is heard to its end",
        "agent.speech.ended",
        is_complete,
    ),
    expect("the caller speaks", "user.speech.started", |_| true),
    expect("the caller falls silent", "user.speech.ended", |_| true),
    expect("the caller's turn ends", "turn.ended", |_| true),
    expect(
        "the agent announces the caller's words",
        "agent.speech.started",
        |d| d["text"] == line::YOU_SAID,
    ),
    expect(
        "the agent says the caller's words",
        "agent.speech.started",
        |d| d["text"] == "",
    ),
    expect(
        "the caller's words are heard to their end",
        "agent.speech.ended",
        is_complete,
    ),
    expect("the agent begins to explain", "agent.speech.started", |d| {
        d["text"] == line::EXPLAIN
    }),
    expect(
        "the caller speaks while the agent does",
        "user.speech.started",
        |_| true,
    ),
    expect("the caller barges in", "barge_in", |_| true),
    expect("the explanation is cut", "agent.speech.ended", |d| {
        d["interrupted"] == true
    }),
    expect("the interruption ends", "turn.ended", |_| true),
    expect("the agent asks for keys", "agent.speech.started", |d| {
        d["text"] == line::PRESS
    }),
    expect("key 4", "dtmf.received", |d| d["digit"] == "4"),
    expect("key 2", "dtmf.received", |d| d["digit"] == "2"),
    expect("key #", "dtmf.received", |d| d["digit"] == "#"),
    expect("the agent has the keys", "keys.entered", |d| {
        d["keys"] == "42"
    }),
    expect("the agent says goodbye", "agent.speech.started", |d| {
        d["text"] == line::GOODBYE
    }),
    expect(
        "the goodbye is heard to its end",
        "agent.speech.ended",
        is_complete,
    ),
    expect("the call ends", "call.ended", |_| true),
    expect("the session is over", "session.destroyed", |_| true),
];

/// What has to happen this often, at whatever place.
const COUNTS: [(&str, usize); 8] = [
    ("call.answered", 1),
    ("media.started", 1),
    ("media.stopped", 1),
    ("barge_in", 1),
    ("dtmf.received", KEYS.len()),
    ("call.ended", 1),
    ("session.destroyed", 1),
    ("error", 0),
];

/// What is missing or too much in these events, in words. Empty when the story was told.
pub(super) fn missing(events: &[TimedEvent]) -> Vec<String> {
    expected::missing(events, &IN_ORDER, &COUNTS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told() -> Vec<TimedEvent> {
        [
            ("session.created", json!({})),
            ("call.started", json!({ "direction": "inbound" })),
            ("media.started", json!({ "sample_rate": 8000 })),
            ("call.answered", json!({})),
            ("agent.speech.started", json!({ "text": line::HELLO })),
            (
                "agent.speech.ended",
                json!({ "text": line::HELLO, "interrupted": false }),
            ),
            ("user.speech.started", json!({})),
            ("user.speech.ended", json!({ "duration_ms": 1800 })),
            ("turn.ended", json!({ "duration_ms": 1800 })),
            ("agent.speech.started", json!({ "text": line::YOU_SAID })),
            (
                "agent.speech.ended",
                json!({ "text": line::YOU_SAID, "interrupted": false }),
            ),
            ("agent.speech.started", json!({ "text": "" })),
            (
                "agent.speech.ended",
                json!({ "text": "", "interrupted": false }),
            ),
            ("agent.speech.started", json!({ "text": line::EXPLAIN })),
            ("user.speech.started", json!({})),
            ("barge_in", json!({})),
            (
                "agent.speech.ended",
                json!({ "text": line::EXPLAIN, "interrupted": true }),
            ),
            ("user.speech.ended", json!({ "duration_ms": 1700 })),
            ("turn.ended", json!({ "duration_ms": 1700 })),
            ("agent.speech.started", json!({ "text": line::PRESS })),
            (
                "agent.speech.ended",
                json!({ "text": line::PRESS, "interrupted": false }),
            ),
            ("dtmf.received", json!({ "digit": "4" })),
            ("dtmf.received", json!({ "digit": "2" })),
            ("dtmf.received", json!({ "digit": "#" })),
            ("keys.entered", json!({ "keys": "42" })),
            ("agent.speech.started", json!({ "text": line::GOODBYE })),
            (
                "agent.speech.ended",
                json!({ "text": line::GOODBYE, "interrupted": false }),
            ),
            ("media.stopped", json!({ "reason": "closed" })),
            (
                "call.ended",
                json!({ "reason": "hangup", "duration_seconds": 24.0 }),
            ),
            ("session.destroyed", json!({})),
        ]
        .map(|(wire, data)| TimedEvent {
            t_ms: 0,
            wire: wire.into(),
            data,
        })
        .into()
    }

    #[test]
    fn the_whole_story_lacks_nothing() {
        assert_eq!(missing(&told()), [""; 0]);
    }

    #[test]
    fn a_barge_in_that_did_not_stop_the_agent_is_told_alone() {
        let mut events = told();
        events[16].data["interrupted"] = json!(false);
        assert_eq!(
            missing(&events),
            ["the explanation is cut (agent.speech.ended)"]
        );
    }

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_told() {
        let mut lost = told();
        lost.remove(22);
        assert_eq!(missing(&lost).len(), 2, "{:?}", missing(&lost));
        let mut doubled = told();
        doubled.insert(28, doubled[28].clone());
        assert_eq!(missing(&doubled), ["call.ended: 2 of them instead of 1"]);
        let mut swapped = told();
        swapped.swap(28, 29);
        assert!(missing(&swapped).contains(&"session.destroyed is not the last event".to_owned()));
        assert!(!missing(&[]).is_empty());
    }
}
