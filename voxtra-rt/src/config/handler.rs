//! Handlers of the agents of the configuration.

use std::sync::Arc;

use super::agent::COMMAND;
use super::{Config, ConfiguredAgent, ProviderSettings, TranscriptsSettings};
use crate::app::Handler;
#[cfg(feature = "mcp")]
use crate::mcp::McpServer;
use crate::session::{AgentSettings, Agents, Call, TranscriptSettings, tools};
use crate::speech::{
    FallbackAgent, FallbackModel, FallbackTranscriber, FallbackVoice, ProviderError, SpeechError,
    TextToSpeech,
};

/// Handles calls with the agent of this name, which may hand them over to the others.
pub(super) fn handler(agents: &Arc<Agents>, name: &str) -> Handler {
    let (agents, name) = (agents.clone(), Arc::<str>::from(name));
    Handler::new(move |call: Call| {
        let (agents, name) = (agents.clone(), name.clone());
        async move { call.agent().run_agents(&agents, &name).await }
    })
}

#[cfg(not(feature = "mcp"))]
/// None can be there.
pub(super) enum McpServer {}

/// The MCP servers of the configuration.
pub(super) fn servers(config: &Config) -> Result<Vec<McpServer>, SpeechError> {
    let servers = config.mcp.iter().map(|server| {
        #[cfg(feature = "mcp")]
        let made = server.server().map_err(|error| error.to_string());
        #[cfg(not(feature = "mcp"))]
        let made = Err(super::mcp::WITHOUT_MCP.to_owned());
        made.map_err(|reason| SpeechError::Agent {
            agent: format!("mcp.{}", server.name),
            reason,
        })
    });
    servers.collect()
}

/// All agents of the configuration. `speech` is the voice of `[speech]`.
pub(super) fn agents(
    config: &Config,
    speech: Option<&Arc<dyn TextToSpeech>>,
    servers: &[McpServer],
) -> Result<Agents, SpeechError> {
    let mut agents = Agents::new();
    for agent in &config.agents {
        let settings = settings(config, agent, speech)?;
        let settings = with_toolboxes(settings, agent, servers);
        agents = agents.agent(agent.name.as_str(), settings);
    }
    Ok(agents)
}

/// What becomes of the transcripts of calls.
pub(super) fn transcript_settings(
    config: &Config,
    wanted: &TranscriptsSettings,
) -> Result<TranscriptSettings, SpeechError> {
    let mut settings = TranscriptSettings::new();
    settings.folder.clone_from(&wanted.folder);
    settings.summarise = wanted.summarise;
    settings.instruction.clone_from(&wanted.summary_instruction);
    settings.summary_within = wanted.summary_within;
    if let Some(name) = &wanted.summary_model {
        let refused = |reason: String| SpeechError::Transcripts { reason };
        let mut providers = config.providers.iter();
        let found = providers.find(|provider| provider.name == *name);
        let found = found.ok_or_else(|| refused(format!("there is no [provider.{name}]")))?;
        let model = found.language_model();
        settings.language_model = Some(model.map_err(|error| refused(error.to_string()))?);
    }
    Ok(settings)
}

#[cfg(feature = "mcp")]
fn with_toolboxes(
    mut settings: AgentSettings,
    agent: &ConfiguredAgent,
    servers: &[McpServer],
) -> AgentSettings {
    for tools in &agent.mcp_tools {
        if let Some(server) = servers.iter().find(|one| one.name() == tools.server) {
            settings = settings.toolbox(match &tools.only {
                Some(names) => server.only(names.iter().cloned()),
                None => server.all(),
            });
        }
    }
    settings
}

#[cfg(not(feature = "mcp"))]
fn with_toolboxes(settings: AgentSettings, _: &ConfiguredAgent, _: &[McpServer]) -> AgentSettings {
    settings
}

fn settings(
    config: &Config,
    agent: &ConfiguredAgent,
    speech: Option<&Arc<dyn TextToSpeech>>,
) -> Result<AgentSettings, SpeechError> {
    let find = |name: &str| find(config, agent, name);
    let refuse = |error: ProviderError| agent.refused(error);
    if !agent.speech_to_speech.is_empty() {
        let services = each(&agent.speech_to_speech, |name| {
            find(name)?.speech_to_speech().map_err(refuse)
        });
        let service = one(agent, "speech_to_speech", services?, |all| {
            Some(Arc::new(FallbackAgent::new(all)?))
        })?;
        return Ok(agent.settings()?.speech_to_speech(service));
    }
    let ears = each(&agent.speech_to_text, |name| {
        find(name)?.speech_to_text(agent.preemptive).map_err(refuse)
    });
    let models = each(&agent.language_model, |name| {
        find(name)?.language_model().map_err(refuse)
    });
    let ears = one(agent, "speech_to_text", ears?, |all| {
        Some(Arc::new(FallbackTranscriber::new(all)?))
    })?;
    let model = one(agent, "language_model", models?, |all| {
        Some(Arc::new(FallbackModel::new(all)?))
    })?;
    let voice = voice(config, agent, speech)?;
    let mut settings = agent.settings()?;
    if !agent.languages.is_empty() {
        let voices = agent.languages.iter().map(|(tag, name)| {
            let voice = find(name)?.text_to_speech().map_err(refuse)?;
            Ok((tag.clone(), voice))
        });
        let voices = voices.collect::<Result<Vec<_>, SpeechError>>()?;
        settings = settings.tool(tools::switch_language(voices));
    }
    Ok(settings
        .speech_to_text(ears)
        .language_model(model)
        .voice(voice))
}

impl Config {
    /// The voice that this agent of it speaks with, for a program that speaks with it elsewhere.
    ///
    /// # Errors
    /// It has none, or none that can be used.
    pub fn voice_of(&self, agent: &ConfiguredAgent) -> Result<Arc<dyn TextToSpeech>, SpeechError> {
        let speech = if agent.needs_speech() {
            self.speech.find_voice()?
        } else {
            None
        };
        voice(self, agent, speech.as_ref())
    }
}

/// The agent's voice. `speech` is that of `[speech]`.
fn voice(
    config: &Config,
    agent: &ConfiguredAgent,
    speech: Option<&Arc<dyn TextToSpeech>>,
) -> Result<Arc<dyn TextToSpeech>, SpeechError> {
    let voices = each(&agent.text_to_speech, |name| match speech {
        Some(speech) if name == COMMAND => Ok(speech.clone()),
        None if name == COMMAND => Err(agent
            .refused("it has no voice: install espeak-ng, flite or piper, or set text_to_speech")),
        _ => {
            let found = find(config, agent, name)?.text_to_speech();
            found.map_err(|error| agent.refused(error))
        }
    });
    one(agent, "text_to_speech", voices?, |all| {
        Some(Arc::new(FallbackVoice::new(all)?))
    })
}

fn find<'a>(
    config: &'a Config,
    agent: &ConfiguredAgent,
    name: &str,
) -> Result<&'a ProviderSettings, SpeechError> {
    let mut providers = config.providers.iter();
    let found = providers.find(|provider| provider.name == name);
    found.ok_or_else(|| agent.refused(format!("there is no [provider.{name}]")))
}

fn each<P: ?Sized>(
    names: &[String],
    provider: impl Fn(&str) -> Result<Arc<P>, SpeechError>,
) -> Result<Vec<Arc<P>>, SpeechError> {
    names.iter().map(|name| provider(name)).collect()
}

/// The only provider, or all of them as one.
fn one<P: ?Sized>(
    agent: &ConfiguredAgent,
    key: &str,
    mut providers: Vec<Arc<P>>,
    fall_back: impl FnOnce(Vec<Arc<P>>) -> Option<Arc<P>>,
) -> Result<Arc<P>, SpeechError> {
    let one = match providers.len() {
        0 | 1 => providers.pop(),
        _ => fall_back(providers),
    };
    one.ok_or_else(|| agent.refused(format!("{key} names no provider")))
}
