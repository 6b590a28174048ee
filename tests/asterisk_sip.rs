//! Calls of real SIP telephones, against a real Asterisk. `tests/asterisk/README.md` tells how to
//! run them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "asterisk/mod.rs"]
mod asterisk;

use std::time::Duration;

use voxtra::prelude::*;
use voxtra_core::leg::LegSettings;

use asterisk::Asterisk;
use asterisk::harness::Harness;
use asterisk::phone::Phone;

async fn answer(call: Call) -> Result<(), CallError> {
    call.answer().await
}

#[tokio::test]
async fn the_caller_hangs_up() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.call("1000", &harness.name).await;
    harness.until("media.started").await;
    phone.bye().await;
    let story = harness.story().await;
    assert_eq!(
        story.the("call.ended")["reason"],
        "normal_clearing",
        "{}",
        story.text()
    );
    assert_eq!(story.the("call.ended")["ended_by"], "far_end");
    harness.close().await;
}

#[tokio::test]
async fn the_caller_gives_up_before_the_answer() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.default(|call: Call| async move { call.ended().await })
    })
    .await;
    let mut phone = Phone::new(&asterisk).await;
    phone.invite("1000", &harness.name).await;
    harness.until("call.started").await;
    phone.cancel().await;
    let story = harness.story().await;
    assert_eq!(
        story.the("call.ended")["reason"],
        "abandoned",
        "{}",
        story.text()
    );
    harness.close().await;
}

#[tokio::test]
async fn the_agent_hangs_up() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.answer().await?;
        call.hangup().await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.call("1000", &harness.name).await;
    phone.hung_up().await;
    let ended = harness.story().await.the("call.ended");
    assert_eq!(ended["reason"], "normal_clearing");
    assert_eq!(ended["ended_by"], "agent");
    harness.close().await;
}

#[tokio::test]
async fn keys_pressed_fast_count_once() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer)).await;
    for digits in ["1234", "5555"] {
        let mut phone = Phone::new(&asterisk).await;
        phone.call("1000", &harness.name).await;
        harness.until("media.started").await;
        let (length, gap) = (Duration::from_millis(60), Duration::from_millis(20));
        phone.press(digits, length, gap).await;
        // Asterisk puts off what follows too fast.
        for _ in 0..digits.len() {
            harness.until("dtmf.received").await;
        }
        phone.press("#", length, gap).await;
        while !harness.until("dtmf.received").await.to_json().contains('#') {}
        phone.bye().await;
        let story = harness.story().await;
        assert_eq!(story.digits(), format!("{digits}#"), "{}", story.text());
    }
    harness.close().await;
}

#[tokio::test]
async fn a_target_that_answers_183_rings() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let mut phone = Phone::new(&asterisk).await;
    harness
        .app
        .originate(Outbound::to(phone.endpoint()), Handler::new(answer))
        .unwrap();
    phone.called().await;
    phone.respond("183 Session Progress").await;
    harness.until("call.ringing").await;
    phone.respond("486 Busy Here").await;
    let story = harness.story().await;
    assert_eq!(
        story.the("call.failed")["reason"],
        "user_busy",
        "{}",
        story.text()
    );
    harness.close().await;
}

#[tokio::test]
async fn a_caller_who_holds_the_call_hears_the_rest_afterwards() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.answer().await?;
        // 2 s of a tone.
        let tone: Vec<i16> = (0..16_000_i16)
            .map(|n| if n % 20 < 10 { 8_000 } else { -8_000 })
            .collect();
        call.send_audio(&tone, 8_000).await?;
        call.ended().await;
        Ok::<_, CallError>(())
    };
    let mut harness = Harness::start(&asterisk, |app| {
        let mut leg = LegSettings::default();
        leg.turn.silence_ms = 1_000;
        app.leg(leg).default(agent)
    })
    .await;
    for direction in ["sendonly", "inactive"] {
        let mut phone = Phone::new(&asterisk).await;
        phone.call("1000", &harness.name).await;
        harness.until("agent.speech.started").await;
        phone.direction(direction).await;
        harness.until("call.held").await;
        // As long as the agent would speak, and the silence after it.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let before = phone.loud();
        phone.direction("sendrecv").await;
        harness.until("call.resumed").await;
        harness.until("agent.speech.ended").await;
        harness.until("silence.detected").await;
        assert!(phone.loud() > before + 25, "the rest is heard");
        phone.bye().await;
        let story = harness.story().await;
        let order = [
            "agent.speech.started",
            "call.held",
            "call.resumed",
            "agent.speech.ended",
            "silence.detected",
        ]
        .map(|wire| (story.count(wire), story.position(wire)));
        let in_order = order.is_sorted_by_key(|(_, position)| *position);
        let once = order.iter().all(|(count, _)| *count == 1);
        assert!(in_order && once, "{}", story.text());
    }
    harness.close().await;
}

#[tokio::test]
async fn an_attended_transfer_brings_the_customer_into_the_session() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer)).await;
    let [mut first, mut second, mut customer] = [
        Phone::new(&asterisk).await,
        Phone::new(&asterisk).await,
        Phone::new(&asterisk).await,
    ];
    // A colleague talks with a customer, and asks the agent.
    first.ring(&mut customer).await;
    customer.respond("200 OK").await;
    first.final_response("INVITE").await;
    second.call("1000", &harness.name).await;
    harness.until("media.started").await;
    let session = harness.app.calls().pop().unwrap();
    assert_eq!(session.caller_id(), "265888111111");
    first.transfer_to(&second).await;
    harness.until("call.replaced").await;
    second.hung_up().await;
    // The customer's keys are the session's.
    let (length, gap) = (Duration::from_millis(100), Duration::from_millis(100));
    customer.press("7", length, gap).await;
    harness.until("dtmf.received").await;
    assert_eq!(harness.app.calls().len(), 1, "no call to _attended");
    customer.bye().await;
    let story = harness.story().await;
    assert_eq!(story.digits(), "7", "{}", story.text());
    let ended = story.the("call.ended");
    assert_eq!(ended["reason"], "normal_clearing");
    assert_eq!(ended["ended_by"], "far_end");
    harness.close().await;
}

#[tokio::test]
async fn a_blind_transfer_of_the_agent_reaches_the_colleague() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let mut phone = Phone::new(&asterisk).await;
    let outbound = Outbound::to(phone.endpoint()).variable("TRANSFER_CONTEXT", "voxtra-test");
    let call = harness
        .app
        .originate(outbound, Handler::new(answer))
        .unwrap();
    phone.called().await;
    phone.respond("200 OK").await;
    harness.until("media.started").await;
    phone.transfer("talks").await;
    harness.until("call.replaced").await;
    // The colleague is heard.
    harness.until("user.speech.started").await;
    assert_eq!(harness.app.calls().len(), 1, "no new call");
    call.hangup().await.unwrap();
    let ended = harness.story().await.the("call.ended");
    assert_eq!(ended["reason"], "normal_clearing");
    assert_eq!(ended["ended_by"], "agent");
    harness.close().await;
}

/// Calls through a dialplan of which only the half that dials knows why it failed.
#[tokio::test]
async fn what_a_dialplan_dials_in_vain_is_told_by_its_cause() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    for (endpoint, dial, reason) in [
        ("Local/busy-tone@voxtra-test", "", "user_busy"),
        ("Local/congestion-tone@voxtra-test", "", "congestion"),
        ("Local/nobody@voxtra-test", "", "no_such_endpoint"),
        (
            "Local/dial@voxtra-test",
            "Local/no-answer@voxtra-test",
            "no_answer",
        ),
        (
            "Local/dial@voxtra-test",
            "Local/busy-tone@voxtra-test",
            "user_busy",
        ),
    ] {
        let outbound = Outbound::to(endpoint)
            .formats("slin")
            .variable("__VOXTRA_DIAL", dial);
        harness
            .app
            .originate(outbound, Handler::new(answer))
            .unwrap();
        let story = harness.story().await;
        assert_eq!(
            story.the("call.failed")["reason"],
            reason,
            "{endpoint} {dial} {}",
            story.text()
        );
    }
    harness.close().await;
}
