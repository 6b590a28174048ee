//! Calls of real SIP telephones, against a real Asterisk. `tests/asterisk/README.md` tells how to
//! run them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "asterisk/mod.rs"]
mod asterisk;

use std::future::IntoFuture;
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
        call.send_audio(&tone(Duration::from_secs(2)), 8_000)
            .await?;
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
async fn a_caller_whom_the_agent_holds_hears_music_and_then_the_rest() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.answer().await?;
        let tone = tone(Duration::from_secs(2));
        let said = tokio::join!(call.send_audio(&tone, 8_000).into_future(), async {
            let mut events = call.events();
            let key = |event: &Event| (event.kind() == Some(EventKind::DtmfReceived)).then_some(());
            events.find(key).await;
            call.hold().music("jazz").await?;
            events.find(key).await;
            call.hold().silent().await?;
            events.find(key).await;
            call.unhold().await
        });
        said.1?;
        assert!(said.0?.completed);
        call.ended().await;
        Ok::<_, CallError>(())
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    let (length, gap) = (Duration::from_millis(100), Duration::from_millis(100));
    phone.call("1000", &harness.name).await;
    harness.until("agent.speech.started").await;
    phone.press("1", length, gap).await;
    harness.until("call.held").await;
    // Longer than the agent would speak.
    phone.hears_more_than(150).await;
    phone.press("2", length, gap).await;
    phone.falls_silent().await;
    phone.press("3", length, gap).await;
    harness.until("call.resumed").await;
    harness.until("agent.speech.ended").await;
    phone.bye().await;
    let story = harness.story().await;
    for wire in ["call.held", "call.resumed"] {
        assert_eq!(story.the(wire)["by"], "agent", "{}", story.text());
    }
    let [held, resumed, ended] =
        ["call.held", "call.resumed", "agent.speech.ended"].map(|wire| story.position(wire));
    assert!(held < resumed && resumed < ended, "{}", story.text());
    harness.close().await;
}

#[tokio::test]
async fn a_held_caller_who_is_transferred_hears_the_other_party_and_no_music() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut other = Phone::new(&asterisk).await;
    let target = other.endpoint();
    let agent = move |call: Call| {
        let target = target.clone();
        async move {
            call.answer().await?;
            call.hold().await?;
            call.transfer(target).await
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.call("1000", &harness.name).await;
    phone.hears_more_than(50).await;
    other.called().await;
    other.respond("200 OK").await;
    harness.until("call.transferred").await;
    phone.falls_silent().await;
    other.say(&tone(Duration::from_secs(1)));
    phone.hears_more_than(25).await;
    phone.bye().await;
    other.hung_up().await;
    let story = harness.story().await;
    assert_eq!(story.count("call.held"), 1, "{}", story.text());
    harness.close().await;
}

#[tokio::test]
async fn a_muted_agent_is_not_heard() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.answer().await?;
        call.mute(Side::Agent).await?;
        call.send_audio(&tone(Duration::from_secs(1)), 8_000)
            .await?;
        call.unmute(Side::Agent).await?;
        call.send_audio(&tone(Duration::from_secs(1)), 8_000)
            .await?;
        call.hangup().await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.call("1000", &harness.name).await;
    phone.hung_up().await;
    // One second of two: 50 frames.
    let loud = phone.loud();
    assert!((35..=65).contains(&loud), "{loud} frames");
    harness.story().await;
    harness.close().await;
}

#[tokio::test]
async fn a_caller_hears_the_agent_before_the_answer_and_is_refused() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.ring().await?;
        call.progress().await?;
        call.progress().await?;
        call.send_audio(&tone(Duration::from_secs(2)), 8_000)
            .await?;
        assert!(matches!(call.hold().await, Err(CallError::NotAnswered)));
        call.reject(EndReason::UserBusy).await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.invite("1000", &harness.name).await;
    phone.status("180").await;
    phone.early_media().await;
    phone.hears_more_than(50).await;
    assert_eq!(phone.final_response("INVITE").await.what(), "486");
    let story = harness.story().await;
    let ended = story.the("call.ended");
    assert_eq!(ended["reason"], "user_busy", "{}", story.text());
    assert_eq!(ended["answered_seconds"], 0.0);
    assert_eq!(ended["ended_by"], "agent");
    assert_eq!(story.count("call.answered"), 0);
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;
}

#[tokio::test]
async fn early_media_goes_on_when_the_call_is_answered() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let agent = |call: Call| async move {
        call.progress().await?;
        let tone = tone(Duration::from_secs(4));
        let said = tokio::join!(call.send_audio(&tone, 8_000).into_future(), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            call.answer().await?;
            assert_eq!(call.status(), CallStatus::Answered);
            assert!(matches!(call.ring().await, Err(CallError::NotNow { .. })));
            Ok::<_, CallError>(())
        });
        said.1?;
        assert!(said.0?.completed);
        call.hangup().await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(agent)).await;
    let mut phone = Phone::new(&asterisk).await;
    phone.invite("1000", &harness.name).await;
    phone.early_media().await;
    phone.hears_more_than(25).await;
    assert_eq!(phone.final_response("INVITE").await.what(), "200");
    phone.hears_more_than(50).await;
    phone.hung_up().await;
    let story = harness.story().await;
    let position = |wire| story.position(wire);
    assert!(
        position("media.started") < position("call.answered")
            && position("call.answered") < position("agent.speech.ended"),
        "{}",
        story.text()
    );
    assert_eq!(story.count("media.started"), 1, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;
}

/// A loud tone.
fn tone(length: Duration) -> Vec<i16> {
    let samples = 8 * length.as_millis();
    (0..samples)
        .map(|n| if n % 20 < 10 { 8_000 } else { -8_000 })
        .collect()
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
