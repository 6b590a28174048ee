//! The configuration file: TOML with `${ENV}` in its strings, checked as a whole before anything
//! starts.
//!
//! All problems are reported at once, each with its line, key, value and reason:
//!
//! ```
//! use voxtra_rt::config::Config;
//!
//! let text = "[media]\nthreads = 0\nlisten_on = \"127.0.0.1\"\n";
//! let error = Config::parse(text, |_| None).unwrap_err().to_string();
//! assert!(error.contains("line 2: media.threads = 0: must be from 1 to 64"));
//! assert!(error.contains("line 3: media.listen_on: unknown key; did you mean \"listen\"?"));
//! ```

mod agent;
mod application;
mod document;
mod environment;
mod error;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod handler;
mod mcp;
mod provider;
pub(crate) mod risk;
mod secret_file;
mod sections;
// What is left depends on the features.
#[cfg_attr(
    not(feature = "providers"),
    allow(
        dead_code,
        unreachable_code,
        unused_imports,
        unused_macros,
        unused_variables
    )
)]
mod services;
mod settings;
mod starter;
mod tool;
mod usable;

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

pub use self::agent::{AgentInstructions, ConfiguredAgent, ConfiguredLookup, ReadyTool};
pub use self::error::{ConfigError, Problem};
pub use self::mcp::{ConfiguredMcp, ConfiguredMcpTools};
pub use self::provider::{ProviderKind, ProviderRole, ProviderSettings};
pub use self::risk::{KINDS as RISKS, Risk};
pub use self::settings::{
    AudioSocketSettings, CallSettings, LogFormat, LogSettings, RouteSettings, RoutingSettings,
    TranscriptsSettings, UuidRule,
};
pub use self::starter::{AGENT_STARTER, STARTER, local_agent_starter};

pub use self::tool::ConfiguredTool;
pub use crate::speech::{PromptSettings, SpeechSettings, VoiceSettings};

use self::document::Document;
use crate::app::CallLimits;
use crate::ari::AriSettings;
use crate::mcp::McpPlace;
use crate::media::MediaSettings;
use crate::webhook::{WebhookSettings, WebhookStore};
use voxtra_core::leg::LegSettings;

/// A checked configuration. `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// `[asterisk]`: the address of ARI. `None` without the section: then only `[[audiosocket]]`
    /// calls can come.
    pub asterisk: Option<AriSettings>,
    /// `asterisk.did_variable`: the variable with the number of a call whose extension takes all
    /// calls.
    pub did_variable: String,
    /// `asterisk.lifeline_s`: how long the program may stand still before Asterisk takes its
    /// callers back. `None`: for ever.
    pub lifeline: Option<Duration>,
    /// `[calls]`: the handling of calls.
    pub calls: CallSettings,
    /// `[media]`: the AudioSocket server.
    pub media: MediaSettings,
    /// `media.advertise`: the `host:port` that Asterisk dials. Default: `media.listen`.
    pub advertise: String,
    /// `media.max_calls_per_second` and `media.max_calls_per_caller`.
    pub limits: CallLimits,
    /// Each call's audio: `[turn]`, and `format`, `g711`, `echo`, `background` and `dtmf` of
    /// `[media]`.
    pub leg: LegSettings,
    /// `[[audiosocket]]`: connections accepted from the dialplan alone, without ARI.
    pub audiosockets: Vec<AudioSocketSettings>,
    /// `[speech]`: the agent's voice.
    pub speech: SpeechSettings,
    /// `[[prompt]]`: recordings to play by name.
    pub prompts: Vec<PromptSettings>,
    /// `[[webhook]]`: destinations of events.
    pub webhooks: Vec<WebhookSettings>,
    /// `[webhooks]`: where events stay until they are delivered.
    pub webhook_store: WebhookStore,
    /// `[provider.NAME]`: what agents hear, think and speak with.
    pub providers: Vec<ProviderSettings>,
    /// `[agent.NAME]`: agents that hold conversations.
    pub agents: Vec<ConfiguredAgent>,
    /// `[tool.NAME]`: servers that agents may ask.
    pub tools: Vec<ConfiguredTool>,
    /// `[mcp.NAME]`: MCP servers whose tools agents may have.
    pub mcp: Vec<ConfiguredMcp>,
    /// `[[route]]`: the agent of each call. Without any, an application has the routes that its
    /// sessions declare, and `voxtra serve` gives every call to `echo`.
    pub routes: Vec<RouteSettings>,
    /// `[routing]`: who is asked which agent takes each call. `None` without the section.
    pub routing: Option<RoutingSettings>,
    /// `[transcripts]`: what becomes of the transcripts of calls. `None` without the section.
    pub transcripts: Option<TranscriptsSettings>,
    /// `[log]`.
    pub log: LogSettings,
    /// Places in the file.
    pub places: Places,
    /// Unsafe but valid settings, in the order of the file.
    pub risks: Vec<Risk>,
}

/// Places in the file of parts that only the program using it can check: one for each part, in the
/// same order. Empty for a configuration that comes from no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The agents of the `[[route]]`s.
    pub routes: Vec<Place>,
    /// The files of the `[[prompt]]`s.
    pub prompts: Vec<Place>,
    /// The kinds of the `[provider]`s.
    pub providers: Vec<Place>,
    /// The instructions of the `[agent]`s.
    pub agents: Vec<Place>,
    /// The allow-lists of the `[[webhook]]`s.
    pub webhooks: Vec<Place>,
    /// Keys that have a new name.
    pub older: Vec<OlderKey>,
}

/// A key of the file that has a new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderKey {
    /// Its place.
    pub place: Place,
    /// Its new name.
    pub new: &'static str,
}

impl std::fmt::Display for OlderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} is an older key: its name is {} now",
            self.place.key, self.new
        )
    }
}

/// A place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its line, from 1.
    pub line: usize,
    /// The key at this place, such as `webhook[2].events`.
    pub key: String,
}

impl Default for Config {
    fn default() -> Self {
        let media = MediaSettings::default();
        Self {
            asterisk: None,
            did_variable: "FROM_DID".to_owned(),
            lifeline: None,
            calls: CallSettings::default(),
            advertise: media.listen.to_string(),
            media,
            limits: CallLimits::default(),
            leg: LegSettings::default(),
            audiosockets: Vec::new(),
            speech: SpeechSettings::default(),
            prompts: Vec::new(),
            webhooks: Vec::new(),
            webhook_store: WebhookStore::durable(),
            providers: Vec::new(),
            agents: Vec::new(),
            tools: Vec::new(),
            mcp: Vec::new(),
            routes: Vec::new(),
            routing: None,
            transcripts: None,
            log: LogSettings::default(),
            places: Places::default(),
            risks: Vec::new(),
        }
    }
}

impl Config {
    /// Reads and checks the file. Relative paths in it start from its own folder.
    ///
    /// # Errors
    /// The file cannot be read, or all its problems.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let env = |name: &str| std::env::var(name).ok();
        let files = |file: &Path| secret_file::read(&folder.join(file));
        let document = Document::new(&text, &env, &files);
        let mut config = sections::read(&document);
        let written = document.written_secret().map(|place| (place, path.into()));
        let named = document.secret_files().into_iter();
        let secrets = named.map(|(place, file)| (place, folder.join(file)));
        config.risks = document.risks();
        for (place, file) in written.into_iter().chain(secrets) {
            config.risks.extend(risk::look_at_file(&file, &place));
        }
        config.risks.sort_by_key(|risk| risk.problem.line);
        document.finish().map_err(|error| error.in_file(path))?;
        config.anchor(folder);
        Ok(config)
    }

    /// Checks `text`; `env` looks up the value of `${NAME}`. Other files are not read:
    /// `password_file` and `secret_file` are refused.
    ///
    /// # Errors
    /// All problems of the text.
    pub fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let files = |_: &Path| Err("no file is read here".to_owned());
        let document = Document::new(text, &env, &files);
        let mut config = sections::read(&document);
        config.risks = document.risks();
        document.finish().map(|()| config)
    }

    /// Makes relative paths start from `folder`.
    fn anchor(&mut self, folder: &Path) {
        for prompt in &mut self.prompts {
            prompt.file = folder.join(&prompt.file);
        }
        for agent in &mut self.agents {
            if let AgentInstructions::File(file) = &mut agent.instructions {
                *file = folder.join(&*file);
            }
            if let Some(messages) = &mut agent.message.folder {
                *messages = folder.join(&*messages);
            }
        }
        let transcripts = self.transcripts.as_mut();
        if let Some(transcripts) = transcripts.and_then(|one| one.folder.as_mut()) {
            *transcripts = folder.join(&*transcripts);
        }
        for server in &mut self.mcp {
            // A name alone is looked for in PATH.
            if let McpPlace::Command { program, .. } = &mut server.settings.place
                && program.components().count() > 1
            {
                *program = folder.join(&*program);
            }
        }
        if let Some(path) = &mut self.webhook_store.path {
            *path = folder.join(&*path);
        }
        if let Some(prompts) = &mut self.speech.prompts_dir {
            *prompts = folder.join(&*prompts);
        }
        if let VoiceSettings::Piper { model } = &mut self.speech.voice {
            *model = folder.join(&*model);
        }
    }
}

/// Most bytes of a file: a device or the wrong file is not read without end.
const MAX_FILE: u64 = 1 << 20;

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other(
            "longer than 1 MiB, so that it is no configuration",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
