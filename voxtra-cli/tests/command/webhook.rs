//! `voxtra webhook`: against a service that runs, against its file, and against a receiver.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::serve::Serve;
use super::{RECORDING, Run, fresh_directory, run, voxtra};

const UUID: &str = "40325ec2-5efd-4bd3-805f-53576e581d13";
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// `voxtra webhook listen`.
struct Listen {
    child: Child,
    url: String,
    out: Lines<BufReader<ChildStdout>>,
}

impl Listen {
    fn start(port: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .args(["webhook", "listen", port, "--json"])
            .args(arguments)
            .env("WEBHOOK_SECRET", SECRET)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        thread::spawn(move || std::io::copy(&mut err, &mut std::io::sink()));
        let url = line.split_once("listening at ").unwrap().1;
        let url = url.split(';').next().unwrap().to_owned();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, url, out }
    }

    fn port(&self) -> String {
        let port = self.url.trim_end_matches('/').rsplit(':').next();
        port.unwrap().to_owned()
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.out.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Listen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn webhook(arguments: &[&str]) -> Run {
    voxtra(&[&["webhook"], arguments].concat())
}

/// What a subcommand prints with `--json`.
fn json(directory: &Path, arguments: &[&str]) -> Value {
    let config = directory.join("voxtra.toml");
    let config = ["--json", "--config", config.to_str().unwrap()];
    let run = webhook(&[arguments, &config].concat());
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

fn listed(directory: &Path, state: &str) -> Vec<Value> {
    let listed = json(directory, &["list", "--state", state]);
    listed.as_array().unwrap().clone()
}

/// The events in a state, once the last of the call is among them.
fn until_whole(directory: &Path, state: &str) -> Vec<Value> {
    loop {
        let events = listed(directory, state);
        if events
            .iter()
            .any(|event| event["event"] == "session.destroyed")
        {
            return events;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn ids(events: &[Value]) -> Vec<&str> {
    let ids = events.iter().map(|event| event["id"].as_str().unwrap());
    ids.collect()
}

#[test]
fn what_a_receiver_refused_is_found_shown_and_delivered_again() {
    let directory = fresh_directory("webhook");
    let mut refusing = Listen::start("0", &["--status", "400"]);
    let port = refusing.port();
    let configuration = format!(
        r#"
[speech]
voice = "none"

[[audiosocket]]
uuid = "{UUID}"
extension = "1000"

[[route]]
extension = "1000"
agent = "parrot"

[webhooks]
path = "webhooks.redb"

[[webhook]]
name = "billing"
url = "http://127.0.0.1:{port}/"
secret = "{SECRET}"
allow_networks = ["127.0.0.1"]
"#
    );
    let (mut serve, mut log) = Serve::with(&directory, &configuration, &[]);
    thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let called = voxtra(&["call", serve.address(), "--wav", RECORDING, "--uuid", UUID]);
    assert_eq!(called.status, 0, "{}", called.err);

    let dead = until_whole(&directory, "dead");
    assert_eq!(dead[0]["event"], "session.created");
    assert!(
        dead.iter()
            .all(|event| event["endpoint"] == "billing" && event["attempts"] == 1)
    );
    assert_eq!(refusing.next()["id"], dead[0]["id"]);
    assert_eq!(listed(&directory, "pending"), [] as [Value; 0]);
    let status = json(&directory, &["status"]);
    assert_eq!(status[0]["dead"], dead.len());
    assert_eq!(status[0]["state"]["is"], "up");

    let config = directory.join("voxtra.toml");
    let config = ["--config", config.to_str().unwrap()];
    let first = dead[0]["id"].as_str().unwrap();
    let shown = webhook(&[&["show", first][..], &config].concat());
    assert_eq!(shown.status, 0, "{}", shown.err);
    for part in [
        "session.created",
        "billing: given up at ",
        "after 1 attempt: it answered 400",
        "\"session_id\": ",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let table = webhook(&[&["list"][..], &config].concat()).out;
    assert!(table.starts_with("ID ") && table.contains(first), "{table}");

    // The receiver is mended.
    drop(refusing);
    let mut receiver = Listen::start(&port, &[]);
    let mut tail = Command::new(env!("CARGO_BIN_EXE_voxtra"))
        .args(["webhook", "tail", "--json"])
        .args(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut note = String::new();
    let mut tail_err = BufReader::new(tail.stderr.take().unwrap());
    tail_err.read_line(&mut note).unwrap();
    assert!(note.contains("following"), "{note}");
    let planned = webhook(&[&["redeliver", "--since", "1h", "--dry-run"][..], &config].concat());
    assert_eq!(planned.status, 0, "{}", planned.err);
    assert_eq!(listed(&directory, "dead").len(), dead.len());
    let done = json(&directory, &["redeliver", "--since", "1h"]);
    assert_eq!(done["redelivered"], dead.len());
    let mut tailed = BufReader::new(tail.stdout.take().unwrap()).lines();
    for event in &dead {
        let delivery = receiver.next();
        assert_eq!(delivery["id"], event["id"]);
        assert_eq!(delivery["sequence"], event["sequence"]);
        assert_eq!(delivery["status"], 200);
        let signatures = delivery["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2, "{delivery}");
        assert!(
            signatures.iter().all(|one| one["is_right"] == true),
            "{delivery}"
        );
        let attempt: Value = serde_json::from_str(&tailed.next().unwrap().unwrap()).unwrap();
        assert_eq!(
            (&attempt["id"], &attempt["result"]),
            (&event["id"], &"delivered".into())
        );
    }
    let drained = webhook(&[&["drain"][..], &config].concat());
    assert_eq!(drained.status, 0, "{}", drained.err);
    let delivered = until_whole(&directory, "delivered");
    assert_eq!(ids(&delivered), ids(&dead));
    let metrics = webhook(&[&["status", "--prometheus"][..], &config].concat()).out;
    let counted = format!(
        "webhook_events_delivered_total{{endpoint=\"billing\",url=\"http://127.0.0.1:{port}\"}} {}",
        dead.len()
    );
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");

    // Without the service, its file says the same.
    assert_eq!(serve.signal("-TERM"), Some(0));
    assert!(tail.wait().unwrap().success());
    assert_eq!(ids(&until_whole(&directory, "delivered")), ids(&dead));
    let again = json(&directory, &["redeliver", first]);
    assert_eq!(
        (&again["redelivered"], &again["is_running"]),
        (&1.into(), &false.into())
    );
    let store = directory.join("webhooks.redb");
    let drained = webhook(&["drain", "--store", store.to_str().unwrap()]);
    assert_eq!(drained.status, 1);
    assert!(
        drained.err.contains("1 for billing") && drained.err.contains("voxtra serve"),
        "{}",
        drained.err
    );
    let waits = webhook(&[&["redeliver", first][..], &config].concat());
    assert_eq!(waits.status, 1);
    assert!(waits.err.contains("it waits already"), "{}", waits.err);
}

#[test]
fn a_test_event_tells_what_the_receiver_makes_of_it() {
    let directory = fresh_directory("webhook-send-test");
    let secret = directory.join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let secret = ["--secret-file", secret.to_str().unwrap()];
    let mut receiver = Listen::start("0", &[]);
    let url = receiver.url.clone();
    let send = |more: &[&str]| {
        let arguments = [&["webhook", "send-test", &url], more].concat();
        run(Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .args(arguments)
            .env_remove("WEBHOOK_SECRET"))
    };
    let allowed = ["--allow-network", "127.0.0.1"];
    let sent = send(&[&secret[..], &allowed].concat());
    assert_eq!(sent.status, 0, "{}", sent.err);
    assert!(
        sent.out.contains("signed") && sent.out.contains("delivered"),
        "{}",
        sent.out
    );
    let delivery = receiver.next();
    assert_eq!(delivery["event"], "webhook.test");
    let body: Value = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["type"], "webhook.test");

    let unsigned = send(&allowed);
    assert_eq!(unsigned.status, 1);
    assert!(
        unsigned.out.contains("not signed") && unsigned.out.contains("401"),
        "{}",
        unsigned.out
    );
    assert!(unsigned.err.contains("dead letters"), "{}", unsigned.err);
    assert_eq!(receiver.next()["status"], 401);

    let refused = send(&secret);
    assert_eq!(refused.status, 2);
    assert!(
        refused.err.contains("this machine") && refused.err.contains("--allow-network"),
        "{}",
        refused.err
    );
    drop(receiver);
    let away = send(&[&secret[..], &allowed, &["--json"]].concat());
    assert_eq!(away.status, 1);
    let attempt: Value = serde_json::from_str(&away.out).unwrap();
    assert_eq!(attempt["result"], "failed");
    assert!(away.err.contains("tried again"), "{}", away.err);
    for text in [&sent, &unsigned, &refused, &away] {
        assert!(!text.out.contains(SECRET) && !text.err.contains(SECRET));
    }
}

#[test]
fn a_delivery_is_verified_from_files() {
    let directory = fresh_directory("webhook-verify");
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = file("secret", SECRET);
    let body = file(
        "body",
        r#"{"email":"test@example.com","username":"test_user"}"#,
    );
    let headers = file(
        "headers",
        "> POST /hook HTTP/1.1\n> Host: example.com\n> webhook-id: msg_27UH4WbU6Z5A5EzD8u03UvzRbpk\n> webhook-timestamp: 1649367553\n> webhook-signature: v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=\n>\n",
    );
    let verify = |more: &[&str]| {
        let files = ["verify", "--headers", &headers, "--secret-file", &secret];
        webhook(&[&files[..], more].concat())
    };
    let right = verify(&["--body", &body, "--at", "1649367553"]);
    assert_eq!(
        (right.status, right.out.as_str()),
        (0, "ok  webhook-signature\n"),
        "{}",
        right.err
    );
    let late = verify(&["--body", &body]);
    assert_eq!(late.status, 1);
    assert!(late.out.contains("too long ago"), "{}", late.out);
    let changed = verify(&["--body", &secret, "--at", "1649367553"]);
    assert_eq!(changed.status, 1);
    assert!(changed.out.contains("no signature fits"), "{}", changed.out);
    let unsigned = webhook(&[
        "verify",
        "-H",
        "a: b",
        "--body",
        &body,
        "--secret-file",
        &secret,
    ]);
    assert_eq!(unsigned.status, 1);
    assert!(unsigned.err.contains("not signed"), "{}", unsigned.err);
}

#[test]
fn where_there_is_no_store_it_says_what_to_do() {
    let directory = fresh_directory("webhook-no-store");
    let config = directory.join("voxtra.toml");
    let with = |text: &str| {
        fs::write(&config, text).unwrap();
        webhook(&["list", "--config", config.to_str().unwrap()])
    };
    let missing = with("[webhooks]\npath = \"none.redb\"\n");
    assert_eq!(missing.status, 1);
    assert!(
        missing.err.contains("none.redb") && missing.err.contains("--store"),
        "{}",
        missing.err
    );
    let memory = with("[webhooks]\ndurable = false\n");
    assert_eq!(memory.status, 2);
    assert!(memory.err.contains("in memory"), "{}", memory.err);
    fs::write(directory.join("text"), "Dear diary").unwrap();
    let foreign = with("[webhooks]\npath = \"text\"\n");
    assert_eq!(foreign.status, 1);
    assert!(foreign.err.contains("not an outbox"), "{}", foreign.err);
    assert_eq!(fs::read(directory.join("text")).unwrap(), b"Dear diary");
}
