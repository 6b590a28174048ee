//! Events that a user of the core alone declares, without a heap.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use serde_json::json;
use voxtra_core::event::{EventType, Text, tag_of};

mod declared {
    use core::time::Duration;

    use voxtra_core::{event::Text, voxtra};

    voxtra! {
        events {
            /// The caller confirmed a payment.
            payment.confirmed {
                /// In hundredths.
                amount_cents: u64,
                reference: Text<24>,
            }

            /// How loud a leg is.
            @realtime
            level.measured {
                rms_dbfs: f32,
                side: caller | far_end,
                over: Duration,
                at_most: Option<Duration>,
                clipped: Option<u16>,
                r#type: char,
            }

            @realtime key_held;
        }
    }

    // A second one in the same module.
    voxtra! {
        events { payment.refused {} }
    }
}

use declared::*;

fn level() -> LevelMeasured {
    LevelMeasured {
        rms_dbfs: -24.5,
        side: LevelMeasuredSide::FarEnd,
        over: Duration::from_micros(20_900),
        at_most: None,
        clipped: Some(3),
        r#type: 'a',
    }
}

#[test]
fn an_event_describes_itself() {
    assert_eq!(PaymentConfirmed::WIRE, "payment.confirmed");
    assert_eq!(PaymentConfirmed::DOC, "The caller confirmed a payment.");
    assert_eq!(PaymentConfirmed::TAG, tag_of("payment.confirmed"));
    assert_ne!(PaymentConfirmed::TAG, PaymentRefused::TAG);
    let fields: Vec<_> = LevelMeasured::FIELDS
        .iter()
        .map(|field| (field.name, field.ty))
        .collect();
    assert_eq!(
        fields,
        [
            ("rms_dbfs", "f32"),
            ("side", "caller | far_end"),
            ("over", "Duration"),
            ("at_most", "Option<Duration>"),
            ("clipped", "Option<u16>"),
            ("type", "char"),
        ]
    );
    assert_eq!(PaymentConfirmed::FIELDS[0].doc, "In hundredths.");
    assert_eq!(PaymentConfirmed::FIELDS[1].ty, "Text<24>");
}

#[test]
fn durations_are_whole_milliseconds_and_enums_are_their_words() {
    let json = json!({
        "rms_dbfs": -24.5, "side": "far_end", "over": 20, "at_most": null, "clipped": 3, "type": "a",
    });
    assert_eq!(serde_json::to_value(level()).unwrap(), json);
    let read: LevelMeasured = serde_json::from_value(json).unwrap();
    assert_eq!(
        read,
        LevelMeasured {
            over: Duration::from_millis(20),
            ..level()
        }
    );
}

#[test]
fn what_is_optional_may_be_missing() {
    let read: LevelMeasured =
        serde_json::from_str(r#"{"rms_dbfs":0.0,"side":"caller","over":1,"type":"b"}"#).unwrap();
    assert_eq!((read.at_most, read.clipped), (None, None));
}

#[test]
fn a_realtime_event_is_copy() {
    fn copied<T: Copy + EventType>(event: T) -> (T, T) {
        (event, event)
    }
    let (a, b) = copied(level());
    assert_eq!(a, b);
    assert_eq!(copied(KeyHeld {}).0, KeyHeld::default());
}

#[test]
fn a_log_line_leaves_out_what_is_missing() {
    assert_eq!(
        level().to_string(),
        "level.measured rms_dbfs=-24.5 side=far_end over=20.9ms clipped=3 type=a"
    );
    let confirmed = PaymentConfirmed {
        amount_cents: 5,
        reference: Text::truncated("MP 1"),
    };
    assert_eq!(
        confirmed.to_string(),
        r#"payment.confirmed amount_cents=5 reference="MP 1""#
    );
}

#[test]
fn an_event_can_be_declared_inside_a_function() {
    voxtra_core::voxtra! {
        events { local.happened { count: u8 } }
    }
    assert_eq!(
        LocalHappened { count: 1 }.to_string(),
        "local.happened count=1"
    );
}

/// Names of the user's module that the generated code must not mistake for its own.
#[allow(dead_code, unused_macros)]
mod hygiene {
    struct Ok;
    struct Err;
    struct Some;
    struct None;
    struct Option;
    struct Result;
    struct String;
    struct Vec;
    struct Box;
    struct Default;
    struct From;
    trait Clone {}
    trait Copy {}
    trait Debug {}
    trait Display {}
    trait PartialEq {}
    trait Send {}
    trait Serialize {}
    trait Deserialize {}
    trait EventType {}
    struct EventInfo;
    struct FieldInfo;
    mod core {}
    mod std {}
    mod serde {}
    mod voxtra_core {}
    macro_rules! write {
        () => {};
    }

    ::voxtra_core::voxtra! {
        events {
            @realtime
            names.taken { f: u8, value: i8, wire: u8, this: one | two, self_: bool }
            text.carried { text: ::voxtra_core::event::Text<4>, maybe: ::core::option::Option<::core::time::Duration> }
        }
    }

    #[test]
    fn names_of_the_module_do_not_matter() {
        let event = NamesTaken {
            f: 1,
            value: 2,
            wire: 3,
            this: NamesTakenThis::Two,
            self_: true,
        };
        assert_eq!(
            ::std::string::ToString::to_string(&event),
            "names.taken f=1 value=2 wire=3 this=two self_=true"
        );
    }
}
