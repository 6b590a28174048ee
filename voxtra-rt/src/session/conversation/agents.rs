//! Several agents that hand the caller over to each other.

use std::sync::Arc;

use serde_json::{Value, json};
use voxtra_core::event::AgentChanged;

use super::super::call::{Call, Services};
use super::super::caller_words::OverlapWords;
use super::super::error::{CallError, HandlerError};
use super::settings::AgentSettings;
use super::tool::{FnTool, Tool};
use super::variables;
use crate::lock::lock;
use crate::speech::ToolSpec;

/// How often the caller is handed over at most before saying something again.
pub(super) const MOST: u32 = 3;

/// Agents that hand the caller over to each other, for
/// [`Conversation::run_agents`](super::Conversation::run_agents).
///
/// The next agent has its own instructions, tools, language, voice, model and speech-to-text, and
/// knows what was said. It speaks at once.
///
/// ```
/// use voxtra_rt::session::{AgentSettings, Agents};
///
/// let reception = AgentSettings::new("You are the receptionist of Acme. Be brief.");
/// let billing = AgentSettings::new("You answer questions about bills.");
/// let agents = Agents::new()
///     .agent("reception", reception.hand_over(["billing"]))
///     .agent("billing", billing.hand_over(["reception"]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Agents {
    all: Vec<(String, AgentSettings)>,
}

impl Agents {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an agent; it replaces the one of its name.
    #[must_use]
    pub fn agent(mut self, name: impl Into<String>, settings: AgentSettings) -> Self {
        let name = name.into();
        self.all.retain(|(other, _)| *other != name);
        self.all.push((name, settings));
        self
    }

    /// The agent of this name.
    pub(super) fn find(&self, name: &str) -> Result<(&str, &AgentSettings), CallError> {
        let found = self.all.iter().find(|(other, _)| other == name);
        let (name, settings) = found.ok_or_else(|| CallError::NoAgent {
            name: name.to_owned(),
        })?;
        Ok((name.as_str(), settings))
    }

    /// Whether everybody to whom a caller is handed over is there.
    pub(super) fn check(&self) -> Result<(), CallError> {
        for name in self.all.iter().flat_map(|(_, agent)| &agent.hand_over) {
            self.find(name)?;
        }
        Ok(())
    }
}

/// The agent that talks with the caller, and the others.
pub(super) struct Current<'a> {
    call: &'a Call,
    others: Option<&'a Agents>,
    name: String,
    pub(super) settings: Arc<AgentSettings>,
    /// The services of the call before the first agent, for those who bring none.
    before: Services,
}

impl<'a> Current<'a> {
    /// The agent begins with the call.
    pub(super) async fn begin(
        call: &'a Call,
        others: Option<&'a Agents>,
        (name, settings): (&str, &AgentSettings),
    ) -> Result<Self, CallError> {
        let settings = variables::settle(call, settings).await?;
        let before = call.session().services();
        let current = Self {
            call,
            others,
            name: name.to_owned(),
            settings: Arc::new(settings),
            before,
        };
        current.enter(None);
        current.expect().await;
        Ok(current)
    }

    /// The agent to whom a tool has handed the caller over takes over. False if there is none.
    pub(super) async fn change(&mut self) -> Result<bool, CallError> {
        let next = lock(self.call.session().memory()).take_hand_over();
        let (Some(next), Some(others)) = (next, self.others) else {
            return Ok(false);
        };
        let (_, settings) = others.find(&next)?;
        let settings = variables::settle(self.call, settings).await?;
        let left = std::mem::replace(&mut self.settings, Arc::new(settings));
        let from = std::mem::replace(&mut self.name, next.clone());
        self.enter(Some(&left));
        self.expect().await;
        let changed = AgentChanged::new(from, next);
        self.call.emit_body(changed.into()).await;
        Ok(true)
    }

    /// Callers may pause as is expected of what they say to this agent.
    async fn expect(&self) {
        let expected = self.settings.expect;
        if self.call.session().services().expect != expected {
            self.call.expect(expected).await;
        }
    }

    /// Gives the call what the agent has. What the agent who has left brought goes.
    fn enter(&self, left: Option<&AgentSettings>) {
        let (settings, before) = (&self.settings, &self.before);
        let session = self.call.session();
        session.change_services(|services| {
            services.voice.clone_from(&before.voice);
            services.speech_to_text.clone_from(&before.speech_to_text);
            services.model.clone_from(&before.model);
            if let Some(voice) = &settings.voice {
                services.choose_voice(voice.clone());
            }
            if let Some(provider) = &settings.speech_to_text {
                services.choose_speech_to_text(provider.clone());
            }
            services
                .speech_to_speech
                .clone_from(&before.speech_to_speech);
            if let Some(model) = &settings.language_model {
                services.choose_model(model.clone());
                services.speech_to_speech = None;
            }
            if let Some(service) = &settings.speech_to_speech {
                services.speech_to_speech = Some(service.clone());
            }
            // Both would hear the caller.
            if services.speech_to_speech.is_some() {
                services.speech_to_text = None;
            }
            // Without one it goes on in the caller's.
            if let Some(language) = &settings.language {
                services.language = Some(language.as_str().into());
            }
            services.overlap.clone_from(&before.overlap);
            if settings.overlap != OverlapWords::default() {
                services.overlap = Arc::new(settings.overlap.clone());
            }
        });
        self.call.transcribe_if_wanted();
        let mut memory = lock(session.memory());
        memory.instruct(&settings.instructions);
        memory.limit(settings.context);
        memory.remove_tool(HAND_OVER);
        for tool in left.iter().flat_map(|left| &left.tools) {
            memory.remove_tool(&tool.spec().name);
        }
        for tool in &settings.tools {
            memory.add_tool(tool.clone());
        }
        if self.others.is_some() && !settings.hand_over.is_empty() {
            memory.add_tool(Arc::new(hand_over(&settings.hand_over)));
        }
    }
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let heard = self.before.speech_to_text.take();
        let mut again = false;
        self.call.session().change_services(|services| {
            again = services.speech_to_text.is_none() && heard.is_some();
            if again {
                services.speech_to_text = heard;
            }
        });
        if again {
            self.call.transcribe_if_wanted();
        }
    }
}

const HAND_OVER: &str = "hand_over";

/// A tool with which the model hands the caller over to one of these agents.
fn hand_over(names: &[String]) -> impl Tool + use<> {
    let spec = ToolSpec::new(
        HAND_OVER,
        "Hands the caller over to another agent, who knows what was said and goes on at once.",
        json!({
            "type": "object",
            "properties": { "agent": { "type": "string", "enum": names } },
            "required": ["agent"],
        }),
    );
    let names = names.to_vec();
    FnTool::new(spec, move |call: Call, arguments: Value| {
        let wanted = arguments.get("agent").and_then(Value::as_str);
        let found = names.iter().find(|name| Some(name.as_str()) == wanted);
        let result: Result<String, HandlerError> = match found {
            None => Err("there is no such agent".into()),
            Some(name) if lock(call.session().memory()).hand_over(name) => Ok(format!(
                "The caller is with {name} now. You are {name}: go on."
            )),
            Some(_) => Err("the caller was handed over too often: answer yourself".into()),
        };
        std::future::ready(result)
    })
}
