//! Receivers that people copy: each handles what is genuine once, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

use super::{OTHER, Received, SECRET, deliver, received, tools};

/// How long a receiver may take to begin, and to answer.
const BEGINS: Duration = Duration::from_secs(60);

/// A receiver that runs, and writes `handled ID …` for each event that it handles.
struct Receiver {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Receiver {
    async fn start(mut command: Command, port: u16) -> Self {
        let mut child = command
            .env("WEBHOOK_SECRET", SECRET)
            .env("PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = format!("127.0.0.1:{port}");
        let up = async {
            while TcpStream::connect(&address).await.is_err() {
                assert_eq!(child.try_wait().unwrap(), None, "it has ended");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(BEGINS, up).await.unwrap();
        Self {
            child,
            lines,
            address,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/webhooks", self.address)
    }

    /// Posts a request by hand, and returns the answer's status.
    async fn post(&self, headers: &[(&str, &str)], body: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let request = format!(
            "POST /webhooks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n{}\r\n{body}",
            body.len(),
            headers.collect::<String>(),
        );
        // Of a body that is too long the receiver need not read all, and some keep the connection.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let head = async {
            while !answer.contains(&b'\n') {
                if stream.read_buf(&mut answer).await.unwrap_or(0) == 0 {
                    break;
                }
            }
        };
        tokio::time::timeout(BEGINS, head).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).map(str::parse);
        status.unwrap_or_else(|| panic!("{answer:?}")).unwrap()
    }

    async fn take(&self, delivery: &Received) -> u16 {
        self.post(&delivery.headers(), &delivery.body).await
    }

    /// The id of the next event that it handles.
    async fn handled(&mut self) -> String {
        loop {
            let line = tokio::time::timeout(BEGINS, self.lines.next_line()).await;
            let line = line.unwrap().unwrap().expect("it has ended");
            if let Some(handled) = line.strip_prefix("handled ") {
                return handled.split(' ').next().unwrap().to_owned();
            }
        }
    }

    async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Whatever the receiver: genuine events are handled, in order and once.
async fn is_sound(name: &str, command: Command, port: u16) {
    let mut receiver = Receiver::start(command, port).await;
    let counters = deliver(&receiver.url(), &[SECRET], &["msg_1", "msg_2", "msg_3"]).await;
    assert_eq!((counters.delivered, counters.retries), (3, 0), "{name}");
    for id in ["msg_1", "msg_2", "msg_3"] {
        assert_eq!(receiver.handled().await, id, "{name}");
    }

    let good = received(&[SECRET], "msg_4").await;
    let refused = async |what: &str, status: u16| {
        assert!((400..500).contains(&status), "{name}: {what}: {status}");
    };
    refused("a changed body", receiver.take(&good.changed()).await).await;
    let other = received(&[OTHER], "msg_4").await;
    refused("another secret", receiver.take(&other).await).await;
    let old = Received::signed(SECRET, "msg_4", 360);
    refused("six minutes old", receiver.take(&old).await).await;
    refused("no signature", receiver.post(&[], &good.body).await).await;
    let nonsense = [
        ("webhook-id", "msg_4"),
        ("webhook-timestamp", &*good.timestamp),
        ("webhook-signature", "v1,==,= v1 \t,"),
    ];
    refused("nonsense", receiver.post(&nonsense, &good.body).await).await;
    let mut long = good.clone();
    long.body.push_str(&" ".repeat(3_000_000));
    refused("a body too long", receiver.take(&long).await).await;

    let taken = async |status: u16| assert!((200..300).contains(&status), "{name}: {status}");
    taken(receiver.take(&good).await).await;
    assert_eq!(receiver.handled().await, "msg_4", "{name}");
    // The same request once more, and the same event by a sender that did not see the answer.
    taken(receiver.take(&good).await).await;
    let counters = deliver(&receiver.url(), &[SECRET], &["msg_2", "msg_5"]).await;
    assert_eq!(counters.delivered, 2, "{name}");
    assert_eq!(receiver.handled().await, "msg_5", "{name}: it came again");
    receiver.stop().await;
    println!("{name}: handles what is genuine, once");
}

/// The example that was built with this test.
fn example() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let example = test.parent()?.parent()?.join("examples/receiver");
    if example.exists() {
        return Some(example);
    }
    eprintln!("the example `receiver` is not built: it is not run");
    None
}

#[tokio::test]
async fn the_receiver_with_axum_is_sound() {
    if let Some(example) = example() {
        is_sound("axum", Command::new(example), free_port()).await;
    }
}

/// A program of the folder with the tools.
fn command(tools: &Path, program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(tools)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WEBHOOK_DATABASE", folder.join("webhooks.sqlite3"));
    command
}

#[tokio::test]
async fn the_receivers_of_the_documents_are_sound() {
    let Some(tools) = tools() else {
        return;
    };
    let python = tools.join("python/bin/python");
    let flask = ["-m", "flask", "--app", "flask_receiver", "run", "--port"];
    let fastapi = ["-m", "uvicorn", "fastapi_receiver:app", "--port"];
    for (name, arguments) in [("Flask", &flask[..]), ("FastAPI", &fastapi[..])] {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = command(&tools, &python, folder.path());
        command.args(arguments).arg(port.to_string());
        is_sound(name, command, port).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut express = command(&tools, Path::new("node"), folder.path());
    express.arg("express-receiver.mjs");
    is_sound("Express", express, free_port()).await;
}
