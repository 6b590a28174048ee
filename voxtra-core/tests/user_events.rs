//! Events that a user of the core alone declares, without a heap.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use serde_json::json;
use voxtra_core::event::{Described, EventSet, EventType, FieldDefault, Schema, Text, tag_of};

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
    assert_eq!(
        PaymentConfirmed::INFO.doc,
        "The caller confirmed a payment."
    );
    assert_eq!(PaymentConfirmed::TAG, tag_of("payment.confirmed"));
    assert_ne!(PaymentConfirmed::TAG, PaymentRefused::TAG);
    let fields: Vec<_> = LevelMeasured::INFO
        .fields
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
    assert_eq!(PaymentConfirmed::INFO.fields[0].doc, "In hundredths.");
    assert_eq!(PaymentConfirmed::INFO.fields[1].ty, "Text<24>");
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

mod shop {
    use core::time::Duration;

    use voxtra_core::{event::Text, voxtra};

    pub(crate) const LIMIT: i16 = 40;

    voxtra! {
        /// What a shop tells.
        events Shop {
            order.placed {
                items: u8,
                note: Text<8> = "none",
                priority: low | normal | high = normal,
                wait: Duration = 1.5s,
                limit: i16 = LIMIT / 2,
                minus: f32 = -0.5,
                gift: bool = true,
                tries: Option<u8> = 3,
                by: Option<Duration>,
                table: [u8; 2] = [1, 2],
            }

            shop.opened { hour: u8 = 8 }
            shop.closed;
        }

        events Signals {
            @realtime
            line.busy { since_ms: u64, tone: char = '#' }
            @realtime
            line.free;
        }
    }
}

#[test]
fn fields_with_a_default_may_be_left_out() {
    use shop::{OrderPlaced, OrderPlacedPriority, ShopOpened};

    let placed = OrderPlaced::new(2);
    assert_eq!(
        placed.to_string(),
        r#"order.placed items=2 note="none" priority=normal wait=1.5s limit=20 minus=-0.5 gift=true tries=3 table=[1, 2]"#
    );
    assert_eq!(
        serde_json::from_str::<OrderPlaced>(r#"{"items":2}"#).unwrap(),
        placed
    );
    let given = r#"{"items":2,"priority":"high","wait":20,"tries":null,"by":3}"#;
    let expected = OrderPlaced {
        priority: OrderPlacedPriority::High,
        wait: Duration::from_millis(20),
        tries: None,
        by: Some(Duration::from_millis(3)),
        ..OrderPlaced::new(2)
    };
    assert_eq!(
        serde_json::from_str::<OrderPlaced>(given).unwrap(),
        expected
    );
    assert!(serde_json::from_str::<OrderPlaced>(r#"{"note":"x"}"#).is_err());
    assert_eq!(ShopOpened::default(), ShopOpened { hour: 8 });
}

#[test]
fn a_field_says_what_it_is_in_json() {
    let fields = shop::OrderPlaced::INFO.fields;
    let described: Vec<_> = fields
        .iter()
        .map(|field| (field.name, field.schema, field.default))
        .collect();
    let text = Schema::Text { max_bytes: Some(8) };
    let priority = Schema::OneOf(&["low", "normal", "high"]);
    assert_eq!(
        described,
        [
            ("items", u8::SCHEMA, FieldDefault::Required),
            ("note", text, FieldDefault::Json(r#""none""#)),
            ("priority", priority, FieldDefault::Json(r#""normal""#)),
            ("wait", Schema::Millis, FieldDefault::Json("1500")),
            ("limit", i16::SCHEMA, FieldDefault::Computed),
            ("minus", Schema::Number, FieldDefault::Json("-0.5")),
            ("gift", Schema::Bool, FieldDefault::Json("true")),
            (
                "tries",
                Schema::Optional(&u8::SCHEMA),
                FieldDefault::Json("3")
            ),
            (
                "by",
                Schema::Optional(&Schema::Millis),
                FieldDefault::Json("null")
            ),
            // Not a type that is described.
            ("table", Schema::Any, FieldDefault::Computed),
        ]
    );
}

#[test]
fn a_set_is_any_one_of_its_events() {
    use shop::{OrderPlaced, Shop, ShopClosed};

    let wires: Vec<_> = Shop::EVENTS.iter().map(|event| event.wire).collect();
    assert_eq!(wires, ["order.placed", "shop.opened", "shop.closed"]);
    let placed = Shop::from(OrderPlaced::new(7));
    assert_eq!(placed.info().name, "OrderPlaced");
    let json = serde_json::to_string(&placed).unwrap();
    let mut data = serde_json::Deserializer::from_str(&json);
    assert_eq!(Shop::from_data("order.placed", &mut data).unwrap(), placed);
    assert_eq!(Shop::from(ShopClosed {}).to_string(), "shop.closed");
    let mut data = serde_json::Deserializer::from_str("{}");
    let error = Shop::from_data("order.lost", &mut data).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`order.lost` is none of the events of `Shop`"
    );
}

#[test]
fn a_set_of_the_media_path_crosses_the_bus() {
    use heapless::spsc::Queue;
    use shop::{LineBusy, LineFree, Signals};
    use voxtra_core::{bus::Bus, event::Record, event::RecordBody, time::Instant};

    let mut ring: Queue<Record<Signals>, 4> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut bus: Bus<_, 1> = Bus::new();
    assert!(bus.subscribe(producer).is_ok());
    let record = |body: Signals| Record {
        at: Instant::from_millis(20),
        body: RecordBody::Event(body),
    };
    let told = [
        record(LineBusy::new(140).into()),
        record(LineFree {}.into()),
    ];
    for record in told {
        bus.publish(record);
    }
    assert_eq!([(); 2].map(|()| reader.dequeue()), told.map(Some));
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

    trait EventSet {}
    trait Described {}
    struct Schema;
    struct FieldDefault;

    ::voxtra_core::voxtra! {
        events Names {
            @realtime
            names.taken { f: u8, value: i8, wire: u8, this: one | two, self_: bool }
            default.named { f: u8, function: u8 = 2, name: first | second = second, maybe: ::core::option::Option<u8>, text: ::voxtra_core::event::Text<4> = "abc" }
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
        ::std::assert_eq!(
            ::std::string::ToString::to_string(&Names::from(DefaultNamed::new(1))),
            r#"default.named f=1 function=2 name=second text="abc""#
        );
    }
}
