//! What the caller of a conversation does, and what has to happen.

use std::sync::Arc;
use std::time::Duration;

use crate::caller::{Cue, Script, Step};
use crate::demo::expected::{self, Expected, expect, is_complete};
use crate::report::TimedEvent;

/// What the caller says, one after the other. The third interrupts an answer.
pub(super) const WORDS: [&str; 4] = [
    "What time do you open on Mondays?",
    "Do you have electric bicycles in the shop?",
    "Wait, please. What is the name of your shop?",
    "Thank you very much. Goodbye.",
];
/// Which of them interrupts.
const INTERRUPTION: usize = 2;

/// How long the whole call may take. With models on two cores it takes about 40 s.
pub(super) const LONGEST: Duration = Duration::from_secs(300);
/// How long the caller waits for an answer: longer than a busy machine thinks.
const PATIENCE: Duration = Duration::from_secs(60);

/// The caller's part, with these words and how they sound. `answers` counts the answers that have
/// begun: by ear, a filler is one too.
pub(super) fn caller_script(said: Vec<(&str, Arc<[i16]>)>, answers: &Cue) -> Script {
    let ms = Duration::from_millis;
    let hears = |long| Step::UntilSpeaking {
        long: ms(long),
        at_most: PATIENCE,
    };
    // The next sentence of an answer may still be in the making.
    let quiet = || Step::UntilQuiet {
        long: ms(1200),
        at_most: PATIENCE,
    };
    let mut steps = vec![hears(300), quiet()];
    for (turn, (words, samples)) in said.into_iter().enumerate() {
        if turn > 0 {
            steps.push(Step::UntilCue {
                cue: answers.clone(),
                times: turn,
                at_most: PATIENCE,
            });
            if turn == INTERRUPTION {
                steps.push(hears(700));
            } else {
                steps.extend([hears(300), quiet()]);
            }
        }
        steps.push(Step::Say {
            name: words.into(),
            samples,
        });
    }
    steps.extend([
        Step::UntilCue {
            cue: answers.clone(),
            times: WORDS.len(),
            at_most: PATIENCE,
        },
        hears(300),
        quiet(),
        Step::HangUp,
    ]);
    Script::new(steps)
}

/// Whether an answer of the agent begins with this event.
pub(super) fn is_answer(event: &TimedEvent) -> bool {
    event.wire == "turn.measured" && event.data["outcome"] == "answered"
}

const fn understood(what: &'static str) -> Expected {
    expect(what, "user.transcript", |d| {
        d["text"]
            .as_str()
            .is_some_and(|text| text.contains(char::is_alphabetic))
    })
}

const fn answered(what: &'static str) -> Expected {
    expect(what, "turn.measured", |d| d["outcome"] == "answered")
}

/// What has to happen, in this order.
const IN_ORDER: [Expected; 16] = [
    expect("the session begins", "session.created", |_| true),
    expect("the call comes in", "call.started", |_| true),
    expect("the agent greets", "agent.speech.started", |_| true),
    expect(
        "the greeting is heard to its end",
        "agent.speech.ended",
        is_complete,
    ),
    understood("the first question is understood"),
    answered("the first question is answered"),
    expect(
        "the answer is heard to its end",
        "agent.speech.ended",
        is_complete,
    ),
    understood("the second question is understood"),
    answered("the second question is answered"),
    expect("the caller interrupts the answer", "barge_in", |_| true),
    expect("the answer is cut", "agent.speech.ended", |d| {
        d["interrupted"] == true
    }),
    understood("the interruption is understood"),
    answered("the interruption is answered"),
    understood("the goodbye is understood"),
    expect("the call ends", "call.ended", |_| true),
    expect("the session is over", "session.destroyed", |_| true),
];

/// What has to happen this often, at whatever place.
const COUNTS: [(&str, usize); 3] = [("call.ended", 1), ("session.destroyed", 1), ("error", 0)];

/// What is missing or too much in these events, in words. Empty when all went well.
pub(in crate::demo) fn missing(events: &[TimedEvent]) -> Vec<String> {
    expected::missing(events, &IN_ORDER, &COUNTS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_conversation_without_an_interruption_lacks_it_alone() {
        let answer = ("turn.measured", json!({ "outcome": "answered" }));
        let heard = ("agent.speech.ended", json!({ "interrupted": false }));
        let words = ("user.transcript", json!({ "text": "Wait." }));
        let told = [
            ("session.created", json!({})),
            ("call.started", json!({})),
            ("agent.speech.started", json!({})),
            heard.clone(),
            words.clone(),
            answer.clone(),
            heard.clone(),
            words.clone(),
            answer.clone(),
            heard.clone(),
            words.clone(),
            answer.clone(),
            heard,
            words,
            answer,
            ("call.ended", json!({})),
            ("session.destroyed", json!({})),
        ];
        let mut events: Vec<_> = told
            .into_iter()
            .map(|(wire, data)| TimedEvent {
                t_ms: 0,
                wire: wire.into(),
                data,
            })
            .collect();
        assert_eq!(
            missing(&events),
            [
                "the caller interrupts the answer (barge_in)",
                "the answer is cut (agent.speech.ended)"
            ]
        );
        events[9].data["interrupted"] = json!(true);
        events.insert(
            9,
            TimedEvent {
                t_ms: 0,
                wire: "barge_in".into(),
                data: json!({}),
            },
        );
        assert_eq!(missing(&events), [""; 0]);
        events[5].data["text"] = json!("");
        events[4].data["text"] = json!("...");
        assert!(!missing(&events).is_empty());
    }
}
