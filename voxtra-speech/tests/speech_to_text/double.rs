//! A websocket server that plays the scenarios in any provider's protocol.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use voxtra_speech::conformance::speech_to_text::{Scenario, Subject, understood};
use voxtra_speech::{Endpoint, SpeechToText, Timeouts};

pub(crate) const KEY: &str = "sk-test";

/// A message, as a provider's server reads it.
pub(crate) enum Read {
    Audio(Vec<i16>),
    End,
    Other,
    Goodbye,
}

/// How a provider's server speaks. A wrong message is refused with words that say why.
pub(crate) trait Server: Send + 'static {
    fn new() -> Self;

    /// Whether the request that opens a connection is right.
    fn accept(headers: &HeaderMap, uri: &Uri) -> Result<(), String>;

    fn hello(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn read(&mut self, message: Message) -> Result<Read, String>;

    /// Answers the message that was just read, if it is neither audio nor an end.
    fn answer(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Sent for each piece of audio: the words behind the last segment.
    fn interim(&mut self, words: &str) -> Vec<String>;

    /// Finalises words within the utterance.
    fn segment(&mut self, words: &str) -> Vec<String>;

    /// Answers the end.
    fn last(&mut self, words: &str) -> Vec<String>;

    /// Tells that transcribing the utterance failed, where the protocol has that.
    fn failed(&mut self) -> Vec<String> {
        unreachable!("the protocol has no such message")
    }

    /// The message and the close with which a wrong key is refused, where it is not by HTTP.
    const REFUSAL: Option<(&str, u16)> = None;

    /// The server closes the connection behind each utterance.
    const ONE_UTTERANCE: bool = false;
}

/// A server that plays `scenario`, and what `connect` connects to it.
pub(crate) async fn subject<S: Server, T: SpeechToText + 'static>(
    scenario: Scenario,
    connect: impl Fn(Endpoint) -> T,
) -> Subject {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let (watcher, watched) = watch();
    let answer = move |headers: HeaderMap, uri: Uri, upgrade: Option<WebSocketUpgrade>| {
        let connections = Arc::clone(&connections);
        let watcher = watcher.clone();
        async move {
            let inside = S::REFUSAL.filter(|_| scenario == Scenario::WrongKey);
            if let (Some(refusal), None) = (refusal(scenario), inside) {
                return refusal;
            }
            if let Err(wrong) = S::accept(&headers, &uri) {
                return (StatusCode::BAD_REQUEST, wrong).into_response();
            }
            let Some(upgrade) = upgrade else {
                return (StatusCode::BAD_REQUEST, "no websocket is asked for").into_response();
            };
            let first = connections.fetch_add(1, Relaxed) == 0;
            upgrade.on_upgrade(move |mut socket| async move {
                if let Some((message, code)) = inside {
                    send(&mut socket, vec![message.to_owned()]).await;
                    let reason = "See Error message for details".into();
                    let frame = CloseFrame { code, reason };
                    let _ = socket.send(Message::Close(Some(frame))).await;
                    return;
                }
                let played = play::<S>(scenario, first, &watcher, &mut socket).await;
                if let Err(wrong) = played {
                    let frame = CloseFrame {
                        code: 1002,
                        reason: wrong.into(),
                    };
                    let _ = socket.send(Message::Close(Some(frame))).await;
                }
                watcher.closed();
            })
        }
    };
    let router = Router::new().fallback(move |headers: HeaderMap, uri: Uri, upgrade: Upgrade| {
        answer(headers, uri, upgrade.0)
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoint = endpoint(&base, scenario);
    watched(Subject::new(Arc::new(connect(endpoint))))
}

/// What a server tells of its connection.
#[derive(Clone)]
pub(crate) struct Watcher {
    heard: mpsc::UnboundedSender<()>,
    closed: mpsc::UnboundedSender<()>,
}

impl Watcher {
    /// Audio came.
    pub(crate) fn heard(&self) {
        let _ = self.heard.send(());
    }

    /// The connection has ended.
    pub(crate) fn closed(&self) {
        let _ = self.closed.send(());
    }
}

/// A watcher, and what has the suite learn of it.
pub(crate) fn watch() -> (Watcher, impl FnOnce(Subject) -> Subject) {
    let (heard, hears) = mpsc::unbounded_channel();
    let (closed, closes) = mpsc::unbounded_channel();
    let first = |mut told: mpsc::UnboundedReceiver<()>| async move {
        if told.recv().await.is_none() {
            pending::<()>().await;
        }
    };
    let watched = move |subject: Subject| subject.watched(first(hears), first(closes));
    (Watcher { heard, closed }, watched)
}

/// Where the server is.
pub(crate) fn endpoint(base: &str, scenario: Scenario) -> Endpoint {
    Endpoint::new("double", base, timeouts(scenario)).unwrap()
}

/// Little patience where nothing comes.
pub(crate) fn timeouts(scenario: Scenario) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if scenario == Scenario::NeverFinal {
        timeouts.first = Duration::from_millis(300);
    }
    timeouts
}

/// The answers that are no success.
pub(crate) fn refusal(scenario: Scenario) -> Option<Response> {
    match scenario {
        Scenario::WrongKey => Some((StatusCode::UNAUTHORIZED, "no such key").into_response()),
        Scenario::OutOfOrder => {
            Some((StatusCode::INTERNAL_SERVER_ERROR, "<html>oops").into_response())
        }
        Scenario::RateLimited => {
            let headers = [("retry-after", "7")];
            Some((StatusCode::TOO_MANY_REQUESTS, headers, "too many").into_response())
        }
        _ => None,
    }
}

async fn play<S: Server>(
    scenario: Scenario,
    first: bool,
    watcher: &Watcher,
    socket: &mut WebSocket,
) -> Result<(), String> {
    let mut server = S::new();
    send(socket, server.hello()).await;
    let mut heard = Vec::new();
    let mut finalized = 0;
    let mut utterances = 0;
    while let Some(Ok(message)) = socket.recv().await {
        match server.read(message)? {
            Read::Other => send(socket, server.answer()).await,
            Read::Goodbye => return Ok(()),
            Read::Audio(samples) => {
                heard.extend(samples);
                watcher.heard();
                let words = understood(&heard);
                if scenario == Scenario::Garbage {
                    send(socket, vec!["{\"type\":".to_owned()]).await;
                }
                let breaks = match scenario {
                    Scenario::BreaksWithin => first,
                    Scenario::BreaksAgain => true,
                    _ => false,
                };
                if breaks && words.len() >= 2 {
                    return Ok(());
                }
                let segment = match scenario {
                    Scenario::Segments => 2,
                    Scenario::EndOfTurn => 4,
                    _ => usize::MAX,
                };
                if scenario == Scenario::Unanswered && utterances == 0 {
                    continue;
                }
                if finalized == 0 && words.len() >= segment {
                    finalized = words.len();
                    send(socket, server.segment(&words.join(" "))).await;
                } else {
                    send(socket, server.interim(&words[finalized..].join(" "))).await;
                }
            }
            Read::End if scenario == Scenario::NeverFinal => {}
            Read::End => {
                let words = understood(&heard);
                utterances += 1;
                match scenario {
                    Scenario::Unanswered if utterances == 1 => {}
                    Scenario::Failed if utterances == 1 => send(socket, server.failed()).await,
                    _ => send(socket, server.last(&words[finalized..].join(" "))).await,
                }
                heard.clear();
                finalized = 0;
                if S::ONE_UTTERANCE || scenario == Scenario::BreaksBetween && first {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

async fn send(socket: &mut WebSocket, messages: Vec<String>) {
    for message in messages {
        // Whoever does not read any more learns of it by the next `recv`.
        let _ = socket.send(Message::text(message)).await;
    }
}

/// The websocket of a request that asks for one.
struct Upgrade(Option<WebSocketUpgrade>);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Upgrade {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        Ok(Self(upgrade.ok()))
    }
}

/// The binary message as 16-bit samples.
pub(crate) fn samples(bytes: &[u8]) -> Result<Vec<i16>, String> {
    if !bytes.len().is_multiple_of(2) {
        return Err("half a sample".to_owned());
    }
    let pairs = bytes.chunks_exact(2);
    Ok(pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect())
}

/// Whether the query has exactly these pairs.
pub(crate) fn query_is(uri: &Uri, expected: &[(&str, &str)]) -> Result<(), String> {
    let query = uri.query().unwrap_or_default();
    let expected: Vec<String> = expected.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut pairs: Vec<&str> = query.split('&').collect();
    let mut wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
    pairs.sort_unstable();
    wanted.sort_unstable();
    if pairs == wanted {
        return Ok(());
    }
    Err(format!("the query is {query}"))
}

/// Whether a header is this.
pub(crate) fn header_is(headers: &HeaderMap, name: &str, expected: &str) -> Result<(), String> {
    match headers.get(name) {
        Some(value) if value.as_bytes() == expected.as_bytes() => Ok(()),
        other => Err(format!("{name} is {other:?}")),
    }
}
