//! A websocket server that plays the scenarios in any service's protocol.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use voxtra_speech::conformance::speech_to_speech::{
    AUDIO, CALLER, GREETING, HEARD, RESULT, RETRY_AFTER, Scenario, TEXT,
};
use voxtra_speech::{Endpoint, SpeechToSpeech, Timeouts};

pub(crate) const KEY: &str = "sk-test";

/// A message, as a service's server reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// It is the agent's turn, which has these words to say if it is not an answer.
    Ask(Option<String>),
    /// The same, with what a tool gave back.
    AskWith(String),
    /// The response that is being made ends.
    Cancel,
    /// So much of the latest response was heard.
    Heard(Duration),
    Result(String),
    /// What else is answered with these.
    Other(Vec<Value>),
}

/// How a service's server speaks. A wrong message is refused with words that say why.
pub(crate) trait Server: Send + 'static {
    fn new(scenario: Scenario) -> Self;

    /// Whether the request that opens a connection is right.
    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String>;

    fn hello(&mut self) -> Vec<Value>;
    fn read(&mut self, message: &Value) -> Result<Read, String>;
    fn begin(&mut self) -> Vec<Value>;
    fn words(&mut self, words: &str) -> Vec<Value>;
    fn audio(&mut self, length: Duration) -> Vec<Value>;
    fn call(&mut self) -> Vec<Value>;
    fn end(&mut self) -> Vec<Value>;
    fn cancelled(&mut self) -> Vec<Value>;
    fn caller(&mut self, words: &str) -> Vec<Value>;

    /// The service can be told how much was heard.
    const TRUNCATES: bool;
}

/// What `connect` connects to a server that plays `scenario`.
pub(crate) async fn subject<S: Server, T: SpeechToSpeech + 'static>(
    scenario: Scenario,
    connect: impl Fn(Endpoint) -> T,
) -> Arc<dyn SpeechToSpeech> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let answer =
        move |headers: HeaderMap,
              uri: Uri,
              upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>| async move {
            if let Some(refusal) = refusal(scenario) {
                return refusal;
            }
            if let Err(wrong) = S::accept(&headers, &uri) {
                return (StatusCode::BAD_REQUEST, wrong).into_response();
            }
            let Ok(upgrade) = upgrade else {
                return (StatusCode::BAD_REQUEST, "no websocket is asked for").into_response();
            };
            upgrade.on_upgrade(move |mut socket| async move {
                if let Err(wrong) = play::<S>(scenario, &mut socket).await {
                    let (code, reason) = (1002, wrong.into());
                    let frame = CloseFrame { code, reason };
                    let _ = socket.send(Message::Close(Some(frame))).await;
                }
            })
        };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut timeouts = Timeouts::default();
    if scenario == Scenario::FallsSilent {
        timeouts.idle = Duration::from_millis(300);
    }
    let endpoint = Endpoint::new("double", &base, timeouts).unwrap();
    Arc::new(connect(endpoint))
}

/// The answers that are no success.
fn refusal(scenario: Scenario) -> Option<Response> {
    match scenario {
        Scenario::WrongKey => Some((StatusCode::UNAUTHORIZED, "no such key").into_response()),
        Scenario::OutOfOrder => {
            Some((StatusCode::INTERNAL_SERVER_ERROR, "<html>oops").into_response())
        }
        Scenario::RateLimited => {
            let seconds = RETRY_AFTER.as_secs().to_string();
            let headers = [("retry-after", seconds)];
            Some((StatusCode::TOO_MANY_REQUESTS, headers, "too many").into_response())
        }
        _ => None,
    }
}

async fn play<S: Server>(scenario: Scenario, socket: &mut WebSocket) -> Result<(), String> {
    let mut server = S::new(scenario);
    send(socket, server.hello()).await;
    let mut asked = 0;
    let mut heard = None;
    let mut result = None;
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else {
            continue;
        };
        let message: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        match server.read(&message)? {
            Read::Other(answers) => send(socket, answers).await,
            Read::Heard(so_far) => heard = Some(so_far),
            Read::Result(told) => result = Some(told),
            Read::Cancel => send(socket, server.cancelled()).await,
            read @ (Read::Ask(_) | Read::AskWith(_)) => {
                let say = match read {
                    Read::AskWith(told) => {
                        result = Some(told);
                        None
                    }
                    Read::Ask(say) => say,
                    _ => None,
                };
                asked += 1;
                if asked == 2 {
                    let expected = match scenario {
                        Scenario::Interrupted if S::TRUNCATES => Some(HEARD),
                        Scenario::InterruptedEarly if S::TRUNCATES => Some(Duration::ZERO),
                        _ => None,
                    };
                    if heard != expected {
                        return Err(format!("{heard:?} was heard, not {expected:?}"));
                    }
                    if scenario == Scenario::CallsTool && result.as_deref() != Some(RESULT) {
                        return Err(format!("the result is {result:?}"));
                    }
                }
                let greets = scenario == Scenario::Says && asked == 1;
                if say.as_deref() != greets.then_some(GREETING) {
                    return Err(format!("{say:?} is to be said"));
                }
                let text = if greets { GREETING } else { TEXT };
                if !respond(scenario, asked, text, &mut server, socket).await {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Makes a response. False where the connection is to be closed.
async fn respond<S: Server>(
    scenario: Scenario,
    asked: u32,
    text: &str,
    server: &mut S,
    socket: &mut WebSocket,
) -> bool {
    send(socket, server.begin()).await;
    match scenario {
        Scenario::CallsTool if asked == 1 => {
            send(socket, server.call()).await;
            send(socket, server.end()).await;
        }
        Scenario::Garbage => {
            let _ = socket.send(Message::text("{\"type\":")).await;
        }
        Scenario::Endless => {
            let audio = server.audio(Duration::from_secs(20));
            while sent(socket, audio.clone()).await {}
            return false;
        }
        Scenario::BreaksOff | Scenario::FallsSilent | Scenario::InterruptedEarly if asked == 1 => {
            send(socket, server.words("Wir ")).await;
            send(socket, server.audio(AUDIO / 2)).await;
            return scenario != Scenario::BreaksOff;
        }
        _ => {
            for word in text.split_inclusive(' ') {
                send(socket, server.words(word)).await;
            }
            for _ in 0..5 {
                send(socket, server.audio(AUDIO / 5)).await;
            }
            send(socket, server.caller(CALLER)).await;
            send(socket, server.end()).await;
        }
    }
    true
}

async fn send(socket: &mut WebSocket, messages: Vec<Value>) {
    sent(socket, messages).await;
}

/// False once nobody reads any more.
async fn sent(socket: &mut WebSocket, messages: Vec<Value>) -> bool {
    for message in messages {
        if socket
            .send(Message::text(message.to_string()))
            .await
            .is_err()
        {
            return false;
        }
    }
    true
}

/// Whether a header is this.
pub(crate) fn header_is(headers: &HeaderMap, name: &str, expected: &str) -> Result<(), String> {
    match headers.get(name) {
        Some(value) if value.as_bytes() == expected.as_bytes() => Ok(()),
        other => Err(format!("{name} is {other:?}")),
    }
}
