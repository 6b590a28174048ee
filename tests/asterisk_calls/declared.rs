//! Sessions declared with `voxtra!` in real calls: routes, state, and events of the application's
//! own.

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::{Asterisk, Call as Caller};

voxtra! {
    events {
        /// The caller confirmed a payment.
        payment.confirmed { amount_cents: u64, reference: Text<24>, method: card | mobile_money }
        /// Which session took the call.
        call.taken { by: String, attempts: u8 }
    }

    session Payments {
        route extension "1000";
        state { attempts: u8 = 0 }

        on call.started { call.answer().await?; }
        on dtmf.received(e) if e.digit == '#' {
            call.emit(PaymentConfirmed {
                amount_cents: 12_50,
                reference: Text::try_from("order-7")?,
                method: PaymentConfirmedMethod::MobileMoney,
            }).await;
        }
        on dtmf.received { state.attempts += 1; }
        on payment.confirmed(e) if e.amount_cents > 0 {
            call.emit(CallTaken { by: "payments".into(), attempts: state.attempts }).await;
            call.hangup().await?;
        }
    }

    session Malawi {
        route number "+265*";

        on call.started {
            call.emit(CallTaken { by: "malawi".into(), attempts: 0 }).await;
            call.hangup().await?;
        }
    }

    session Everybody {
        route default;

        on call.started {
            call.emit(CallTaken { by: "everybody".into(), attempts: 0 }).await;
            call.hangup().await?;
        }
    }
}

#[tokio::test]
async fn a_call_to_an_extension_for_all_goes_where_the_dialled_number_leads() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.number("+265*", |call: Call| async move { call.hangup().await })
    })
    .await;
    // The same call, as FreePBX, a redirecting switch and a dialplan of one's own tell its number.
    for (to, variable) in [
        ("s@voxtra-in", ("__FROM_DID", "+265999000001")),
        ("s@voxtra-in", ("__VOXTRA_RDNIS", "+265999000001")),
        ("1000@voxtra-in", ("__VOXTRA_ARGS", "did=+265999000001")),
    ] {
        let caller = Caller {
            to,
            variables: &[variable],
            ..Caller::default()
        };
        let channel = harness.call(&asterisk, caller).await;
        let story = harness.story().await;
        let started = story.the("call.started");
        assert_eq!(started["called_number"], "+265999000001", "{variable:?}");
        assert_eq!(story.count("error"), 0, "{}", story.text());
        asterisk.gone(&channel.id).await;
    }
    harness.close().await;
}

#[tokio::test]
async fn a_declared_session_handles_a_call_and_its_events_reach_the_webhook() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:0.3&dtmf:12#&quiet:20")],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.session::<Payments>()).await;
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    let lines = story.lines();
    for line in [
        r#"payment.confirmed {"amount_cents":1250,"reference":"order-7","method":"mobile_money"}"#,
        r#"call.taken {"by":"payments","attempts":2}"#,
    ] {
        assert!(lines.contains(&line.to_owned()), "{}", story.text());
    }
    let requests = harness.close().await;
    let posted = requests
        .iter()
        .find(|request| request.header("x-voxtra-event") == "payment.confirmed")
        .expect("it is posted");
    assert!(
        posted.text().ends_with(
            r#""data":{"amount_cents":1250,"reference":"order-7","method":"mobile_money"}}"#
        ),
        "{}",
        posted.text()
    );
}

#[tokio::test]
async fn each_call_goes_where_its_number_leads() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.session::<Payments>()
            .session::<Malawi>()
            .session::<Everybody>()
    })
    .await;
    for (to, by) in [
        ("+265999000001@voxtra-in", "malawi"),
        ("+27110000000@voxtra-in", "everybody"),
        ("1001@voxtra-in", "everybody"),
    ] {
        let caller = Caller {
            to,
            ..Caller::default()
        };
        harness.call(&asterisk, caller).await;
        let story = harness.story().await;
        assert_eq!(story.the("call.taken")["by"], by, "{to}");
        let number = to.split('@').next().unwrap();
        assert_eq!(story.the("call.started")["called_number"], number);
    }
    harness.close().await;
}

#[tokio::test]
async fn a_call_that_nothing_fits_is_refused_and_told() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.session::<Payments>()).await;
    let caller = Caller {
        to: "2222@voxtra-in",
        ..Caller::default()
    };
    let caller = harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(
        story.lines()[2..],
        [
            r#"error {"error_type":"no_route","message":"no route for \"2222\""}"#,
            r#"call.ended {"reason":"unallocated_number","duration_seconds":#,"answered_seconds":#,"ended_by":"system"}"#,
            "session.destroyed {}",
        ]
    );
    asterisk.gone(&caller.id).await;
    harness.close().await;
}
