//! What a caller waited for, before each answer.

use serde_json::Value;

use super::TimedEvent;
use crate::clock::Clock;

/// The silence before an answer: from the caller's last sound on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// When it began, in milliseconds on the axis.
    pub(super) from_ms: u64,
    /// Its parts, in order: class, and when it ended.
    pub(super) parts: Vec<(&'static str, u64)>,
    /// All of it in words.
    pub(crate) words: String,
}

/// The waits that `turn.measured` tells of.
pub(crate) fn of(events: &[TimedEvent]) -> Vec<Wait> {
    events.iter().filter_map(wait).collect()
}

/// Who is waited for until a moment that the event tells.
const PARTS: [(&str, &str, &str); 5] = [
    ("decided_ms", "turn", "end of turn"),
    ("transcript_ms", "ears", "speech-to-text"),
    ("first_sentence_ms", "model", "language model"),
    ("first_audio_ms", "voice", "voice"),
    ("first_frame_ms", "own", "Voxtra"),
];

fn wait(event: &TimedEvent) -> Option<Wait> {
    if event.wire != "turn.measured" {
        return None;
    }
    let told = |name: &str| event.data.get(name).and_then(Value::as_u64);
    let heard = told("heard_silence_ms")?;
    let from_ms = event
        .t_ms
        .saturating_sub(told("first_frame_ms").unwrap_or(heard));
    let mut parts = Vec::new();
    let mut words = format!("the caller heard {} of silence", Clock(heard));
    let mut behind = 0;
    for (name, class, who) in PARTS {
        if let Some(at) = told(name).filter(|at| *at > behind) {
            parts.push((class, from_ms.saturating_add(at)));
            words += &format!(", {who} {} ms", at - behind);
            behind = at;
        }
    }
    if parts.is_empty() {
        parts.push(("turn", from_ms.saturating_add(heard)));
    }
    Some(Wait {
        from_ms,
        parts,
        words,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_follow_each_other_up_to_the_answer() {
        let event = TimedEvent {
            t_ms: 5_000,
            wire: "turn.measured".into(),
            data: json!({
                "heard_silence_ms": 1_300, "decided_ms": 700, "transcript_ms": 900, "first_sentence_ms": 1_000,
                "first_audio_ms": null, "first_frame_ms": 1_300,
            }),
        };
        let waits = of(&[event]);
        let expected = Wait {
            from_ms: 3_700,
            parts: vec![
                ("turn", 4_400),
                ("ears", 4_600),
                ("model", 4_700),
                ("own", 5_000),
            ],
            words:
                "the caller heard 0:01.30 of silence, end of turn 700 ms, speech-to-text 200 ms, \
                    language model 100 ms, Voxtra 300 ms"
                    .into(),
        };
        assert_eq!(waits, [expected]);
    }
}
