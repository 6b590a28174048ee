//! A runtime that stands still keeps no caller: the media thread says the filler and the apology,
//! and hangs up.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use peer::{FRAME, Levels, Observer, audio, media, message, recording};
use tokio::runtime::Runtime;
use uuid::Uuid;
use voxtra::prelude::*;
use voxtra::rt::speech::{ScriptedModel, ScriptedReply, ScriptedTranscriber};

const WORKERS: usize = 2;

const GREETING: &str = "Hello.";
const FILLER: &str = "One moment.";
const APOLOGY: &str = "Please hold on.";

/// What blocks every worker thread of a runtime until it is opened.
#[derive(Default)]
struct Gate {
    blocked: AtomicUsize,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn block_all(self: &Arc<Self>, runtime: &Runtime) {
        for _ in 0..WORKERS {
            let gate = self.clone();
            runtime.spawn(async move {
                gate.blocked.fetch_add(1, SeqCst);
                let mut open = gate.open.lock().unwrap();
                while !*open {
                    open = gate.opened.wait(open).unwrap();
                }
            });
        }
    }

    fn has_all(&self) -> bool {
        self.blocked.load(SeqCst) == WORKERS
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// A caller on a thread without a runtime. It sends a frame for each that it gets, so the media
/// thread's clock is the only one.
struct Caller {
    socket: TcpStream,
    /// Frames to be sent before silence.
    speech: Vec<Vec<u8>>,
}

impl Caller {
    fn dial(address: SocketAddr, id: Uuid) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(peer::LONG)).unwrap();
        socket.write_all(&message(0x01, id.as_bytes())).unwrap();
        let speech = Vec::new();
        Self { socket, speech }
    }

    fn says(&mut self, recorded: &str) {
        let samples = recording(recorded);
        self.speech = samples.chunks_exact(FRAME).rev().map(audio).collect();
    }

    /// The next frame's first sample; `None` is a hang-up.
    fn next(&mut self) -> Option<i16> {
        let mut header = [0; 3];
        self.socket.read_exact(&mut header).unwrap();
        if header[0] == 0 {
            return None;
        }
        assert_eq!(header, [0x10, 0x01, 0x40]);
        let mut payload = [0; 2 * FRAME];
        self.socket.read_exact(&mut payload).unwrap();
        let frame = self.speech.pop().unwrap_or_else(|| audio(&[0; FRAME]));
        self.socket.write_all(&frame).unwrap();
        Some(i16::from_le_bytes([payload[0], payload[1]]))
    }

    /// Listens until a text has begun, and is over.
    fn hears(&mut self, text: &str) {
        while self.next().expect("a call that goes on") != Levels::of(text) {}
        while self.next().expect("a call that goes on") == Levels::of(text) {}
    }

    /// What was sent before now goes by unheard.
    fn skips_what_was_sent(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut heard = Vec::new();
        let error = loop {
            let mut bytes = [0; 4_096];
            match self.socket.read(&mut bytes) {
                Ok(0) => panic!("the call is over"),
                Ok(count) => heard.extend_from_slice(&bytes[..count]),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        self.socket.set_nonblocking(false).unwrap();
        let whole = 3 + 2 * FRAME;
        let mut rest = vec![0; (whole - heard.len() % whole) % whole];
        self.socket.read_exact(&mut rest).unwrap();
    }
}

/// What the events tell that matters here, one a line.
fn story(events: &[Arc<Event>]) -> Vec<String> {
    let told = events.iter().filter_map(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::AgentSpeechStarted(started)) => {
            Some(format!("begins: {}", started.text))
        }
        EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) => {
            Some(format!("heard: {} in {} ms", ended.heard, ended.heard_ms))
        }
        EventBody::BuiltIn(BuiltIn::Error(error)) => Some(format!("error: {}", error.error_type)),
        EventBody::BuiltIn(BuiltIn::MediaStopped(stopped)) => Some(format!("{:?}", stopped.reason)),
        EventBody::BuiltIn(BuiltIn::CallEnded(ended)) => Some(format!("ended: {}", ended.reason)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_caller_hears_the_clips_and_is_let_go_while_every_worker_is_blocked() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    let model = ScriptedModel::default().always(ScriptedReply::default().hangs());
    let asked = model.clone();
    // Also while it is unclear whether the agent is awaited, which makes the filler wait for 3 s,
    // the apology comes behind it.
    let agent = AgentSettings::new("")
        .greeting(GREETING)
        .filler(Duration::from_millis(200), FILLER)
        .dead_air(
            Duration::from_millis(3_600),
            APOLOGY,
            Duration::from_secs(5),
        );
    let app = runtime.block_on(async {
        Application::builder()
            .media(media())
            .voice(Levels)
            .speech_to_text(ScriptedTranscriber::new(["are you open"]))
            .language_model(model)
            .default(move |call: Call| {
                let agent = agent.clone();
                async move { call.agent().run(&agent).await }
            })
            .start()
            .await
            .unwrap()
    });
    let mut observer = Observer(app.events());
    let id = runtime.block_on(async { app.expect_socket_call("1000") });
    let mut caller = Caller::dial(app.media_address(), id);

    // The model hangs. The filler shows that what is made beforehand was made.
    caller.hears(GREETING);
    caller.says("caller-hello.wav");
    caller.hears(FILLER);
    assert_eq!(asked.asked().len(), 1);

    let gate = Arc::new(Gate::default());
    gate.block_all(&runtime);
    while !gate.has_all() {
        caller.next().expect("a call that goes on");
    }
    let alive = Arc::new(AtomicBool::new(false));
    let lives = alive.clone();
    runtime.spawn(async move { lives.store(true, SeqCst) });
    caller.skips_what_was_sent();

    // The silence behind these words began after all had stopped.
    caller.says("caller-stop.wav");
    while !caller.speech.is_empty() {
        caller.next().expect("a call that goes on");
    }
    caller.hears(FILLER);
    caller.hears(APOLOGY);
    while let Some(sample) = caller.next() {
        assert_eq!(sample, 0, "behind the apology");
    }
    assert!(!alive.load(SeqCst), "the runtime was not blocked");

    gate.open();
    let events = runtime.block_on(observer.until("session.destroyed"));
    let told = story(&events);
    let expected = [
        "begins: One moment.",
        "heard: One moment. in 500 ms",
        "begins: Please hold on.",
        "heard: Please hold on. in 500 ms",
        "error: dead_air",
        "Timeout",
        "ended: media_timeout",
    ];
    assert!(
        told.ends_with(&expected.map(str::to_owned)),
        "not what was heard: {told:#?}"
    );
    assert!(alive.load(SeqCst));
    runtime.block_on(app.shutdown());
}
