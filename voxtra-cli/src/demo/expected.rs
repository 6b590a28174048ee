//! What has to happen in a call, and what of it did not.

use serde_json::Value;

use crate::report::TimedEvent;

/// One thing that has to happen.
pub(super) struct Expected {
    what: &'static str,
    wire: &'static str,
    with: fn(&Value) -> bool,
}

/// An event of this wire name, with such data.
pub(super) const fn expect(
    what: &'static str,
    wire: &'static str,
    with: fn(&Value) -> bool,
) -> Expected {
    Expected { what, wire, with }
}

/// Whether an utterance was heard to its end.
pub(super) fn is_complete(data: &Value) -> bool {
    data["interrupted"] == false
}

/// What is missing or too much in these events, in words: what has to happen in an order, and what
/// has to happen just so often.
pub(super) fn missing(
    events: &[TimedEvent],
    in_order: &[Expected],
    counts: &[(&str, usize)],
) -> Vec<String> {
    let mut missing = Vec::new();
    let mut rest = events.iter();
    for expected in in_order {
        let before = rest.clone();
        if !rest.any(|e| e.wire == expected.wire && (expected.with)(&e.data)) {
            missing.push(format!("{} ({})", expected.what, expected.wire));
            // What follows may have happened all the same.
            rest = before;
        }
    }
    for (wire, expected) in counts {
        let found = events.iter().filter(|e| e.wire == *wire).count();
        if found != *expected {
            missing.push(format!("{wire}: {found} of them instead of {expected}"));
        }
    }
    if events.last().is_some_and(|e| e.wire != "session.destroyed") {
        missing.push("session.destroyed is not the last event".into());
    }
    missing
}
