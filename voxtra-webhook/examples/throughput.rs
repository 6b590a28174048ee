//! How fast events get onto the disk and to a receiver, in three measurements, each a line of JSON:
//!
//! - `idle N`: one event at a time; how long each takes from `deliver` to the receiver.
//! - `sustained N`: as many as there can be; how many a second are on the disk and delivered.
//! - `backlog N`: the receiver is down until the disk has all of them; how fast they are accepted,
//!   how fast they are delivered then, and how much memory that takes.
//!
//! `cargo run --release -p voxtra-webhook --example throughput` makes all three with a receiver of
//! its own, in another process. `throughput receive` is that receiver alone, and
//! `throughput URL backlog 1000000` one measurement with it. It asserts nothing about time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use voxtra_webhook::{Accepted, OutgoingEvent, Sender, StoredLimits, WebhookSettings, Webhooks};

const SESSIONS: u64 = 200;
/// Bytes of a body, as of a common event.
const BODY: usize = 400;
/// Most events that are delivered and have not arrived, where as many are sent as there can be.
const AHEAD: u64 = 50_000;
/// How many events are handed over before it is waited until the disk has them.
const HANDED_OVER: u64 = 4_096;

/// The time of day, which sender and receiver share, in nanoseconds.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

/// What a receiver has seen since it was last asked.
#[derive(Debug, Default)]
struct Seen {
    is_down: bool,
    first: u64,
    last: u64,
    /// How long events were on their way, in nanoseconds.
    took: Vec<u64>,
}

impl Seen {
    /// Answers a request.
    fn answer(&mut self, head: &str, body: &[u8]) -> String {
        let report = match head.split(' ').next().unwrap_or_default() {
            "POST" if self.is_down => {
                return "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_owned();
            }
            "POST" => {
                self.take(body);
                return "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
            }
            "PUT" => {
                self.is_down = head.starts_with("PUT /down");
                json!({})
            }
            _ => self.report(),
        };
        let report = report.to_string();
        let length = report.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{report}")
    }

    /// The body says when its event was sent: `"at":` and nanoseconds.
    fn take(&mut self, body: &[u8]) {
        self.last = now();
        if self.took.is_empty() {
            self.first = self.last;
        }
        let place = body.windows(5).position(|five| five == b"\"at\":");
        let digits = place.map_or(&[][..], |place| &body[place + 5..]);
        let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let at = digits.fold(0, |at, digit| at * 10 + u64::from(digit - b'0'));
        self.took.push(self.last.saturating_sub(at));
    }

    /// What it has seen, which is forgotten.
    fn report(&mut self) -> Value {
        self.took.sort_unstable();
        let at = |share: f64| {
            let place = (share * self.took.len() as f64) as usize;
            let took = self.took.get(place.min(self.took.len().saturating_sub(1)));
            took.map(|took| *took as f64 / 1e6)
        };
        let report = json!({
            "taken": self.took.len(), "first": self.first, "last": self.last,
            "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
        });
        self.took.clear();
        report
    }
}

async fn connection(mut socket: TcpStream, seen: Arc<Mutex<Seen>>) {
    let _ = socket.set_nodelay(true);
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.trim().parse::<usize>().unwrap())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() < whole {
                break;
            }
            let answer = seen.lock().unwrap().answer(head, &bytes[end + 4..whole]);
            bytes.drain(..whole);
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
}

/// Takes everything at once, and says where.
async fn receive() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/", listener.local_addr().unwrap());
    let seen = Arc::default();
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(connection(socket, Arc::clone(&seen)));
    }
}

/// Tells a receiver something, and returns what it says.
fn tell(url: &str, method: &str, path: &str) -> Value {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "{method} /{path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

fn event(session: u64, number: u64) -> OutgoingEvent {
    let begin = format!(r#"{{"at":{},"filler":""#, now());
    let body = format!("{begin}{}\"}}", "x".repeat(BODY - begin.len() - 2));
    OutgoingEvent {
        wire: "order.changed".into(),
        id: format!("{session:016x}{number:016x}"),
        session_id: format!("session {session}").into(),
        sequence: Some(number),
        body: body.into(),
    }
}

fn webhooks(url: &str, file: &Path) -> Webhooks {
    let mut hook = WebhookSettings::new(url.parse().unwrap());
    hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    hook.secret = Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into());
    // A receiver that is up again is found soon.
    hook.max_backoff = Duration::from_secs(1);
    let sender = Sender::new("acme");
    Webhooks::stored(&sender, vec![hook], file, StoredLimits::default()).unwrap()
}

async fn until_delivered(webhooks: &Webhooks) {
    while webhooks.queued() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn idle(webhooks: &Webhooks, url: &str, count: u64) -> Value {
    for number in 0..count {
        webhooks.deliver(&event(number % SESSIONS, number / SESSIONS));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until_delivered(webhooks).await;
    tell(url, "GET", "")
}

async fn sustained(webhooks: &Webhooks, url: &str, count: u64) -> Value {
    let began = now();
    for number in 0..count {
        while webhooks.queued() > AHEAD && number % 64 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        webhooks.deliver(&event(number % SESSIONS, number / SESSIONS));
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    until_delivered(webhooks).await;
    let seen = tell(url, "GET", "");
    let took = seen["last"].as_u64().unwrap().saturating_sub(began);
    json!({ "taken": seen["taken"], "per_second": per_second(count, took) })
}

async fn backlog(webhooks: &Webhooks, url: &str, count: u64, file: &Path) -> Value {
    tell(url, "PUT", "down");
    let began = now();
    for number in 0..count {
        let event = event(number % SESSIONS, number / SESSIONS);
        if number % HANDED_OVER == 0 || number + 1 == count {
            let accepted = webhooks.accept(&event).await;
            assert_eq!(accepted, Some(Accepted::Stored));
        } else {
            webhooks.deliver(&event);
        }
    }
    let accepting = now() - began;
    let (stored, before) = (std::fs::metadata(file).unwrap().len(), peak_memory());
    tell(url, "PUT", "up");
    until_delivered(webhooks).await;
    let seen = tell(url, "GET", "");
    let time = |name: &str| seen[name].as_u64().unwrap();
    json!({
        "taken": seen["taken"],
        "accepted_per_second": per_second(count, accepting),
        "drained_per_second": per_second(count, time("last").saturating_sub(time("first"))),
        "file_bytes": stored,
        "peak_memory_bytes_when_accepted": before,
    })
}

fn per_second(count: u64, nanoseconds: u64) -> f64 {
    count as f64 * 1e9 / nanoseconds.max(1) as f64
}

/// The most memory that this process ever had, in bytes; Linux alone says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1_024)
}

async fn measure(url: &str, what: &str, count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.redb");
    let webhooks = webhooks(url, &file);
    let figures = match what {
        "idle" => idle(&webhooks, url, count).await,
        "sustained" => sustained(&webhooks, url, count).await,
        "backlog" => backlog(&webhooks, url, count, &file).await,
        other => panic!("there is no measurement {other}: idle, sustained, backlog"),
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    webhooks.drain(deadline).await;
    let counters = webhooks.counters()[0];
    assert_eq!((counters.delivered, counters.dropped), (count, 0));
    let memory = peak_memory();
    println!(
        "{}",
        json!({ "what": what, "events": count, "peak_memory_bytes": memory, "figures": figures })
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments[..] {
        ["receive"] => runtime.block_on(receive()),
        [url, what, count] => runtime.block_on(measure(url, what, count.parse().unwrap())),
        [] => {
            let mut receiver = Command::new(std::env::current_exe().unwrap())
                .arg("receive")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut url = String::new();
            let mut output = BufReader::new(receiver.stdout.take().unwrap());
            output.read_line(&mut url).unwrap();
            for (what, count) in [("idle", 200), ("sustained", 20_000), ("backlog", 20_000)] {
                let began = Instant::now();
                runtime.block_on(measure(url.trim(), what, count));
                eprintln!("{what}: {:.1} s", began.elapsed().as_secs_f64());
            }
            receiver.kill().unwrap();
            receiver.wait().unwrap();
        }
        _ => panic!("usage: throughput [receive | URL idle|sustained|backlog EVENTS]"),
    }
}
