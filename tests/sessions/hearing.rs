//! What the caller says and keys in reaches the agent, once, however late it asks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use voxtra::prelude::*;
use voxtra::rt::media::AudioPart;
use voxtra::rt::speech::{Reply, ScriptedModel, ScriptedTranscriber};

use crate::harness::{Harness, Levels};
use crate::peer::{FRAME, LONG, numbered, recording};

#[tokio::test(flavor = "multi_thread")]
async fn without_speech_to_text_listen_tells_what_to_do() {
    let harness = Harness::new(Application::builder(), |call: Call| async move {
        let error = call.listen(LONG).await.unwrap_err();
        assert!(matches!(error, CallError::NoSpeechToText));
        assert!(error.to_string().contains("SpeechToText"), "{error}");
        assert!(matches!(
            call.agent().respond("hi").await,
            Err(CallError::NoLanguageModel)
        ));
        call.hangup().await
    })
    .await;
    harness.listen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_and_keyed_in_meanwhile_is_not_lost() {
    let builder = Application::builder()
        .voice(Levels)
        .speech_to_text(ScriptedTranscriber::new(["my order is late", "stop"]));
    let mut harness = Harness::new(builder, |call: Call| async move {
        call.set_barge_in(false).await;
        // The caller talks and presses keys all the while.
        call.say("700x250").await?;
        assert_eq!(
            call.listen(LONG).await?.as_deref(),
            Some("my order is late")
        );
        assert_eq!(call.listen_dtmf(4, LONG).await?, "12");
        assert_eq!(call.listen(LONG).await?.as_deref(), Some("stop"));
        assert_eq!(call.listen_dtmf(2, LONG).await?, "34");
        assert_eq!(call.listen_dtmf(2, Duration::from_millis(50)).await?, "5");
        assert_eq!(call.listen(Duration::from_millis(50)).await?, None);
        // Whoever begins to read now still sees all of it.
        let mut events = call.events();
        assert_eq!(events.next().await.unwrap().wire(), "session.created");
        let mut keys = String::new();
        while let Some(event) = events.try_next() {
            if let EventBody::BuiltIn(BuiltIn::DtmfReceived(press)) = &event.body {
                keys.push(press.digit);
            }
        }
        assert_eq!(keys, "12#345");
        call.hangup().await
    })
    .await;
    harness.talker.pause(30).await;
    harness.talker.press("12").await;
    harness.talker.speak(&recording("caller-hello.wav")).await;
    harness.talker.press("#").await;
    harness.talker.pause(50).await;
    harness.talker.speak(&recording("caller-stop.wav")).await;
    harness.talker.press("345").await;
    let outcomes = harness.listen().await;
    assert_eq!(
        outcomes.data("user.transcript"),
        [
            r#"{"text":"my order is late","confidence":1.0,"is_final":true}"#,
            r#"{"text":"stop","confidence":1.0,"is_final":true}"#
        ]
    );
    assert_eq!(
        outcomes.data("user.transcript.partial"),
        [r#"{"text":"my order"}"#]
    );
    assert!(outcomes.data("error").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_audio_comes_as_it_was_sent() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    let mut harness = Harness::new(Application::builder(), move |call: Call| {
        let kept = kept.clone();
        async move {
            let mut audio = call.audio_stream().await?;
            assert_eq!(audio.rate_hz(), 8_000);
            while let Some(part) = audio.next().await {
                if let AudioPart::Samples(samples) = part {
                    kept.lock().unwrap().extend(samples);
                }
            }
            Ok::<(), CallError>(())
        }
    })
    .await;
    let sent: Vec<i16> = (0..100).flat_map(numbered).collect();
    harness.talker.speak(&sent).await;
    harness.hang_up().await;
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 20 * FRAME);
    // All of it from when the stream was asked for, to the last sample.
    assert!(sent.ends_with(&heard));
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_do_not_take_each_others_audio() {
    let builder = Application::builder().speech_to_text(ScriptedTranscriber::new(["hello"]));
    let (to, mut utterances) = tokio::sync::mpsc::unbounded_channel();
    let mut harness = Harness::new(builder, move |call: Call| {
        let to = to.clone();
        async move {
            let everything = call.audio_stream().await?;
            let mut speech = call.speech_stream().await?;
            to.send(speech.utterance().await.unwrap()).unwrap();
            assert_eq!(call.listen(LONG).await?.as_deref(), Some("hello"));
            drop(everything);
            call.hangup().await
        }
    })
    .await;
    let said = recording("caller-hello.wav");
    harness.talker.pause(50).await;
    harness.talker.speak(&said).await;
    harness.listen().await;
    // With the first syllable, though somebody else listens to everything.
    let utterance = utterances.recv().await.unwrap();
    let loud = said
        .iter()
        .position(|sample| sample.unsigned_abs() > 300)
        .unwrap();
    let first = &said[loud..loud + FRAME];
    assert!(utterance.windows(FRAME).any(|piece| piece == first));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_of_in_events() {
    let builder = Application::builder().language_model(ScriptedModel::new(vec![
        Reply::new("Hello."),
        Reply::new("Bye."),
    ]));
    let harness = Harness::new(builder, |call: Call| async move {
        call.agent().instruct("Be brief.");
        assert_eq!(call.agent().respond("Hi").await?.text, "Hello.");
        assert_eq!(call.agent().respond("That's all").await?.text, "Bye.");
        assert!(call.agent().respond("And?").await.is_err());
        call.hangup().await
    })
    .await;
    let outcomes = harness.listen().await;
    assert_eq!(outcomes.data("agent.thinking"), ["{}", "{}", "{}"]);
    assert_eq!(
        outcomes.data("agent.response"),
        [
            r#"{"text":"Hello.","tool_calls":[]}"#,
            r#"{"text":"Bye.","tool_calls":[]}"#
        ]
    );
    assert_eq!(outcomes.data("error").len(), 1);
}
