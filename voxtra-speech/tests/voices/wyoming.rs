//! <https://github.com/OHF-Voice/wyoming/blob/main/README.md#text-to-speech>, read on 2026-11-29.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use voxtra_speech::conformance::voice::{Scenario, check};
use voxtra_speech::wyoming::Voice;
use voxtra_speech::{ProviderErrorKind, TextToSpeech};

use super::double::{self, Notes};

/// A server; its address.
async fn double(scenario: Scenario, notes: Notes) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            notes.tell("connected");
            let notes = notes.clone();
            tokio::spawn(async move {
                play(BufReader::new(stream), scenario, &notes).await;
                notes.tell("gone");
            });
        }
    });
    address
}

async fn play(mut stream: BufReader<TcpStream>, scenario: Scenario, notes: &Notes) {
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        line.clear();
        notes.field(&event, "/type", "synthesize");
        notes.field(
            &event,
            "/data/voice",
            json!({ "name": "lessac", "speaker": "2" }),
        );
        let text = event["data"]["text"].as_str().unwrap_or_default();
        notes.expect(!text.trim().is_empty(), || event.to_string());
        let format = json!({ "rate": 8_000, "width": 2, "channels": 1 });
        match scenario {
            Scenario::Refused => {
                let error = json!({ "text": "no such voice", "code": "VoiceNotFoundError" });
                send(&mut stream, "error", error, &[]).await;
                return;
            }
            Scenario::Garbage => {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return stay(&mut stream).await;
            }
            Scenario::Silent => return stay(&mut stream).await,
            _ => {}
        }
        send(&mut stream, "audio-start", format.clone(), &[]).await;
        match scenario {
            Scenario::NoAudio => {
                send(&mut stream, "audio-stop", json!({}), &[]).await;
                continue;
            }
            Scenario::Endless => {
                let second = [0; 16_000];
                while send(&mut stream, "audio-chunk", format.clone(), &second).await {}
                return;
            }
            _ => {}
        }
        let sound = double::bytes(&double::sound());
        send(&mut stream, "audio-chunk", format.clone(), &sound[..4_001]).await;
        match scenario {
            Scenario::CutOff => return,
            Scenario::FallsSilent | Scenario::Cancelled => return stay(&mut stream).await,
            _ => {}
        }
        send(&mut stream, "audio-chunk", format, &sound[4_001..]).await;
        send(&mut stream, "audio-stop", json!({ "timestamp": 500 }), &[]).await;
    }
}

async fn stay(stream: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
        line.clear();
    }
}

/// Sends an event as Python's library does: its data behind the line.
async fn send(stream: &mut BufReader<TcpStream>, kind: &str, data: Value, payload: &[u8]) -> bool {
    let data = data.to_string();
    let line = json!({
        "type": kind, "version": "1.10.2", "data_length": data.len(), "payload_length": payload.len(),
    });
    let mut bytes = format!("{line}\n{data}").into_bytes();
    bytes.extend(payload);
    stream.write_all(&bytes).await.is_ok()
}

fn voice(address: &str, scenario: Scenario) -> Voice {
    Voice::new(address)
        .timeouts(double::timeouts(scenario))
        .voice("lessac")
        .speaker("2")
}

#[tokio::test]
async fn it_does_what_every_voice_must() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let address = match scenario {
            // The protocol has neither.
            Scenario::WrongKey | Scenario::RateLimited => return None,
            Scenario::NothingToSay | Scenario::Unavailable => double::nobody().await,
            _ => double(scenario, notes).await,
        };
        Some(double::subject(voice(&address, scenario), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn a_connection_that_was_prepared_is_used_again() {
    let (notes, mut news) = Notes::new();
    let address = double(Scenario::Speaks, notes.clone()).await;
    let voice = voice(&address, Scenario::Speaks);
    voice.prepare().await;
    for _ in 0..3 {
        let (audio, told) = double::spoken(voice.speak(double::whole(&["One."]), 8_000)).await;
        assert_eq!(audio, double::sound());
        assert_eq!(told, [("One.".to_owned(), 0)]);
    }
    drop(voice);
    assert_eq!(news.recv().await.as_deref(), Some("connected"));
    assert_eq!(news.recv().await.as_deref(), Some("gone"));
    notes.assert_right();
}

/// A server that was restarted closed what was kept.
#[tokio::test]
async fn a_connection_that_broke_is_made_again() {
    let (notes, mut news) = Notes::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let voice = voice(&address, Scenario::Speaks);
    let first = async { drop(listener.accept().await) };
    tokio::join!(voice.prepare(), first);
    let double_notes = notes.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        double_notes.tell("again");
        play(BufReader::new(stream), Scenario::Speaks, &double_notes).await;
    });
    let (audio, _) = double::spoken(voice.speak(double::whole(&["One."]), 8_000)).await;
    assert_eq!(audio, double::sound());
    assert_eq!(news.recv().await.as_deref(), Some("again"));
    notes.assert_right();
}

#[tokio::test]
async fn audio_that_no_call_can_take_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let format = json!({ "rate": 8_000, "width": 4, "channels": 1 });
        send(&mut stream, "audio-chunk", format, &[0; 4]).await;
        stay(&mut stream).await;
    });
    let parts = voice(&address, Scenario::Speaks).speak(double::whole(&["One."]), 8_000);
    let error = parts.collect().await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Protocol);
    assert!(error.message.contains("4 bytes a sample"), "{error}");
}
