//! Events as JSON, in exactly the contract's shape, both ways.

use voxtra::prelude::*;
use voxtra::rt::session::UserEvent;

use crate::harness::Harness;

voxtra! {
    events {
        payment.confirmed { amount_cents: u64, reference: Text<24> }
    }

    session Cashier {
        route default;
        on payment.confirmed {}
    }
}

mod elsewhere {
    voxtra::voxtra! {
        events Shop { order.placed { items: u8, gift: bool = false } order.lost; }
    }

    pub(crate) mod again {
        voxtra::voxtra! { events { order.placed { items: u16 } } }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_call_has_the_contracts_shape_and_can_be_read_back() {
    let mut harness = Harness::new(Application::builder(), |call: Call| async move {
        let reference = Text::try_from("A \"7\"").unwrap();
        let amount_cents = 1_250;
        call.emit(PaymentConfirmed {
            amount_cents,
            reference,
        })
        .await;
        call.listen_dtmf(1, crate::peer::LONG).await?;
        call.hangup().await
    })
    .await;
    harness.talker.press("*").await;
    let outcomes = harness.listen().await;
    for event in &outcomes.events {
        let json = event.to_json();
        let id = event.id.simple().to_string();
        assert!(id.len() == 32 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
        let rest = json
            .strip_prefix(&format!(
                r#"{{"id":"{id}","type":"{}","session_id":"{}","timestamp":""#,
                event.wire(),
                event.session_id
            ))
            .unwrap_or_else(|| panic!("{json}"));
        // 2026-05-04T08:31:21.512Z
        let (timestamp, rest) = rest.split_at(24);
        let shape: String = timestamp
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z");
        assert!(
            rest.starts_with(r#"","data":{"#) && rest.ends_with("}}"),
            "{json}"
        );

        let read = Event::from_json(&json).unwrap();
        assert_eq!(read.body, event.body);
        assert_eq!((read.id, &read.session_id), (event.id, &event.session_id));
        assert_eq!(read.to_json(), json);
    }
    assert_eq!(
        outcomes.data("call.started"),
        [r#"{"caller_id":"","called_number":"1000","direction":"inbound"}"#]
    );
    assert_eq!(outcomes.data("media.started"), [r#"{"sample_rate":8000}"#]);
    assert_eq!(outcomes.data("dtmf.received"), [r#"{"digit":"*"}"#]);
    assert_eq!(outcomes.data("media.stopped"), [r#"{"reason":"hangup"}"#]);
    assert_eq!(
        outcomes.data("payment.confirmed"),
        [r#"{"amount_cents":1250,"reference":"A \"7\""}"#]
    );
    let ended = &outcomes.data("call.ended")[0];
    assert!(
        ended.starts_with(r#"{"reason":"normal_clearing","duration_seconds":"#),
        "{ended}"
    );
    for wire in ["session.created", "call.answered", "session.destroyed"] {
        assert_eq!(outcomes.data(wire), ["{}"]);
    }
}

#[test]
fn events_that_are_not_what_they_say_are_not_read() {
    let good = r#"{"id":"00112233445566778899aabbccddeeff","type":"dtmf.received","session_id":"ch-1","timestamp":"2026-05-04T08:31:21.512Z","data":{"digit":"5"}}"#;
    let event = Event::from_json(good).unwrap();
    assert_eq!(event.to_json(), good);
    for (part, instead) in [
        (r#""digit":"5""#, r#""digit":"55""#),
        (r#""digit":"5""#, r#""other":1"#),
        (r#""timestamp":"2026-05-04T08:31:21.512Z","#, ""),
        ("00112233", "zz112233"),
    ] {
        assert!(
            Event::from_json(&good.replace(part, instead)).is_err(),
            "{instead}"
        );
    }
    let transcript = good.replace("dtmf.received", "user.transcript").replace(
        r#""digit":"5""#,
        r#""text":"","confidence":1e39,"is_final":true"#,
    );
    assert!(
        Event::from_json(&transcript).is_err(),
        "no JSON is infinite"
    );

    let unknown = good.replace("dtmf.received", "some.thing");
    let event = Event::from_json(&unknown).unwrap();
    assert_eq!(event.to_json(), unknown);
    assert!(matches!(&event.body, EventBody::User(user) if UserEvent::wire(user) == "some.thing"));
    let folded = unknown.replace(r#"{"digit":"5"}"#, "{\r\n \"digit\": \"5\\n\"}");
    let json = Event::from_json(&folded).unwrap().to_json();
    assert!(
        json.ends_with(r#""data":{   "digit": "5\n"}}"#),
        "one line: {json}"
    );
}

#[test]
fn numbers_are_read_as_they_were_written() {
    let good = r#"{"id":"00112233445566778899aabbccddeeff","type":"call.ended","session_id":"ch-1","timestamp":"2026-05-04T08:31:21.512Z","data":{"reason":"","duration_seconds":8.619819817063973e-203,"answered_seconds":0.0,"ended_by":"agent"}}"#;
    assert_eq!(Event::from_json(good).unwrap().to_json(), good);
}

#[test]
fn an_event_of_ours_that_came_as_json_is_what_it_was() {
    let json = r#"{"id":"8a91c0d2f4e64b0f9d5f6a7b8c9d0e1f","type":"order.placed","session_id":"ch-1","timestamp":"2026-05-04T08:31:21.512Z","data":{"items":3}}"#;
    let event = Event::from_json(json).unwrap();
    let EventBody::User(user) = &event.body else {
        panic!("{event}")
    };
    let expected = elsewhere::OrderPlaced::new(3);
    assert_eq!(
        user.downcast_ref::<elsewhere::OrderPlaced>(),
        Some(&expected)
    );
    assert!(user.downcast_ref::<PaymentConfirmed>().is_none());
    // It is kept as it came.
    assert_eq!(event.to_json(), json);
}

#[test]
fn json_is_appended_and_the_same_as_by_itself() {
    let json = r#"{"id":"8a91c0d2f4e64b0f9d5f6a7b8c9d0e1f","type":"barge_in","session_id":"ch-1","timestamp":"2026-05-04T08:31:21.512Z","data":{}}"#;
    let event = Event::from_json(json).unwrap();
    let mut buffer = b"first\n".to_vec();
    event.write_json(&mut buffer);
    assert_eq!(buffer, format!("first\n{json}").into_bytes());
}

#[tokio::test]
async fn an_application_knows_its_sessions_events_and_those_it_is_told_of() {
    let media = voxtra::rt::media::MediaSettings::default()
        .with(|media| media.listen = "127.0.0.1:0".parse().unwrap());
    let builder = || Application::builder().media(media.clone());
    let app = builder()
        .session::<Cashier>()
        .events::<elsewhere::Shop>()
        .start()
        .await
        .unwrap();
    let known: Vec<_> = app
        .catalogue()
        .events()
        .iter()
        .map(|event| event.wire)
        .collect();
    assert_eq!(
        known[voxtra_rt::catalogue::Catalogue::built_in().events().len()..],
        ["payment.confirmed", "order.placed", "order.lost"]
    );

    let refused = builder()
        .event::<elsewhere::OrderPlaced>()
        .event::<elsewhere::again::OrderPlaced>()
        .start()
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("two events are called `order.placed`"),
        "{refused}"
    );
}
