//! An application built from its configuration.

use std::sync::Arc;

use super::handler::{agents, handler, servers, transcript_settings};
use super::{Config, ProviderKind, UuidRule, VoiceSettings};
use crate::app::{Builder, Routing};
use crate::speech::{Prompts, SpeechError};

impl Builder {
    /// Applies the whole configuration except `[log]`, which belongs to the process:
    /// `voxtra::log::init` applies it. Each `[[route]]` names a session, an `[agent.NAME]` of the
    /// configuration or an [`agent`](Self::agent) of the program; another name keeps the
    /// application from starting. The routes that sessions declare count as well. If there is one
    /// `[agent.NAME]`, and nothing else takes calls, it takes all. What was set before is replaced;
    /// what is set later counts.
    ///
    /// # Errors
    /// The configured voice, a prompt or an `[agent.NAME]` can't be used.
    pub fn config(mut self, config: &Config) -> Result<Self, SpeechError> {
        for key in &config.places.older {
            tracing::warn!(line = key.place.line, "{key}");
        }
        self.asterisk.settings.clone_from(&config.asterisk);
        self.asterisk.did_variable.clone_from(&config.did_variable);
        self.asterisk.lifeline = config.lifeline;
        self.on_handler_end = config.calls.on_handler_end;
        self.drain = config.calls.drain;
        self.media.clone_from(&config.media);
        self.address = Some(config.advertise.clone());
        self.limits = config.limits;
        self.leg = config.leg;
        for allowed in &config.audiosockets {
            self = match allowed.uuid {
                UuidRule::Only(uuid) => self.allow(uuid, &allowed.extension),
                UuidRule::Any => self.allow_any(&allowed.extension),
            };
        }
        match config.speech.find_voice() {
            Ok(Some(voice)) => self.services.voice = Some(voice),
            Ok(None) => {}
            // The configuration names no voice: prompts may be all that the agents need.
            Err(error) if config.speech.voice == VoiceSettings::Auto => {
                if config.uses_speech() {
                    tracing::warn!(%error, "no voice: `say` will work for prompts only");
                }
            }
            Err(error) => return Err(error),
        }
        self.configured_agents.clear();
        let servers = servers(config)?;
        let agents = Arc::new(agents(config, self.services.voice.as_ref(), &servers)?);
        #[cfg(feature = "mcp")]
        self.mcp.clone_from(&servers);
        for agent in &config.agents {
            let handler = handler(&agents, &agent.name);
            self.configured_agents.push((agent.name.clone(), handler));
        }
        self = self.charge(config);
        if let Some(transcripts) = &config.transcripts {
            self = self.transcripts(transcript_settings(config, transcripts)?);
        }
        self.prompts = Some(Prompts::from_settings(&config.speech, &config.prompts)?);
        self.webhooks.clone_from(&config.webhooks);
        self.webhook_store.clone_from(&config.webhook_store);
        self = self.routed_by(config);
        let routes = config.routes.iter();
        let routes = routes.map(|route| (route.rule.clone(), route.agent.clone()));
        self.configured = routes.collect();
        Ok(self)
    }

    fn routed_by(mut self, config: &Config) -> Self {
        let asked = config.routing.as_ref();
        let routing = asked.map(|asked| {
            let variables = asked.channel_variables.iter();
            Routing::webhook(&asked.webhook, variables)
        });
        match routing.transpose() {
            Ok(routing) => self.routing = routing,
            Err(error) => self.routing_error = Some(error),
        }
        self
    }

    /// Sets the prices of the providers.
    fn charge(mut self, config: &Config) -> Self {
        for provider in &config.providers {
            if let Some(price) = &provider.price {
                let name = match provider.kind {
                    // Its servers have no names of their own.
                    ProviderKind::Wyoming => provider.kind.word(),
                    _ => &provider.name,
                };
                self = self.price(name, price.clone());
            }
        }
        self
    }
}
