//! What one agent does is its own affair: handlers that block, readers that don't read and webhooks
//! that hang cost no other call a frame or an event.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use peer::{FRAME, Observer, audio, call, media, names, numbered, soon, until};
use tokio::net::TcpListener;
use voxtra::prelude::*;
use voxtra::rt::webhook::WebhookSettings;

/// Calls that a handler blocks a worker for at the same time: one for each.
const WORKERS: usize = 2;

/// A call to `echo` of so many frames: each comes back, and its events are in order and complete.
async fn echo_call(app: &Application, frames: usize) {
    let id = app.expect_socket_call("echo");
    let (mut talker, mut hearer) = call(app.media_address(), id).await;
    // What comes back shows that the echo is on.
    talker.send(&audio(&numbered(0))).await;
    let mut clock = tokio::time::interval(Duration::from_millis(20));
    while hearer.samples().await.unwrap() != numbered(0) {
        clock.tick().await;
        talker.send(&audio(&numbered(0))).await;
    }
    let sent: Vec<i16> = (1..=frames).flat_map(numbered).collect();
    let hear = async {
        let mut heard = Vec::new();
        while heard.len() < sent.len() {
            let samples = hearer.samples().await.expect("the call goes on");
            let is_ours = samples.iter().any(|sample| *sample != 0) && samples != numbered(0);
            if is_ours {
                heard.extend(samples);
            }
        }
        heard
    };
    let ((), heard) = tokio::join!(talker.speak(&sent), hear);
    assert!(heard == sent, "an echo of something else");
    let up = app
        .calls()
        .into_iter()
        .find(|call| call.audio_id() == Some(id));
    let up = up.expect("the call is up");
    let stats = up.stats();
    assert_eq!(
        (
            stats.frames_dropped,
            stats.violations,
            stats.underruns,
            stats.records_missed
        ),
        (0, 0, 0, 0)
    );
    talker.press("7").await;
    talker.close().await;
    let mut events = up.events();
    let mut seen = Vec::new();
    while let Some(event) = soon("the end of the call", events.next()).await {
        seen.push(event);
    }
    assert_eq!(
        names(&seen),
        [
            "session.created",
            "call.started",
            "call.answered",
            "media.started",
            "dtmf.received",
            "media.stopped",
            "call.ended",
            "session.destroyed"
        ]
    );
    let order: Vec<u64> = seen.iter().map(|event| event.seq).collect();
    assert_eq!(order, (0..8).collect::<Vec<_>>());
}

async fn echo(call: Call) -> Result<(), CallError> {
    call.set_echo(true).await;
    call.ended().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_block_their_threads_stop_no_frame() {
    let blocked = Arc::new(AtomicUsize::new(0));
    let counting = blocked.clone();
    let app = Application::builder()
        .media(media())
        .extension("echo", echo)
        .extension("block", move |_: Call| {
            let blocked = counting.clone();
            async move {
                blocked.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_secs(1));
                blocked.fetch_add(1, Ordering::SeqCst);
            }
        })
        .start()
        .await
        .unwrap();
    let address = app.media_address();
    let echo_id = app.expect_socket_call("echo");
    let ids: Vec<_> = (0..WORKERS)
        .map(|_| app.expect_socket_call("block"))
        .collect();

    // The peer lives on a thread of its own: the runtime's are about to be blocked, all of them.
    let peer = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let connect = |id: &uuid::Uuid| {
            let mut socket = std::net::TcpStream::connect(address).unwrap();
            socket.set_nodelay(true).unwrap();
            socket.set_read_timeout(Some(peer::LONG)).unwrap();
            socket
                .write_all(&peer::message(0x01, id.as_bytes()))
                .unwrap();
            socket
        };
        let mut socket = connect(&echo_id);
        let mut frame = [0; 3 + 2 * FRAME];
        while frame[..] != audio(&numbered(0))[..] {
            // The echo is not on yet.
            socket.write_all(&audio(&numbered(0))).unwrap();
            socket.read_exact(&mut frame).unwrap();
        }
        let blockers: Vec<_> = ids.iter().map(connect).collect();
        while blocked.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut while_blocked = 0;
        while blocked.load(Ordering::SeqCst) < 2 * WORKERS {
            while_blocked += 1;
            let sent = audio(&numbered(while_blocked));
            socket.write_all(&sent).unwrap();
            while frame[..] != sent[..] {
                socket.read_exact(&mut frame).unwrap();
            }
        }
        drop(blockers);
        while_blocked
    });
    let echoed = tokio::task::spawn_blocking(move || peer.join().unwrap());
    assert!(soon("the peer", echoed).await.unwrap() > 0);
    echo_call(&app, 10).await;
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_reads_is_lost_to_nobody_else() {
    let app = Application::builder()
        .media(media())
        .extension("echo", echo)
        .extension("idle", |call: Call| async move {
            call.set_frame_events(true).await;
            let _events = call.events();
            let _audio = call.audio_stream().await?;
            call.ended().await;
            Ok::<(), CallError>(())
        })
        .start()
        .await
        .unwrap();
    let _observer = app.events();
    let id = app.expect_socket_call("idle");
    let (mut talker, mut hearer) = call(app.media_address(), id).await;
    let drain = tokio::spawn(async move { hearer.rest().await });
    let idle = || {
        let mut calls = app.calls().into_iter();
        calls.find(|call| call.called_number() == "idle")
    };
    until("the idle call", || idle().is_some()).await;
    let idle = idle().unwrap();
    // Until the reader, whenever it began, is far enough behind.
    let flood = async {
        let mut n = 0;
        while idle.stats().caller_samples_missed == 0 {
            talker.send(&audio(&numbered(n))).await;
            n += 1;
        }
    };
    tokio::join!(
        echo_call(&app, 50),
        soon("its audio is lost and counted", flood)
    );
    talker.close().await;
    soon("the end", drain).await.unwrap();
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_hangs_holds_up_no_call() {
    // It takes connections and never answers.
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", hook.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counting = taken.clone();
    let hanging = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((socket, _)) = hook.accept().await {
            counting.fetch_add(1, Ordering::SeqCst);
            open.push(socket);
        }
    });
    let app = Application::builder()
        .media(media())
        .webhook(
            WebhookSettings::new(url.parse().unwrap())
                .with(|hook| hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()]),
        )
        .extension("echo", echo)
        .start()
        .await
        .unwrap();
    let mut observer = Observer(app.events());
    echo_call(&app, 20).await;
    until("the webhook hangs", || taken.load(Ordering::SeqCst) > 0).await;
    echo_call(&app, 20).await;
    let seen = observer.until("session.destroyed").await;
    assert_eq!(seen.len(), 8);
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_one_call_keeps_neither_it_from_ending_nor_others_from_anything() {
    let app = Application::builder()
        .media(media())
        .extension("echo", echo)
        .extension("flooded", |call: Call| async move {
            // In the midst of it, and by way of the session's owner like everything that a handler
            // wants.
            let mut digits = call.events();
            for _ in 0..1_000 {
                let digit = |event: &Event| (event.wire() == "dtmf.received").then_some(());
                digits.find(digit).await.ok_or(CallError::Ended)?;
            }
            call.hangup().await
        })
        .start()
        .await
        .unwrap();
    let id = app.expect_socket_call("flooded");
    let (address, stop) = (app.media_address(), Arc::new(AtomicUsize::new(0)));
    let counting = stop.clone();
    let flood = std::thread::spawn(move || {
        use std::io::Write;
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.set_write_timeout(Some(peer::LONG)).unwrap();
        socket
            .write_all(&peer::message(0x01, id.as_bytes()))
            .unwrap();
        let digits = peer::message(0x03, b"5").repeat(4_000);
        // Until it is hung up on.
        while socket.write_all(&digits).is_ok() {
            counting.fetch_add(4_000, Ordering::SeqCst);
        }
    });
    until("the flood", || stop.load(Ordering::SeqCst) > 0).await;
    echo_call(&app, 25).await;
    let over = tokio::task::spawn_blocking(move || flood.join().unwrap());
    soon("the flooded call is hung up", over).await.unwrap();
    until("both calls are over", || app.calls().is_empty()).await;
    echo_call(&app, 25).await;
    app.shutdown().await;
}
