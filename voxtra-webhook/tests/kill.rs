//! Processes that are killed at random moments: what they accepted is delivered by the next one, in
//! order within each session.
//!
//! `ROUNDS=100 cargo test -p voxtra-webhook --test kill -- --nocapture` is the long version.
#![cfg(all(unix, feature = "durable"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::Instant;
use voxtra_webhook::{Accepted, OutgoingEvent, Sender, StoredLimits, WebhookSettings, Webhooks};

/// What the test tells the process that it kills.
const ROUND: &str = "KILLED_ROUND";
const FILE: &str = "KILLED_FILE";
const URL: &str = "KILLED_URL";
const SESSIONS: u64 = 8;

/// Takes what comes, and refuses every seventh request for a while.
#[derive(Debug, Default)]
struct Receiver {
    got: Mutex<Vec<(String, u64)>>,
    requests: AtomicU64,
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap) -> StatusCode {
    if receiver.requests.fetch_add(1, Relaxed) % 7 == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let number = text("x-acme-sequence").parse().unwrap();
    let session = text("x-acme-session-id");
    receiver.got.lock().unwrap().push((session, number));
    StatusCode::NO_CONTENT
}

fn webhooks(url: &str, file: &Path) -> Webhooks {
    let mut hook = WebhookSettings::new(url.parse().unwrap());
    hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    hook.first_backoff = Duration::from_millis(2);
    let hooks = vec![hook];
    Webhooks::stored(&Sender::new("acme"), hooks, file, StoredLimits::default()).unwrap()
}

/// The process that is killed: accepts events without end, and says so of each.
async fn accept_without_end(round: &str) {
    let file = std::env::var_os(FILE).unwrap();
    let webhooks = webhooks(&std::env::var(URL).unwrap(), Path::new(&file));
    let accept = |session: u64| {
        let webhooks = webhooks.clone();
        let session_id = format!("{round} {session}");
        async move {
            for number in 0.. {
                let event = OutgoingEvent {
                    wire: "order.changed".into(),
                    id: format!("{session_id} {number}"),
                    session_id: session_id.as_str().into(),
                    sequence: Some(number),
                    body: vec![b' '; 700].into(),
                };
                assert_eq!(webhooks.accept(&event).await, Some(Accepted::Stored));
                println!("accepted {session_id} {number}");
            }
        }
    };
    let sessions: Vec<_> = (0..SESSIONS)
        .map(|session| tokio::spawn(accept(session)))
        .collect();
    for session in sessions {
        session.await.unwrap();
    }
}

fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(()) % below
}

#[tokio::test]
async fn what_a_killed_process_accepted_is_delivered_by_the_next_in_order() {
    if let Ok(round) = std::env::var(ROUND) {
        return accept_without_end(&round).await;
    }
    let rounds: u64 = std::env::var("ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let receiver = Arc::new(Receiver::default());
    let router = Router::new()
        .fallback(take)
        .with_state(Arc::clone(&receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.redb");

    let mut accepted: HashMap<String, u64> = HashMap::new();
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("what_a_killed_process_accepted_is_delivered_by_the_next_in_order")
            .env(ROUND, round.to_string())
            .env(FILE, &file)
            .env(URL, &url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut lines, enough) = (0, 1 + random(600));
        let mut take = |line: &str| {
            let Some(place) = line.find("accepted ") else {
                return 0;
            };
            let mut words = line[place..].split(' ').skip(1);
            let session = format!("{} {}", words.next().unwrap(), words.next().unwrap());
            let number: u64 = words.next().unwrap().parse().unwrap();
            let count = accepted.entry(session).or_default();
            assert_eq!(number, *count);
            *count += 1;
            1
        };
        while lines < enough {
            lines += take(&said.next_line().await.unwrap().unwrap());
        }
        // In the middle of a commit, or not.
        tokio::time::sleep(Duration::from_micros(random(4_000))).await;
        child.start_kill().unwrap();
        // Its last line may be torn.
        let mut rest = Vec::new();
        while let Some(line) = said.next_line().await.unwrap() {
            rest.push(line);
        }
        rest.pop();
        for line in rest {
            take(&line);
        }
        child.wait().await.unwrap();
    }

    let last = webhooks(&url, &file);
    let deadline = Instant::now() + Duration::from_secs(120);
    while last.queued() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(last.queued(), 0);
    last.drain(deadline).await;
    let got = receiver.got.lock().unwrap().clone();
    let mut next: HashMap<&str, u64> = HashMap::new();
    let mut twice = 0;
    for (session, number) in &got {
        let next = next.entry(session).or_default();
        assert!(number <= next, "{session}: {number} came before {next}");
        if number == next {
            *next += 1;
        } else {
            twice += 1;
        }
    }
    let all: u64 = accepted.values().sum();
    for (session, count) in &accepted {
        let got = next.get(session.as_str()).copied().unwrap_or_default();
        assert!(
            got >= *count,
            "{session}: {count} accepted, {got} delivered"
        );
    }
    println!(
        "{rounds} rounds: {all} accepted, {} requests taken, {twice} twice",
        got.len()
    );
}
