//! `voxtra serve` with the file that `voxtra init --local` writes, as a process of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::PATIENCE;
use super::asterisk::receiver::Receiver;
use super::asterisk::{Asterisk, unique};
use super::stack::Stack;

/// A running `voxtra serve`, and what is told about its calls.
pub(crate) struct Serve {
    /// Its name in Asterisk.
    pub(crate) name: String,
    receiver: Receiver,
    asked: Arc<Mutex<Vec<Value>>>,
    folder: PathBuf,
    _process: Child,
}

impl Serve {
    /// Starts it, with `more` behind its file, and `change` to the file itself.
    pub(crate) async fn start(
        asterisk: &Asterisk,
        stack: &Stack,
        change: impl FnOnce(String) -> String,
        more: &str,
    ) -> Self {
        let name = unique("ai");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let (asked, model) = record_questions(&stack.llama).await;
        let receiver = Receiver::start().await;
        let hook = receiver.settings();
        let written = Command::new(program())
            .args(["init", "--local", "voxtra.toml"])
            .current_dir(&folder)
            .output()
            .await
            .unwrap();
        assert!(written.status.success(), "{written:?}");
        let file = folder.join("voxtra.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        let ari = asterisk.settings(&name);
        for (from, to) in [
            (
                "\"http://127.0.0.1:8088/ari\"",
                format!("\"{}\"\napp = \"{name}\"", ari.url),
            ),
            ("${VOXTRA_ARI_PASSWORD}", "voxtra-test".to_owned()),
            ("127.0.0.1:9092", format!("127.0.0.1:{}", free_port())),
            ("127.0.0.1:10300", stack.whisper.clone()),
            ("127.0.0.1:8080", model),
            ("127.0.0.1:10200", stack.piper.clone()),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            text = text.replace(from, &to);
        }
        text = change(text);
        text += more;
        text += &format!(
            "\n[[webhook]]\nurl = \"{}\"\nsecret = \"a secret of the tests\"\nallow_networks = [\"127.0.0.0/8\"]\n\
             [webhooks]\npath = \"webhooks.redb\"\n",
            hook.url
        );
        std::fs::write(&file, text).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let process = Command::new(program())
            .args(["serve", "-c", "voxtra.toml"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let serve = Self {
            name,
            receiver,
            asked,
            folder,
            _process: process,
        };
        let application = asterisk.application(&serve.name);
        if tokio::time::timeout(PATIENCE, application).await.is_err() {
            panic!("voxtra serve did not come: {}", serve.log());
        }
        serve
    }

    /// All events so far, of all calls.
    pub(crate) fn events(&self) -> Vec<Value> {
        let requests = self.receiver.requests();
        let body = |request: &super::asterisk::receiver::Request| {
            serde_json::from_slice(&request.body).unwrap()
        };
        requests.iter().map(body).collect()
    }

    /// The data of all events of this wire name so far.
    pub(crate) fn all(&self, wire: &str) -> Vec<Value> {
        let events = self.events();
        let its = events.into_iter().filter(|event| event["type"] == wire);
        its.map(|event| event["data"].clone()).collect()
    }

    /// Waits for the event of this wire name that is number `count` of them; its data.
    pub(crate) async fn until(&self, wire: &str, count: usize) -> Value {
        self.until_that(&format!("{wire} ({count})"), || {
            self.all(wire).into_iter().nth(count - 1)
        })
        .await
    }

    /// Waits until the events give this.
    pub(crate) async fn until_that<T>(&self, what: &str, found: impl Fn() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(found) = found() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not come; {}", self.story()),
        }
    }

    /// The messages of each question to the language model so far.
    pub(crate) fn asked(&self) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        let messages = asked.iter().map(|body| body["messages"].clone());
        messages.filter(|messages| messages.is_array()).collect()
    }

    /// What happened, for a person.
    pub(crate) fn story(&self) -> String {
        let lines = self.events().into_iter().map(|event| {
            let (time, kind) = (&event["timestamp"], &event["type"]);
            format!("{time} {kind} {}\n", event["data"])
        });
        format!("what came:\n{}\n{}", lines.collect::<String>(), self.log())
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The command under test.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("VOXTRA_BIN")
        .expect("tests/ai/run.sh sets VOXTRA_BIN")
        .into()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What stands between Voxtra and the language model, keeps every question and hands on the rest as
/// it comes. Returns what is kept, and its address.
async fn record_questions(llama: &str) -> (Arc<Mutex<Vec<Value>>>, String) {
    let kept = Arc::<Mutex<Vec<Value>>>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = axum::Router::new()
        .fallback(hand_on)
        .with_state((kept.clone(), llama.to_owned()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (kept, address)
}

async fn hand_on(
    State((kept, llama)): State<(Arc<Mutex<Vec<Value>>>, String)>,
    method: axum::http::Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if let Ok(question) = serde_json::from_slice(&body) {
        kept.lock().unwrap().push(question);
    }
    let answer = super::asterisk::reqwest_client()
        .request(method, format!("http://{llama}{uri}"))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, kind) = (
        answer.status(),
        answer.headers().get("content-type").cloned(),
    );
    let parts = futures_util::stream::unfold(answer, |mut answer| async move {
        let part = answer.chunk().await.transpose()?;
        Some((part, answer))
    });
    let mut response = Response::new(Body::from_stream(parts));
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert("content-type", kind);
    }
    response
}
