//! The sections that belong to no other module.

use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

use crate::session::{OnHandlerEnd, Route, TranscriptSettings};
use crate::webhook::WebhookSettings;

/// `[calls]`: the handling of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallSettings {
    /// What becomes of a caller whose handler has returned without hanging up. Default `hang_up`.
    pub on_handler_end: OnHandlerEnd,
    /// How long calls may go on after the program was told to stop. 0 to 1 day, default 30 s.
    pub drain: Duration,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            on_handler_end: OnHandlerEnd::default(),
            drain: Duration::from_secs(30),
        }
    }
}

/// `[[audiosocket]]`: a connection that may come from the dialplan's `AudioSocket()` alone, without
/// ARI.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioSocketSettings {
    /// Which UUIDs are accepted.
    pub uuid: UuidRule,
    /// The extension under which the call is routed.
    pub extension: String,
}

impl AudioSocketSettings {
    /// Connections with these UUIDs, routed under this extension.
    pub fn new(uuid: UuidRule, extension: impl Into<String>) -> Self {
        Self {
            uuid,
            extension: extension.into(),
        }
    }
}

/// Which UUIDs an `[[audiosocket]]` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidRule {
    /// `"*"`: any, so that only `allow_peers` keeps strangers out.
    Any,
    /// Just this one.
    Only(Uuid),
}

/// `[[route]]`: the agent of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteSettings {
    /// The calls.
    pub rule: Route<String>,
    /// Name of the agent.
    pub agent: String,
}

impl RouteSettings {
    /// These calls go to the agent of this name.
    pub fn new(rule: Route<String>, agent: impl Into<String>) -> Self {
        Self {
            rule,
            agent: agent.into(),
        }
    }
}

/// `[routing]`: a server that is asked which agent takes each call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RoutingSettings {
    /// The server, and how it is reached and signed for. Its timeout is the time limit.
    pub webhook: WebhookSettings,
    /// Channel variables and functions that it is told.
    pub channel_variables: Vec<String>,
}

impl RoutingSettings {
    /// This server is asked, and told no channel variables.
    pub fn new(webhook: WebhookSettings) -> Self {
        Self {
            webhook,
            channel_variables: Vec::new(),
        }
    }
}

/// `[transcripts]`: what becomes of the transcripts of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TranscriptsSettings {
    /// The folder into which each is written. Default: none.
    pub folder: Option<PathBuf>,
    /// Whether a language model summarises each call. Default: no.
    pub summarise: bool,
    /// What the summary is to be like.
    pub summary_instruction: Option<String>,
    /// The `[provider]` that summarises. Default: the language model of the call.
    pub summary_model: Option<String>,
    /// How long it may take. 100 ms to 1 min, default 10 s.
    pub summary_within: Duration,
}

impl Default for TranscriptsSettings {
    fn default() -> Self {
        Self {
            folder: None,
            summarise: false,
            summary_instruction: None,
            summary_model: None,
            summary_within: TranscriptSettings::new().summary_within,
        }
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSettings {
    /// The filter: a level, or directives such as `info,voxtra_ari=debug`. Default `info`.
    pub filter: String,
    /// The format. Default `text`.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
