//! Whatever a provider sends, nothing panics, and no audio is empty.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::Timeouts;
use super::*;

/// Messages of any kind, and such as have the right fields with odd values.
pub(crate) fn messages(
    fields: &'static [&'static str],
    kinds: &'static [&'static str],
) -> impl Strategy<Value = Vec<Received>> {
    let object = proptest::collection::vec((proptest::sample::select(fields), value()), 0..5);
    let object = (proptest::sample::select(kinds), object).prop_map(|(kind, fields)| {
        let mut object = json!({ "type": kind });
        for (name, value) in fields {
            object[name] = value;
        }
        Received::Text(object.to_string())
    });
    let message = prop_oneof![
        4 => object,
        1 => ".{0,40}".prop_map(Received::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..9).prop_map(|it| Received::Binary(it.into())),
    ];
    proptest::collection::vec(message, 0..12)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[A-Za-z0-9+/=é ]{0,8}".prop_map(Value::from),
        Just(json!("AQID")),
    ];
    let list = |of| proptest::collection::vec(of, 0..4).prop_map(Value::from);
    let times = (
        list("[a-zé ]{0,3}".prop_map(Value::from).boxed()),
        list(leaf.clone().boxed()),
    );
    let times = times.prop_map(|(words, starts)| {
        json!({ "words": words, "start": starts, "chars": words, "charStartTimesMs": starts })
    });
    prop_oneof![3 => leaf.clone(), 1 => list(leaf.boxed()), 2 => times]
}

/// Gives texts between the messages, and finishes; stops at an error, as speech does.
pub(crate) fn read(mut dialect: impl Dialect, messages: &[Received]) {
    let endpoint = Endpoint::new("test", "http://localhost", Timeouts::default()).unwrap();
    let (mut said, mut length) = (Vec::new(), Duration::ZERO);
    dialect.give("Hello there, you.", length, &mut said);
    for (n, message) in messages.iter().enumerate() {
        if dialect.read(&endpoint, message, length, &mut said).is_err() {
            return;
        }
        length += Duration::from_millis(100);
        match n {
            3 => drop(dialect.give("More.", length, &mut said)),
            6 => drop(dialect.finish(length, &mut said)),
            _ => {}
        }
    }
    assert!(
        !said
            .iter()
            .any(|said| matches!(said, Said::Audio(none) if none.is_empty()))
    );
}
