//! What every speech-to-speech service must do, as scenarios that it is run through.
//!
//! You write a double of your service's server that plays each [`Scenario`], and give [`check`] a
//! function that connects your [`SpeechToSpeech`] to it. The double answers a turn with [`TEXT`]
//! and [`AUDIO`] of sound, and checks what it is sent.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::super::{
    Feed, Message, PartSender, Parts, ProviderError, ProviderErrorKind, SpeechToSpeech, StopReason,
    TalkInput, TalkOptions, TalkPart, ToolSpec,
};

/// Samples per second of the suite's line.
pub const RATE_HZ: u32 = 8_000;
/// What the caller says, as the double writes it down.
pub const CALLER: &str = "wann öffnen sie";
/// What the agent answers; some letters have more than one byte.
pub const TEXT: &str = "Wir öffnen um neun.";
/// How long the agent speaks.
pub const AUDIO: Duration = Duration::from_secs(1);
/// What the agent is told to say of its own, in [`Scenario::Says`].
pub const GREETING: &str = "Guten Tag.";
/// The tool that it may call, with the arguments `{"number":7}`.
pub const TOOL: &str = "order_status";
/// What the tool gives back.
pub const RESULT: &str = "on its way";
/// How much of the answer is heard in [`Scenario::Interrupted`].
pub const HEARD: Duration = Duration::from_millis(400);
/// How long [`Scenario::RateLimited`] asks to wait.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);
/// What the agent is.
pub const INSTRUCTIONS: &str = "Be brief.";

/// Longest time that a scenario takes.
const LONGEST: Duration = Duration::from_secs(60);

/// What the service's server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// It answers two turns, one after the other.
    Answers,
    /// It says [`GREETING`], and then answers a turn.
    Says,
    /// It calls [`TOOL`], and answers when it has the result.
    CallsTool,
    /// It has answered, and learns that the caller heard [`HEARD`] of it. It answers the next turn.
    Interrupted,
    /// It sends half of the answer and waits; it learns that the caller heard nothing. It answers
    /// the next turn.
    InterruptedEarly,
    /// It is told what was said before, and answers a turn.
    History,
    /// It closes the connection in the middle of an answer.
    BreaksOff,
    /// It sends half of an answer and then nothing. The subject should have little patience.
    FallsSilent,
    /// It sends audio for ever.
    Endless,
    /// It sends bytes that are no message of the protocol.
    Garbage,
    /// It does not accept the key.
    WrongKey,
    /// It asks to come back after [`RETRY_AFTER`].
    RateLimited,
    /// It can't serve now: a 500 of HTTP.
    OutOfOrder,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Answers,
        Self::Says,
        Self::CallsTool,
        Self::Interrupted,
        Self::InterruptedEarly,
        Self::History,
        Self::BreaksOff,
        Self::FallsSilent,
        Self::Endless,
        Self::Garbage,
        Self::WrongKey,
        Self::RateLimited,
        Self::OutOfOrder,
    ];
}

/// What was said before, in [`Scenario::History`].
#[must_use]
pub fn history() -> Vec<Message> {
    vec![
        Message::assistant(GREETING),
        Message::User("Hallo.".to_owned()),
    ]
}

/// Runs a service through all scenarios, on a tokio runtime. `connect` plays one and connects to
/// it.
///
/// # Panics
/// It doesn't do what the scenario asks for; the message says which and what.
pub async fn check<F>(connect: impl Fn(Scenario) -> F)
where
    F: Future<Output = Arc<dyn SpeechToSpeech>>,
{
    for scenario in Scenario::ALL {
        check_one(scenario, connect(scenario).await).await;
    }
}

/// Runs a service through one scenario.
///
/// # Panics
/// As [`check`].
pub async fn check_one(scenario: Scenario, service: Arc<dyn SpeechToSpeech>) {
    let run = tokio::time::timeout(LONGEST, run(scenario, &*service)).await;
    assert!(run.is_ok(), "{scenario:?}: not over after {LONGEST:?}");
}

async fn run(scenario: Scenario, service: &dyn SpeechToSpeech) {
    let mut call = Call::new(scenario, service);
    match scenario {
        Scenario::Answers => {
            call.is_answered(TEXT).await;
            call.is_answered(TEXT).await;
            assert_eq!(
                call.caller,
                [CALLER, CALLER],
                "{scenario:?}: the caller's words"
            );
            call.ends().await;
        }
        Scenario::Says => {
            call.gives(TalkInput::Say(GREETING.to_owned())).await;
            call.hears(GREETING).await;
            call.is_answered(TEXT).await;
            call.ends().await;
        }
        Scenario::CallsTool => {
            call.asks().await;
            let response = call.response().await;
            let [asked] = response.calls.as_slice() else {
                panic!("{scenario:?}: it called {:?}", response.calls);
            };
            let arguments: serde_json::Value =
                serde_json::from_str(&asked.arguments).unwrap_or_default();
            assert_eq!(
                (asked.name.as_str(), arguments),
                (TOOL, json!({ "number": 7 }))
            );
            assert_eq!(response.done, StopReason::ToolCalls, "{scenario:?}");
            call.gives(TalkInput::ToolResult {
                id: asked.id.clone(),
                name: asked.name.clone(),
                result: RESULT.to_owned(),
            })
            .await;
            call.gives(TalkInput::Respond).await;
            call.hears(TEXT).await;
            call.ends().await;
        }
        Scenario::Interrupted => {
            call.is_answered(TEXT).await;
            call.gives(TalkInput::Interrupted { heard: HEARD }).await;
            call.is_answered(TEXT).await;
            call.ends().await;
        }
        Scenario::InterruptedEarly => {
            call.asks().await;
            call.begins().await;
            let heard = Duration::ZERO;
            call.gives(TalkInput::Interrupted { heard }).await;
            call.response().await;
            call.is_answered(TEXT).await;
            call.ends().await;
        }
        Scenario::History => {
            call.is_answered(TEXT).await;
            call.ends().await;
        }
        Scenario::BreaksOff | Scenario::OutOfOrder => {
            call.fails(ProviderErrorKind::Unavailable).await;
        }
        Scenario::FallsSilent => call.fails(ProviderErrorKind::Timeout).await,
        Scenario::Endless | Scenario::Garbage => call.fails(ProviderErrorKind::Protocol).await,
        Scenario::WrongKey => call.fails(ProviderErrorKind::Auth).await,
        Scenario::RateLimited => {
            let retry_after = Some(RETRY_AFTER);
            call.fails(ProviderErrorKind::RateLimited { retry_after })
                .await;
        }
    }
}

struct Call {
    scenario: Scenario,
    input: Option<PartSender<TalkInput>>,
    parts: Parts<TalkPart>,
    /// What it understood.
    caller: Vec<String>,
}

struct Response {
    words: String,
    audio: Duration,
    calls: Vec<super::super::ToolCall>,
    done: StopReason,
}

impl Call {
    fn new(scenario: Scenario, service: &dyn SpeechToSpeech) -> Self {
        let mut options = TalkOptions::new(RATE_HZ, INSTRUCTIONS);
        options.language = Some("de-AT".to_owned());
        let parameters =
            json!({ "type": "object", "properties": { "number": { "type": "integer" } } });
        options.tools = vec![ToolSpec::new(TOOL, "Where an order is.", parameters)];
        if scenario == Scenario::History {
            options.history = history();
        }
        let (input, feed) = Feed::queue(256);
        Self {
            scenario,
            input: Some(input),
            parts: service.talk(options, feed),
            caller: Vec::new(),
        }
    }

    async fn gives(&mut self, input: TalkInput) {
        if let Some(to) = &self.input {
            to.send(input).await;
        }
    }

    /// The caller says something, and it is the agent's turn.
    async fn asks(&mut self) {
        for _ in 0..50 {
            self.gives(TalkInput::Audio(vec![1_000; 160])).await;
        }
        self.gives(TalkInput::Respond).await;
    }

    async fn next(&mut self) -> Result<TalkPart, ProviderError> {
        let scenario = self.scenario;
        match self.parts.next().await {
            Some(part) => part,
            None => panic!("{scenario:?}: it has ended"),
        }
    }

    /// Reads up to the first audio.
    async fn begins(&mut self) {
        let scenario = self.scenario;
        loop {
            match self.next().await {
                Ok(TalkPart::Audio { .. }) => return,
                Ok(TalkPart::Done(_)) => panic!("{scenario:?}: no audio came"),
                Ok(_) => {}
                Err(error) => panic!("{scenario:?}: {error}"),
            }
        }
    }

    async fn read(&mut self) -> Result<Response, ProviderError> {
        let mut response = Response {
            words: String::new(),
            audio: Duration::ZERO,
            calls: Vec::new(),
            done: StopReason::End,
        };
        loop {
            match self.next().await? {
                TalkPart::Audio { rate_hz, samples } => {
                    response.audio += super::super::voice::duration(samples.len(), rate_hz);
                }
                TalkPart::Words(words) => response.words.push_str(&words),
                TalkPart::ToolCall(call) => response.calls.push(call),
                TalkPart::Done(done) => {
                    response.done = done;
                    return Ok(response);
                }
                TalkPart::Caller { text, is_final } if is_final => self.caller.push(text),
                _ => {}
            }
        }
    }

    async fn response(&mut self) -> Response {
        let scenario = self.scenario;
        match self.read().await {
            Ok(response) => response,
            Err(error) => panic!("{scenario:?}: {error}"),
        }
    }

    async fn hears(&mut self, text: &str) {
        let scenario = self.scenario;
        let response = self.response().await;
        assert_eq!(response.words.trim(), text, "{scenario:?}");
        let off = response.audio.abs_diff(AUDIO);
        assert!(
            off < Duration::from_millis(20),
            "{scenario:?}: {:?} of audio came instead of {AUDIO:?}",
            response.audio
        );
        assert!(
            response.calls.is_empty(),
            "{scenario:?}: {:?}",
            response.calls
        );
        assert_eq!(response.done, StopReason::End, "{scenario:?}");
    }

    async fn is_answered(&mut self, text: &str) {
        self.asks().await;
        self.hears(text).await;
    }

    /// The call is over, and so are the parts, without an error.
    async fn ends(&mut self) {
        let scenario = self.scenario;
        self.input = None;
        while let Some(part) = self.parts.next().await {
            assert!(part.is_ok(), "{scenario:?}: at the end {part:?}");
        }
    }

    async fn fails(&mut self, kind: ProviderErrorKind) {
        let scenario = self.scenario;
        self.asks().await;
        match self.read().await {
            Err(error) => assert_eq!(error.kind, kind, "{scenario:?}: {error}"),
            Ok(_) => panic!("{scenario:?}: it must fail as {kind:?}, and answered"),
        }
        assert!(
            self.parts.next().await.is_none(),
            "{scenario:?}: something came behind the error"
        );
    }
}
