//! Whole conversations with a model that follows a script, in virtual time.

mod failures;
mod measured;
mod overlap;
mod silence;
mod talking;
mod tool_calls;
mod turns;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use voxtra_core::event::EventKind;

use super::*;
use crate::app::Application;
use crate::lock::lock;
use crate::session::{AgentSettings, CallError, FnTool, OnFailure, WayOut, tools};
use crate::speech::{
    Feed, LanguageModel, ListenOptions, Message, ModelRequest, Parts, ProviderError,
    ProviderErrorKind, Recognition, Reply, ReplyPart, SpeechInput, SpeechPart, SpeechToText,
    TextToSpeech, ToolCall, ToolSpec,
};

/// What the model does at its next turn: how long it thinks, and what comes then.
type Step = (Duration, Result<Reply, ProviderErrorKind>);

/// A model that follows a script, and keeps what it was asked.
#[derive(Clone, Default)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    asked: Arc<Mutex<Vec<ModelRequest>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        lock(&script.steps).extend(steps);
        script
    }

    fn at_once<R: Into<Reply>>(replies: impl IntoIterator<Item = R>) -> Self {
        let step = |reply: R| (Duration::ZERO, Ok(reply.into()));
        Self::new(replies.into_iter().map(step))
    }

    fn asked(&self) -> Vec<ModelRequest> {
        lock(&self.asked).clone()
    }
}

impl LanguageModel for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        lock(&self.asked).push(request);
        let step = lock(&self.steps).pop_front();
        Parts::made_by(|out| async move {
            let (thinks, reply) = step.unwrap_or((Duration::ZERO, Ok(Reply::new("No more."))));
            tokio::time::sleep(thinks).await;
            let reply = reply.map_err(|kind| ProviderError::new("script", kind, "as written"))?;
            // Word by word, as models do.
            for word in reply.text.split_inclusive(' ') {
                out.send(ReplyPart::Text(word.to_owned())).await;
            }
            for call in reply.tool_calls {
                out.send(ReplyPart::ToolCall(call)).await;
            }
            Ok(())
        })
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn agent() -> AgentSettings {
    AgentSettings::new("Be brief.").greeting("Hello.")
}

/// A call to an agent with this model, and the history at its end.
async fn call(model: Script, agent: AgentSettings) -> (Caller, Arc<Mutex<Vec<Message>>>) {
    let history = Arc::new(Mutex::new(Vec::new()));
    let kept = history.clone();
    let rehearsal = Rehearsal::of(Application::builder().language_model(model))
        .handler(move |call: Call| {
            let (agent, kept) = (agent.clone(), kept.clone());
            async move {
                let result = call.agent().run(&agent).await;
                *lock(&kept) = call.agent().history();
                result
            }
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    (rehearsal.call("1000").await, history)
}

fn user(text: &str) -> Message {
    Message::User(text.to_owned())
}

fn tool_call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
    }
}
