//! `voxtra webhook listen`.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::RETRY_AFTER;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use voxtra_rt::webhook::Verifier;

use super::secret::SecretArgs;
use super::verify::{Headers, judge, verifier};
use super::{print_json, shown, time};
use crate::Failure;
use crate::terminal::{self, Paint};

/// Receive webhooks, check their signatures, and print them
///
/// A receiver for trying: it answers 200, or 401 if there is a secret and a signature does not fit,
/// and keeps nothing. It listens on this machine alone, unless --bind says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook listen 8080
  voxtra webhook listen 8080 --secret-file secret --json | jq .type
  voxtra webhook listen 8080 --status 503 --retry-after 30

In voxtra.toml the receiver is `url = \"http://127.0.0.1:8080/\"` with `allow_networks = [\"127.0.0.1\"]`.")]
pub(super) struct Args {
    /// The port; 0 takes a free one
    port: u16,
    /// The address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    #[command(flatten)]
    secret: SecretArgs,
    /// What to answer to deliveries that are right
    #[arg(long, value_name = "STATUS", default_value = "200", value_parser = status)]
    status: StatusCode,
    /// With it a Retry-After header, in seconds
    #[arg(long, value_name = "SECONDS")]
    retry_after: Option<u32>,
    /// End after so many deliveries
    #[arg(long, value_name = "COUNT")]
    count: Option<usize>,
    /// JSON, an object a line, instead of text
    #[arg(long)]
    json: bool,
}

/// Most bytes of a body.
const BODY: usize = 16 << 20;
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// Most connections at the same time.
const CONNECTIONS: usize = 256;
/// Most deliveries that wait for being printed.
const WAITING: usize = 256;

fn status(text: &str) -> Result<StatusCode, String> {
    let status = text.parse::<StatusCode>().ok();
    let is_final = |status: &StatusCode| !status.is_informational() && status.as_u16() < 600;
    status
        .filter(is_final)
        .ok_or_else(|| "a status from 200 to 599".to_owned())
}

/// One request, as it came.
#[derive(Debug, Serialize)]
struct Delivery {
    at: i64,
    status: u16,
    /// What its signatures are worth; none if there was no secret to check them with.
    signatures: Vec<Signature>,
    event: String,
    id: String,
    session_id: String,
    sequence: Option<u64>,
    body: String,
}

#[derive(Debug, Serialize)]
struct Signature {
    header: String,
    is_right: bool,
    reason: Option<String>,
}

/// What a request is answered with.
struct Answers {
    secret: Option<(String, Verifier)>,
    status: StatusCode,
    retry_after: Option<u32>,
    deliveries: tokio::sync::mpsc::Sender<Delivery>,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let secret = match args.secret.read()? {
        Some(secret) => {
            let verifier = verifier(&secret)?;
            Some((secret, verifier))
        }
        None => None,
    };
    let address = SocketAddr::new(args.bind, args.port);
    let refused = |error| {
        Failure::failed(format_args!("can't listen on {address}: {error}"))
            .advise("take a port that is free")
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let checks = if secret.is_some() {
        "signatures are checked"
    } else {
        "signatures are not checked: there is no secret"
    };
    terminal::note(format_args!(
        "listening at http://{address}/; {checks}; Ctrl-C ends"
    ));
    let (deliveries, mut delivered) = tokio::sync::mpsc::channel(WAITING);
    let answers = Arc::new(Answers {
        secret,
        status: args.status,
        retry_after: args.retry_after,
        deliveries,
    });
    let accepting = tokio::spawn(accept(listener, answers));
    let mut left = args.count.unwrap_or(usize::MAX);
    while left > 0
        && let Some(delivery) = delivered.recv().await
    {
        print(&delivery, args.json)?;
        left -= 1;
    }
    accepting.abort();
    Ok(())
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, most likely.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            serve(stream, answers).await;
            drop(seat);
        });
    }
}

async fn serve(stream: TcpStream, answers: Arc<Answers>) {
    let service = service_fn(move |request| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(answers.to(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever speaks something else is hung up on.
    let _ = connection.await;
}

impl Answers {
    async fn to(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        let (head, body) = request.into_parts();
        let read = tokio::time::timeout(REQUEST, Limited::new(body, BODY).collect()).await;
        let body = match read {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return self.answer(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return self.answer(StatusCode::REQUEST_TIMEOUT),
        };
        let mut headers = Headers::default();
        for (name, value) in &head.headers {
            headers.push(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        let signatures = self.signatures(&headers, &body);
        let is_right = self.secret.is_none()
            || !signatures.is_empty() && signatures.iter().all(|one| one.is_right);
        let status = if is_right {
            self.status
        } else {
            StatusCode::UNAUTHORIZED
        };
        let of_sender = |what: &str| {
            let header = headers.of_sender(what).map(|(_, value)| value.to_owned());
            header.unwrap_or_default()
        };
        let delivery = Delivery {
            at: time::now(),
            status: status.as_u16(),
            signatures,
            event: of_sender("event"),
            id: of_sender("event-id"),
            session_id: of_sender("session-id"),
            sequence: of_sender("sequence").parse().ok(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        // Printing may be slow: it is waited for, as a receiver's work would be.
        let _ = self.deliveries.send(delivery).await;
        self.answer(status)
    }

    fn signatures(&self, headers: &Headers, body: &[u8]) -> Vec<Signature> {
        let Some((secret, verifier)) = &self.secret else {
            return Vec::new();
        };
        let judged = judge(headers, body, secret, verifier, Timestamp::now());
        let judged = judged.into_iter().map(|(header, verdict)| Signature {
            header,
            is_right: verdict.is_ok(),
            reason: verdict.err(),
        });
        judged.collect()
    }

    fn answer(&self, status: StatusCode) -> Response<Empty<Bytes>> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn print(delivery: &Delivery, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(delivery);
    }
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    let checked = match &*delivery.signatures {
        [] => paint.soft("not checked"),
        all => match all.iter().find(|one| !one.is_right) {
            None => paint.good("signed"),
            Some(wrong) => {
                let reason = wrong.reason.as_deref().unwrap_or_default();
                paint.error(format_args!("{}: {reason}", wrong.header))
            }
        },
    };
    writeln!(
        out,
        "{} {} {}  {}  {}  {checked}",
        paint.soft(time::written(delivery.at)),
        delivery.status,
        paint.strong(shown(&delivery.event)),
        shown(&delivery.id),
        shown(&delivery.session_id),
    )?;
    writeln!(out, "  {}", shown(&delivery.body))?;
    Ok(())
}
