//! `[agent.NAME]`: agents that need no program.

use std::path::PathBuf;
use std::time::Duration;

use super::mcp::ConfiguredMcpTools;
use super::tool::ConfiguredTool;
use crate::session::{
    AgentSettings, ContextLimit, DeadAir, Expect, Filler, HttpSettings, KnownNames, Lookup,
    NoInput, Objectives, OnFailure, OverlapWords, tools,
};
use crate::speech::SpeechError;

/// An agent of the configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredAgent {
    /// Its name, by which a `[[route]]` has it.
    pub name: String,
    /// What it is and how to behave.
    pub instructions: AgentInstructions,
    /// The language of its callers and of what it says, as a tag such as `en-GB`.
    pub language: Option<String>,
    /// Words by which callers interrupt it or do not, beside the known ones.
    pub overlap: OverlapWords,
    /// What callers are expected to say.
    pub expect: Expect,
    /// Whether its model is asked before the caller's turn has ended.
    pub preemptive: bool,
    /// What it says first.
    pub greeting: Option<String>,
    /// The IANA name of the time zone of `{{date}}` and `{{time}}`. Default: the machine's.
    pub time_zone: Option<String>,
    /// What is looked up before the call is answered.
    pub lookup: Option<ConfiguredLookup>,
    /// The providers that understand the caller, the preferred one first.
    pub speech_to_text: Vec<String>,
    /// The providers that think, the preferred one first.
    pub language_model: Vec<String>,
    /// The providers that speak, the preferred one first. `"command"` is the voice of `[speech]`.
    pub text_to_speech: Vec<String>,
    /// The providers that do all three, in place of them, the preferred one first.
    pub speech_to_speech: Vec<String>,
    /// The ready tools that it has.
    pub tools: Vec<ReadyTool>,
    /// The `[tool.NAME]`s that it has.
    pub http_tools: Vec<ConfiguredTool>,
    /// The tools of `[mcp.NAME]`s that it has.
    pub mcp_tools: Vec<ConfiguredMcpTools>,
    /// Where it may transfer callers to: names and endpoints.
    pub transfer: Vec<(String, String)>,
    /// The agents to which it may hand callers over, by their names.
    pub hand_over: Vec<String>,
    /// The languages that it may go on in: tags, and the providers that speak them.
    pub languages: Vec<(String, String)>,
    /// How callers leave messages.
    pub message: tools::MessageSettings,
    /// How much of a conversation the model is told.
    pub context: ContextLimit,
    /// What happens when the caller says nothing.
    pub no_input: Option<NoInput>,
    /// What is said when an answer takes long.
    pub filler: Option<Filler>,
    /// What happens when the caller hears nothing at all.
    pub dead_air: DeadAir,
    /// What happens when no answer can be had.
    pub on_failure: OnFailure,
    /// Longest call. 1 s to 7 days, default without limit.
    pub max_duration: Option<Duration>,
    /// How long it may let its callers wait.
    pub objectives: Objectives,
}

/// What is looked up before the call is answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredLookup {
    /// How.
    pub http: HttpSettings,
    /// The names of the values, and the values when none are found.
    pub defaults: Vec<(String, String)>,
}

/// What an agent is and how to behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentInstructions {
    /// In the configuration itself.
    Text(String),
    /// In a file of their own.
    File(PathBuf),
}

/// A tool that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadyTool {
    /// Connects the caller to somebody else.
    Transfer,
    /// Hands the caller over to another agent.
    HandOver,
    /// Ends the call.
    HangUp,
    /// Presses keys.
    SendDtmf,
    /// Is silent until the caller speaks again.
    Wait,
    /// Goes on in another language.
    SwitchLanguage,
    /// Lets the caller leave a message.
    LeaveMessage,
}

impl ReadyTool {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Transfer,
        Self::HandOver,
        Self::HangUp,
        Self::LeaveMessage,
        Self::SendDtmf,
        Self::SwitchLanguage,
        Self::Wait,
    ];

    /// Its name, in the file and for the model.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::HandOver => "hand_over",
            Self::HangUp => "hang_up",
            Self::SendDtmf => "send_dtmf",
            Self::Wait => "wait",
            Self::SwitchLanguage => "switch_language",
            Self::LeaveMessage => "leave_message",
        }
    }
}

/// The name of the voice of `[speech]` among the providers.
pub(super) const COMMAND: &str = "command";

impl AgentInstructions {
    /// The text.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn read(&self) -> Result<String, String> {
        let file = match self {
            Self::Text(text) => return Ok(text.clone()),
            Self::File(file) => file,
        };
        match super::read(file) {
            Ok(text) if text.trim().is_empty() => Err(format!("{} is empty", file.display())),
            Ok(text) => Ok(text),
            Err(error) => Err(format!("{} can't be read: {error}", file.display())),
        }
    }
}

impl ConfiguredAgent {
    /// Whether it speaks with the voice of `[speech]`.
    #[must_use]
    pub fn needs_speech(&self) -> bool {
        self.text_to_speech.iter().any(|name| name == COMMAND)
    }

    /// How it conducts a conversation.
    ///
    /// # Errors
    /// Its instructions can't be read, or have a variable that there is not; its look-up is wrong.
    pub fn settings(&self) -> Result<AgentSettings, SpeechError> {
        let instructions = self.instructions.read();
        let instructions = instructions.map_err(|reason| self.refused(reason))?;
        let mut settings = AgentSettings::new(instructions);
        settings.language.clone_from(&self.language);
        settings.expect = self.expect;
        settings.preemptive = self.preemptive;
        settings.overlap.clone_from(&self.overlap);
        settings.greeting.clone_from(&self.greeting);
        settings.time_zone.clone_from(&self.time_zone);
        if let Some(lookup) = &self.lookup {
            let defaults = lookup.defaults.iter().cloned();
            let lookup = Lookup::http(defaults, &lookup.http);
            settings.lookup = Some(lookup.map_err(|error| self.refused(error))?);
        }
        for tool in &self.tools {
            settings = match tool {
                ReadyTool::Transfer => settings.tool(tools::transfer(self.transfer.clone())),
                ReadyTool::HandOver => settings.hand_over(self.hand_over.iter().cloned()),
                ReadyTool::HangUp => settings.tool(tools::hang_up()),
                ReadyTool::SendDtmf => settings.tool(tools::send_dtmf()),
                ReadyTool::Wait => settings.tool(tools::wait()),
                ReadyTool::LeaveMessage => settings.tool(tools::leave_message(&self.message)),
                // It is added with its voices.
                ReadyTool::SwitchLanguage => settings,
            };
        }
        for tool in &self.http_tools {
            settings = settings.tool(tool.tool().map_err(|error| self.refused(error))?);
        }
        settings.no_input.clone_from(&self.no_input);
        settings.filler.clone_from(&self.filler);
        settings.dead_air.clone_from(&self.dead_air);
        settings.on_failure.clone_from(&self.on_failure);
        settings.max_duration = self.max_duration;
        settings.objectives = self.objectives;
        settings.context = self.context;
        settings.check().map_err(|error| self.refused(error))?;
        Ok(settings)
    }

    /// The variables that its texts may have.
    pub(super) fn known_names(&self) -> KnownNames {
        let found = self.lookup.iter().flat_map(|lookup| &lookup.defaults);
        KnownNames::of([], found.map(|(name, _)| name))
    }

    pub(super) fn refused(&self, reason: impl ToString) -> SpeechError {
        SpeechError::Agent {
            agent: self.name.clone(),
            reason: reason.to_string(),
        }
    }
}
