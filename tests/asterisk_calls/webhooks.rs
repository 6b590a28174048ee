//! What a webhook is told of a real call. That every event of every call in this suite is posted
//! exactly, in order, with its headers and signature is checked by `Harness::close`; here is what
//! goes beyond that.

use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::receiver::Receiver;
use crate::asterisk::{Asterisk, Call as Caller};

async fn hang_up(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.hangup().await
}

#[tokio::test]
async fn a_webhook_with_an_allow_list_is_told_nothing_else() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let receiver = Receiver::start().await;
    let mut hook = receiver.settings();
    hook.events = Some(vec!["call.started".into(), "session.destroyed".into()]);
    let mut harness = Harness::start_with(&asterisk, receiver, |app| {
        app.webhook(hook).default(hang_up)
    })
    .await;
    harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    let expected: Vec<String> = story
        .events
        .iter()
        .filter(|event| ["call.started", "session.destroyed"].contains(&event.wire()))
        .map(|event| event.to_json())
        .collect();
    let requests = harness.close().await;
    let posted: Vec<&str> = requests.iter().map(|request| request.text()).collect();
    assert_eq!(posted, expected);
}

#[tokio::test]
async fn the_events_of_calls_at_the_same_time_keep_their_own_order() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(hang_up)).await;
    for _ in 0..6 {
        harness.call(&asterisk, Caller::default()).await;
    }
    for _ in 0..6 {
        let story = harness.story().await;
        assert_eq!(story.count("error"), 0, "{}", story.text());
    }
    // All that the story's own checks and this one want is per session.
    assert!(harness.close().await.len() >= 6 * 7);
}

#[tokio::test]
async fn a_webhook_that_nobody_serves_does_not_harm_the_call() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let receiver = Receiver::start().await;
    let mut hook = receiver.settings();
    hook.url = "http://127.0.0.1:1/voxtra".parse().unwrap();
    hook.max_attempts = Some(2);
    hook.first_backoff = std::time::Duration::from_millis(10);
    let mut harness = Harness::start_with(&asterisk, receiver, |app| {
        app.webhook(hook).default(hang_up)
    })
    .await;
    harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    let app = harness.app.clone();
    assert_eq!(harness.close().await.len(), 0);
    let counters = &app.webhook_counters()[0];
    assert_eq!(counters.delivered, 0, "{counters:?}");
}
