//! Somebody calls: over ARI and external media at 8 and 16 kHz, and through the dialplan's
//! `AudioSocket()`.

use uuid::Uuid;
use voxtra::core::audio::SampleRate;
use voxtra::core::leg::{G711Policy, LegSettings};
use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::story::Story;
use crate::asterisk::{Asterisk, Call as Caller};

/// Says a sentence of 1.9 s, hears the answer, hangs up.
const TALKER: &[(&str, &str)] = &[("VOXTRA_SCRIPT", "quiet:0.6&own:caller-hello&quiet:3")];

/// Answers the caller's first turn.
async fn answer_back(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let turn = call
        .events()
        .find(|event| (event.wire() == "turn.ended").then_some(()))
        .await;
    if turn.is_some() {
        call.say("You said:").await?;
    }
    Ok(())
}

fn talker() -> Caller<'static> {
    Caller {
        extension: "script",
        variables: TALKER,
        ..Caller::default()
    }
}

/// What a call with `answer_back` must have told, but for who called whom.
fn check(story: &Story, started: &str, sample_rate: u32) {
    let sample_rate = format!("media.started {{\"sample_rate\":{sample_rate}}}");
    // Which of the two connections ends first is up to chance.
    let mut lines = story.lines_without("media.stopped");
    let measured = |line: &String| line.starts_with("turn.measured ");
    let place = lines.iter().position(measured);
    assert_eq!(place, Some(8), "{}", story.text());
    lines.retain(|line| !measured(line));
    assert_eq!(
        lines,
        [
            "session.created {}",
            started,
            "call.answered {}",
            &sample_rate,
            "user.speech.started {}",
            r#"user.speech.ended {"duration_ms":#,"cut":false,"silence_ms":#}"#,
            r#"turn.ended {"duration_ms":#,"cut":false}"#,
            r#"agent.speech.started {"text":"You said:"}"#,
            r#"agent.speech.ended {"text":"You said:","interrupted":false,"heard_ms":#,"heard":"You said:"}"#,
            r#"call.ended {"reason":"normal_clearing","duration_seconds":#,"answered_seconds":#,"ended_by":"far_end"}"#,
            "session.destroyed {}",
        ],
        "{}",
        story.text()
    );
    let stopped = story.the("media.stopped")["reason"].clone();
    assert!(stopped == "closed" || stopped == "hangup", "{stopped}");
    let spoken = story.the("user.speech.ended")["duration_ms"]
        .as_u64()
        .unwrap();
    // The recording is 1.9 s long, with a little silence at both ends.
    assert!((1200..=2100).contains(&spoken), "{spoken} ms");
    let up = story.the("call.ended")["duration_seconds"]
        .as_f64()
        .unwrap();
    assert!((5.0..9.0).contains(&up), "{up} s");
}

async fn over_ari(rate: SampleRate, formats: &str) {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let leg = LegSettings::default().with(|leg| leg.rate = rate);
    let mut harness = Harness::start(&asterisk, |app| app.leg(leg).default(answer_back)).await;
    let caller = Caller {
        formats,
        ..talker()
    };
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    check(
        &story,
        r#"call.started {"caller_id":"265888111111","called_number":"1000","direction":"inbound"}"#,
        rate.hz(),
    );
    harness.close().await;
}

#[tokio::test]
async fn a_call_over_ari_at_8_khz() {
    over_ari(SampleRate::Hz8000, "slin").await;
}

#[tokio::test]
async fn a_call_over_ari_at_16_khz() {
    over_ari(SampleRate::Hz16000, "slin16").await;
}

#[tokio::test]
async fn a_telephone_with_mulaw_is_no_different() {
    over_ari(SampleRate::Hz8000, "ulaw").await;
}

#[tokio::test]
async fn the_dialplans_audiosocket_with_an_id_that_was_issued() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.extension("desk", answer_back)).await;
    let id = harness.app.expect_socket_call("desk");
    harness.socket_call(&asterisk, id, talker()).await;
    let session = harness.session().await;
    assert_eq!(session.audio_id(), Some(id));
    let story = harness.story().await;
    assert_eq!(&*story.events[0].session_id, session.id());
    check(
        &story,
        r#"call.started {"caller_id":"","called_number":"desk","direction":"inbound"}"#,
        8000,
    );
    harness.close().await;
}

#[tokio::test]
async fn the_dialplans_audiosocket_with_an_id_that_is_always_allowed() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let id = Uuid::new_v4();
    let mut harness =
        Harness::start(&asterisk, |app| app.allow(id, "2000").default(answer_back)).await;
    // A stranger's id is refused, and nobody else notices.
    harness
        .socket_call(&asterisk, Uuid::new_v4(), talker())
        .await;
    for _ in 0..2 {
        harness.socket_call(&asterisk, id, talker()).await;
        let story = harness.story().await;
        check(
            &story,
            r#"call.started {"caller_id":"","called_number":"2000","direction":"inbound"}"#,
            8000,
        );
    }
    let refused = voxtra::rt::media::Refusal::UnknownId;
    assert_eq!(harness.app.media_stats().refused(refused), 1);
    assert_eq!(harness.app.media_stats().accepted(), 2);
    harness.close().await;
}

#[tokio::test]
async fn the_audiosocket_channel_driver_at_16_khz() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer_back)).await;
    let id = harness.app.expect_socket_call("3000");
    let caller = Caller {
        to: "1000@voxtra-dial",
        formats: "slin16",
        extension: "script",
        variables: &[TALKER[0], ("__VOXTRA_FORMAT", "slin16")],
        ..Caller::default()
    };
    harness.socket_call(&asterisk, id, caller).await;
    let session = harness.session().await;
    harness.until("user.speech.ended").await;
    // The first frame decides the rate, whatever the application expected.
    assert_eq!(session.audio_stream().await.unwrap().rate_hz(), 16_000);
    let story = harness.story().await;
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(story.count("agent.speech.ended"), 1, "{}", story.text());
    harness.close().await;
}

#[tokio::test]
async fn g711_of_the_channel_driver_is_refused_by_its_name_or_decoded() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    for (format, name) in [("ulaw", "µ-law"), ("alaw", "A-law")] {
        for policy in [G711Policy::Refuse, G711Policy::Decode] {
            let leg = LegSettings::default().with(|leg| leg.g711 = policy);
            let stay = |call: Call| async move { call.ended().await };
            let mut harness = Harness::start(&asterisk, |app| app.leg(leg).default(stay)).await;
            let id = harness.app.expect_socket_call("3000");
            let caller = Caller {
                to: "1000@voxtra-dial",
                extension: "script",
                variables: &[
                    ("VOXTRA_SCRIPT", "quiet:0.6&own:caller-hello&quiet:2"),
                    ("__VOXTRA_FORMAT", format),
                ],
                ..Caller::default()
            };
            harness.socket_call(&asterisk, id, caller).await;
            let story = harness.story().await;
            let errors: Vec<String> = story
                .all("error")
                .iter()
                .map(|error| error["message"].to_string())
                .collect();
            let heard = story.count("user.speech.ended");
            match policy {
                G711Policy::Refuse => {
                    assert!(errors.len() == 1 && errors[0].contains(name), "{errors:?}");
                    assert_eq!(heard, 0, "{}", story.text());
                }
                G711Policy::Decode => {
                    assert_eq!((errors.len(), heard), (0, 1), "{}", story.text());
                }
            }
            harness.close().await;
        }
    }
}

#[tokio::test]
async fn a_silent_caller_is_held_and_silence_is_told_once() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let silent = [("VOXTRA_SCRIPT", "wait:11")];
    let caller = Caller {
        extension: "script",
        variables: &silent,
        ..Caller::default()
    };
    let answer = |call: Call| async move { call.answer().await };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer)).await;
    harness.call(&asterisk, caller).await;
    let id = harness.app.expect_socket_call("1000");
    harness.socket_call(&asterisk, id, caller).await;
    for _ in 0..2 {
        let story = harness.story().await;
        let up = story.the("call.ended")["duration_seconds"]
            .as_f64()
            .unwrap();
        assert!(up >= 10.0, "{up} s: {}", story.text());
        assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
        let silence = story.the("silence.detected")["silence_duration_ms"].as_u64();
        assert!((5_000..6_000).contains(&silence.unwrap()), "{silence:?}");
        assert_eq!(story.count("error"), 0, "{}", story.text());
    }
    harness.close().await;
}
