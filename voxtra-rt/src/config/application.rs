//! An application built from its configuration.

use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::leg::LegSettings;

use super::{Config, UuidRule, VoiceSettings};
use crate::app::Builder;
use crate::media::MediaSettings;
use crate::speech::{Prompts, SpeechError};

impl Builder {
    /// Applies the whole configuration except `[log]`, which belongs to the process:
    /// `voxtra::log::init` applies it. Each `[[route]]` names a session or an
    /// [`agent`](Self::agent); another name keeps the application from starting. The routes that
    /// sessions declare count as well.
    ///
    /// # Errors
    /// The configured voice or a prompt can't be used.
    pub fn config(mut self, config: &Config) -> Result<Self, SpeechError> {
        for key in &config.places.older {
            tracing::warn!(line = key.place.line, "{key}");
        }
        self.asterisk.settings.clone_from(&config.asterisk);
        self.asterisk.did_variable.clone_from(&config.did_variable);
        self.on_handler_end = config.calls.on_handler_end;
        self.drain = config.calls.drain;
        self.media = MediaSettings {
            listen: config.media.listen,
            threads: config.media.threads,
            batch: Duration::from_millis(config.media.batch_ms),
            batch_above_load: config.media.batch_above_load,
            allow_peers: config.media.allow_peers.clone(),
            max_calls: config.media.max_calls,
            max_calls_per_peer: config.media.max_calls_per_peer,
            longest_call: config.media.longest_call,
            idle_timeout: config.media.idle_timeout,
            max_pending: config.media.max_pending,
            on_loss: config.media.on_loss,
            handshake_timeout: config.media.handshake_timeout,
            detector: config.media.detector,
            ..self.media
        };
        self.limits = config.media.calls;
        self.address = Some(config.media.advertise.clone());
        self.leg = LegSettings {
            rate: SampleRate::from_hz(config.media.format.hz()).unwrap_or_default(),
            g711: config.media.g711,
            echo: config.media.echo,
            background: config.media.background,
            dtmf: config.media.dtmf,
            turn: config.turn,
            ..self.leg
        };
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
                tracing::warn!(%error, "no voice: `say` will work for prompts only");
            }
            Err(error) => return Err(error),
        }
        self.prompts = Some(Prompts::from_settings(&config.speech, &config.prompts)?);
        self.webhooks.clone_from(&config.webhooks);
        let routes = config.routes.iter();
        let routes = routes.map(|route| (route.rule.clone(), route.agent.clone()));
        self.configured = routes.collect();
        Ok(self)
    }
}
