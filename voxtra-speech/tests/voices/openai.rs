//! <https://developers.openai.com/api/reference/resources/audio/subresources/speech/methods/create>,
//! read on 2026-11-29.

use std::convert::Infallible;
use std::io;
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use voxtra_speech::conformance::voice::{Scenario, check};
use voxtra_speech::openai::{Voice, VoiceFormat};
use voxtra_speech::{ProviderErrorKind, TextToSpeech};

use super::double::{self, Notes};

const PCM: VoiceFormat = VoiceFormat::Pcm { rate_hz: 8_000 };

async fn double(scenario: Scenario, notes: Notes) -> String {
    let answer = move |headers: HeaderMap, Json(body): Json<Value>| {
        let notes = notes.clone();
        async move { answer(scenario, &notes, &headers, &body) }
    };
    double::serve(Router::new().route("/v1/audio/speech", post(answer))).await
}

/// A server that promises more than it sends.
async fn cut_off() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16_000];
            let _ = stream.read(&mut request).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 8000\r\n\r\n".to_vec();
            let _ = stream.write_all(&[head, vec![1; 4_001]].concat()).await;
        }
    });
    base
}

fn answer(scenario: Scenario, notes: &Notes, headers: &HeaderMap, body: &Value) -> Response {
    notes.header(headers, "authorization", "Bearer secret-key");
    notes.field(body, "/model", "tts");
    notes.field(body, "/voice", "coral");
    notes.field(body, "/speed", 1.5);
    notes.field(body, "/instructions", "Calmly.");
    let input = body["input"].as_str().unwrap_or_default();
    notes.expect(!input.trim().is_empty(), || body.to_string());
    if let Some(refusal) = double::refusal(scenario, json!({ "error": { "message": "not now" } })) {
        return refusal;
    }
    let mut sound = double::bytes(&double::sound());
    if body["response_format"] == "wav" {
        let mut wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(16_000_u32.to_le_bytes());
        wav.extend(32_000_u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
        wav.extend(sound);
        sound = wav;
    }
    let pieces: Vec<Bytes> = sound.chunks(333).map(Bytes::copy_from_slice).collect();
    let few = stream::iter(pieces.clone()).take(5).map(Ok::<_, io::Error>);
    let pieces = stream::iter(pieces).map(Ok::<_, io::Error>);
    let kind = [(header::CONTENT_TYPE, "audio/pcm")];
    let body = match scenario {
        Scenario::Silent => Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()),
        Scenario::FallsSilent | Scenario::Cancelled => {
            let gone = Gone(notes.clone());
            let pending = stream::poll_fn(move |_| {
                let _ = &gone;
                Poll::Pending
            });
            Body::from_stream(few.chain(pending))
        }
        Scenario::NoAudio => Body::empty(),
        Scenario::Endless => {
            let second = Bytes::from(vec![0; 16_000]);
            Body::from_stream(stream::repeat(second).map(Ok::<_, Infallible>))
        }
        Scenario::Garbage => {
            return Json(json!({ "error": "out of memory" })).into_response();
        }
        _ => Body::from_stream(pieces),
    };
    (kind, body).into_response()
}

/// Tells that the client is gone.
struct Gone(Notes);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.tell("gone");
    }
}

fn voice(base: &str, scenario: Scenario) -> Voice {
    let base = format!("{base}/v1");
    // Silence after the headers is a gap in the answer.
    let scenario = match scenario {
        Scenario::Silent => Scenario::FallsSilent,
        other => other,
    };
    Voice::at(double::endpoint(
        &base,
        scenario,
        "authorization",
        "Bearer ",
    ))
    .model("tts")
    .voice("coral")
    .speed(1.5)
    .instructions("Calmly.")
    .format(PCM)
}

#[tokio::test]
async fn it_does_what_every_voice_must() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let base = match scenario {
            Scenario::NothingToSay => format!("http://{}", double::nobody().await),
            Scenario::CutOff => cut_off().await,
            _ => double(scenario, notes).await,
        };
        Some(double::subject(voice(&base, scenario), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn samples_and_waves_are_read_however_they_are_cut() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, notes.clone()).await;
    let mut sound = double::sound();
    sound.extend(double::sound());
    for (format, second) in [(PCM, 500), (VoiceFormat::Wav, 250)] {
        let voice = voice(&base, Scenario::Speaks).format(format);
        let parts = voice.speak(double::whole(&["One.", "", "Two."]), 8_000);
        let (audio, told) = double::spoken(parts).await;
        assert_eq!(audio, sound, "{format:?}");
        assert_eq!(told, [("One.".to_owned(), 0), ("Two.".to_owned(), second)]);
    }
    notes.assert_right();
}

#[tokio::test]
async fn a_server_without_waves_is_found_out() {
    let answer = post(|| async { ([(header::CONTENT_TYPE, "audio/mpeg")], "ID3 and more") });
    let base = double::serve(Router::new().route("/v1/audio/speech", answer)).await;
    let voice = voice(&base, Scenario::Speaks).format(VoiceFormat::Wav);
    let error = voice
        .speak(double::whole(&["One."]), 8_000)
        .collect()
        .await
        .unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Protocol);
    assert!(error.message.contains("WAV"), "{error}");
}
