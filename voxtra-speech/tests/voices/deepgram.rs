//! <https://developers.deepgram.com/reference/text-to-speech/speak-streaming>, read on 2026-11-29.

use axum::Router;
use axum::extract::Query;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::HashMap;
use voxtra_speech::TextToSpeech;
use voxtra_speech::conformance::voice::{Scenario, check};
use voxtra_speech::deepgram::Voice;

use super::double::{self, Notes};

async fn double(scenario: Scenario, encoding: &'static str, notes: Notes) -> String {
    let answer = move |Query(query): Query<HashMap<String, String>>,
                       headers: HeaderMap,
                       upgrade: WebSocketUpgrade| {
        let notes = notes.clone();
        async move {
            for (name, value) in [
                ("model", "aura-2-orion-en"),
                ("encoding", encoding),
                ("sample_rate", "8000"),
            ] {
                let found = query.get(name).cloned();
                notes.expect(found.as_deref() == Some(value), || {
                    format!("{name}: {found:?}")
                });
            }
            answer(scenario, notes, &headers, upgrade)
        }
    };
    double::serve(Router::new().route("/v1/speak", get(answer))).await
}

fn answer(
    scenario: Scenario,
    notes: Notes,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    notes.header(headers, "authorization", "Token secret-key");
    let said = json!({ "err_code": "NO", "err_msg": "not now", "request_id": "1" });
    match double::refusal(scenario, said) {
        Some(refusal) => refusal,
        None => upgrade.on_upgrade(async move |socket| play(socket, scenario, notes).await),
    }
}

async fn play(mut socket: WebSocket, scenario: Scenario, notes: Notes) {
    let metadata = json!({ "type": "Metadata", "request_id": "1", "model_name": "aura" });
    double::send(&mut socket, metadata).await;
    let (mut waiting, mut flushed) = (0, 0);
    while let Some(message) = double::json(&mut socket, &notes).await {
        match message["type"].as_str() {
            Some("Speak") => {
                let text = message["text"].as_str().unwrap_or_default();
                notes.expect(!text.trim().is_empty(), || message.to_string());
                waiting += 1;
                continue;
            }
            Some("Flush") => {}
            _ => {
                notes.expect(false, || message.to_string());
                continue;
            }
        }
        let sound = double::bytes(&double::sound());
        for _ in 0..std::mem::take(&mut waiting) {
            match scenario {
                Scenario::Silent => return double::stay(&mut socket, &notes).await,
                Scenario::NoAudio => continue,
                Scenario::Garbage => {
                    let _ = socket.send(Message::text("{\"type\":\"Flush")).await;
                    return double::stay(&mut socket, &notes).await;
                }
                Scenario::Endless => {
                    while socket.send(Message::binary(vec![0; 16_000])).await.is_ok() {}
                    return;
                }
                _ => {}
            }
            let _ = socket.send(Message::binary(sound[..4_001].to_vec())).await;
            match scenario {
                Scenario::CutOff => return,
                Scenario::FallsSilent | Scenario::Cancelled => {
                    return double::stay(&mut socket, &notes).await;
                }
                _ => {}
            }
            let _ = socket.send(Message::binary(sound[4_001..].to_vec())).await;
        }
        let warning = json!({ "type": "Warning", "description": "slow", "code": "W1" });
        double::send(&mut socket, warning).await;
        double::send(
            &mut socket,
            json!({ "type": "Flushed", "sequence_id": flushed }),
        )
        .await;
        flushed += 1;
    }
    notes.tell("gone");
}

fn voice(base: &str, scenario: Scenario) -> Voice {
    Voice::at(double::endpoint(base, scenario, "authorization", "Token ")).voice("aura-2-orion-en")
}

#[tokio::test]
async fn it_does_what_every_voice_must() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let base = match scenario {
            Scenario::NothingToSay => format!("http://{}", double::nobody().await),
            _ => double(scenario, "linear16", notes).await,
        };
        Some(double::subject(voice(&base, scenario), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn each_text_is_told_where_it_begins() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, "linear16", notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks);
    let texts: Vec<String> = (0..30).map(|n| format!("Number {n}.")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (audio, told) = double::spoken(voice.speak(double::whole(&texts), 8_000)).await;
    assert_eq!(audio.len(), 30 * 4_000);
    assert_eq!(&audio[..4_000], double::sound());
    assert_eq!(
        told.len(),
        16,
        "15 texts flushed at once, and the rest together"
    );
    assert_eq!(told[1], ("Number 1. ".to_owned(), 500));
    assert!(
        told[15].0.ends_with("Number 29. ") && told[15].1 == 7_500,
        "{told:?}"
    );
    notes.assert_right();
}

#[tokio::test]
async fn mu_law_is_asked_for_and_decoded() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, "mulaw", notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks).mu_law(true);
    let (audio, _) = double::spoken(voice.speak(double::whole(&["Yes."]), 8_000)).await;
    assert_eq!(audio.len(), 8_000);
    notes.assert_right();
}

/// Many calls at once may use up what one minute has.
#[tokio::test]
async fn a_voice_that_takes_no_flush_is_asked_to_close() {
    let play = async |mut socket: WebSocket, notes: Notes| {
        let mut kinds = Vec::new();
        while let Some(message) = double::json(&mut socket, &notes).await {
            let kind = message["type"].as_str().unwrap_or_default().to_owned();
            let sound = double::bytes(&double::sound());
            match kind.as_str() {
                "Flush" => {
                    let what = "Cannot process any more Flush messages";
                    let warning = json!({ "type": "Warning", "description": what, "code": "W2" });
                    double::send(&mut socket, warning).await;
                    // Enough text was there, all the same.
                    let _ = socket.send(Message::binary(sound)).await;
                }
                "Close" => {
                    let _ = socket.send(Message::binary(sound)).await;
                    let (code, reason) = (1000, "".into());
                    let close = axum::extract::ws::CloseFrame { code, reason };
                    let _ = socket.send(Message::Close(Some(close))).await;
                }
                _ => {}
            }
            kinds.push(kind);
        }
        notes.tell(kinds.join(" "));
    };
    let (notes, mut news) = Notes::new();
    let answer = move |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |socket| play(socket, notes))
    };
    let base = double::serve(Router::new().route("/v1/speak", get(answer))).await;
    let (sender, texts) = voxtra_speech::Feed::queue(1);
    let mut parts = voice(&base, Scenario::Speaks).speak(texts, 8_000);
    sender.send("One.".to_owned()).await;
    double::first_audio(&mut parts).await;
    sender.send("Two.".to_owned()).await;
    drop(sender);
    let (audio, told) = double::spoken(parts).await;
    assert_eq!(audio.len(), 4_000);
    assert_eq!(told, [("Two. ".to_owned(), 500)]);
    assert_eq!(
        news.recv().await.as_deref(),
        Some("Speak Flush Speak Close")
    );
}
