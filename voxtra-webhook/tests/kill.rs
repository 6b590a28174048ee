//! Processes that are killed: at random moments, in the middle of a commit, and while the disk is
//! full. What they accepted is delivered by the next one, in order within each session.
//!
//! The kernel ends a process at the write that makes a file too large (`RLIMIT_FSIZE`, SIGXFSZ):
//! that is in the middle of a commit. Where the signal is ignored, the write fails as on a full
//! disk.
//!
//! `ROUNDS=100 cargo test -p voxtra-webhook --test kill -- --nocapture` is the long version.
#![cfg(all(unix, feature = "durable"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeSet, HashMap};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
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
const BODY: &str = "KILLED_BODY";
const SESSIONS: u64 = 8;

/// How long what must happen soon may take.
const SOON: Duration = Duration::from_secs(120);

/// How a process comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Killed at a random moment.
    Random,
    /// Ended by a write of a commit.
    InCommit,
    /// Killed after its disk was full.
    DiskFull,
}

/// Takes what comes, and refuses every seventh request; or all of them, while it is down.
#[derive(Debug, Default)]
struct Receiver {
    got: Mutex<Vec<(String, u64)>>,
    requests: AtomicU64,
    is_down: AtomicBool,
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap) -> StatusCode {
    if receiver.requests.fetch_add(1, Relaxed) % 7 == 0 || receiver.is_down.load(Relaxed) {
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

/// The process that is killed: accepts events without end, and says of each whether the disk has
/// it.
async fn accept_without_end(round: &str) {
    let file = std::env::var_os(FILE).unwrap();
    let webhooks = webhooks(&std::env::var(URL).unwrap(), Path::new(&file));
    let body = vec![b' '; std::env::var(BODY).unwrap().parse().unwrap()];
    let accept = |session: u64| {
        let body = body.clone();
        let webhooks = webhooks.clone();
        let session_id = format!("{round} {session}");
        async move {
            for number in 0.. {
                let event = OutgoingEvent {
                    wire: "order.changed".into(),
                    id: format!("{session_id} {number}"),
                    session_id: session_id.as_str().into(),
                    sequence: Some(number),
                    body: body.clone().into(),
                };
                match webhooks.accept(&event).await {
                    Some(Accepted::Stored) => println!("accepted {session_id} {number}"),
                    Some(Accepted::InMemory) => {
                        println!("remembered {session_id} {number}");
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    other => panic!("{other:?}"),
                }
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

/// This test once more as another process, whose files may grow by so much.
fn process(round: &str, file: &Path, url: &str, end: End) -> Command {
    let test = std::env::current_exe().unwrap();
    let mut command = match end {
        End::Random => Command::new(&test),
        End::InCommit | End::DiskFull => {
            let size = std::fs::metadata(file).map_or(0, |file| file.len());
            // In blocks of 512 bytes.
            let most = (size.max(2 << 20) + random(1 << 20)) / 512;
            let ignore = if end == End::DiskFull {
                "trap '' XFSZ;"
            } else {
                ""
            };
            let script = format!("{ignore} ulimit -f {most} && exec \"$0\" \"$@\"");
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(script).arg(&test);
            shell
        }
    };
    // Where the file must grow, it does so soon.
    let body = if end == End::Random { 700 } else { 20_000 };
    command
        .env(BODY, body.to_string())
        .args(["--exact", "--nocapture"])
        .arg("what_a_killed_process_accepted_is_delivered_by_the_next_in_order")
        .env(ROUND, round)
        .env(FILE, file)
        .env(URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What a process said of an event: whether the disk has it, its session, its number.
fn said(line: &str) -> Option<(bool, String, u64)> {
    let place = line
        .find("accepted ")
        .or_else(|| line.find("remembered "))?;
    let mut words = line[place..].split(' ');
    let is_stored = words.next()? == "accepted";
    let session = format!("{} {}", words.next()?, words.next()?);
    Some((is_stored, session, words.next()?.parse().ok()?))
}

#[tokio::test]
async fn what_a_killed_process_accepted_is_delivered_by_the_next_in_order() {
    if let Ok(round) = std::env::var(ROUND) {
        return accept_without_end(&round).await;
    }
    let rounds: u64 = std::env::var("ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let receiver = Arc::new(Receiver::default());
    let router = Router::new()
        .fallback(take)
        .with_state(Arc::clone(&receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.redb");

    let mut stored: HashMap<String, BTreeSet<u64>> = HashMap::new();
    let mut ends = HashMap::new();
    for round in 0..rounds {
        let end = match round % 3 {
            1 => End::InCommit,
            2 => End::DiskFull,
            _ => End::Random,
        };
        // What waits fills the file.
        receiver.is_down.store(end != End::Random, Relaxed);
        let mut child = process(&round.to_string(), &file, &url, end)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = match end {
            End::Random => 1 + random(600),
            End::InCommit => u64::MAX,
            End::DiskFull => 1 + random(100),
        };
        let (mut is_killed, deadline) = (false, Instant::now() + SOON);
        // A line that was torn by the end of the process says nothing.
        while let Some(line) = tokio::time::timeout_at(deadline, lines.next_line())
            .await
            .unwrap_or_else(|_| panic!("{end:?}: it goes on"))
            .unwrap()
        {
            let Some((is_stored, session, number)) = said(&line) else {
                continue;
            };
            if is_stored {
                stored.entry(session).or_default().insert(number);
            }
            if is_stored == (end == End::DiskFull) {
                continue;
            }
            left = left.saturating_sub(1);
            if left == 0 && !is_killed {
                // In the middle of a commit, or not.
                tokio::time::sleep(Duration::from_micros(random(4_000))).await;
                child.start_kill().unwrap();
                is_killed = true;
            }
        }
        let status = child.wait().await.unwrap();
        assert!(status.signal().is_some(), "{end:?}: {status}");
        assert_eq!(is_killed, end != End::InCommit, "{status}");
        *ends.entry(format!("{end:?}")).or_insert(0) += 1;
    }

    receiver.is_down.store(false, Relaxed);
    let last = webhooks(&url, &file);
    let deadline = Instant::now() + SOON;
    while last.queued() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(last.queued(), 0);
    last.drain(deadline).await;
    let got = receiver.got.lock().unwrap().clone();
    let mut seen: HashMap<&str, BTreeSet<u64>> = HashMap::new();
    let mut twice = 0;
    for (session, number) in &got {
        let seen = seen.entry(session).or_default();
        let newest = seen.last().copied();
        if !seen.insert(*number) {
            twice += 1;
        } else {
            assert!(
                newest.is_none_or(|newest| newest < *number),
                "{session}: {number} came after {newest:?}"
            );
        }
    }
    let all: usize = stored.values().map(BTreeSet::len).sum();
    for (session, stored) in &stored {
        let seen = seen.remove(session.as_str()).unwrap_or_default();
        let lost: Vec<_> = stored.difference(&seen).collect();
        assert!(
            lost.is_empty(),
            "{session}: {lost:?} were accepted, and are lost"
        );
    }
    println!(
        "{rounds} rounds, {ends:?}: {all} accepted, {} requests taken, {twice} twice, 0 lost",
        got.len()
    );
}
