//! Keys, pressed by real callers: each press counts once, though Asterisk tells it twice where ARI
//! is involved.

use std::time::Duration;

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::{Asterisk, Call as Caller, PATIENCE};

/// Presses everything a telephone has, some keys twice in a row, and `1` and `9` where nobody
/// listens for digits.
const KEYS: &str = "1147*0#22#9";

const PRESSER: &[(&str, &str)] = &[("VOXTRA_SCRIPT", "quiet:0.5&dtmf:1147*0#22#9&quiet:1")];

voxtra! {
    events {
        /// What `listen_dtmf` collected.
        keys.collected { first: String, second: String, third: String }
    }
}

/// Collects up to `#`, up to two digits, and what is left.
async fn collect(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let first = call.listen_dtmf(20, PATIENCE).await?;
    let second = call.listen_dtmf(2, PATIENCE).await?;
    // The second `#` ends this at once.
    let third = call.listen_dtmf(20, PATIENCE).await?;
    let collected = KeysCollected {
        first,
        second,
        third,
    };
    call.emit(collected).await;
    Ok(())
}

fn presser(extension: &'static str) -> Caller<'static> {
    Caller {
        extension,
        variables: PRESSER,
        ..Caller::default()
    }
}

#[tokio::test]
async fn over_ari_each_key_counts_once() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.event::<KeysCollected>().default(collect)
    })
    .await;
    harness.call(&asterisk, presser("script")).await;
    let story = harness.story().await;
    assert_eq!(story.digits(), KEYS, "{}", story.text());
    assert!(
        story
            .lines()
            .contains(&r#"keys.collected {"first":"1147*0","second":"22","third":""}"#.to_owned()),
        "{}",
        story.text()
    );
    assert_eq!(story.lines()[5], r#"dtmf.received {"digit":"1"}"#);
    harness.close().await;
}

#[tokio::test]
async fn over_audiosocket_alone_each_key_counts_once() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| {
        app.event::<KeysCollected>().default(collect)
    })
    .await;
    let id = harness.app.expect_socket_call("1000");
    harness.socket_call(&asterisk, id, presser("script")).await;
    let story = harness.story().await;
    assert_eq!(story.digits(), KEYS, "{}", story.text());
    assert_eq!(story.the("keys.collected")["first"], "1147*0");
    harness.close().await;
}

#[tokio::test]
async fn a_caller_who_presses_nothing_is_not_waited_for() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ask = |call: Call| async move {
        call.answer().await?;
        let digits = call.listen_dtmf(4, Duration::from_millis(300)).await?;
        assert_eq!(digits, "");
        call.hangup().await
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(ask)).await;
    harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    assert_eq!(story.count("error"), 0, "{}", story.text());
    harness.close().await;
}

#[tokio::test]
async fn keys_that_the_agent_presses_arrive() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    // Two agents: one calls the other and keys in what the other collects.
    let mut desk = Harness::start(&asterisk, |app| {
        app.event::<KeysCollected>().default(collect)
    })
    .await;
    let press = |call: Call| async move {
        call.answer().await?;
        call.send_dtmf("55#12").await?;
        call.send_dtmf("3#").await
    };
    let mut caller = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let outbound = Outbound::to("Local/1000@voxtra-in/n")
        .formats("slin")
        .variable("__VOXTRA_APP", &desk.name);
    let call = caller.app.originate(outbound, Handler::new(press)).unwrap();
    let collected = desk.until("keys.collected").await;
    assert!(
        collected
            .to_json()
            .ends_with(r#""data":{"first":"55","second":"12","third":"3"}}"#),
        "{collected}"
    );
    call.hangup().await.unwrap();
    assert_eq!(desk.story().await.digits(), "55#123#");
    caller.story().await;
    desk.close().await;
    caller.close().await;
}
