//! What all doubles have in common.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use voxtra_speech::conformance::voice::{Scenario, Subject};
use voxtra_speech::{Endpoint, Feed, Parts, SpeechPart, TextToSpeech, Timeouts};

pub(crate) type News = mpsc::UnboundedReceiver<String>;

/// What a double was sent that it should not have been, and what its test wants to know.
#[derive(Clone)]
pub(crate) struct Notes {
    wrong: Arc<Mutex<Vec<String>>>,
    news: mpsc::UnboundedSender<String>,
}

impl Notes {
    pub(crate) fn new() -> (Self, News) {
        let (news, received) = mpsc::unbounded_channel();
        let wrong = Arc::default();
        (Self { wrong, news }, received)
    }

    /// The same for a double of its own.
    pub(crate) fn with_news(&self) -> (Self, News) {
        let (news, received) = mpsc::unbounded_channel();
        let wrong = self.wrong.clone();
        (Self { wrong, news }, received)
    }

    /// The double must be sent this.
    pub(crate) fn expect(&self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.wrong.lock().unwrap().push(what());
        }
    }

    /// As `expect`, of a field of JSON.
    pub(crate) fn field(&self, json: &Value, path: &str, value: impl Into<Value>) {
        let (found, value) = (json.pointer(path), value.into());
        self.expect(found == Some(&value), || {
            format!("{path} is {found:?}, not {value}, in {json}")
        });
    }

    pub(crate) fn header(&self, headers: &HeaderMap, name: &str, value: &str) {
        let found = headers.get(name).and_then(|found| found.to_str().ok());
        self.expect(found == Some(value), || format!("{name} is {found:?}"));
    }

    pub(crate) fn tell(&self, news: impl Into<String>) {
        let _ = self.news.send(news.into());
    }

    pub(crate) fn assert_right(&self) {
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "the double was sent: {wrong:#?}");
    }
}

/// A server with these routes; its base URL.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

/// The limits of a scenario: short where it must run into them.
pub(crate) fn timeouts(scenario: Scenario) -> Timeouts {
    let mut timeouts = Timeouts::default();
    match scenario {
        Scenario::Silent => timeouts.first = Duration::from_millis(300),
        Scenario::FallsSilent => timeouts.idle = Duration::from_millis(300),
        _ => {}
    }
    timeouts
}

pub(crate) fn endpoint(
    base: &str,
    scenario: Scenario,
    header: &'static str,
    prefix: &str,
) -> Endpoint {
    let key = "secret-key".to_owned().into();
    Endpoint::new("double", base, timeouts(scenario))
        .unwrap()
        .with_key(header, prefix, &key)
        .unwrap()
}

/// The refusals that are statuses of HTTP.
pub(crate) fn refusal(scenario: Scenario, body: Value) -> Option<Response> {
    let body = body.to_string();
    Some(match scenario {
        Scenario::WrongKey => (StatusCode::UNAUTHORIZED, body).into_response(),
        Scenario::RateLimited => {
            let headers = [(header::RETRY_AFTER, "7")];
            (StatusCode::TOO_MANY_REQUESTS, headers, body).into_response()
        }
        Scenario::Refused => (StatusCode::BAD_REQUEST, body).into_response(),
        Scenario::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, body).into_response(),
        _ => return None,
    })
}

/// Half a second at 8 kHz, not silent.
pub(crate) fn sound() -> Vec<i16> {
    (0..4_000)
        .map(|n| i16::try_from(n * 7 % 5_000).unwrap())
        .collect()
}

pub(crate) fn bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

/// The next JSON from a client; `None` when it is gone.
pub(crate) async fn json(socket: &mut WebSocket, notes: &Notes) -> Option<Value> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(json) => return Some(json),
                Err(error) => notes.expect(false, || format!("{error}: {text}")),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => notes.expect(false, || "bytes".to_owned()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
        }
    }
}

/// Sends JSON; false if nobody reads.
pub(crate) async fn send(socket: &mut WebSocket, json: Value) -> bool {
    socket.send(Message::text(json.to_string())).await.is_ok()
}

/// Waits until the client is gone, and tells it.
pub(crate) async fn stay(socket: &mut WebSocket, notes: &Notes) {
    while json(socket, notes).await.is_some() {}
    notes.tell("gone");
}

pub(crate) fn whole(texts: &[&str]) -> Feed<String> {
    Feed::whole(texts.iter().map(|text| (*text).to_owned()))
}

/// All audio as one, and all texts with their places in milliseconds.
pub(crate) async fn spoken(parts: Parts<SpeechPart>) -> (Vec<i16>, Vec<(String, u64)>) {
    let (mut audio, mut texts) = (Vec::new(), Vec::new());
    for part in parts.collect().await.unwrap() {
        match part {
            SpeechPart::Audio { samples, .. } => audio.extend(samples.iter()),
            SpeechPart::Text { text, at } => {
                texts.push((text, u64::try_from(at.as_millis()).unwrap()));
            }
            _ => {}
        }
    }
    (audio, texts)
}

/// Reads up to the first audio.
pub(crate) async fn first_audio(parts: &mut Parts<SpeechPart>) {
    loop {
        match parts.next().await {
            Some(Ok(SpeechPart::Audio { .. })) => return,
            Some(Ok(_)) => {}
            other => panic!("no audio: {other:?}"),
        }
    }
}

/// A voice with the news of its double, which tells when its client is gone.
pub(crate) fn subject(voice: impl TextToSpeech + 'static, mut news: News) -> Subject {
    Subject::new(Arc::new(voice)).cancelled_when(async move {
        while news.recv().await.is_some_and(|news| news != "gone") {}
    })
}
