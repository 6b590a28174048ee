//! `voxtra serve` with an agent of its configuration: a caller who speaks, providers that are
//! doubles on this machine, and what the caller hears.

use std::fs;
use std::io::{Cursor, Read as _};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::serve::Serve;
use super::{RECORDING, fresh_directory, run, samples, voxtra};

const ID: &str = "8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352";
const KEY: &str = "sk-the-key-of-this-test";

const CONFIGURATION: &str = r#"
[speech]
voice = "none"

[[audiosocket]]
uuid = "8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352"
extension = "1000"

[provider.double]
kind = "openai"
base_url = "BASE_URL"
key = "${DOUBLE_KEY}"
model = "thinker"
speech_to_text_model = "listener"
text_to_speech_model = "speaker"
voice = "coral"
language = "en"

# Nobody is there.
[provider.broken]
kind = "openai"
base_url = "http://127.0.0.1:1/v1"

[agent.weather]
instructions_file = "weather.md"
speech_to_text = "double"
language_model = ["broken", "double"]
text_to_speech = "double"
tools = ["hang_up"]
"#;

/// What the double was asked: the path, the headers and the body of each request.
type Asked = Arc<Mutex<Vec<(&'static str, HeaderMap, Bytes)>>>;

/// A server with OpenAI's interface. It understands one sentence, answers with one and hangs up,
/// and speaks in a tone.
fn double(runtime: &Runtime, asked: &Asked) -> String {
    let route = |path: &'static str, answer: fn() -> Response| {
        let asked = asked.clone();
        post(async move |headers: HeaderMap, body: Bytes| {
            asked.lock().unwrap().push((path, headers, body));
            answer()
        })
    };
    let app = Router::new()
        .route("/v1/audio/transcriptions", route("transcriptions", heard))
        .route("/v1/chat/completions", route("completions", thought))
        .route("/v1/audio/speech", route("speech", spoken));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, app).await });
    base
}

fn heard() -> Response {
    Json(json!({ "text": "The weather is lovely here this morning." })).into_response()
}

fn thought() -> Response {
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let call = json!([{
        "index": 0,
        "id": "call-1",
        "type": "function",
        "function": { "name": "hang_up", "arguments": "{}" },
    }]);
    let events = [
        chunk(json!({ "role": "assistant", "content": "Then go " }), None),
        chunk(json!({ "content": "outside. Goodbye." }), None),
        chunk(json!({ "tool_calls": call }), None),
        chunk(json!({}), Some("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ];
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        events.concat(),
    )
        .into_response()
}

/// What the voice says for each text: 0.3 s at 1 kHz.
fn tone() -> Vec<i16> {
    let wave = [0, 7_000, 10_000, 7_000, 0, -7_000, -10_000, -7_000];
    wave.into_iter().cycle().take(2_400).collect()
}

fn spoken() -> Response {
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Vec::new();
    let mut wav = hound::WavWriter::new(Cursor::new(&mut bytes), format).unwrap();
    for sample in tone() {
        wav.write_sample(sample).unwrap();
    }
    wav.finalize().unwrap();
    ([(header::CONTENT_TYPE, "audio/wav")], bytes).into_response()
}

#[test]
fn a_key_that_is_wrong_is_named_by_check_online() {
    let runtime = Runtime::new().unwrap();
    let models = async |headers: HeaderMap| {
        let right = headers.get(header::AUTHORIZATION).unwrap() == &format!("Bearer {KEY}");
        match right {
            true => Json(json!({ "data": [] })).into_response(),
            false => {
                let error = json!({ "error": { "message": "Incorrect API key provided." } });
                (StatusCode::UNAUTHORIZED, Json(error)).into_response()
            }
        }
    };
    let app = Router::new().route("/v1/models", get(models));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, app).await });

    let directory = fresh_directory("check-agent-online");
    fs::write(directory.join("weather.md"), "You talk about the weather.").unwrap();
    let text = CONFIGURATION
        .replace("http://127.0.0.1:1/v1", &base)
        .replace("BASE_URL", &base)
        .replace("[provider.broken]", "[provider.broken]\nkey = \"sk-wrong\"");
    fs::write(directory.join("voxtra.toml"), &text).unwrap();
    let check = |arguments: &[&str]| {
        run(Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .arg("check")
            .args(arguments)
            .current_dir(&directory)
            .env("DOUBLE_KEY", KEY))
    };
    let offline = check(&[]);
    assert_eq!(offline.status, 0, "{}", offline.err);
    let agent =
        "agent weather: hears with double, thinks with broken or double, speaks with double";
    assert!(offline.out.contains(agent), "{}", offline.out);
    let wrong = check(&["--online"]);
    assert_eq!(wrong.status, 1, "{}", wrong.out);
    let said = "provider broken: it answered 401 Unauthorized: Incorrect API key provided.";
    assert!(wrong.err.contains(said), "{}", wrong.err);
    assert!(
        !wrong.err.contains("double") && !wrong.err.contains("sk-"),
        "{}",
        wrong.err
    );
    fs::write(
        directory.join("voxtra.toml"),
        text.replace("sk-wrong", "${DOUBLE_KEY}"),
    )
    .unwrap();
    let right = check(&["--online"]);
    assert_eq!(right.status, 0, "{}", right.err);
    let answers = "provider double answers, and takes the key";
    assert!(right.out.contains(answers), "{}", right.out);
}

#[test]
fn an_agent_of_the_configuration_hears_thinks_speaks_and_hangs_up() {
    let runtime = Runtime::new().unwrap();
    let asked = Asked::default();
    let base = double(&runtime, &asked);
    let directory = fresh_directory("serve-agent");
    fs::write(directory.join("weather.md"), "You talk about the weather.").unwrap();
    let text = CONFIGURATION.replace("BASE_URL", &base);
    let (mut serve, mut log) = Serve::with(
        &directory,
        &text,
        &[("DOUBLE_KEY", KEY), ("RUST_LOG", "trace")],
    );
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text)
    });

    // The agent hangs up, long before the caller would.
    let out = directory.join("heard.wav");
    let call = voxtra(&[
        "call",
        serve.address(),
        "--uuid",
        ID,
        "--wav",
        RECORDING,
        "--wait",
        "60",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(call.status, 0, "{}", call.err);
    assert!(call.out.contains("the server hung up"), "{}", call.out);

    let asked = std::mem::take(&mut *asked.lock().unwrap());
    let of = |wanted: &str| -> Vec<_> {
        let asked = asked.iter().filter(|(path, ..)| *path == wanted);
        asked.collect()
    };
    assert!(asked.iter().all(|(_, headers, _)| {
        headers.get(header::AUTHORIZATION).unwrap() == &format!("Bearer {KEY}")
    }));
    let [(_, _, listened)] = of("transcriptions")[..] else {
        panic!("one utterance was heard");
    };
    let listened_to = String::from_utf8_lossy(listened);
    for field in ["listener", "RIFF", "language"] {
        assert!(listened_to.contains(field), "{field}");
    }
    // A second of speech at least.
    assert!(listened.len() > 16_000, "{}", listened.len());

    let questions = of("completions");
    assert_eq!(questions.len(), 1, "nothing is asked behind the hang-up");
    let question: Value = serde_json::from_slice(&questions[0].2).unwrap();
    assert_eq!(question["model"], "thinker");
    let messages = question["messages"].as_array().unwrap();
    assert_eq!(messages[0]["content"], "You talk about the weather.");
    let last = messages.last().unwrap();
    assert_eq!(last["role"], "user");
    assert_eq!(last["content"], "The weather is lovely here this morning.");
    assert_eq!(question["tools"][0]["function"]["name"], "hang_up");

    let texts: Vec<String> = of("speech")
        .into_iter()
        .map(|(_, _, body)| {
            let request: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(request["model"], "speaker");
            assert_eq!(request["voice"], "coral");
            request["input"].as_str().unwrap().trim().to_owned()
        })
        .collect();
    // The apology against dead air is made beforehand, and nobody hears it.
    let (apology, texts): (Vec<_>, Vec<_>) = texts
        .into_iter()
        .partition(|text| text.starts_with("I'm sorry, this is taking longer"));
    assert_eq!(apology.len(), 1, "{apology:?}");
    assert_eq!(texts.join(" "), "Then go outside. Goodbye.");

    // The caller heard every sample of every sentence.
    let heard = samples(&out);
    let whole = heard.windows(tone().len()).filter(|part| *part == tone());
    assert!(whole.count() >= texts.len(), "{} samples", heard.len());

    assert_eq!(serve.signal("-TERM"), Some(0));
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("weather") || log.contains("1000"), "{log}");
    assert!(!log.contains(KEY), "{log}");
}
