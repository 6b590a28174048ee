//! The caller is handed to somebody else.

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::recording::{envelope, find_envelope};
use crate::asterisk::{Asterisk, Call as Caller, unique};

#[tokio::test]
async fn a_transferred_caller_and_the_other_party_hear_each_other() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    // The other party repeats what it hears: the caller hears it only if both directions work.
    let transfer = |call: Call| async move {
        call.answer().await?;
        call.transfer("Local/echo@voxtra-test/n").await?;
        // The agent is out of the call now.
        let spoken = call.say("You said:").await;
        assert!(!spoken.is_ok_and(|spoken| spoken.completed));
        Ok::<_, CallError>(())
    };
    let name = unique("transferred");
    let caller = Caller {
        extension: "script",
        variables: &[
            ("VOXTRA_SCRIPT", "quiet:1.5&own:caller-hello&quiet:1.5"),
            ("VOXTRA_RECORD", &name),
        ],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(transfer)).await;
    let channel = harness.call(&asterisk, caller).await;
    harness.until("media.started").await;
    let traces = harness.traces(&asterisk).await;
    let story = harness.story().await;
    let transferred = r#"call.transferred {"target":"Local/echo@voxtra-test/n"}"#;
    let place = story.position("call.transferred");
    assert_eq!(story.lines()[place], transferred);
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    assert_eq!(story.count("error"), 0, "{}", story.text());
    // The caller was still up long after the agent had gone.
    let up = story.the("call.ended")["duration_seconds"]
        .as_f64()
        .unwrap();
    assert!(up > 4.0, "{up} s: {}", story.text());
    harness.nothing_is_left(&asterisk, &traces).await;
    harness.close().await;
    asterisk.gone(&channel.id).await;
    let heard = asterisk
        .recording(&format!("{name}-heard.wav"))
        .await
        .samples;
    let words = asterisk.asset("caller-hello").samples;
    let (_, alike) = find_envelope(&envelope(&heard, 8000), &envelope(&words, 8000));
    // It is 0.97 and more where the machine never stands still; a tear of 20 ms in Asterisk's sound
    // makes 0.94 of it.
    assert!(alike > 0.85, "{alike}");
}

#[tokio::test]
async fn a_caller_hears_it_ring_while_the_other_party_is_called() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let transfer = |call: Call| async move {
        call.answer().await?;
        let nobody = call.transfer("Local/no-answer@voxtra-test/n");
        let refused = nobody.ring(std::time::Duration::from_secs(3)).await;
        assert!(
            matches!(
                &refused,
                Err(CallError::TransferFailed {
                    reason: EndReason::NoAnswer,
                    ..
                })
            ),
            "{refused:?}"
        );
        call.hangup().await
    };
    let name = unique("ringback");
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:30"), ("VOXTRA_RECORD", &name)],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(transfer)).await;
    let channel = harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(story.count("call.transfer.started"), 1, "{}", story.text());
    assert_eq!(story.the("call.transfer.failed")["reason"], "no_answer");
    assert_eq!(story.count("agent.speech.started"), 0, "{}", story.text());
    harness.close().await;
    asterisk.gone(&channel.id).await;
    let heard = asterisk
        .recording(&format!("{name}-heard.wav"))
        .await
        .samples;
    // 425 Hz crosses zero 850 times a second; what is loud of it lasts for a second.
    let loud: Vec<&[i16]> = heard
        .chunks(800)
        .filter(|part| part.iter().any(|sample| sample.unsigned_abs() > 1000))
        .collect();
    assert!((9..=12).contains(&loud.len()), "{} tenths", loud.len());
    let crossings = loud[4]
        .windows(2)
        .filter(|pair| (pair[0] < 0) != (pair[1] < 0));
    assert!((84..=86).contains(&crossings.count()));
}

#[tokio::test]
async fn when_the_other_party_hangs_up_the_caller_is_not_left_alone() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let transfer = |call: Call| async move {
        call.answer().await?;
        // A script that says nothing ends at once.
        call.transfer("Local/script@voxtra-test/n").await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(transfer)).await;
    let channel = harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    assert_eq!(story.count("call.transferred"), 1, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    asterisk.gone(&channel.id).await;
    harness.close().await;
}

#[tokio::test]
async fn a_transfer_that_fails_leaves_the_caller_with_the_agent() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let transfer = |call: Call| async move {
        call.answer().await?;
        for (endpoint, why) in [
            ("Local/busy@voxtra-test/n", "user_busy"),
            ("Local/nobody@voxtra-test/n", "no_such_endpoint"),
        ] {
            match call.transfer(endpoint).await {
                Err(CallError::TransferFailed { target, reason }) => {
                    assert_eq!((target.as_str(), reason.as_str()), (endpoint, why));
                }
                other => panic!("{endpoint}: {other:?}"),
            }
        }
        assert!(call.say("You said:").await?.completed);
        call.hangup().await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(transfer)).await;
    harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    assert_eq!(story.count("call.transferred"), 0, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(story.count("agent.speech.ended"), 1, "{}", story.text());
    harness.close().await;
}
