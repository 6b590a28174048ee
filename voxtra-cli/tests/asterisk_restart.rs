//! Asterisk goes away in the middle of the service and comes back; and what is left after many
//! calls. These tests have Asterisk for themselves, which is why they have a binary of their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/asterisk/mod.rs"]
mod asterisk;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asterisk::harness::{Harness, patiently};
use asterisk::story::Story;
use asterisk::{Asterisk, Call as Caller};
use voxtra::prelude::*;
use voxtra::rt::app::StopSignals;

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

/// A call of a second. Returns its story.
async fn short_call(asterisk: &Asterisk, harness: &mut Harness) -> Story {
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:1")],
        ..Caller::default()
    };
    harness.call(asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    story
}

type Staying = std::pin::Pin<Box<dyn Future<Output = Result<(), CallError>> + Send>>;

/// Two calls over ARI, one of them transferred, and one over AudioSocket alone are up when Asterisk
/// ends, by `how`.
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
    let mut harness = Harness::start(&asterisk, |app| {
        app.extension("2000", transfer).default(counting(&hangups))
    })
    .await;
    harness.call(&asterisk, Caller::default()).await;
    harness.until("media.started").await;
    let id = harness.app.expect_socket_call("3000");
    harness.socket_call(&asterisk, id, Caller::default()).await;
    harness.until("media.started").await;
    let transferred = Caller {
        to: "2000@voxtra-in",
        ..Caller::default()
    };
    harness.call(&asterisk, transferred).await;
    harness.until("call.transferred").await;

    asterisk.rig(&[how]).await;
    // The calls with media end at once; the one without at the latest when Asterisk can be asked
    // again.
    let mut stories = vec![harness.story().await, harness.story().await];
    asterisk.rig(&["start"]).await;
    stories.push(harness.story().await);
    assert_eq!(hangups.load(Ordering::Relaxed), 2);
    assert_eq!(harness.media_sockets(), HashMap::new());
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

    patiently("Asterisk's events", harness.app.online()).await;
    assert_eq!(harness.app.calls().len(), 0);
    let story = short_call(&asterisk, &mut harness).await;
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(hangups.load(Ordering::Relaxed), 3);
    harness.close().await;
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
        .media(asterisk::harness::any_port())
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

/// Hangs up a caller, from its own side.
async fn hangs_up(asterisk: &Asterisk, channel: &str) {
    let ari = asterisk.client("x");
    ari.channel(channel)
        .hangup(&Default::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_program_that_is_told_to_stop_waits_for_agents_and_leaves_transferred_callers_alone() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let transfer = |call: Call| async move {
        call.answer().await?;
        call.transfer("Local/echo@voxtra-test/n").await
    };
    let hangups = Arc::new(AtomicUsize::new(0));
    let mut harness = Harness::start(&asterisk, |app| {
        app.drain(Duration::from_secs(3_600))
            .extension("2000", transfer)
            .default(counting(&hangups))
    })
    .await;
    let transferred = Caller {
        to: "2000@voxtra-in",
        ..Caller::default()
    };
    let transferred = harness.call(&asterisk, transferred).await;
    harness.until("call.transferred").await;
    let attended = harness.call(&asterisk, Caller::default()).await;
    harness.until("media.started").await;

    let signals = StopSignals::listen().unwrap();
    let app = harness.app.clone();
    let stopping = tokio::spawn(async move { app.run_until(signals).await });
    let process = std::process::id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &process])
        .status();
    assert!(killed.unwrap().success());
    // A new caller is no longer taken: its dialplan hangs up after `Stasis()`.
    patiently("a caller who goes on in the dialplan", async {
        loop {
            let calls = harness.app.calls().len();
            let caller = harness.call(&asterisk, Caller::default()).await;
            tokio::select! {
                () = asterisk.gone(&caller.id) => return,
                // The signal had not come yet.
                () = async { while harness.app.calls().len() <= calls { tokio::task::yield_now().await } } => {
                    hangs_up(&asterisk, &caller.id).await;
                    harness.story().await;
                }
            }
        }
    })
    .await;
    assert_eq!(harness.app.calls().len(), 2);
    assert!(!stopping.is_finished());

    // The last agent's call ends, and with it the program.
    hangs_up(&asterisk, &attended.id).await;
    assert_eq!(
        harness.story().await.the("call.ended")["ended_by"],
        "far_end"
    );
    let story = harness.story().await;
    let ended = story.the("call.ended");
    assert_eq!(ended["reason"], "left_application", "{}", story.text());
    assert_eq!(ended["ended_by"], "system");
    patiently("the end", stopping).await.unwrap();
    let talking = async || {
        let mut bridges = asterisk.bridges().await;
        bridges.retain(|(_, channels)| {
            let is_other = |channel: &String| channel.starts_with("voxtra-transfer-");
            channels.iter().any(is_other)
        });
        bridges
    };
    let bridges = talking().await;
    assert_eq!(bridges.len(), 1, "{bridges:?}");
    assert_eq!(bridges[0].1.len(), 2, "{bridges:?}");

    // Asterisk leaves the other party where it is when the caller hangs up. Who runs again under
    // the name ends that.
    let again = Application::builder()
        .asterisk(asterisk.settings(&harness.name))
        .media(asterisk::harness::any_port())
        .compare_every(Duration::from_secs(1))
        .default(counting(&hangups))
        .start()
        .await
        .unwrap();
    patiently("Asterisk's events", again.online()).await;
    hangs_up(&asterisk, &transferred.id).await;
    patiently("the end of the other party", async {
        while !talking().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    again.shutdown().await;
    harness.close().await;
}

/// `voxtra serve` with the built-in agent `echo`, under this name in Asterisk; it is connected.
fn serve(asterisk: &Asterisk, name: &str) -> std::process::Child {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let folder = std::env::temp_dir().join(asterisk::unique("voxtra-serve"));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("voxtra.toml");
    let text = format!(
        "[asterisk]\nurl = \"{}\"\npassword = \"voxtra-test\"\napp = \"{name}\"\n[media]\nlisten = \"127.0.0.1:{port}\"\n",
        asterisk.settings(name).url,
    );
    std::fs::write(&file, text).unwrap();
    let mut serve = std::process::Command::new(env!("CARGO_BIN_EXE_voxtra"))
        .args(["serve", "-c"])
        .arg(&file)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let log = std::io::BufReader::new(serve.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log);
    let mut told = String::new();
    while !told.contains("connected to Asterisk") {
        let line = lines.next();
        told += &line
            .unwrap_or_else(|| panic!("it did not start: {told}"))
            .unwrap();
    }
    // It is read to its end, so that its writer is never kept waiting.
    std::thread::spawn(move || lines.for_each(drop));
    std::fs::remove_dir_all(&folder).unwrap();
    serve
}

/// A second program of the name takes a call and crashes, while the first has so many calls up.
/// They must go on.
async fn a_second_crashes(own_calls: usize) {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let hangups = Arc::new(AtomicUsize::new(0));
    let mut harness = Harness::start(&asterisk, |app| app.default(counting(&hangups))).await;
    let mut own = Vec::new();
    for _ in 0..own_calls {
        own.push(harness.call(&asterisk, Caller::default()).await);
        harness.until("media.started").await;
    }
    let mut newcomer = serve(&asterisk, &harness.name);
    // The dialplan has more for its caller than the application.
    let caller = Caller {
        variables: &[("__VOXTRA_AFTER", "600")],
        ..Caller::default()
    };
    let left = harness.call(&asterisk, caller).await;
    patiently("a call of the second", async {
        let is_media = |channel: &String| channel.starts_with("voxtra-media-");
        let talks = |(_, channels): &&(String, Vec<String>)| {
            channels.len() == 2 && channels.iter().any(is_media)
        };
        while asterisk.bridges().await.iter().filter(talks).count() <= own_calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    newcomer.kill().unwrap();
    newcomer.wait().unwrap();
    let online = tokio::time::timeout(Duration::from_secs(60), harness.app.online());
    online.await.expect("the first did not come back");
    // Its caller goes on in the dialplan.
    hangs_up(&asterisk, &left.id).await;
    asterisk.gone(&left.id).await;
    assert_eq!(harness.app.calls().len(), own_calls);
    short_call(&asterisk, &mut harness).await;
    // Asterisk tells of the calls that were up as ever.
    for caller in own {
        hangs_up(&asterisk, &caller.id).await;
        let story = harness.story().await;
        assert_eq!(story.count("media.started"), 1, "{}", story.text());
        let ended = story.the("call.ended");
        assert_eq!(ended["reason"], "normal_clearing", "{}", story.text());
        assert_eq!(ended["ended_by"], "far_end", "{}", story.text());
    }
    harness.close().await;
}

#[tokio::test]
async fn the_first_of_a_name_takes_calls_again_when_the_second_crashes_in_the_middle_of_one() {
    a_second_crashes(0).await;
}

#[tokio::test]
async fn and_does_not_wait_for_the_end_of_its_own_calls() {
    a_second_crashes(2).await;
}

#[tokio::test]
async fn many_calls_leave_nothing_behind() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let hangups = Arc::new(AtomicUsize::new(0));
    let mut harness = Harness::start(&asterisk, |app| app.default(counting(&hangups))).await;
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", "quiet:0.5")],
        ..Caller::default()
    };
    let ari = asterisk.client(&harness.name);
    let everything = async || {
        let channels = ari.channels().list().await.unwrap();
        let channels = channels.into_iter().map(|channel| channel.id);
        let bridges = asterisk.bridges().await.into_iter().map(|bridge| bridge.0);
        channels.chain(bridges).collect::<Vec<_>>()
    };
    // What earlier tests of others have left.
    let theirs = everything().await;
    let mut before = None;
    for round in 1..=4 {
        for _ in 0..5 {
            harness.call(&asterisk, caller).await;
        }
        for _ in 0..5 {
            harness.story().await;
        }
        assert_eq!(hangups.load(Ordering::Relaxed), round * 5);
        // Nobody else calls, so that everything in Asterisk must have been ours.
        patiently("an empty Asterisk", async {
            while everything().await.iter().any(|id| !theirs.contains(id))
                || !harness.media_sockets().is_empty()
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
    harness.close().await;
}
