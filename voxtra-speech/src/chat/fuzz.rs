//! Any bytes and any JSON, read as a provider's events.

use proptest::prelude::*;
use serde_json::Value;

use super::draft::MAX_REPLY;
use super::{Draft, Events};
use crate::ReplyPart;

/// Any JSON that has these names in it.
pub(crate) fn json(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let name = prop::sample::select(names);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        name.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Reads events to the first that is wrong, and holds a reply to its rules.
pub(crate) fn read(mut events: impl Events, all: &[String]) {
    let mut draft = Draft::default();
    let mut length = 0;
    for data in all {
        let stopped = draft.stopped().is_some();
        if events.read(data, &mut draft).is_err() {
            break;
        }
        assert!(!stopped || draft.ready.is_empty(), "{:?}", draft.ready);
        for part in draft.ready.drain(..) {
            match part {
                ReplyPart::Text(text) => length += text.len(),
                ReplyPart::ToolCall(call) => length += call.name.len() + call.arguments.len(),
                other => panic!("{other:?}"),
            }
        }
    }
    // An object without arguments is written `{}`.
    assert!(length <= MAX_REPLY + 2 * all.len(), "{length}");
}

/// Two properties of a reader of events: of JSON with the names that it knows, and of any text.
macro_rules! fuzz {
    ($events:expr, $names:expr) => {
        proptest::proptest! {
            #[test]
            fn any_json_is_read(
                all in proptest::collection::vec(crate::chat::fuzz::json($names), 0..8),
            ) {
                let all: Vec<_> = all.iter().map(ToString::to_string).collect();
                crate::chat::fuzz::read($events, &all);
            }

            #[test]
            fn any_text_is_read(all in proptest::collection::vec("\\PC{0,32}", 0..4)) {
                crate::chat::fuzz::read($events, &all);
            }
        }
    };
}
pub(crate) use fuzz;
