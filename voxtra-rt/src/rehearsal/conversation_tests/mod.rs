//! Whole conversations with a model that follows a script, in virtual time.

mod agents;
mod background;
mod chaos;
mod confirming;
mod context;
mod dead_air;
mod endings;
mod failures;
mod going_on;
mod hand_over;
mod limits;
mod measured;
mod messages;
mod objectives;
mod overlap;
mod pauses;
mod preemptive;
mod silence;
mod speech_to_speech;
mod speech_to_speech_hangs;
mod talking;
mod tool_calls;
mod toolboxes;
mod transcripts;
mod turns;
mod variables;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use voxtra_core::event::{BuiltIn, EventKind};

use super::*;
use crate::lock::lock;
use crate::session::{
    AgentSettings, CallError, DeadAir, EventBody, FnTool, OnFailure, WayOut, tools,
};
use crate::speech::{
    Feed, ListenOptions, Message, Parts, ProviderErrorKind, Recognition, ScriptedModel,
    ScriptedReply, SpeechInput, SpeechToText, ToolSpec,
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn agent() -> AgentSettings {
    AgentSettings::new("Be brief.").greeting("Hello.")
}

/// One whose callers mind no silence.
fn patient() -> AgentSettings {
    agent().dead_air(Duration::ZERO, "", Duration::ZERO)
}

/// A reply after so many milliseconds.
fn late(after_ms: u64, text: &str) -> ScriptedReply {
    ScriptedReply::after(ms(after_ms)).then(text)
}

/// A rehearsal of an agent with this model.
fn rehearsal(model: ScriptedModel, agent: AgentSettings) -> Rehearsal {
    remembering(model, agent).0
}

/// A call to an agent with this model, and the history at its end.
async fn call(model: ScriptedModel, agent: AgentSettings) -> (Caller, Arc<Mutex<Vec<Message>>>) {
    let (rehearsal, history) = remembering(model, agent);
    (rehearsal.call("1000").await, history)
}

fn remembering(
    model: ScriptedModel,
    agent: AgentSettings,
) -> (Rehearsal, Arc<Mutex<Vec<Message>>>) {
    let history = Arc::new(Mutex::new(Vec::new()));
    let kept = history.clone();
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let (agent, kept) = (agent.clone(), kept.clone());
            async move {
                let result = call.agent().run(&agent).await;
                *lock(&kept) = call.agent().history();
                result
            }
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    (rehearsal, history)
}

fn user(text: &str) -> Message {
    Message::User(text.to_owned())
}
