//! The caller interrupts the agent, who falls silent.

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::recording::{envelope, loud_span};
use crate::asterisk::{Asterisk, Call as Caller, unique};

/// Begins ten seconds of explanation, and stays.
async fn explain(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let spoken = call.say("A long explanation.").await?;
    call.emit(ExplanationOver {
        interrupted: spoken.is_interrupted(),
    })
    .await;
    Ok(())
}

voxtra! {
    events {
        /// What `say` returned.
        explanation.over { interrupted: bool }
    }
}

#[tokio::test]
async fn a_caller_who_interrupts_is_listened_to() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let name = unique("interrupted");
    let caller = Caller {
        extension: "script",
        variables: &[
            ("VOXTRA_SCRIPT", "quiet:2.5&own:caller-stop&quiet:2"),
            ("VOXTRA_RECORD", &name),
        ],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.event::<ExplanationOver>().default(explain)
    })
    .await;
    let channel = harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(story.the("agent.speech.ended")["interrupted"], true);
    assert_eq!(story.the("explanation.over")["interrupted"], true);
    assert_eq!(story.lines()[story.position("barge_in")], "barge_in {}");
    let order = [
        "agent.speech.started",
        "user.speech.started",
        "barge_in",
        "agent.speech.ended",
        "user.speech.ended",
        "turn.ended",
    ];
    // A pause behind the first word may make two utterances of it: the last end counts.
    let places = order.map(|wire| {
        let mut wires = story.wires().into_iter();
        let place = match wire {
            "user.speech.ended" => wires.rposition(|known| known == wire),
            _ => wires.position(|known| known == wire),
        };
        place.unwrap_or_else(|| panic!("no {wire}: {}", story.text()))
    });
    assert!(places.is_sorted(), "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;

    // Both recordings have the same clock: what the caller heard, and what the caller said.
    asterisk.gone(&channel.id).await;
    let heard = asterisk
        .recording(&format!("{name}-heard.wav"))
        .await
        .samples;
    let said = asterisk
        .recording(&format!("{name}-said.wav"))
        .await
        .samples;
    let heard = loud_span(&envelope(&heard, 8000), 20.0).expect("the agent was heard");
    let said = loud_span(&envelope(&said, 8000), 100.0).expect("the caller spoke");
    assert!(heard.0 < said.0, "{heard:?} {said:?}");
    // The agent is held at the "s" of "stop", which is softer than what counts as loud here, and
    // may have been between two words; detection, the fade and Asterisk's buffers take time. It
    // doesn't go on while the caller speaks.
    let overlap = heard.1 as i64 - said.0 as i64;
    assert!((-300..500).contains(&overlap), "{overlap} ms");
}

#[tokio::test]
async fn a_caller_who_coughs_hears_the_agent_to_its_end() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let speak = |call: Call| async move {
        call.answer().await?;
        assert!(call.play("agent-hello").await?.completed);
        call.hangup().await
    };
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:1&own:caller-cough&quiet:20")],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(speak)).await;
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(
        story.the("agent.speech.ended")["interrupted"],
        false,
        "{}",
        story.text()
    );
    for wire in ["barge_in", "turn.ended", "error"] {
        assert_eq!(story.count(wire), 0, "{wire}: {}", story.text());
    }
    harness.close().await;
}

#[tokio::test]
async fn an_agent_that_may_not_be_interrupted_speaks_to_the_end() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let insist = |call: Call| async move {
        call.answer().await?;
        call.set_barge_in(false).await;
        assert!(call.play("agent-hello").await?.completed);
        call.hangup().await
    };
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:1&own:caller-stop&quiet:20")],
        ..Caller::default()
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.event::<ExplanationOver>().default(insist)
    })
    .await;
    harness.call(&asterisk, caller).await;
    let story = harness.story().await;
    assert_ne!(story.count("user.speech.started"), 0, "{}", story.text());
    assert_eq!(story.count("barge_in"), 0, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;
}
