//! Several agents that hand the caller over to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use voxtra_core::event::AgentChanged;

use super::super::call::{Call, Services};
use super::super::caller_words::OverlapWords;
use super::super::error::{CallError, HandlerError};
use super::settings::AgentSettings;
use super::tool::{FnTool, Tool};
use super::toolbox;
use super::variables::{self, Settled};
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
    fn find(&self, name: &str) -> Result<(&str, &AgentSettings), CallError> {
        let found = self.all.iter().find(|(other, _)| other == name);
        let (name, settings) = found.ok_or_else(|| CallError::NoAgent {
            name: name.to_owned(),
        })?;
        Ok((name.as_str(), settings))
    }

    /// Whether everybody to whom a caller is handed over is there, and every agent could talk in a
    /// call with these services: found out at a hand-over, it would end the call.
    fn check(&self, services: &Services) -> Result<(), CallError> {
        for (_, agent) in &self.all {
            for name in &agent.hand_over {
                self.find(name)?;
            }
            agent.check()?;
            let in_one = services.speech_to_speech.is_some() && agent.language_model.is_none();
            if in_one || agent.speech_to_speech.is_some() {
                continue;
            }
            if agent.speech_to_text.is_none() && services.speech_to_text.is_none() {
                return Err(CallError::NoSpeechToText);
            }
            if agent.language_model.is_none() && services.model.is_none() {
                return Err(CallError::NoLanguageModel);
            }
            if agent.voice.is_none() && services.voice.is_none() {
                return Err(CallError::NoVoice);
            }
        }
        Ok(())
    }

    /// The agent of this name, and those to whom it and they may hand the caller over.
    fn reachable(&self, first: &str) -> Result<Vec<(&str, &AgentSettings)>, CallError> {
        let mut found = vec![self.find(first)?];
        let mut seen = 0;
        while let Some((_, agent)) = found.get(seen).copied() {
            for name in &agent.hand_over {
                if !found.iter().any(|(other, _)| other == name) {
                    found.push(self.find(name)?);
                }
            }
            seen = seen.saturating_add(1);
        }
        Ok(found)
    }
}

/// The agent that talks with the caller, and the others.
pub(super) struct Current<'a> {
    call: &'a Call,
    name: String,
    pub(super) settings: Arc<AgentSettings>,
    /// All who may talk with the caller. What they look up was found before the call is answered:
    /// nobody is to wait for it in silence.
    team: BTreeMap<String, Settled>,
    /// The services of the call before the first agent, for those who bring none.
    before: Services,
}

impl<'a> Current<'a> {
    /// The agent of this name begins with the call.
    pub(super) async fn begin(
        call: &'a Call,
        agents: &Agents,
        name: &str,
    ) -> Result<Self, CallError> {
        agents.check(&call.session().services())?;
        let team = agents.reachable(name)?.into_iter();
        let team = team.map(|(name, settings)| async move {
            let mut settled = variables::settle(call, settings).await?;
            let own = Arc::make_mut(&mut settled.settings);
            call.while_up(toolbox::open(call, own)).await?;
            Ok::<_, CallError>((name.to_owned(), settled))
        });
        let team = futures_util::future::try_join_all(team).await?;
        let team: BTreeMap<String, Settled> = team.into_iter().collect();
        let settings = settings_of(&team, name)?;
        let current = Self {
            call,
            name: name.to_owned(),
            settings,
            team,
            before: call.session().services(),
        };
        current.enter(None);
        current.expect().await;
        Ok(current)
    }

    /// The agent to whom a tool has handed the caller over takes over. False if there is none.
    pub(super) async fn change(&mut self) -> Result<bool, CallError> {
        let next = lock(self.call.session().memory()).take_hand_over();
        let Some(next) = next else {
            return Ok(false);
        };
        let settings = settings_of(&self.team, &next)?;
        let left = std::mem::replace(&mut self.settings, settings);
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
        session.set_objectives(&self.name, settings.objectives);
        let found = self.team.get(&self.name).map(|settled| &settled.found);
        for (name, value) in found.into_iter().flatten() {
            self.call.set_metadata(name, value);
        }
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
                services.choose_speech_to_speech(service.clone());
            }
            // Both would hear the caller.
            if services.speech_to_speech.is_some() {
                services.speech_to_text = None;
            }
            let own = settings.language.as_deref();
            let spoken = services.language.as_deref();
            let spoken = spoken.filter(|spoken| left.is_some() && Some(*spoken) != own);
            let voice = spoken.and_then(|tag| {
                let mut voices = settings.tools.iter();
                voices.find_map(|tool| tool.voice(tag))
            });
            // It goes on in the caller's language if it has a voice for it; a voice of another
            // language must not say it.
            match voice {
                Some(voice) => services.choose_voice(voice),
                None => services.language = own.map(Into::into).or(before.language.clone()),
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
        if left.is_some_and(|left| !left.hand_over.is_empty()) {
            memory.remove_tool(HAND_OVER);
        }
        for tool in left.iter().flat_map(|left| &left.tools) {
            memory.remove_tool(&tool.spec().name);
        }
        for tool in &settings.tools {
            memory.add_tool(tool.clone());
        }
        if !settings.hand_over.is_empty() {
            memory.add_tool(Arc::new(hand_over(&settings.hand_over)));
        }
    }
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        if !self.settings.hand_over.is_empty() {
            // Nobody takes the caller over any more.
            let mut memory = lock(self.call.session().memory());
            memory.remove_tool(HAND_OVER);
            memory.take_hand_over();
        }
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

/// What the agent of this name is in this call.
fn settings_of(
    team: &BTreeMap<String, Settled>,
    name: &str,
) -> Result<Arc<AgentSettings>, CallError> {
    let settled = team.get(name).ok_or_else(|| CallError::NoAgent {
        name: name.to_owned(),
    })?;
    Ok(settled.settings.clone())
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
