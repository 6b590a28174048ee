//! Receivers that misbehave for a while, over real connections: what is accepted meanwhile waits,
//! another receiver's events do not, and when the receiver is well it gets everything in order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use voxtra_webhook::{OutgoingEvent, Sender, WebhookSettings, Webhooks};

const SESSIONS: u64 = 10;
const EVENTS: u64 = 100;
/// How long what must happen soon may take.
const SOON: Duration = Duration::from_secs(60);

/// What a receiver does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vice {
    /// Closes the connection at once.
    Closes,
    /// Answers what is no HTTP.
    Garbage,
    /// Answers with a header that does not end.
    EndlessHeader,
    /// Takes the request, and never answers.
    Silent,
    /// Sends a byte of its answer now and then.
    Drips,
    /// Answers 200, and resets the connection in the middle of its body.
    Resets,
    /// Answers 200 with a body that does not end.
    EndlessBody,
    /// Ends in the middle of the TLS handshake.
    BreaksHandshake,
    /// Ends TLS in the middle of the answer.
    BreaksTls,
}

#[derive(Debug)]
struct Receiver {
    vice: Option<Vice>,
    is_well: AtomicBool,
    /// Connections or requests that it spoiled.
    spoiled: AtomicU64,
    /// The session and number of each event that it answered with 2xx.
    got: Mutex<Vec<(u64, u64)>>,
}

impl Receiver {
    /// Listens, with TLS if there is an acceptor.
    async fn start(vice: Option<Vice>, tls: Option<TlsAcceptor>) -> (Arc<Self>, u16) {
        let receiver = Arc::new(Self {
            vice,
            is_well: AtomicBool::new(vice.is_none()),
            spoiled: AtomicU64::new(0),
            got: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taking = Arc::clone(&receiver);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (receiver, tls) = (Arc::clone(&taking), tls.clone());
                tokio::spawn(async move {
                    // Whatever becomes of it: the sender has to bear it.
                    let _ = receiver.connection(socket, tls).await;
                });
            }
        });
        (receiver, port)
    }

    fn vice(&self) -> Option<Vice> {
        self.vice.filter(|_| !self.is_well.load(Relaxed))
    }

    async fn connection(
        &self,
        mut socket: TcpStream,
        tls: Option<TlsAcceptor>,
    ) -> std::io::Result<()> {
        if self.vice() == Some(Vice::BreaksHandshake) {
            self.spoiled.fetch_add(1, Relaxed);
            socket.read_u8().await?;
            return Ok(());
        }
        if self.vice() == Some(Vice::Resets) {
            socket.set_zero_linger()?;
        }
        match tls {
            Some(tls) => self.requests(tls.accept(socket).await?).await,
            None => self.requests(socket).await,
        }
    }

    async fn requests(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        if self.vice() == Some(Vice::Closes) {
            self.spoiled.fetch_add(1, Relaxed);
            return Ok(());
        }
        let mut bytes = Vec::new();
        loop {
            let event = request(&mut stream, &mut bytes).await?;
            if let Some(vice) = self.vice() {
                self.spoiled.fetch_add(1, Relaxed);
                if matches!(vice, Vice::Resets | Vice::EndlessBody) {
                    self.got.lock().unwrap().push(event);
                }
                return spoil(vice, &mut stream).await;
            }
            self.got.lock().unwrap().push(event);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        }
    }

    /// The numbers that it got of each session, without those that came again.
    fn sessions(&self) -> HashMap<u64, Vec<u64>> {
        let mut sessions: HashMap<u64, Vec<u64>> = HashMap::new();
        for (session, number) in &*self.got.lock().unwrap() {
            let numbers = sessions.entry(*session).or_default();
            if !numbers.contains(number) {
                numbers.push(*number);
            }
        }
        sessions
    }
}

/// Reads a request, and returns the session and the number of its event.
async fn request(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> std::io::Result<(u64, u64)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().trim().parse::<u64>().unwrap()
            };
            let whole = end + 4 + usize::try_from(header("content-length:")).unwrap();
            if bytes.len() >= whole {
                bytes.drain(..whole);
                return Ok((header("x-acme-session-id:"), header("x-acme-sequence:")));
            }
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Does what it does instead of a proper answer, for as long as the sender bears it.
async fn spoil(
    vice: Vice,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> std::io::Result<()> {
    match vice {
        Vice::Garbage => {
            stream
                .write_all(b"\x00\xff\x16SSH-2.0 200 OK\n\n{}")
                .await?;
        }
        Vice::EndlessHeader => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await?;
            loop {
                stream.write_all(&[b'x'; 4_096]).await?;
            }
        }
        Vice::Silent => {
            stream.read_u8().await?;
        }
        Vice::Drips => {
            for byte in b"HTTP/1.1 200 OK\r\n".iter().chain(&[b'x'; 10_000]) {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Vice::Resets => {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf";
            stream.write_all(answer).await?;
            stream.flush().await?;
            // A reset takes along what was not read yet. Where the sender has not, it tries again.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Vice::EndlessBody => {
            let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(answer).await?;
            loop {
                stream.write_all(b"4\r\nmore\r\n").await?;
            }
        }
        // The connection is dropped without TLS's own end.
        Vice::BreaksTls => stream.write_all(b"HTTP/1.1 20").await?,
        Vice::Closes | Vice::BreaksHandshake => {}
    }
    stream.flush().await
}

fn settings(url: &str) -> WebhookSettings {
    let mut hook = WebhookSettings::new(url.parse().unwrap());
    hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    hook.timeout = Duration::from_millis(500);
    hook.first_backoff = Duration::from_millis(1);
    hook.max_backoff = Duration::from_millis(20);
    hook
}

fn event(session: u64, number: u64) -> OutgoingEvent {
    OutgoingEvent {
        wire: "order.changed".into(),
        id: format!("{session} {number}"),
        session_id: session.to_string().into(),
        sequence: Some(number),
        body: vec![b' '; 300].into(),
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A certificate for this machine: what a receiver shows, and the file that a sender trusts.
fn certificate(folder: &std::path::Path) -> (TlsAcceptor, std::path::PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = folder.join("ca.pem");
    let text = STANDARD.encode(made.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, pem).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

/// All in order, whatever the receiver did first.
async fn is_borne(vice: Vice) {
    let folder = tempfile::tempdir().unwrap();
    let is_tls = matches!(vice, Vice::BreaksHandshake | Vice::BreaksTls);
    let (acceptor, file) = certificate(folder.path());
    let (bad, port) = Receiver::start(Some(vice), is_tls.then_some(acceptor)).await;
    let mut hook = if is_tls {
        settings(&format!("https://localhost:{port}/"))
    } else {
        settings(&format!("http://127.0.0.1:{port}/"))
    };
    hook.ca_file = is_tls.then_some(file);
    let (good, port) = Receiver::start(None, None).await;
    let hooks = vec![hook, settings(&format!("http://127.0.0.1:{port}/"))];
    let webhooks = Webhooks::new(&Sender::new("acme"), hooks).unwrap();
    for number in 0..EVENTS / SESSIONS {
        for session in 0..SESSIONS {
            webhooks.deliver(&event(session, number));
        }
    }

    let counters = || webhooks.counters();
    until("it misbehaves", || bad.spoiled.load(Relaxed) >= 8).await;
    until("the other one waits", || counters()[1].delivered == EVENTS).await;
    if matches!(vice, Vice::Resets | Vice::EndlessBody) {
        // The status has been said: nothing has to be sent again.
        until("2xx is delivered", || counters()[0].delivered == EVENTS).await;
    } else {
        assert_eq!((counters()[0].queued, counters()[0].delivered), (EVENTS, 0));
    }
    bad.is_well.store(true, Relaxed);
    webhooks.drain(Instant::now() + SOON).await;

    for (counters, receiver) in counters().iter().zip([&bad, &good]) {
        assert_eq!(
            (counters.delivered, counters.queued),
            (EVENTS, 0),
            "{vice:?}"
        );
        let sessions = receiver.sessions();
        for session in 0..SESSIONS {
            let all: Vec<_> = (0..EVENTS / SESSIONS).collect();
            assert_eq!(sessions[&session], all, "{vice:?}");
        }
    }
}

macro_rules! bears {
    ($($name:ident: $vice:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            is_borne(Vice::$vice).await;
        }
    )*};
}

bears! {
    a_receiver_that_closes: Closes,
    a_receiver_that_answers_garbage: Garbage,
    a_receiver_whose_header_does_not_end: EndlessHeader,
    a_receiver_that_is_silent: Silent,
    a_receiver_that_drips: Drips,
    a_receiver_that_says_200_and_resets: Resets,
    a_receiver_whose_body_does_not_end: EndlessBody,
    a_receiver_that_breaks_the_handshake: BreaksHandshake,
    a_receiver_that_ends_tls_in_the_middle: BreaksTls,
}
