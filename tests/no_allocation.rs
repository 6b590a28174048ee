//! A frame's life through a media thread makes no allocation: counted over live loopback calls.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::hint::black_box;

use peer::{FRAME, Observer, call, count, media, numbered, recording, soon, until};
use voxtra::allocations::{Counting, of_this_thread};
use voxtra::prelude::*;
use voxtra::rt::media::{Allocations, MediaSettings};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A second of a tone that is not a caller's.
fn tone(seconds: usize) -> Vec<i16> {
    (0..8_000 * seconds)
        .map(|n| ((n as f32 * 0.35).sin() * 6_000.0) as i16)
        .collect()
}

/// A call with audio both ways, speech, a barge-in, digits, listeners and frame events.
async fn lively_call(app: &Application) {
    let mut observer = Observer(app.events());
    let id = app.expect_socket_call("lively");
    let (mut talker, mut hearer) = call(app.media_address(), id).await;
    let hear = tokio::spawn(async move { hearer.rest().await });
    talker.pause(25).await;
    talker.speak(&recording("caller-hello.wav")).await;
    talker.press("12#").await;
    talker.pause(50).await;
    // The agent speaks by now, and is interrupted.
    talker.speak(&recording("caller-stop.wav")).await;
    talker.pause(50).await;
    for n in 0..50 {
        talker.speak(&numbered(n)).await;
    }
    talker.close().await;
    let events = observer.until("session.destroyed").await;
    for wire in [
        "media.started",
        "user.speech.started",
        "user.speech.ended",
        "agent.speech.started",
        "barge_in",
        "media.stopped",
    ] {
        assert!(count(&events, wire) >= 1, "{wire} did not happen");
    }
    assert_eq!(count(&events, "dtmf.received"), 3);
    assert!(count(&events, "audio.frame.received") > 100);
    let (heard, _) = soon("the end", hear).await.unwrap();
    assert!(heard.len() > 200 * FRAME);
}

async fn application(settings: MediaSettings) -> Application {
    Application::builder()
        .media(settings)
        .extension("lively", |call: Call| async move {
            call.set_frame_events(true).await;
            let mut audio = call.audio_stream().await?;
            tokio::spawn(async move { while audio.next().await.is_some() {} });
            let digits = call.listen_dtmf(5, peer::LONG).await?;
            assert_eq!(digits, "12");
            // At another rate than the line's, cut by the caller, and once more.
            call.send_audio(&tone(8), 8_000).await?;
            call.send_audio(&tone(1), 16_000).await?;
            Ok::<(), CallError>(())
        })
        .start()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_allocates_nothing_on_its_media_thread() {
    let app = application(MediaSettings {
        allocations: Some(of_this_thread),
        ..media()
    })
    .await;
    lively_call(&app).await;
    until("the call is over", || app.media_stats().calls() == 0).await;
    assert!(app.media_stats().handling().count() > 500);
    assert_eq!(app.media_stats().hot_path_allocations(), (0, 0));
}

/// A probe that allocates itself, as a careless media path would: once whenever it looks.
fn careless() -> Allocations {
    drop(black_box(Box::new(7)));
    of_this_thread()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_can_fail() {
    let app = application(MediaSettings {
        allocations: Some(careless),
        ..media()
    })
    .await;
    lively_call(&app).await;
    let handled = app.media_stats().handling().count();
    let (allocated, freed) = app.media_stats().hot_path_allocations();
    // The second of the two looks of each handling falls into what is measured.
    assert!(
        allocated >= handled && freed >= handled,
        "{allocated} and {freed} in {handled}"
    );

    let before = of_this_thread();
    let bytes = black_box(vec![1_u8; 10]);
    drop(bytes);
    let after = of_this_thread();
    assert_eq!(after.allocated - before.allocated, 1);
    assert_eq!(after.freed - before.freed, 1);
}
