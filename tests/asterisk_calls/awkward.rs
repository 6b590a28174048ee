//! Calls that end at the worst moment: while Asterisk is being told to do something about them.

use std::time::Duration;

use voxtra::prelude::*;
use voxtra::rt::app::{Handler, Outbound};

use crate::asterisk::harness::{Harness, patiently};
use crate::asterisk::{Asterisk, Call as Caller};

/// Every channel and bridge in Asterisk.
async fn everything(asterisk: &Asterisk, harness: &Harness) -> Vec<String> {
    let channels = asterisk
        .client(&harness.name)
        .channels()
        .list()
        .await
        .unwrap();
    let channels = channels.into_iter().map(|channel| channel.id);
    let bridges = asterisk.bridges().await.into_iter().map(|bridge| bridge.0);
    channels.chain(bridges).collect()
}

/// Waits until Asterisk has nothing that was not there `before`.
async fn nothing_new(asterisk: &Asterisk, harness: &Harness, before: &[String]) {
    patiently("the end of channels and bridges", async {
        while everything(asterisk, harness)
            .await
            .iter()
            .any(|id| !before.contains(id))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn callers_who_hang_up_while_they_are_answered() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let answer = |call: Call| async move {
        call.answer().await?;
        call.ended().await;
        Ok::<_, CallError>(())
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(answer)).await;
    let ari = asterisk.client(&harness.name);
    let before = everything(&asterisk, &harness).await;
    for ms in 0..40 {
        harness.call(&asterisk, Caller::default()).await;
        let started = harness.until("call.started").await;
        tokio::time::sleep(Duration::from_millis(ms / 2)).await;
        let gone = ari
            .channel(&*started.session_id)
            .hangup(&Default::default())
            .await;
        gone.unwrap();
        let story = harness.story().await;
        assert_eq!(*story.wires().first().unwrap(), "session.created");
        assert_eq!(story.count("call.ended"), 1, "{ms}: {}", story.text());
        // A caller's change of mind is nobody's mistake.
        assert_eq!(story.count("error"), 0, "{ms}: {}", story.text());
        assert_eq!(
            story.count("media.started"),
            story.count("media.stopped"),
            "{ms}: {}",
            story.text()
        );
    }
    nothing_new(&asterisk, &harness, &before).await;
    // No channel of ours was taken for a call.
    assert_eq!(harness.app.calls().len(), 0);
    harness.close().await;
}

#[tokio::test]
async fn calls_that_are_taken_back_while_they_are_placed() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(|_| async {})).await;
    let before = everything(&asterisk, &harness).await;
    for ms in 0..20 {
        let outbound = Outbound::to("Local/ring@voxtra-test/n")
            .variable("__VOXTRA_RING", "0.01")
            .variable("__VOXTRA_SCRIPT", "wait:300");
        let handler = Handler::new(|call: Call| async move { call.ended().await });
        let call = harness.app.originate(outbound, handler).unwrap();
        tokio::time::sleep(Duration::from_millis(ms)).await;
        call.hangup().await.unwrap();
        let story = harness.story().await;
        let ends = story.count("call.failed") + story.count("call.ended");
        assert_eq!(ends, 1, "{ms}: {}", story.text());
        assert_eq!(story.count("error"), 0, "{ms}: {}", story.text());
    }
    nothing_new(&asterisk, &harness, &before).await;
    assert_eq!(harness.app.calls().len(), 0);
    harness.close().await;
}

#[tokio::test]
async fn callers_who_hang_up_while_they_are_transferred() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let transfer = |call: Call| async move {
        call.answer().await?;
        call.transfer("Local/script@voxtra-test/n").await?;
        Ok::<_, CallError>(())
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(transfer)).await;
    let ari = asterisk.client(&harness.name);
    let before = everything(&asterisk, &harness).await;
    for ms in 0..20 {
        harness.call(&asterisk, Caller::default()).await;
        let started = harness.until("media.started").await;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        match ari
            .channel(&*started.session_id)
            .hangup(&Default::default())
            .await
        {
            // The other party, a script without a word, may have been faster.
            Err(error) if error.is_not_found() => {}
            result => result.unwrap(),
        }
        let story = harness.story().await;
        assert_eq!(story.count("call.ended"), 1, "{ms}: {}", story.text());
        assert_eq!(story.count("error"), 0, "{ms}: {}", story.text());
    }
    nothing_new(&asterisk, &harness, &before).await;
    assert_eq!(harness.app.calls().len(), 0);
    harness.close().await;
}
