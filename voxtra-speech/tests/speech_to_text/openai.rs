//! `audio/transcriptions`, by
//! <https://github.com/openai/openai-node/blob/master/src/resources/audio/transcriptions.ts>. It
//! answers byte by byte.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use voxtra_speech::conformance::speech_to_text::{self, RATE_HZ, Scenario, Subject, understood};
use voxtra_speech::openai::Transcriber;
use voxtra_speech::wav;

use crate::double::{KEY, endpoint};

/// A request: its first line, its headers in lower case, its body.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: Vec<String> = lines
        .split_off(1)
        .iter()
        .map(|l| l.to_lowercase())
        .collect();
    let length = headers
        .iter()
        .find_map(|l| l.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let line = lines.pop().unwrap();
    Some(Request {
        line,
        headers,
        body,
    })
}

/// The fields of a form, and the bytes of its file.
fn form(request: &Request) -> (Vec<(String, String)>, Vec<u8>) {
    let boundary = request
        .headers
        .iter()
        .find_map(|l| l.strip_prefix("content-type: multipart/form-data; boundary="))
        .expect("the body is no form");
    let text: String = request.body.iter().map(|&byte| char::from(byte)).collect();
    let (parts, end) = text.rsplit_once(&format!("--{boundary}--\r\n")).unwrap();
    assert_eq!(end, "");
    let mut fields = Vec::new();
    let mut file = Vec::new();
    for part in parts.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, value) = part.split_once("\r\n\r\n").unwrap();
        let value = value.strip_suffix("\r\n").unwrap();
        let name = head
            .split("name=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        if name == "file" {
            assert!(head.contains("filename=\"utterance.wav\""), "{head}");
            assert!(head.contains("content-type: audio/wav"), "{head}");
            file = value.chars().map(|c| u8::try_from(c).unwrap()).collect();
        } else {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    (fields, file)
}

async fn play(scenario: Scenario, requests: Arc<AtomicUsize>, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        if request.line.starts_with("HEAD ") {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await;
            continue;
        }
        assert_eq!(request.line, "POST /v1/audio/transcriptions HTTP/1.1");
        let key = format!("authorization: bearer {KEY}");
        assert!(request.headers.contains(&key), "{:?}", request.headers);
        let (fields, file) = form(&request);
        let expected = [
            ("model", "gpt-transcribe"),
            ("response_format", "json"),
            ("languages[]", "de"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fields, expected);
        let recording = wav::read_from(Cursor::new(file)).unwrap();
        assert_eq!(recording.rate_hz, RATE_HZ);
        let first = requests.fetch_add(1, Relaxed) == 0;
        let (status, more, body) = match scenario {
            Scenario::BreaksWithin if first => return,
            Scenario::BreaksAgain => return,
            Scenario::NeverFinal => continue,
            Scenario::WrongKey => ("401 Unauthorized", "", json!({ "error": {} }).to_string()),
            Scenario::OutOfOrder => ("500 Internal Server Error", "", "<html>oops".to_owned()),
            Scenario::RateLimited => ("429 Too Many Requests", "retry-after: 7\r\n", String::new()),
            Scenario::Garbage => ("200 OK", "", "{\"text\": ".to_owned()),
            _ => {
                let text = format!(" {}\n", understood(&recording.samples).join(" "));
                ("200 OK", "", json!({ "text": text }).to_string())
            }
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\n{more}content-length: {length}\r\n\r\n{body}");
        for byte in answer.bytes() {
            let _ = stream.write_all(&[byte]).await;
            let _ = stream.flush().await;
        }
        if scenario == Scenario::BreaksBetween {
            return;
        }
    }
}

async fn subject(scenario: Scenario, change: fn(Transcriber) -> Transcriber) -> Option<Subject> {
    // It hears an utterance when the call has ended it, and then has no connection to close. A
    // request is always answered.
    if matches!(
        scenario,
        Scenario::EndOfTurn
            | Scenario::Segments
            | Scenario::Unanswered
            | Scenario::Failed
            | Scenario::Dropped
    ) {
        return None;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(play(scenario, Arc::clone(&requests), stream));
        }
    });
    let endpoint = endpoint(&base, scenario).with_key("authorization", "Bearer ", &KEY.into());
    let transcriber = Transcriber::at(endpoint.unwrap()).language("de-DE");
    Some(Subject::new(Arc::new(change(transcriber))))
}

#[tokio::test]
async fn openai_does_as_it_must() {
    speech_to_text::check(|scenario| subject(scenario, |transcriber| transcriber)).await;
}

#[tokio::test]
async fn an_utterance_that_is_too_long_is_understood_in_parts() {
    use voxtra_speech::{ListenOptions, Recognition, SpeechInput, SpeechToText as _};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(play(Scenario::Words, Arc::clone(&seen), stream));
        }
    });
    let endpoint = endpoint(&base, Scenario::Words)
        .with_key("authorization", "Bearer ", &KEY.into())
        .unwrap();
    let transcriber = Transcriber::at(endpoint).language("de").longest_s(1);
    let audio = |seconds: usize| SpeechInput::Audio([1_000, -1_000].repeat(4_000 * seconds));
    let input = [SpeechInput::Started, audio(1), audio(1), SpeechInput::Ended];
    let parts = transcriber.listen(
        ListenOptions::new(RATE_HZ),
        voxtra_speech::Feed::whole(input),
    );
    let [Recognition::Final { text, .. }] = &parts.collect().await.unwrap()[..] else {
        panic!("one final transcript is due");
    };
    // A second holds six of the utterance's words, which is said one and a half times.
    assert_eq!(
        text,
        "grüß gott hier anna grüß gott grüß gott hier anna grüß gott"
    );
    assert_eq!(requests.load(Relaxed), 2);
}
