//! <https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input>,
//! read on 2026-11-29.

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use voxtra_speech::conformance::voice::{Scenario, check};
use voxtra_speech::elevenlabs::Voice;
use voxtra_speech::{FallbackVoice, Feed, TextToSpeech};

use super::double::{self, Notes};

async fn double(scenario: Scenario, format: &'static str, notes: Notes) -> String {
    let answer = async move |voice: String,
                             query: HashMap<String, String>,
                             headers: HeaderMap,
                             upgrade: WebSocketUpgrade|
                -> Response {
        let detail = json!({ "detail": { "status": "some", "message": "not now" } });
        if let Some(refusal) =
            double::refusal(scenario, detail).filter(|_| scenario != Scenario::Refused)
        {
            return refusal;
        }
        notes.header(&headers, "xi-api-key", "secret-key");
        notes.expect(voice == "voice1", || voice);
        for (name, value) in [
            ("model_id", "eleven_flash_v2_5"),
            ("output_format", format),
            ("auto_mode", "true"),
            ("sync_alignment", "true"),
            ("language_code", "en"),
        ] {
            let found = query.get(name).cloned();
            notes.expect(found.as_deref() == Some(value), || {
                format!("{name}: {found:?}")
            });
        }
        upgrade.on_upgrade(async move |socket| play(socket, scenario, notes).await)
    };
    let answer = move |Path(voice): Path<String>,
                       Query(query): Query<HashMap<String, String>>,
                       headers: HeaderMap,
                       upgrade: WebSocketUpgrade| {
        let answer = answer.clone();
        async move { answer(voice, query, headers, upgrade).await }
    };
    let path = "/v1/text-to-speech/{voice}/stream-input";
    double::serve(Router::new().route(path, get(answer))).await
}

async fn play(mut socket: WebSocket, scenario: Scenario, notes: Notes) {
    let Some(first) = double::json(&mut socket, &notes).await else {
        return notes.tell("gone");
    };
    notes.field(&first, "/text", " ");
    notes.field(&first, "/voice_settings/speed", 1.5);
    match scenario {
        Scenario::Refused => {
            let error =
                json!({ "message": "no such voice", "error": "voice_not_found", "code": 1008 });
            double::send(&mut socket, error).await;
            return;
        }
        Scenario::Silent => return double::stay(&mut socket, &notes).await,
        Scenario::Garbage => {
            let garbage = json!({ "audio": "no base64!", "isFinal": 7, "alignment": [] });
            double::send(&mut socket, garbage).await;
            return double::stay(&mut socket, &notes).await;
        }
        _ => {}
    }
    while let Some(message) = double::json(&mut socket, &notes).await {
        let text = message["text"].as_str().unwrap_or_default().to_owned();
        if text.is_empty() {
            let end = json!({ "audio": null, "isFinal": true, "alignment": null });
            double::send(&mut socket, end).await;
            let _ = socket.send(Message::Close(None)).await;
            return;
        }
        notes.expect(text.ends_with(' ') && !text.ends_with("  "), || {
            text.clone()
        });
        match scenario {
            Scenario::NoAudio => continue,
            Scenario::Endless => {
                let second = spoken(&[0; 16_000], &[], 0).to_string();
                while socket.send(Message::text(second.clone())).await.is_ok() {}
                return;
            }
            _ => {}
        }
        // Cut in the middle of a word and of a sample; the times of each half begin at 0.
        let sound = double::bytes(&double::sound());
        let chars: Vec<char> = text.chars().collect();
        let half = chars.len() / 2;
        chunk(&mut socket, &sound[..4_001], &chars[..half], 250).await;
        match scenario {
            Scenario::CutOff => return,
            Scenario::FallsSilent | Scenario::Cancelled => {
                return double::stay(&mut socket, &notes).await;
            }
            _ => {}
        }
        chunk(&mut socket, &sound[4_001..], &chars[half..], 250).await;
    }
    notes.tell("gone");
}

async fn chunk(socket: &mut WebSocket, audio: &[u8], chars: &[char], length_ms: usize) -> bool {
    double::send(socket, spoken(audio, chars, length_ms)).await
}

fn spoken(audio: &[u8], chars: &[char], length_ms: usize) -> Value {
    let alignment = if chars.is_empty() {
        Value::Null
    } else {
        let chars: Vec<String> = chars.iter().map(char::to_string).collect();
        let starts: Vec<usize> = (0..chars.len())
            .map(|n| n * length_ms / chars.len())
            .collect();
        let durations = vec![length_ms / chars.len(); chars.len()];
        json!({ "chars": chars, "charStartTimesMs": starts, "charDurationsMs": durations })
    };
    let audio = STANDARD.encode(audio);
    json!({ "audio": audio, "alignment": alignment, "normalizedAlignment": null })
}

fn voice(base: &str, scenario: Scenario) -> Voice {
    Voice::at(double::endpoint(base, scenario, "xi-api-key", ""))
        .voice("voice1")
        .language("en")
        .speed(1.5)
}

#[tokio::test]
async fn it_does_what_every_voice_must() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let base = match scenario {
            Scenario::NothingToSay => format!("http://{}", double::nobody().await),
            _ => double(scenario, "pcm_8000", notes).await,
        };
        Some(double::subject(voice(&base, scenario), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn it_does_so_as_the_only_one_of_a_list() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let base = match scenario {
            Scenario::NothingToSay => format!("http://{}", double::nobody().await),
            _ => double(scenario, "pcm_8000", notes).await,
        };
        let voices = FallbackVoice::new(vec![Arc::new(voice(&base, scenario))]);
        Some(double::subject(voices.unwrap(), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn every_word_has_its_place() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, "pcm_8000", notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks);
    let parts = voice.speak(double::whole(&["Go on now.", " Stop. "]), 8_000);
    let (audio, texts) = double::spoken(parts).await;
    let mut sound = double::sound();
    sound.extend(double::sound());
    assert_eq!(audio, sound);
    let expected = [("Go ", 0), ("on ", 150), ("now. ", 291), ("Stop. ", 500)];
    let expected = expected.map(|(text, at)| (text.to_owned(), at));
    assert_eq!(texts, expected);
    notes.assert_right();
}

#[tokio::test]
async fn mu_law_is_asked_for_and_decoded() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, "ulaw_8000", notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks).mu_law(true);
    let (audio, _) = double::spoken(voice.speak(double::whole(&["Yes."]), 8_000)).await;
    assert_eq!(audio.len(), 8_000);
    notes.assert_right();
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_told() {
    let refuse = async |mut socket: WebSocket| {
        let error = json!({ "message": "no credit", "error": "quota_exceeded", "code": 1008 });
        double::send(&mut socket, error).await;
    };
    let answer = move |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(refuse) };
    let path = "/v1/text-to-speech/{voice}/stream-input";
    let base = double::serve(Router::new().route(path, get(answer))).await;
    let parts = voice(&base, Scenario::Speaks).speak(Feed::whole(["Yes.".to_owned()]), 8_000);
    let error = parts.collect().await.unwrap_err();
    let limited = voxtra_speech::ProviderErrorKind::RateLimited { retry_after: None };
    assert_eq!((error.kind, error.message.as_str()), (limited, "no credit"));
}
