//! Agents, webhooks and readers of logs that misbehave from some moment on.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use voxtra::prelude::*;

/// What handlers do, from some moment on.
#[derive(Clone)]
pub(crate) struct Disturbance {
    begun: Arc<watch::Sender<bool>>,
    blocked: Arc<AtomicU64>,
}

impl Default for Disturbance {
    fn default() -> Self {
        Self {
            begun: Arc::new(watch::channel(false).0),
            blocked: Arc::default(),
        }
    }
}

impl Disturbance {
    pub(crate) fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// How often a worker was blocked for a second.
    pub(crate) fn blocked(&self) -> u64 {
        self.blocked.load(SeqCst)
    }

    async fn begun(&self) {
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Blocks a worker thread, again and again.
    pub(crate) async fn block(self, call: Call) {
        self.begun().await;
        while !call.is_over() {
            std::thread::sleep(Duration::from_secs(1));
            self.blocked.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
        }
    }

    /// Subscribes to everything and reads nothing.
    pub(crate) async fn read_nothing(self, call: Call) -> Result<(), CallError> {
        self.begun().await;
        call.set_frame_events(true).await;
        let _events = call.events();
        let _audio = call.audio_stream().await?;
        call.ended().await;
        Ok(())
    }
}

/// A receiver of webhooks that answers, until it only takes.
pub(crate) struct Webhook {
    address: SocketAddr,
    hangs: Arc<AtomicBool>,
    /// Some requests get worse than no answer.
    is_worse: Arc<AtomicBool>,
    unanswered: Arc<AtomicU64>,
}

impl Webhook {
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self {
            address: listener.local_addr().unwrap(),
            hangs: Arc::default(),
            is_worse: Arc::default(),
            unanswered: Arc::default(),
        };
        let (hangs, unanswered) = (hook.hangs.clone(), hook.unanswered.clone());
        let is_worse = hook.is_worse.clone();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut socket in listener.incoming().map_while(Result::ok) {
                if hangs.load(SeqCst) {
                    let number = unanswered.fetch_add(1, SeqCst);
                    match number % 3 {
                        1 if is_worse.load(SeqCst) => {
                            let _ = socket.write_all(b"\0no HTTP\r\n\r\n");
                        }
                        // It is closed.
                        2 if is_worse.load(SeqCst) => {}
                        _ => held.push(socket),
                    }
                    continue;
                }
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    let _ = socket.read(&mut request);
                    let _ = socket.write_all(
                        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                    );
                });
            }
        });
        hook
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on it takes requests and does not answer. `is_worse`: some get garbage, and of some
    /// the connection is closed.
    pub(crate) fn misbehave(&self, is_worse: bool) {
        self.is_worse.store(is_worse, SeqCst);
        self.hangs.store(true, SeqCst);
    }

    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered.load(SeqCst)
    }
}

/// The plainest of logs, into a pipe: whoever logs waits until it is written.
#[derive(Clone)]
pub(crate) struct StallingLog {
    pipe: Arc<Mutex<PipeWriter>>,
    stalled: Arc<AtomicBool>,
    waiting: Arc<AtomicU64>,
}

impl StallingLog {
    /// The log of this process, with every event of every call.
    pub(crate) fn install() -> Self {
        let (reader, writer) = io::pipe().unwrap();
        let log = Self {
            pipe: Arc::new(Mutex::new(writer)),
            stalled: Arc::default(),
            waiting: Arc::default(),
        };
        let stalled = log.stalled.clone();
        std::thread::spawn(move || read(reader, &stalled));
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    /// From now on nobody reads it.
    pub(crate) fn stall(&self) {
        self.stalled.store(true, SeqCst);
    }

    /// Threads that wait to write a line.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(SeqCst)
    }
}

impl Write for StallingLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.fetch_add(1, SeqCst);
        let written = self.pipe.lock().unwrap().write(bytes);
        self.waiting.fetch_sub(1, SeqCst);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read(mut pipe: PipeReader, stalled: &AtomicBool) {
    let mut bytes = [0; 65_536];
    while !stalled.load(SeqCst) {
        let _ = pipe.read(&mut bytes);
    }
    loop {
        // The pipe stays open.
        std::thread::park();
    }
}
