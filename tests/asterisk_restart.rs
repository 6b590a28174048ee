//! Asterisk goes away in the middle of the service and comes back; and what is left after many calls. These tests have
//! Asterisk for themselves, which is why they have a binary of their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asterisk;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asterisk::stage::{Stage, patiently};
use asterisk::{Asterisk, Call as Caller};
use voxtra::prelude::*;

/// Counts the calls that were hung up, and stays.
fn counting(hangups: &Arc<AtomicUsize>) -> impl Fn(Call) -> Staying + Send + Sync + 'static {
    let hangups = hangups.clone();
    move |call| {
        let hangups = hangups.clone();
        Box::pin(async move {
            call.on_hangup(move |_| async move {
                hangups.fetch_add(1, Ordering::Relaxed);
            })
            .await;
            call.answer().await
        })
    }
}

type Staying = std::pin::Pin<Box<dyn Future<Output = Result<(), CallError>> + Send>>;

/// Two calls over ARI, one of them transferred, and one over AudioSocket alone are up when Asterisk ends, by `how`.
async fn outage(how: &str) {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    // A test that failed before may have left it stopped.
    asterisk.rig(&["start"]).await;
    let hangups = Arc::new(AtomicUsize::new(0));
    let transfer = |call: Call| async move {
        call.answer().await?;
        call.transfer("Local/echo@voxtra-test/n").await
    };
    let mut stage = Stage::start(&asterisk, |app| {
        app.extension("2000", transfer).default(counting(&hangups))
    })
    .await;
    stage.call(&asterisk, Caller::default()).await;
    stage.until("media.started").await;
    let id = stage.app.expect_socket_call("3000");
    stage.socket_call(&asterisk, id, Caller::default()).await;
    stage.until("media.started").await;
    let transferred = Caller {
        to: "2000@voxtra-in",
        ..Caller::default()
    };
    stage.call(&asterisk, transferred).await;
    stage.until("call.transferred").await;

    asterisk.rig(&[how]).await;
    // The calls with media end at once; the one without at the latest when Asterisk can be asked again.
    let mut stories = vec![stage.story().await, stage.story().await];
    asterisk.rig(&["start"]).await;
    stories.push(stage.story().await);
    assert_eq!(hangups.load(Ordering::Relaxed), 2);
    assert_eq!(stage.media_sockets(), HashMap::new());
    let transferred = stories.iter().map(|story| story.count("call.transferred"));
    assert_eq!(transferred.sum::<usize>(), 1);
    let reasons: Vec<_> = stories
        .iter()
        .map(|story| story.the("call.ended")["reason"].clone())
        .collect();
    assert!(
        reasons.iter().all(|reason| reason != "unknown"),
        "{reasons:?}"
    );

    patiently("Asterisk's events", stage.app.online()).await;
    assert_eq!(stage.app.calls().len(), 0);
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:1")],
        ..Caller::default()
    };
    stage.call(&asterisk, caller).await;
    let story = stage.story().await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(hangups.load(Ordering::Relaxed), 3);
    stage.close().await;
}

#[tokio::test]
async fn asterisk_is_stopped_and_started_again() {
    outage("stop").await;
}

#[tokio::test]
async fn asterisk_crashes_and_is_started_again() {
    outage("kill").await;
}

#[tokio::test]
async fn an_asterisk_that_comes_later_than_the_application_is_waited_for() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    asterisk.rig(&["stop"]).await;
    let name = asterisk::unique("early");
    let app = Application::builder()
        .asterisk(asterisk.settings(&name))
        .media(asterisk::stage::any_port())
        .default(|call: Call| async move { call.hangup().await })
        .start()
        .await
        .unwrap();
    let early = tokio::time::timeout(Duration::ZERO, app.online()).await;
    assert!(early.is_err(), "there is no Asterisk yet");
    asterisk.rig(&["start"]).await;
    patiently("Asterisk's events", app.online()).await;
    let mut events = app.events();
    let caller = Caller {
        variables: &[("__VOXTRA_APP", &name)],
        ..Caller::default()
    };
    asterisk.call(caller).await;
    patiently("a call", async {
        while events.recv().await.unwrap().wire() != "session.destroyed" {}
    })
    .await;
    app.shutdown().await;
}

#[tokio::test]
async fn many_calls_leave_nothing_behind() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let hangups = Arc::new(AtomicUsize::new(0));
    let mut stage = Stage::start(&asterisk, |app| app.default(counting(&hangups))).await;
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:0.5")],
        ..Caller::default()
    };
    let ari = asterisk.client(&stage.name);
    let everything = async || {
        let channels = ari.channels().await.unwrap();
        let channels = channels.into_iter().map(|channel| channel.id);
        let bridges = asterisk.bridges().await.into_iter().map(|bridge| bridge.0);
        channels.chain(bridges).collect::<Vec<_>>()
    };
    // What earlier tests of others have left.
    let theirs = everything().await;
    let mut before = None;
    for round in 1..=4 {
        for _ in 0..5 {
            stage.call(&asterisk, caller).await;
        }
        for _ in 0..5 {
            stage.story().await;
        }
        assert_eq!(hangups.load(Ordering::Relaxed), round * 5);
        // Nobody else calls, so that everything in Asterisk must have been ours.
        patiently("an empty Asterisk", async {
            while everything().await.iter().any(|id| !theirs.contains(id))
                || !stage.media_sockets().is_empty()
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        // The first round opens connections to ARI and to the webhook that stay.
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count();
        let allowed = *before.get_or_insert(open + 10);
        assert!(open <= allowed, "{open} descriptors, {allowed} at first");
    }
    stage.close().await;
}
