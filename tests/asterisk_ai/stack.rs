//! The local stack of `stack/stack.sh`, as the caller uses it: its voice is the caller's, and its
//! ears judge what the caller heard. Spoken to in its own protocol, Wyoming, without Voxtra.

use std::io::Write as _;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use voxtra_core::audio::Resampler;

use super::PATIENCE;
use super::words::understood;

/// Most bytes of an event that are read.
const MOST: usize = 8 << 20;

/// The share of its words that Whisper understands of a clear utterance.
const CLEAR: f64 = 0.75;

/// Words, and how they sound at 8 kHz.
#[derive(Clone, Debug)]
pub(crate) struct Utterance {
    pub(crate) text: String,
    pub(crate) samples: Vec<i16>,
}

/// Where the servers are.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) whisper: String,
    /// A second server of the same kind, which a test may stop.
    pub(crate) spare_whisper: String,
    pub(crate) llama: String,
    pub(crate) piper: String,
}

impl Stack {
    /// The stack of this run; `None`, after saying so loudly, if there is none.
    pub(crate) fn get() -> Option<Self> {
        let address = |name: &str| {
            let port = std::env::var(format!("VOXTRA_STACK_{name}_PORT")).ok()?;
            Some(format!("127.0.0.1:{port}"))
        };
        let found = || {
            let whisper = address("WHISPER")?;
            Some(Self {
                spare_whisper: address("SPARE_WHISPER").unwrap_or_else(|| whisper.clone()),
                whisper,
                llama: address("LLAMA")?,
                piper: address("PIPER")?,
            })
        };
        let stack = found();
        if stack.is_none() {
            not_run("needs the local stack: tests/ai/run.sh");
        }
        stack
    }

    /// Whether the long tests are asked for.
    pub(crate) fn long() -> bool {
        let long = std::env::var_os("VOXTRA_AI_LONG").is_some();
        if !long {
            not_run("takes minutes: tests/ai/run.sh --long");
        }
        long
    }

    /// Ends the second speech-to-text, as a crash would.
    pub(crate) async fn kill_spare_whisper(&self) {
        let (_, port) = self.spare_whisper.rsplit_once(':').unwrap();
        let status = tokio::process::Command::new(std::env::var_os("VOXTRA_STACK").unwrap())
            .args(["stop", "whisper"])
            .env("VOXTRA_STACK_WHISPER_PORT", port)
            .status()
            .await
            .unwrap();
        assert!(status.success());
    }

    /// These words, said clearly: no two utterances of the voice are the same, and some are
    /// mumbled.
    pub(crate) async fn speaks(&self, text: &str) -> Utterance {
        for _ in 0..8 {
            let samples = self.synthesizes(text).await;
            if understood(text, &self.understands(&samples).await) >= CLEAR {
                let text = text.to_owned();
                return Utterance { text, samples };
            }
        }
        panic!("Whisper does not understand \"{text}\" in the stack's own voice");
    }

    async fn synthesizes(&self, text: &str) -> Vec<i16> {
        let mut wire = Wire::connect(&self.piper).await;
        wire.send("synthesize", json!({ "text": text }), &[]).await;
        let (mut samples, mut rate) = (Vec::new(), 0);
        loop {
            let (kind, data, payload) = wire.receive().await;
            match kind.as_str() {
                "audio-start" => rate = data["rate"].as_u64().unwrap() as u32,
                "audio-chunk" => samples.extend(from_bytes(&payload)),
                "audio-stop" => return at_8khz(&samples, rate),
                _ => {}
            }
        }
    }

    /// The words in these samples at 8 kHz, as Whisper hears them.
    pub(crate) async fn understands(&self, samples: &[i16]) -> String {
        let mut wire = Wire::connect(&self.whisper).await;
        let format = json!({ "rate": 8000, "width": 2, "channels": 1 });
        wire.send("transcribe", json!({ "language": "en" }), &[])
            .await;
        wire.send("audio-start", format.clone(), &[]).await;
        for part in samples.chunks(8000) {
            let bytes: Vec<u8> = part.iter().flat_map(|s| s.to_le_bytes()).collect();
            wire.send("audio-chunk", format.clone(), &bytes).await;
        }
        wire.send("audio-stop", json!({}), &[]).await;
        loop {
            let (kind, data, _) = wire.receive().await;
            if kind == "transcript" {
                return data["text"].as_str().unwrap().trim().to_owned();
            }
        }
    }
}

fn not_run(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not through `eprintln!`, which the test harness hides when a test passes.
    let _ = std::io::stderr().write_all(format!("NOT RUN: {name} {why}\n").as_bytes());
}

fn from_bytes(bytes: &[u8]) -> Vec<i16> {
    bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn at_8khz(samples: &[i16], rate_hz: u32) -> Vec<i16> {
    let mut resampler = Resampler::new(rate_hz, 8000).unwrap();
    let mut out = vec![0; resampler.output_len(samples.len()) + 1];
    let (_, produced) = resampler.process(samples, &mut out);
    out.truncate(produced);
    out
}

/// A connection: <https://github.com/OHF-Voice/wyoming#format>.
struct Wire(BufReader<TcpStream>);

impl Wire {
    async fn connect(address: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    async fn send(&mut self, kind: &str, data: Value, payload: &[u8]) {
        let head = json!({ "type": kind, "data": data, "payload_length": payload.len() });
        let mut bytes = format!("{head}\n").into_bytes();
        bytes.extend(payload);
        self.0.write_all(&bytes).await.unwrap();
    }

    async fn receive(&mut self) -> (String, Value, Vec<u8>) {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("no answer from a server of the stack")
    }

    async fn read(&mut self) -> (String, Value, Vec<u8>) {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        let head: Value = serde_json::from_str(&line).unwrap();
        let mut data = head["data"].clone();
        let more = self.bytes(&head["data_length"]).await;
        if !more.is_empty() {
            data = serde_json::from_slice(&more).unwrap();
        }
        let payload = self.bytes(&head["payload_length"]).await;
        (head["type"].as_str().unwrap().to_owned(), data, payload)
    }

    async fn bytes(&mut self, length: &Value) -> Vec<u8> {
        let length = length.as_u64().unwrap_or(0) as usize;
        assert!(length < MOST);
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }
}
