//! <https://docs.cartesia.ai/2026-03-01/api-reference/tts/websocket>, read on 2026-11-29.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use voxtra_speech::cartesia::Voice;
use voxtra_speech::conformance::voice::{Scenario, check};
use voxtra_speech::{Feed, ProviderErrorKind, SpeechPart, TextToSpeech};

use super::double::{self, Notes};

async fn double(scenario: Scenario, notes: Notes) -> String {
    let answer = move |headers: HeaderMap, upgrade: WebSocketUpgrade| {
        let notes = notes.clone();
        async move { answer(scenario, notes, &headers, upgrade) }
    };
    double::serve(Router::new().route("/tts/websocket", get(answer))).await
}

fn answer(
    scenario: Scenario,
    notes: Notes,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    notes.header(headers, "authorization", "Bearer secret-key");
    notes.header(headers, "cartesia-version", "2026-03-01");
    let said = json!({ "title": "no", "message": "not now" });
    match double::refusal(scenario, said).filter(|_| scenario != Scenario::Refused) {
        Some(refusal) => refusal,
        None => upgrade.on_upgrade(async move |socket| play(socket, scenario, notes).await),
    }
}

async fn play(mut socket: WebSocket, scenario: Scenario, notes: Notes) {
    let (mut context, mut length) = (String::new(), 0.0);
    while let Some(message) = double::json(&mut socket, &notes).await {
        let id = message["context_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let text = message["transcript"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for (path, value) in [
            ("/model_id", json!("sonic-3.5")),
            ("/voice", json!({ "mode": "id", "id": "voice1" })),
            ("/language", json!("en")),
            ("/output_format/container", json!("raw")),
            ("/output_format/sample_rate", json!(8_000)),
            ("/add_timestamps", json!(true)),
            ("/max_buffer_delay_ms", json!(0)),
            ("/continue", json!(!text.is_empty())),
        ] {
            notes.field(&message, path, value);
        }
        if id != context {
            notes.tell(format!("context {id}"));
            (context, length) = (id, 0.0);
        }
        let reply = |kind: &str, mut more: Value| {
            more["type"] = json!(kind);
            more["context_id"] = json!(context);
            more
        };
        let chunk = |audio: &[u8]| {
            reply(
                "chunk",
                json!({ "data": STANDARD.encode(audio), "done": false }),
            )
        };
        match scenario {
            Scenario::Silent => return double::stay(&mut socket, &notes).await,
            Scenario::Refused => {
                let error =
                    json!({ "title": "no", "message": "no such model", "status_code": 400 });
                double::send(&mut socket, reply("error", error)).await;
                return double::stay(&mut socket, &notes).await;
            }
            Scenario::Garbage => {
                double::send(&mut socket, reply("chunk", json!({ "data": [1, 2] }))).await;
                return double::stay(&mut socket, &notes).await;
            }
            Scenario::Endless => {
                let second = chunk(&[0; 16_000]).to_string();
                while socket.send(Message::text(second.clone())).await.is_ok() {}
                return;
            }
            _ => {}
        }
        if text.is_empty() {
            notes.tell("finished");
            double::send(&mut socket, reply("done", json!({ "done": true }))).await;
            continue;
        }
        notes.expect(text.ends_with(' '), || text.clone());
        if scenario == Scenario::NoAudio {
            continue;
        }
        // What belongs to another context is nobody's.
        let other =
            json!({ "type": "chunk", "context_id": "other", "data": STANDARD.encode([1; 100]) });
        double::send(&mut socket, other).await;
        let sound = double::bytes(&double::sound());
        double::send(&mut socket, chunk(&sound[..4_001])).await;
        match scenario {
            Scenario::CutOff => return,
            Scenario::FallsSilent | Scenario::Cancelled => {
                return double::stay(&mut socket, &notes).await;
            }
            _ => {}
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let starts: Vec<f64> = (0..words.len()).map(|n| length + 0.1 * n as f64).collect();
        let ends: Vec<f64> = starts.iter().map(|start| start + 0.1).collect();
        let times = json!({ "words": words, "start": starts, "end": ends });
        double::send(
            &mut socket,
            reply("timestamps", json!({ "word_timestamps": times })),
        )
        .await;
        double::send(&mut socket, chunk(&sound[4_001..])).await;
        length += 0.5;
    }
    notes.tell("gone");
}

fn voice(base: &str, scenario: Scenario) -> Voice {
    Voice::at(double::endpoint(base, scenario, "authorization", "Bearer ")).voice("voice1")
}

#[tokio::test]
async fn it_does_what_every_voice_must() {
    let (notes, _) = Notes::new();
    check(async |scenario| {
        let (notes, news) = notes.with_news();
        let base = match scenario {
            Scenario::NothingToSay => format!("http://{}", double::nobody().await),
            _ => double(scenario, notes).await,
        };
        Some(double::subject(voice(&base, scenario), news))
    })
    .await;
    notes.assert_right();
}

#[tokio::test]
async fn every_word_has_its_place() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::Speaks, notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks);
    let parts = voice.speak(double::whole(&["Go on.", "Stop."]), 8_000);
    let (audio, texts) = double::spoken(parts).await;
    let mut sound = double::sound();
    sound.extend(double::sound());
    assert_eq!(audio, sound);
    let expected = [("Go ", 0), ("on. ", 100), ("Stop. ", 500)];
    assert_eq!(texts, expected.map(|(text, at)| (text.to_owned(), at)));
    notes.assert_right();
}

/// What is spoken is heard later, and the connection must not be left alone until then.
#[tokio::test]
async fn the_provider_is_read_while_nobody_reads_its_speech() {
    let (notes, mut news) = Notes::new();
    let base = double(Scenario::Speaks, notes.clone()).await;
    let texts = ["Go on."; 20];
    let mut parts = voice(&base, Scenario::Speaks).speak(double::whole(&texts), 8_000);
    double::first_audio(&mut parts).await;
    let finished = async { while news.recv().await.is_some_and(|told| told != "finished") {} };
    let finished = tokio::time::timeout(Duration::from_secs(30), finished).await;
    assert!(finished.is_ok(), "it waits for its reader");
    let (rest, _) = double::spoken(parts).await;
    // The first audio was a chunk of 4,001 bytes.
    assert_eq!(2_000 + rest.len(), 20 * double::sound().len());
    notes.assert_right();
}

/// A context expires a second after its last audio; a model that thinks takes longer.
#[tokio::test]
async fn a_text_after_a_pause_is_spoken_in_a_new_context() {
    let (notes, mut news) = Notes::new();
    let base = double(Scenario::Speaks, notes.clone()).await;
    let voice = voice(&base, Scenario::Speaks);
    let (sender, texts) = Feed::queue(2);
    let mut parts = voice.speak(texts, 8_000);
    sender.send("Go on.".to_owned()).await;
    double::first_audio(&mut parts).await;
    let mut told = Vec::new();
    let mut contexts = Vec::new();
    // The double tells when the voice finished the context by itself.
    loop {
        tokio::select! {
            part = parts.next() => assert!(part.unwrap().is_ok()),
            news = news.recv() => match news.unwrap().as_str() {
                "finished" => break,
                context => contexts.push(context.to_owned()),
            },
        }
    }
    sender.send("Stop.".to_owned()).await;
    drop(sender);
    while let Some(part) = parts.next().await {
        if let SpeechPart::Text { text, at } = part.unwrap() {
            told.push((text, at.as_millis()));
        }
    }
    assert_eq!(told, [("Stop. ".to_owned(), 500)]);
    contexts.push(news.recv().await.unwrap());
    assert_ne!(contexts[0], contexts[1]);
    notes.assert_right();
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_without_it() {
    let (notes, _) = Notes::new();
    let base = double(Scenario::WrongKey, notes).await;
    let parts = voice(&base, Scenario::WrongKey).speak(double::whole(&["One."]), 8_000);
    let error = parts.collect().await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Auth);
    assert!(
        error.message.contains("not now") && !error.message.contains("secret-key"),
        "{error}"
    );
}
