//! An agent that converses with providers that take no time: what is left of a turn is Voxtra's own
//! part. `benches/conversation.py` runs it beside others.
//!
//!     conversation_agent PORT SILENCE_MS MARKS
//!
//! For every turn a line of JSON goes to the file MARKS when the call ends: when each step was
//! done, in microseconds of UTC.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use voxtra::core::leg::LegSettings;
use voxtra::prelude::*;
use voxtra::rt::media::MediaSettings;
use voxtra::rt::speech::{
    Feed, LanguageModel, ModelRequest, Parts, ReplyPart, ScriptedTranscriber, SpeechPart,
    StopReason, TextToSpeech, text_by_text,
};

/// What the callers' words are. Nothing in them says that more follows, nor that nothing does.
const HEARD: &str = "he was not an ill disposed young man";
/// What the model answers.
const ANSWER: &str = "So I was told.";
/// How long the answer lasts, in samples at 8 kHz.
const ANSWER_SAMPLES: usize = 4_000;
/// Turns that a call may have.
const MOST_TURNS: usize = 1_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, silence, marks] = arguments.as_slice() else {
        eprintln!("usage: conversation_agent PORT SILENCE_MS MARKS");
        return ExitCode::from(2);
    };
    let port: u16 = port.parse().unwrap();
    let silence: u32 = silence.parse().unwrap();
    let marks = Arc::new(Mutex::new(File::create(marks).unwrap()));
    let app = Application::builder()
        .media(MediaSettings::default().with(|media| {
            media.listen = ([127, 0, 0, 1], port).into();
        }))
        .leg(LegSettings::default().with(|leg| {
            leg.turn.end_of_turn_ms = silence;
            // The same silence for every turn.
            leg.turn.end_of_turn_range = 1.0;
        }))
        .allow_any("conversation")
        .default(move |call: Call| converse(call, marks.clone()))
        .start()
        .await
        .unwrap();
    // Until it is killed.
    std::future::pending::<()>().await;
    drop(app);
    ExitCode::SUCCESS
}

/// Converses, and notes what was when.
async fn converse(call: Call, marks: Arc<Mutex<File>>) -> Result<(), CallError> {
    let steps = Steps::default();
    // It ends with the call's last event, behind this function's end.
    tokio::spawn(note(call.clone(), steps.clone(), marks));
    let agent = AgentSettings::new("Be brief.")
        .speech_to_text(Arc::new(ScriptedTranscriber::new([HEARD; MOST_TURNS])))
        .language_model(Arc::new(Model(steps.clone())))
        .voice(Arc::new(Voice(steps)));
    call.agent().run(&agent).await
}

/// When the steps of a turn were done, by their names.
#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Map<String, Value>>>);

impl Steps {
    fn now(&self, step: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.at(step, i64::try_from(now.as_micros()).unwrap());
    }

    fn at(&self, step: &str, micros: i64) {
        self.0
            .lock()
            .unwrap()
            .insert(step.to_owned(), json!(micros));
    }

    fn take(&self) -> Map<String, Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn note(call: Call, steps: Steps, marks: Arc<Mutex<File>>) {
    let mut lines = String::new();
    let mut events = call.events();
    while let Some(event) = events.next().await {
        let at = event.timestamp.as_microsecond();
        match &event.body {
            EventBody::BuiltIn(BuiltIn::TurnEnded(_)) => steps.at("decided", at),
            EventBody::BuiltIn(BuiltIn::UserTranscript(_)) => steps.at("transcript", at),
            EventBody::BuiltIn(BuiltIn::AgentSpeechStarted(_)) => {
                let mut turn = steps.take();
                turn.insert("frame".to_owned(), json!(at));
                turn.insert(
                    "call".to_owned(),
                    json!(call.audio_id().unwrap().to_string()),
                );
                lines.push_str(&Value::Object(turn).to_string());
                lines.push('\n');
            }
            _ => {}
        }
    }
    marks.lock().unwrap().write_all(lines.as_bytes()).unwrap();
}

/// A language model that has its answer at once.
struct Model(Steps);

impl LanguageModel for Model {
    fn name(&self) -> &str {
        "instant"
    }

    fn reply(&self, _: ModelRequest) -> Parts<ReplyPart> {
        self.0.now("asked");
        Parts::whole([
            ReplyPart::Text(ANSWER.to_owned()),
            ReplyPart::Done(StopReason::End),
        ])
    }
}

/// A voice that has all of its audio at once: a tone that is loud from its first sample.
struct Voice(Steps);

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        "instant"
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let steps = self.0.clone();
        text_by_text(texts, move |_| {
            steps.now("spoken");
            let tone = (0..ANSWER_SAMPLES).map(|n| if n / 8 % 2 == 0 { 8_000 } else { -8_000 });
            Parts::whole([SpeechPart::audio(8_000, tone.collect::<Vec<i16>>())])
        })
    }
}
