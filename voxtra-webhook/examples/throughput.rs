//! How many events a second are on the disk and delivered, and how long one takes when nothing else
//! happens. It asserts nothing about time:
//!
//! `cargo run --release -p voxtra-webhook --example throughput`, with
//! `EVENTS=1000000` for the long version.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use voxtra_webhook::{OutgoingEvent, Sender, StoredLimits, WebhookSettings, Webhooks};

const SESSIONS: u64 = 200;
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// Takes everything at once, and says when.
async fn answer(mut socket: TcpStream, taken: mpsc::UnboundedSender<Instant>) {
    let mut bytes: Vec<u8> = Vec::new();
    let length = |head: &str| -> usize {
        let header = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        header.unwrap().trim().parse().unwrap()
    };
    loop {
        while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let whole = end + 4 + length(std::str::from_utf8(&bytes[..end]).unwrap());
            if bytes.len() < whole {
                break;
            }
            bytes.drain(..whole);
            let _ = taken.send(Instant::now());
            socket.write_all(ANSWER).await.unwrap();
        }
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
}

fn event(session: u64, number: u64) -> OutgoingEvent {
    OutgoingEvent {
        wire: "order.changed".into(),
        id: format!("{session:016x}{number:016x}"),
        session_id: format!("session {session}").into(),
        sequence: Some(number),
        body: vec![b' '; 400].into(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let count: u64 = std::env::var("EVENTS").map_or(20_000, |count| count.parse().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (taken, mut taken_at) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let listener = listener.into_std().unwrap();
        runtime.unwrap().block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, taken.clone()));
            }
        });
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.redb");
    let mut hook = WebhookSettings::new(url.parse().unwrap());
    hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    hook.secret = Some("s3cret".into());
    let sender = Sender::new("acme");
    let webhooks = Webhooks::stored(&sender, vec![hook], &file, StoredLimits::default()).unwrap();

    let mut alone = Vec::new();
    for number in 0..200 {
        let began = Instant::now();
        webhooks.deliver(&event(u64::MAX, number));
        alone.push(taken_at.recv().await.unwrap() - began);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    alone.sort();
    println!("alone: p50 {:?}, p99 {:?}", alone[100], alone[198]);

    let began = Instant::now();
    for number in 0..count {
        // The sender is not to be much faster than the disk: what is on its way is bounded.
        while webhooks.queued() > 50_000 && number % 64 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        webhooks.deliver(&event(number % SESSIONS, number / SESSIONS));
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for _ in 0..count {
        taken_at.recv().await.unwrap();
    }
    let took = began.elapsed();
    let rate = count as f64 / took.as_secs_f64();
    println!("{count} events on the disk and delivered in {took:?}: {rate:.0}/s");
    webhooks
        .drain(tokio::time::Instant::now() + Duration::from_secs(30))
        .await;
    let counters = webhooks.counters()[0];
    assert_eq!((counters.delivered, counters.dropped), (count + 200, 0));
}
