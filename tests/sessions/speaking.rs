//! What the agent says is heard once, in order, and only as far as it is meant to be.

use voxtra::prelude::*;
use voxtra_core::audio::FRAME;

use crate::harness::{Harness, Levels};
use crate::peer::{count, names, recording};

fn voiced() -> voxtra::rt::app::Builder {
    Application::builder().voice(Levels)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_voice_say_tells_what_to_do() {
    let harness = Harness::new(Application::builder(), |call: Call| async move {
        let error = call.say("Welcome.").await.unwrap_err();
        assert!(matches!(error, CallError::NoVoice));
        assert!(matches!(
            call.play("nothing").await,
            Err(CallError::NoPrompt { .. })
        ));
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    let errors = outcomes.data("error");
    assert!(
        errors[0].contains("text_to_speech") && errors[0].contains("[speech] voice"),
        "{errors:?}"
    );
    assert!(errors[1].contains("nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_at_the_same_time_is_heard_one_after_the_other() {
    let harness = Harness::new(voiced(), |call: Call| async move {
        let (one, two, three) =
            tokio::join!(call.say("700x15"), call.say("800x10"), call.say("900x5"));
        for (spoken, frames) in [(one?, 15), (two?, 10), (three?, 5)] {
            assert!(spoken.completed);
            assert_eq!(spoken.heard, FRAME * frames);
        }
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    let mut order = outcomes.heard.clone();
    order.retain(|sample| *sample != 0);
    order.dedup();
    assert_eq!(order, [700, 800, 900]);
    assert_eq!(
        [700, 800, 900].map(|level| outcomes.frames_of(level)),
        [15, 10, 5]
    );
    let spoken: Vec<_> = names(&outcomes.events)
        .into_iter()
        .filter(|name| name.starts_with("agent"))
        .collect();
    assert_eq!(
        spoken,
        ["agent.speech.started", "agent.speech.ended"].repeat(3)
    );
    assert_eq!(
        outcomes.data("agent.speech.started")[1],
        r#"{"text":"800x10"}"#
    );
    assert_eq!(
        outcomes.data("agent.speech.ended")[1],
        r#"{"text":"800x10","interrupted":false,"heard_ms":200,"heard":"800x10"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_say_that_is_dropped_is_cut_and_the_next_is_heard_whole() {
    let harness = Harness::new(voiced(), |call: Call| async move {
        for _ in 0..3 {
            let mut events = call.events_from_now();
            let started =
                events.find(|event| (event.wire() == "agent.speech.started").then_some(()));
            tokio::select! {
                _ = call.say("700x500") => panic!("ten seconds have passed"),
                _ = started => {}
            }
            assert!(call.say("800x10").await?.completed);
        }
        // Given up before it began.
        tokio::select! {
            biased;
            () = std::future::ready(()) => {}
            _ = call.say("600x500") => {}
        }
        assert!(call.say("900x10").await?.completed);
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    assert_eq!(outcomes.frames_of(800), 30);
    assert_eq!(outcomes.frames_of(900), 10);
    assert!(outcomes.frames_of(700) < 500);
    assert_eq!(outcomes.frames_of(600), 0);
    let ended = outcomes.data("agent.speech.ended");
    let cut = r#"{"text":"700x500","interrupted":true,"heard_ms":"#;
    assert!(ended[0].starts_with(cut), "{}", ended[0]);
    assert_eq!(
        ended[1],
        r#"{"text":"800x10","interrupted":false,"heard_ms":200,"heard":"800x10"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_speaking_cuts_what_is_said_and_nothing_after_it() {
    let harness = Harness::new(voiced(), |call: Call| async move {
        let speaking = call.clone();
        let said = tokio::spawn(async move { speaking.say("700x500").await });
        let mut events = call.events();
        events
            .find(|event| (event.wire() == "agent.speech.started").then_some(()))
            .await;
        call.stop_speaking().await;
        assert!(call.say("800x10").await?.completed);
        assert!(said.await.unwrap()?.is_interrupted());
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    assert_eq!(outcomes.frames_of(800), 10);
    assert!(outcomes.frames_of(700) < 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_barges_in_cuts_the_agent() {
    let mut harness = Harness::new(voiced(), |call: Call| async move {
        assert!(call.say("700x500").await?.is_interrupted());
        call.set_barge_in(false).await;
        assert!(call.say("800x10").await?.completed);
        call.hangup().await
    })
    .await;
    harness.talker.pause(30).await;
    harness.talker.speak(&recording("caller-stop.wav")).await;
    let outcomes = harness.listen().await;
    assert_eq!(count(&outcomes.events, "barge_in"), 1);
    assert_eq!(outcomes.frames_of(800), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failing_voice_has_made_is_heard() {
    let harness = Harness::new(voiced(), |call: Call| async move {
        assert!(matches!(
            call.say("700x12!").await,
            Err(CallError::Provider(_))
        ));
        assert!(call.say("800x3").await?.completed);
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    assert_eq!(outcomes.frames_of(700), 12);
    assert_eq!(outcomes.frames_of(800), 3);
    assert_eq!(outcomes.data("error").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_of_any_rate_is_played_at_its_own_speed() {
    let harness = Harness::new(Application::builder(), |call: Call| async move {
        for rate in [8_000, 16_000, 22_050, 48_000] {
            let samples: Vec<i16> = (0..rate as usize / 2).map(|_| 1_000).collect();
            let spoken = call.send_audio(&samples, rate).await?;
            // At another rate the filter's own length comes after it.
            let end = if rate == 8_000 { 0 } else { 20 };
            let heard = spoken.heard.as_millis();
            assert!(
                spoken.completed && (500..=500 + end).contains(&heard),
                "{heard}"
            );
        }
        let nothing = call.send_audio(&[], 8_000).await?;
        assert!(nothing.completed && nothing.heard.is_zero());
        assert!(matches!(
            call.send_audio(&[1], 0).await,
            Err(CallError::Rate(_))
        ));
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    let loud = outcomes
        .heard
        .iter()
        .filter(|sample| **sample > 500)
        .count();
    // Four times half a second, but for the filters' edges.
    assert!((15_900..16_100).contains(&loud), "{loud}");
    assert_eq!(outcomes.data("agent.speech.started").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_call_lets_go_of_whoever_speaks() {
    let mut harness = Harness::new(voiced(), |call: Call| async move {
        let mut hung = Vec::new();
        for _ in 0..3 {
            let call = call.clone();
            hung.push(tokio::spawn(async move { call.say("700x500").await }));
        }
        for said in hung {
            let said = said.await.unwrap();
            assert!(
                said.as_ref().is_ok_and(|spoken| spoken.is_interrupted())
                    || matches!(said, Err(CallError::Ended)),
                "{said:?}"
            );
        }
        assert!(matches!(call.say("1x1").await, Err(CallError::Ended)));
        Ok::<(), CallError>(())
    })
    .await;
    harness.talker.pause(20).await;
    let outcomes = harness.hang_up().await;
    assert!(outcomes.data("error").is_empty());
    let ended = outcomes.data("agent.speech.ended");
    let [ended] = &ended[..] else {
        panic!("{ended:?}");
    };
    let heard = ended
        .strip_prefix(r#"{"text":"700x500","interrupted":true,"heard_ms":"#)
        .and_then(|rest| rest.strip_suffix(r#","heard":""}"#)?.parse::<u64>().ok());
    // At least what went out while the caller sent 20 frames, but for the first of them.
    assert!(
        heard.is_some_and(|ms| (200..2_000).contains(&ms)),
        "{ended}"
    );
}
