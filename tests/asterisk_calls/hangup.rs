//! The end of a call: told once, whoever hangs up and whatever goes on; nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use voxtra::prelude::*;

use crate::asterisk::harness::{Harness, patiently};
use crate::asterisk::story::Story;
use crate::asterisk::{Asterisk, Call as Caller};

/// How often hang-up hooks ran.
type Count = Arc<AtomicUsize>;

async fn count_hangups(call: &Call, count: &Count) {
    let count = count.clone();
    call.on_hangup(move |call| async move {
        assert!(call.is_over());
        count.fetch_add(1, Ordering::Relaxed);
    })
    .await;
}

/// Waits until the story is over, and checks its end: told once, one hook, nothing left in Asterisk
/// or here.
async fn ended(
    mut harness: Harness,
    asterisk: &Asterisk,
    traces: &[String],
    hooks: &Count,
) -> Story {
    let story = harness.story().await;
    assert_eq!(story.count("call.ended"), 1);
    assert_eq!(hooks.load(Ordering::Relaxed), 1, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(harness.app.calls().len(), 0);
    harness.nothing_is_left(asterisk, traces).await;
    assert_eq!(harness.app.media_stats().calls(), 0);
    harness.close().await;
    assert_eq!(hooks.load(Ordering::Relaxed), 1);
    story
}

#[tokio::test]
async fn the_caller_hangs_up_long_after_the_handler_has_returned() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            call.answer().await?;
            count_hangups(&call, &count).await;
            Ok::<_, CallError>(())
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:2")],
        ..Caller::default()
    };
    harness.call(&asterisk, caller).await;
    harness.until("media.started").await;
    let traces = harness.traces(&asterisk).await;
    assert_eq!(traces.len(), 2, "a bridge and a channel: {traces:?}");
    let sockets = harness.media_sockets();
    assert_eq!(sockets.len(), 1, "{sockets:#?}");
    let story = ended(harness, &asterisk, &traces, &hooks).await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    assert_eq!(story.the("call.ended")["ended_by"], "far_end");
}

#[tokio::test]
async fn the_agent_hangs_up() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            call.answer().await?;
            count_hangups(&call, &count).await;
            call.say("You said:").await?;
            call.hangup().await?;
            call.ended().await;
            // Once more does no harm, and what can't be done any more says so.
            call.hangup().await?;
            assert!(matches!(call.say("You said:").await, Err(CallError::Ended)));
            Ok::<_, CallError>(())
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    let caller = harness.call(&asterisk, Caller::default()).await;
    harness.until("media.started").await;
    let traces = harness.traces(&asterisk).await;
    let story = ended(harness, &asterisk, &traces, &hooks).await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    assert_eq!(story.the("call.ended")["ended_by"], "agent");
    asterisk.gone(&caller.id).await;
}

#[tokio::test]
async fn the_agent_hangs_up_a_call_without_ari() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            count_hangups(&call, &count).await;
            call.say("You said:").await?;
            call.hangup().await
        }
    };
    let harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    let id = harness.app.expect_socket_call("1000");
    let caller = harness.socket_call(&asterisk, id, Caller::default()).await;
    let story = ended(harness, &asterisk, &[], &hooks).await;
    assert_eq!(story.the("media.stopped")["reason"], "hangup");
    assert_eq!(story.the("call.ended")["ended_by"], "agent");
    asterisk.gone(&caller.id).await;
}

/// The caller is gone in the middle of a sentence.
async fn during_say(over_ari: bool) {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            call.answer().await?;
            count_hangups(&call, &count).await;
            call.say("A long explanation.").await?;
            // Whether the sentence was cut or the call is over, the handler may go on and fail with
            // that.
            call.say("You said:").await?;
            Ok::<_, CallError>(())
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:2")],
        ..Caller::default()
    };
    if over_ari {
        harness.call(&asterisk, caller).await;
    } else {
        let id = harness.app.expect_socket_call("1000");
        harness.socket_call(&asterisk, id, caller).await;
    }
    harness.until("agent.speech.started").await;
    let traces = harness.traces(&asterisk).await;
    let story = ended(harness, &asterisk, &traces, &hooks).await;
    // How many of its words went out before the caller did is a matter of milliseconds.
    let cut = r#"agent.speech.ended {"text":"A long explanation.","interrupted":true,"heard_ms":#,"heard":""#;
    let lines = story.lines();
    let heard = lines
        .iter()
        .find_map(|line| line.strip_prefix(cut)?.strip_suffix("\"}"));
    assert!(
        heard.is_some_and(|heard| "A long".starts_with(heard)),
        "{}",
        story.text()
    );
    assert_eq!(story.count("barge_in"), 0);
}

#[tokio::test]
async fn the_caller_hangs_up_while_the_agent_speaks() {
    during_say(true).await;
}

#[tokio::test]
async fn the_caller_hangs_up_while_the_agent_speaks_without_ari() {
    during_say(false).await;
}

#[tokio::test]
async fn another_task_hangs_up_while_the_agent_speaks() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            call.answer().await?;
            count_hangups(&call, &count).await;
            call.say("A long explanation.").await.map(|_| ())
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    harness.call(&asterisk, Caller::default()).await;
    let session = harness.session().await;
    harness.until("agent.speech.started").await;
    let traces = harness.traces(&asterisk).await;
    session.hangup().await.unwrap();
    ended(harness, &asterisk, &traces, &hooks).await;
}

#[tokio::test]
async fn the_caller_gives_up_before_the_agent_answers() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let hooks = Count::default();
    let count = hooks.clone();
    let handler = move |call: Call| {
        let count = count.clone();
        async move {
            count_hangups(&call, &count).await;
            call.ended().await;
            assert!(matches!(call.answer().await, Err(CallError::Ended)));
        }
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(handler)).await;
    let caller = harness.call(&asterisk, Caller::default()).await;
    harness.until("call.started").await;
    asterisk
        .client(&harness.name)
        .channel(&caller.id)
        .hangup(&Default::default())
        .await
        .unwrap();
    let story = ended(harness, &asterisk, &[], &hooks).await;
    assert_eq!(story.wires().len(), 4, "{}", story.text());
    let end = story.the("call.ended");
    assert_eq!(end["reason"], "abandoned");
    assert_eq!(end["ended_by"], "far_end");
    assert_eq!(end["answered_seconds"], 0.0);
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_does_not_leave_the_caller_alone() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let fail = |call: Call| async move {
        call.answer().await?;
        Err::<(), HandlerError>("out of order".into())
    };
    let panic = |call: Call| async move {
        call.answer().await.unwrap();
        assert!(call.is_over(), "a bug in the agent");
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.extension("1000", fail).extension("1001", panic)
    })
    .await;
    for (to, words) in [
        ("1000@voxtra-in", "out of order"),
        ("1001@voxtra-in", "a bug in the agent"),
    ] {
        let caller = Caller {
            to,
            ..Caller::default()
        };
        let caller = harness.call(&asterisk, caller).await;
        let story = harness.story().await;
        let error = story.the("error");
        assert_eq!(error["error_type"], "handler");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        asterisk.gone(&caller.id).await;
    }
    patiently("sockets", async {
        while !harness.media_sockets().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    harness.close().await;
}
