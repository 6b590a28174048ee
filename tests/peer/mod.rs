//! Asterisk's part of an AudioSocket connection, played over loopback TCP.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test uses another part of it"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast;
use tokio::time::{Instant, interval, timeout};
use uuid::Uuid;
use voxtra::prelude::*;
use voxtra::rt::media::MediaSettings;
use voxtra::rt::speech::{Feed, Parts, SpeechPart, TextToSpeech};

/// What nothing in these tests takes, even on a busy machine.
pub const LONG: Duration = Duration::from_secs(20);
/// Samples of 20 ms at 8 kHz.
pub const FRAME: usize = 160;

/// Media settings for a test: any free port.
pub fn media() -> MediaSettings {
    MediaSettings::default().with(|media| {
        media.listen = ([127, 0, 0, 1], 0).into();
        // What is tested floods on purpose.
        media.pace_input = false;
    })
}

/// Fails the test when `work` does not end.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match timeout(LONG, work).await {
        Ok(done) => done,
        Err(_) => panic!("never happened: {what}"),
    }
}

/// Waits until `done`.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    soon(what, async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// One of the recordings in `assets`, at 8 kHz.
pub fn recording(name: &str) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets")
        .join(name);
    let mut wav = hound::WavReader::open(path).unwrap();
    assert_eq!(wav.spec().sample_rate, 8_000);
    wav.samples().map(Result::unwrap).collect()
}

/// A voice whose every text is half a second of one value, by which a caller tells what it hears.
pub struct Levels;

impl Levels {
    /// How many frames each text takes.
    pub const FRAMES: usize = 25;

    /// The value of each sample.
    pub fn of(text: &str) -> i16 {
        1_000 + 100 * i16::try_from(text.len()).unwrap()
    }
}

impl TextToSpeech for Levels {
    fn name(&self) -> &str {
        "levels"
    }

    fn speak(&self, mut texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        Parts::made_by(|out| async move {
            while let Some(text) = texts.next().await {
                let samples = vec![Self::of(&text); Self::FRAMES * FRAME];
                out.send(SpeechPart::audio(8_000, samples)).await;
            }
            Ok(())
        })
    }
}

/// A message: kind, length, payload.
pub fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// An audio message at 8 kHz.
pub fn audio(samples: &[i16]) -> Vec<u8> {
    let payload: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    message(0x10, &payload)
}

/// Samples that differ from frame to frame, too quiet for speech.
pub fn numbered(frame: usize) -> Vec<i16> {
    (0..FRAME)
        .map(|n| ((frame * 7 + n * 13) % 61) as i16 - 30)
        .collect()
}

/// A connection's sending half.
pub struct Talker(OwnedWriteHalf);

/// A connection's receiving half.
pub struct Hearer {
    socket: OwnedReadHalf,
}

/// Connects, and presents `id`.
pub async fn call(address: SocketAddr, id: Uuid) -> (Talker, Hearer) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut talker, hearer) = split(socket);
    talker.send(&message(0x01, id.as_bytes())).await;
    (talker, hearer)
}

/// The halves of a connection.
pub fn split(socket: TcpStream) -> (Talker, Hearer) {
    socket.set_nodelay(true).unwrap();
    let (socket, sink) = socket.into_split();
    (Talker(sink), Hearer { socket })
}

impl Talker {
    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.unwrap();
    }

    /// Sends bytes to somebody who may be gone.
    pub async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Presses keys.
    pub async fn press(&mut self, keys: &str) {
        for key in keys.bytes() {
            self.send(&message(0x03, &[key])).await;
        }
    }

    /// Speaks in real time, to the end of the last whole frame or of the call.
    pub async fn speak(&mut self, samples: &[i16]) {
        let mut clock = interval(Duration::from_millis(20));
        for frame in samples.chunks_exact(FRAME) {
            clock.tick().await;
            if self.try_send(&audio(frame)).await.is_err() {
                return;
            }
        }
    }

    /// Is silent for so many frames, in real time.
    pub async fn pause(&mut self, frames: usize) {
        self.speak(&vec![0; frames * FRAME]).await;
    }

    /// Is silent until somebody stops it or the other side is gone.
    pub async fn wait(&mut self) {
        let mut clock = interval(Duration::from_millis(20));
        loop {
            clock.tick().await;
            if self.try_send(&audio(&[0; FRAME])).await.is_err() {
                return;
            }
        }
    }

    /// Closes the connection for sending, as Asterisk does at the end of a call.
    pub async fn close(mut self) {
        let _ = self.0.shutdown().await;
    }
}

impl Hearer {
    /// The next message; `None` when the other side has closed.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 3];
        self.socket.read_exact(&mut header).await.ok()?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
        self.socket.read_exact(&mut payload).await.ok()?;
        Some((header[0], payload))
    }

    /// The next audio at 8 kHz; `None` at the end.
    pub async fn samples(&mut self) -> Option<Vec<i16>> {
        let (kind, payload) = soon("a message", self.next()).await?;
        if kind != 0x10 {
            return None;
        }
        Some(
            payload
                .chunks_exact(2)
                .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
        )
    }

    /// Everything up to the end of the connection: the samples, and whether a hang-up message came.
    pub async fn rest(&mut self) -> (Vec<i16>, bool) {
        let mut all = Vec::new();
        while let Some((kind, payload)) = self.next().await {
            if kind == 0x00 {
                return (all, true);
            }
            all.extend(
                payload
                    .chunks_exact(2)
                    .map(|pair| i16::from_le_bytes([pair[0], pair[1]])),
            );
        }
        (all, false)
    }

    /// Whether the other side has closed by now or does soon; what comes before that is not looked
    /// at.
    pub async fn closed(&mut self) {
        soon("the end of the connection", async {
            let mut bytes = [0; 4096];
            while self.socket.read(&mut bytes).await.is_ok_and(|n| n > 0) {}
        })
        .await;
    }
}

/// What an application's calls tell.
pub struct Observer(pub broadcast::Receiver<Arc<Event>>);

impl Observer {
    /// The next event.
    pub async fn next(&mut self) -> Arc<Event> {
        soon("an event", self.0.recv()).await.unwrap()
    }

    /// Everything up to the first event with this name, and that one.
    pub async fn until(&mut self, wire: &str) -> Vec<Arc<Event>> {
        let end = Instant::now() + LONG;
        let mut seen: Vec<Arc<Event>> = Vec::new();
        loop {
            match tokio::time::timeout_at(end, self.0.recv()).await {
                Ok(Ok(event)) => {
                    let found = event.wire() == wire;
                    seen.push(event);
                    if found {
                        return seen;
                    }
                }
                end => {
                    let seen: Vec<String> = seen.iter().map(ToString::to_string).collect();
                    panic!("no {wire} ({end:?}), only {seen:#?}")
                }
            }
        }
    }
}

/// The names of events.
pub fn names(events: &[Arc<Event>]) -> Vec<&str> {
    events.iter().map(|event| event.wire()).collect()
}

/// How often an event of this name is among them.
pub fn count(events: &[Arc<Event>], wire: &str) -> usize {
    events.iter().filter(|event| event.wire() == wire).count()
}
