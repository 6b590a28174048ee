//! A server that plays a language model's protocol, and misbehaves where it is asked to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use voxtra_speech::conformance::model::{FIRST, RETRY_AFTER, SECOND, Scenario, TEXT};
use voxtra_speech::{Endpoint, Timeouts};

/// The key that all doubles want.
pub(crate) const KEY: &str = "sk-secret";

/// What a client sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) json: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What a server answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Nothing, for as long as the connection lasts.
    Never,
    /// A status, more headers, and a JSON body.
    Refusal(u16, String, String),
    /// A stream of events.
    Stream(Vec<Step>),
}

/// A step of a stream.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(String),
    ByteByByte(String),
    /// The same again and again until the client closes the connection.
    Forever(String),
    /// Cuts the connection without an end of the body.
    Cut,
}

/// A server, and what it saw.
#[derive(Clone)]
pub(crate) struct Double {
    pub(crate) base: String,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
    pub(crate) connections: Arc<AtomicUsize>,
    /// Notified when the client closes a connection in the middle of an answer.
    pub(crate) closed: Arc<Notify>,
}

impl Double {
    pub(crate) async fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let double = Self {
            base: format!("http://{}/v1", listener.local_addr().unwrap()),
            requests: Arc::default(),
            connections: Arc::default(),
            closed: Arc::default(),
        };
        let answer = Arc::new(answer);
        let server = double.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, SeqCst);
                stream.set_nodelay(true).unwrap();
                let (server, answer) = (server.clone(), Arc::clone(&answer));
                tokio::spawn(async move { server.serve(stream, answer.as_ref()).await });
            }
        });
        double
    }

    pub(crate) fn endpoint(
        &self,
        header: &'static str,
        prefix: &str,
        timeouts: Timeouts,
    ) -> Endpoint {
        let endpoint = Endpoint::new("double", &self.base, timeouts).unwrap();
        endpoint.with_key(header, prefix, &KEY.into()).unwrap()
    }

    pub(crate) fn last(&self) -> Request {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    async fn serve(&self, stream: TcpStream, answer: &(dyn Fn(&Request) -> Answer + Sync)) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            if request.line.starts_with("HEAD ") {
                let nothing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(nothing).await.unwrap();
                continue;
            }
            self.requests.lock().unwrap().push(request.clone());
            match answer(&request) {
                Answer::Never => {
                    let _ = stream.read(&mut [0]).await;
                    return;
                }
                Answer::Refusal(status, headers, body) => {
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{headers}\
                         content-length: {length}\r\n\r\n{body}"
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                Answer::Stream(steps) => {
                    if play(&mut stream, steps).await.is_err() {
                        self.closed.notify_one();
                        return;
                    }
                }
            }
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Some(Request {
        line: line.trim_end().to_owned(),
        headers,
        json,
    })
}

/// False where the connection is to be cut.
async fn play(stream: &mut BufReader<TcpStream>, steps: Vec<Step>) -> std::io::Result<()> {
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head).await?;
    for step in steps {
        match step {
            Step::Send(text) => chunk(stream, text.as_bytes()).await?,
            Step::ByteByByte(text) => {
                for byte in text.as_bytes() {
                    chunk(stream, &[*byte]).await?;
                }
            }
            Step::Forever(text) => loop {
                chunk(stream, text.as_bytes()).await?;
            },
            Step::Cut => return Err(std::io::ErrorKind::ConnectionAborted.into()),
        }
    }
    stream.write_all(b"0\r\n\r\n").await
}

async fn chunk(stream: &mut BufReader<TcpStream>, bytes: &[u8]) -> std::io::Result<()> {
    let head = format!("{:x}\r\n", bytes.len());
    let chunk = [head.as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&chunk).await?;
    stream.flush().await?;
    tokio::task::yield_now().await;
    Ok(())
}

/// An event, as all three protocols have it.
pub(crate) fn event(data: &Value) -> String {
    let name = data.get("type").and_then(Value::as_str);
    let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
    format!("{name}data: {data}\n\n")
}

/// What a protocol has for what a scenario needs: events, each as its text on the wire.
pub(crate) struct Protocol {
    /// Before everything else.
    pub(crate) start: String,
    pub(crate) text: fn(&str) -> String,
    /// The end of a text, and what it cost.
    pub(crate) end: String,
    /// Calls of the tool for these numbers, and the end.
    pub(crate) calls: fn(&[u64]) -> String,
    /// Half a call.
    pub(crate) half_a_call: String,
    pub(crate) length: String,
    pub(crate) filtered: String,
    pub(crate) overloaded: String,
    /// What keeps a connection up.
    pub(crate) ping: String,
    /// The body of a refusal with this message.
    pub(crate) refusal: fn(&str) -> String,
}

impl Protocol {
    pub(crate) fn answer(&self, scenario: Scenario) -> Answer {
        let texts: String = TEXT.split_inclusive(' ').map(self.text).collect();
        let said = format!("{}{texts}", self.start);
        let whole = format!("{said}{}", self.end);
        let send = |text: &str| Step::Send(text.to_owned());
        let steps = match scenario {
            Scenario::Text | Scenario::History => vec![Step::Send(whole)],
            Scenario::Cut => vec![Step::ByteByByte(whole)],
            Scenario::Empty => vec![send(&self.start), send(&self.end)],
            Scenario::ToolCall => vec![Step::Send(said), Step::Send((self.calls)(&[FIRST]))],
            Scenario::ParallelToolCalls => {
                vec![
                    send(&self.start),
                    Step::Send((self.calls)(&[FIRST, SECOND])),
                ]
            }
            Scenario::ToolCallBreaksOff => {
                vec![send(&self.start), send(&self.half_a_call), Step::Cut]
            }
            Scenario::Length => vec![Step::Send(said), send(&self.length)],
            Scenario::Endless | Scenario::Cancelled => {
                let words = (self.text)("word ").repeat(50);
                vec![Step::Send(said), Step::Forever(words)]
            }
            Scenario::Filtered => vec![send(&self.start), send(&self.filtered)],
            Scenario::BreaksOff => vec![Step::Send(said)],
            Scenario::FailsInTheMiddle => vec![Step::Send(said), send(&self.overloaded)],
            Scenario::FallsSilent => vec![Step::Send(said), Step::Forever(self.ping.clone())],
            Scenario::Garbage => vec![send("data: {\"odd\n\ndata: more\n\n")],
            Scenario::Silent => return Answer::Never,
            Scenario::Auth => return self.refuse(401, "", "That key is wrong."),
            Scenario::RateLimited => {
                let headers = format!("retry-after: {}\r\n", RETRY_AFTER.as_secs());
                return self.refuse(429, &headers, "Too many requests.");
            }
            Scenario::Unavailable => return self.refuse(500, "", "We are sorry."),
            other => panic!("a new scenario: {other:?}"),
        };
        Answer::Stream(steps)
    }

    pub(crate) fn refuse(&self, status: u16, headers: &str, message: &str) -> Answer {
        Answer::Refusal(status, headers.to_owned(), (self.refusal)(message))
    }

    /// A double that plays a scenario after it has checked the request.
    pub(crate) async fn double(
        self,
        scenario: Scenario,
        check: fn(&Request) -> Result<(), String>,
    ) -> Double {
        Double::new(move |request| match check(request) {
            Ok(()) => self.answer(scenario),
            Err(wrong) => self.refuse(400, "", &format!("{wrong}: {}", request.json)),
        })
        .await
    }
}

/// Short where a scenario has to wait for them.
pub(crate) fn timeouts(scenario: Scenario) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if matches!(scenario, Scenario::Silent | Scenario::FallsSilent) {
        timeouts.first = Duration::from_millis(300);
        timeouts.idle = Duration::from_millis(300);
    }
    timeouts
}

/// Fails with what is wrong, unless it holds.
pub(crate) fn wants(holds: bool, wrong: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong.to_owned()) }
}
