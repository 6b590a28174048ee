//! A Wyoming server, by <https://github.com/OHF-Voice/wyoming/blob/main/README.md>. It writes byte
//! by byte.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use voxtra_speech::conformance::speech_to_text::{self, Scenario, Subject, understood};
use voxtra_speech::wyoming::Transcriber;

use crate::double::{Watcher, samples, timeouts, watch};

type Stream = BufReader<TcpStream>;

async fn read(stream: &mut Stream) -> Option<(String, Value, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
    let header: Value = serde_json::from_str(&line).unwrap();
    assert!(header.get("data_length").is_none(), "{line}");
    let length = header["payload_length"].as_u64().unwrap_or_default();
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    let kind = header["type"].as_str().unwrap().to_owned();
    Some((kind, header["data"].clone(), payload))
}

/// Data comes behind the first line, as the reference implementation writes it.
async fn write(stream: &mut Stream, kind: &str, data: Value) {
    let data = data.to_string();
    let header = json!({ "type": kind, "version": "1.7.2", "data_length": data.len() });
    for byte in format!("{header}\n{data}").bytes() {
        let _ = stream.write_all(&[byte]).await;
        let _ = stream.flush().await;
    }
}

async fn play(scenario: Scenario, streams: bool, first: bool, watcher: Watcher, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let format = json!({ "rate": 8000, "width": 2, "channels": 1 });
    let mut heard = Vec::new();
    let mut told = 0;
    let mut before = "";
    while let Some((kind, data, payload)) = read(&mut stream).await {
        match (before, kind.as_str()) {
            ("", "transcribe") => {
                assert_eq!(data, json!({ "language": "de" }));
                before = "transcribe";
            }
            ("transcribe", "audio-start") => {
                assert_eq!(data, format);
                before = "audio";
                if streams {
                    write(&mut stream, "transcript-start", json!({})).await;
                }
            }
            ("audio", "audio-chunk") => {
                assert_eq!(data, format);
                heard.extend(samples(&payload).unwrap());
                watcher.heard();
                let words = understood(&heard);
                if scenario == Scenario::Garbage {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                }
                let breaks = first && scenario == Scenario::BreaksWithin
                    || scenario == Scenario::BreaksAgain;
                if breaks && words.len() >= 2 {
                    return;
                }
                if streams && words.len() > told {
                    let space = if told > 0 { " " } else { "" };
                    let text = format!("{space}{}", words[told..].join(" "));
                    told = words.len();
                    write(&mut stream, "transcript-chunk", json!({ "text": text })).await;
                }
            }
            ("audio", "audio-stop") => {
                before = "stopped";
                if scenario == Scenario::NeverFinal {
                    continue;
                }
                let text = format!(" {} ", understood(&heard).join(" "));
                write(&mut stream, "transcript", json!({ "text": text })).await;
                if streams {
                    write(&mut stream, "transcript-stop", json!({})).await;
                }
                return;
            }
            other => panic!("{other:?} is the wrong order"),
        }
    }
}

async fn subject(scenario: Scenario, streams: bool) -> Option<Subject> {
    // There are no keys and no refusals, neither ends of turns nor segments, and always an answer.
    if matches!(
        scenario,
        Scenario::WrongKey
            | Scenario::RateLimited
            | Scenario::OutOfOrder
            | Scenario::EndOfTurn
            | Scenario::Segments
            | Scenario::Unanswered
            | Scenario::Failed
    ) {
        return None;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (watcher, watched) = watch();
    tokio::spawn(async move {
        let mut first = true;
        while let Ok((stream, _)) = listener.accept().await {
            let watcher = watcher.clone();
            let playing = play(scenario, streams, first, watcher.clone(), stream);
            first = false;
            tokio::spawn(async move {
                playing.await;
                watcher.closed();
            });
        }
    });
    let transcriber = Transcriber::new(address)
        .language("de-DE")
        .timeouts(timeouts(scenario));
    Some(watched(Subject::new(Arc::new(transcriber))))
}

#[tokio::test]
async fn wyoming_does_as_it_must() {
    speech_to_text::check(|scenario| subject(scenario, false)).await;
}

#[tokio::test]
async fn wyoming_that_streams_its_transcript_does_as_it_must() {
    speech_to_text::check(|scenario| subject(scenario, true)).await;
}
