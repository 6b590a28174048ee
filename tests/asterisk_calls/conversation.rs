//! A conversation with speech-to-text and a language model, and the events that only this makes.

use voxtra::prelude::*;
use voxtra::rt::speech::{Reply, ScriptedModel, ScriptedTranscriber, ToolCall};

use crate::asterisk::harness::Harness;
use crate::asterisk::recording::find_pieces;
use crate::asterisk::{Asterisk, Call as Caller, PATIENCE};

/// Listens, thinks, answers.
async fn converse(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let heard = call.listen(PATIENCE).await?.expect("the caller speaks");
    let reply = call.agent().respond(&heard).await?;
    call.say(&reply.text).await?;
    // Nothing more is said, and nobody waits for it for long.
    let more = call.listen(std::time::Duration::from_millis(100)).await?;
    assert_eq!(more, None);
    // There is no recording of this and no voice that could make one.
    assert!(call.say("Goodbye.").await.is_err());
    assert!(call.play("no such prompt").await.is_err());
    call.hangup().await
}

#[tokio::test]
async fn what_is_heard_thought_and_answered_is_told() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let forecast = ToolCall {
        id: "call-1".into(),
        name: "forecast".into(),
        arguments: r#"{"when":"today"}"#.into(),
    };
    let model = ScriptedModel::new([Reply::new("You said:").calling(forecast)]);
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:0.6&own:caller-hello&quiet:20")],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.speech_to_text(ScriptedTranscriber::new(["The weather is lovely."]))
            .language_model(model)
            .default(converse)
    })
    .await;
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    // The caller's turn ends while the agent is already thinking or speaking; the audio may end
    // before the call or after.
    let mut lines = story.lines_without("turn.ended");
    let aside = ["media.stopped", "turn.measured", "call.transcript"];
    lines.retain(|line| !aside.iter().any(|name| line.starts_with(name)));
    assert_eq!(
        lines[4..],
        [
            "user.speech.started {}",
            r#"user.transcript.partial {"text":"The weather"}"#,
            r#"user.speech.ended {"duration_ms":#,"cut":false,"silence_ms":#}"#,
            r#"user.transcript {"text":"The weather is lovely.","confidence":1.0,"is_final":true}"#,
            "agent.thinking {}",
            r#"agent.response {"text":"You said:","tool_calls":[{"id":"call-1","name":"forecast","arguments":"{\"when\":\"today\"}"}]}"#,
            r#"agent.speech.started {"text":"You said:"}"#,
            r#"agent.speech.ended {"text":"You said:","interrupted":false,"heard_ms":#,"heard":"You said:"}"#,
            r#"error {"error_type":"text_to_speech","message":"no voice is configured: install piper, espeak-ng or flite, set [speech] voice in the configuration, give the application a TextToSpeech, or register a prompt with this text"}"#,
            r#"error {"error_type":"prompt","message":"there is no prompt named \"no such prompt\": name one of [[prompt]] in the configuration, or a WAV file"}"#,
            r#"call.ended {"reason":"normal_clearing","duration_seconds":#,"answered_seconds":#,"ended_by":"agent"}"#,
            "session.destroyed {}",
        ],
        "{}",
        story.text()
    );
    harness.close().await;
}

#[tokio::test]
async fn each_frame_is_an_event_where_that_was_asked_for() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let watch = |call: Call| async move {
        call.answer().await?;
        call.set_frame_events(true).await;
        // Received ones may come bunched, so that one direction says nothing about the other.
        for wire in ["audio.frame.received", "audio.frame.sent"] {
            let mut events = call.events();
            for _ in 0..20 {
                events
                    .find(|event| (event.wire() == wire).then_some(()))
                    .await;
            }
        }
        call.set_frame_events(false).await;
        call.hangup().await
    };
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:20")],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(watch)).await;
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    for wire in ["audio.frame.received", "audio.frame.sent"] {
        let frames = story.all(wire);
        assert!(frames.len() >= 15, "{wire}: {}", frames.len());
        let first = frames[0]["sequence"].as_u64().unwrap();
        for (n, frame) in (first..).zip(&frames) {
            assert_eq!(
                frame.to_string(),
                format!(r#"{{"samples":160,"sequence":{n}}}"#),
                "{wire}"
            );
        }
    }
    let line = |prefix: &str| {
        story
            .lines()
            .into_iter()
            .find(|line| line.starts_with(prefix))
            .unwrap()
    };
    for prefix in [
        r#"audio.frame.received {"sequence":"#,
        r#"audio.frame.sent {"sequence":"#,
    ] {
        assert!(
            line(prefix).ends_with(r#","samples":160}"#),
            "{}",
            line(prefix)
        );
    }
    harness.close().await;
}

#[tokio::test]
async fn the_callers_audio_is_there_for_whoever_wants_it() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let repeat = |call: Call| async move {
        call.answer().await?;
        let mut speech = call.speech_stream().await?;
        let utterance = speech.utterance().await.expect("the caller speaks");
        let rate_hz = speech.rate_hz();
        assert!(call.send_audio(&utterance, rate_hz).await?.completed);
        call.hangup().await
    };
    let name = crate::asterisk::unique("repeated");
    let caller = Caller {
        extension: "script",
        variables: &[
            ("VOXTRA_SCRIPT", "quiet:0.6&own:caller-hello&quiet:20"),
            ("VOXTRA_RECORD", &name),
        ],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(repeat)).await;
    let channel = harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;
    asterisk.gone(&channel.id).await;
    let heard = asterisk
        .recording(&format!("{name}-heard.wav"))
        .await
        .samples;
    let words = asterisk.asset("caller-hello").samples;
    let (found, pieces) = find_pieces(&heard, &words);
    assert!(found * 10 >= pieces * 8, "{found} of {pieces}");
}
