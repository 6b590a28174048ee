//! Calls that the application places: answered, refused, unanswered, impossible.

use std::time::Duration;

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::recording::find_exactly;
use crate::asterisk::story::Story;
use crate::asterisk::{Asterisk, unique};

#[tokio::test]
async fn somebody_who_answers_is_spoken_with() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let name = unique("callee");
    let script = format!("own:caller-hello&record:{name}/3&quiet:20");
    // The callee's script and its recording come through variables, which proves that they arrive.
    let outbound = Outbound::to("Local/ring@voxtra-test/n")
        .caller_id("Voxtra <1000>")
        .timeout(Duration::from_secs(20))
        .formats("slin")
        .variable("__VOXTRA_SCRIPT", script)
        .variable("VOXTRA_CUSTOMER", "Ann & Co, \"Ltd\"");
    let greet = |call: Call| async move {
        let mut speech = call.speech_stream().await?;
        let heard = speech.utterance().await.expect("the callee speaks");
        assert!(heard.len() > 8000, "{} samples", heard.len());
        // The recording begins when the callee's own words are over.
        let turn = |event: &Event| (event.wire() == "turn.ended").then_some(());
        call.events().find(turn).await;
        call.say("You said:").await.map(|_| ())
    };
    let call = harness
        .app
        .originate(outbound, Handler::new(greet))
        .unwrap();
    harness.until("media.started").await;
    let channel = asterisk.client(&harness.name).channel(call.id());
    let variable = channel.variable("VOXTRA_CUSTOMER").await;
    assert_eq!(variable.unwrap().value, "Ann & Co, \"Ltd\"");
    let traces = harness.traces(&asterisk).await;
    assert_eq!(traces.len(), 2, "{traces:?}");
    let heard = asterisk.recording(&format!("{name}.wav")).await.samples;
    find_exactly(&heard, &asterisk.asset("agent-you-said").samples).unwrap();
    call.hangup().await.unwrap();
    let story = harness.story().await;
    assert_eq!(
        story.lines()[..5],
        [
            "session.created {}",
            r#"call.started {"caller_id":"Voxtra <1000>","called_number":"Local/ring@voxtra-test/n","direction":"outbound"}"#,
            "call.ringing {}",
            "call.answered {}",
            r#"media.started {"sample_rate":8000}"#,
        ],
        "{}",
        story.text()
    );
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    assert_eq!(story.count("user.speech.ended"), 1, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.nothing_is_left(&asterisk, &traces).await;
    harness.close().await;
}

/// Calls somebody who won't be spoken with. The handler must not run.
async fn fails(asterisk: &Asterisk, endpoint: &str) -> Story {
    let mut harness = Harness::start(asterisk, |app| app.default(|_| async {})).await;
    let outbound = Outbound::to(endpoint).timeout(Duration::from_secs(2));
    let handler = Handler::new(|_| async { panic!("nobody has answered") as () });
    let call = harness.app.originate(outbound, handler).unwrap();
    let story = harness.story().await;
    assert!(call.is_over());
    assert_eq!(story.count("call.failed"), 1, "{}", story.text());
    assert_eq!(story.count("call.answered"), 0, "{}", story.text());
    assert_eq!(story.count("media.started"), 0, "{}", story.text());
    asterisk.gone(call.id()).await;
    harness.close().await;
    story
}

#[tokio::test]
async fn somebody_who_is_not_reached_fails_for_the_right_reason() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    for (who, reason) in [
        ("busy", "user_busy"),
        ("refuse", "call_rejected"),
        ("congestion", "congestion"),
        ("unallocated", "unallocated_number"),
    ] {
        let story = fails(&asterisk, &format!("Local/{who}@voxtra-test/n")).await;
        assert_eq!(
            story.lines()[2..],
            [
                format!(r#"call.failed {{"reason":"{reason}"}}"#),
                "session.destroyed {}".into()
            ],
            "{who}: {}",
            story.text()
        );
    }
}

#[tokio::test]
async fn somebody_who_does_not_answer() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let story = fails(&asterisk, "Local/no-answer@voxtra-test/n").await;
    assert_eq!(
        story.lines()[2..],
        [
            "call.ringing {}",
            r#"call.failed {"reason":"no_answer"}"#,
            "session.destroyed {}"
        ],
        "{}",
        story.text()
    );
}

#[tokio::test]
async fn an_endpoint_that_does_not_exist() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    for endpoint in ["Local/nobody@voxtra-test/n", "Nonsense/1"] {
        let story = fails(&asterisk, endpoint).await;
        assert_eq!(
            story.the("call.failed")["reason"],
            "no_such_endpoint",
            "{endpoint}"
        );
        // Of a technology that it does not know Asterisk says so at once; of a number only when it
        // dials.
        let errors = story.all("error");
        assert_eq!(errors.len(), usize::from(endpoint == "Nonsense/1"));
        assert!(
            errors
                .iter()
                .all(|error| error["error_type"] == "originate")
        );
    }
}

#[tokio::test]
async fn a_call_that_is_taken_back_while_it_rings() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let outbound = Outbound::to("Local/no-answer@voxtra-test/n");
    let handler = Handler::new(|_| async { panic!("nobody has answered") as () });
    let call = harness.app.originate(outbound, handler).unwrap();
    harness.until("call.ringing").await;
    call.hangup().await.unwrap();
    let story = harness.story().await;
    assert_eq!(story.count("call.failed"), 1, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    asterisk.gone(call.id()).await;
    harness.close().await;
}
