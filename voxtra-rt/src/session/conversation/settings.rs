//! How an agent conducts a conversation.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::caller_words::{Expect, OverlapWords};
use super::super::objectives::Objectives;
use super::context::ContextLimit;
use super::tool::Tool;
use super::toolbox::Toolbox;
use super::variables::Lookup;
use crate::speech::{LanguageModel, SpeechToSpeech, SpeechToText, TextToSpeech};

/// What an agent is and how it behaves, for [`Conversation::run`](super::Conversation::run).
///
/// Its texts may have variables, such as `{{caller_id}}`: a fact of the call (`caller_id`,
/// `called_number`, `redirecting_number`, `direction`, `session_id`; `date`, `weekday`, `time` and
/// `time_zone` of the call's start), a channel variable or function of the dialplan
/// (`{{channel.CALLERID(name)}}`), what a [`Lookup`] has found (`{{lookup.NAME}}`), what a routing
/// has said (`{{routing.NAME}}`), or one of [`variable`](Self::variable). `{{name|default}}` has a
/// default for a value that is empty, and `{{{{` stands for two braces.
///
/// ```
/// use std::time::Duration;
/// use voxtra_rt::session::{AgentSettings, WayOut, tools};
///
/// let agent = AgentSettings::new("You are the receptionist of Acme. Be brief and friendly.")
///     .greeting("Hello, this is Acme. How can I help?")
///     .tool(tools::hang_up())
///     .tool(tools::transfer([("sales", "PJSIP/200")]))
///     .no_input(Duration::from_secs(8), ["Are you still there?"], WayOut::HangUp);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct AgentSettings {
    /// What the model is and how to behave.
    pub instructions: String,
    /// The language of the caller and of what the agent says, as a tag such as `en-GB`. In English
    /// and German, amounts, dates and signs are said in words. Default: the providers' own.
    pub language: Option<String>,
    /// Words by which callers interrupt the agent or do not, beside those that are known of English
    /// and German. Default: none.
    pub overlap: OverlapWords,
    /// What callers are expected to say: it decides how long they may pause. A tool may change it
    /// with [`Call::expect`](crate::session::Call::expect). Default: anything.
    pub expect: Expect,
    /// Whether the model is asked as soon as the caller may have finished, before the turn is over.
    /// What it replies is thrown away if the caller goes on; nothing of it is said, and no tool is
    /// run, before. The answer comes sooner, by up to the silence that ends a turn. It costs what
    /// the replies cost that are thrown away: about one for each pause within a turn. Default: no.
    pub preemptive: bool,
    /// What the agent says first. Default: nothing, it waits for the caller.
    pub greeting: Option<String>,
    /// Variables of its own, for its texts. Default: none.
    pub variables: BTreeMap<String, String>,
    /// What is looked up before the call is answered. Default: nothing.
    pub lookup: Option<Lookup>,
    /// The IANA name of the time zone of `{{date}}` and `{{time}}`. Default: the machine's.
    pub time_zone: Option<String>,
    /// The tools that the model may call. Default: none.
    pub tools: Vec<Arc<dyn Tool>>,
    /// Further tools, which are asked for before each call is answered. Default: none.
    pub toolboxes: Vec<Arc<dyn Toolbox>>,
    /// What happens when the caller says nothing. Default: nothing.
    pub no_input: Option<NoInput>,
    /// What is said when an answer takes long. Default: nothing.
    pub filler: Option<Filler>,
    /// What happens when the caller hears nothing at all, whatever is the matter.
    pub dead_air: DeadAir,
    /// What happens when no answer can be had.
    pub on_failure: OnFailure,
    /// How long a call may last before the agent ends it. Default: without limit.
    pub max_duration: Option<Duration>,
    /// How long it may let its callers wait. Default: as long as it takes.
    pub objectives: Objectives,
    /// How much of the conversation the model is told.
    pub context: ContextLimit,
    /// The agents to whom the model may hand the caller over, by their names among [`Agents`].
    /// Default: none.
    ///
    /// [`Agents`]: super::Agents
    pub hand_over: Vec<String>,
    /// What hears the caller. Default: the call's speech-to-text.
    pub speech_to_text: Option<Arc<dyn SpeechToText>>,
    /// What thinks. Default: the call's language model.
    pub language_model: Option<Arc<dyn LanguageModel>>,
    /// What hears, thinks and speaks in one, in place of the three. Default: the call's, if it has
    /// one and the agent brings no language model.
    pub speech_to_speech: Option<Arc<dyn SpeechToSpeech>>,
    /// What speaks. Default: the call's voice.
    pub voice: Option<Arc<dyn TextToSpeech>>,
}

impl AgentSettings {
    /// An agent with these instructions and the defaults.
    #[must_use]
    pub fn new(instructions: impl Into<String>) -> Self {
        Self {
            instructions: instructions.into(),
            language: None,
            overlap: OverlapWords::default(),
            expect: Expect::default(),
            preemptive: false,
            greeting: None,
            variables: BTreeMap::new(),
            lookup: None,
            time_zone: None,
            tools: Vec::new(),
            toolboxes: Vec::new(),
            no_input: None,
            filler: None,
            dead_air: DeadAir::default(),
            on_failure: OnFailure::default(),
            max_duration: None,
            objectives: Objectives::new(),
            context: ContextLimit::default(),
            hand_over: Vec::new(),
            speech_to_text: None,
            language_model: None,
            speech_to_speech: None,
            voice: None,
        }
    }

    /// Sets the language of the caller and of what the agent says, as a tag such as `en-GB`.
    #[must_use]
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.language = Some(tag.into());
        self
    }

    /// Sets what the agent says first.
    #[must_use]
    pub fn greeting(mut self, greeting: impl Into<String>) -> Self {
        self.greeting = Some(greeting.into());
        self
    }

    /// Asks the model before the turn has ended, or not.
    #[must_use]
    pub fn preemptive(mut self, on: bool) -> Self {
        self.preemptive = on;
        self
    }

    /// Sets what callers are expected to say.
    #[must_use]
    pub fn expect(mut self, what: Expect) -> Self {
        self.expect = what;
        self
    }

    /// Sets the variable `{{name}}` in its texts.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Looks something up before the call is answered.
    #[must_use]
    pub fn lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = Some(lookup);
        self
    }

    /// Sets the time zone of `{{date}}` and `{{time}}`, by its IANA name such as `Europe/Berlin`.
    #[must_use]
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.time_zone = Some(name.into());
        self
    }

    /// Adds words by which callers interrupt the agent, or do not.
    #[must_use]
    pub fn overlap(mut self, words: OverlapWords) -> Self {
        self.overlap = words;
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool + 'static) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Adds tools that are asked for before each call is answered, such as those of an MCP server.
    #[must_use]
    pub fn toolbox(mut self, toolbox: impl Toolbox + 'static) -> Self {
        self.toolboxes.push(Arc::new(toolbox));
        self
    }

    /// Says the next of `say` whenever nobody has spoken for `after`; `then` comes when all of them
    /// were said.
    #[must_use]
    pub fn no_input<T: Into<String>>(
        mut self,
        after: Duration,
        say: impl IntoIterator<Item = T>,
        then: WayOut,
    ) -> Self {
        self.no_input = Some(NoInput {
            after,
            say: say.into_iter().map(Into::into).collect(),
            then,
        });
        self
    }

    /// Says `say` when nothing of an answer was heard for `after`.
    #[must_use]
    pub fn filler(mut self, after: Duration, say: impl Into<String>) -> Self {
        let say = say.into();
        self.filler = Some(Filler { after, say });
        self
    }

    /// Says `say` when nothing was heard for `after`, and takes the way out of
    /// [`on_failure`](Self::on_failure) when nothing was heard for `give_up_after`. Zero is never.
    #[must_use]
    pub fn dead_air(
        mut self,
        after: Duration,
        say: impl Into<String>,
        give_up_after: Duration,
    ) -> Self {
        self.dead_air = DeadAir {
            after,
            say: say.into(),
            give_up_after,
        };
        self
    }

    /// Says `say` when no answer can be had, and goes `then` when that happens twice in a row.
    #[must_use]
    pub fn on_failure(mut self, say: impl Into<String>, then: WayOut) -> Self {
        let say = say.into();
        self.on_failure = OnFailure { say, then };
        self
    }

    /// Ends the call after this time.
    #[must_use]
    pub fn max_duration(mut self, limit: Duration) -> Self {
        self.max_duration = Some(limit);
        self
    }

    /// Sets how long it may let its callers wait. A call in which it did longer has an event
    /// `objective.missed`.
    #[must_use]
    pub fn objectives(mut self, objectives: Objectives) -> Self {
        self.objectives = objectives;
        self
    }

    /// Limits how much of the conversation the model is told.
    #[must_use]
    pub fn context(mut self, limit: ContextLimit) -> Self {
        self.context = limit;
        self
    }

    /// Lets the model hand the caller over to these agents, by their names among
    /// [`Agents`](super::Agents).
    #[must_use]
    pub fn hand_over<T: Into<String>>(mut self, to: impl IntoIterator<Item = T>) -> Self {
        self.hand_over.extend(to.into_iter().map(Into::into));
        self
    }

    /// Gives the agent a speech-to-text of its own.
    #[must_use]
    pub fn speech_to_text(mut self, provider: Arc<dyn SpeechToText>) -> Self {
        self.speech_to_text = Some(provider);
        self
    }

    /// Gives the agent a language model of its own.
    #[must_use]
    pub fn language_model(mut self, model: Arc<dyn LanguageModel>) -> Self {
        self.language_model = Some(model);
        self
    }

    /// Gives the agent a speech-to-speech service, in place of speech-to-text, language model and
    /// voice.
    #[must_use]
    pub fn speech_to_speech(mut self, service: Arc<dyn SpeechToSpeech>) -> Self {
        self.speech_to_speech = Some(service);
        self
    }

    /// Gives the agent a voice of its own.
    #[must_use]
    pub fn voice(mut self, voice: Arc<dyn TextToSpeech>) -> Self {
        self.voice = Some(voice);
        self
    }
}

impl fmt::Debug for AgentSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentSettings")
            .field("language", &self.language)
            .field("greeting", &self.greeting)
            .field("tools", &self.tools.len())
            .field("no_input", &self.no_input)
            .field("filler", &self.filler)
            .field("dead_air", &self.dead_air)
            .field("on_failure", &self.on_failure)
            .field("max_duration", &self.max_duration)
            .field("objectives", &self.objectives)
            .field("context", &self.context)
            .field("hand_over", &self.hand_over)
            .finish_non_exhaustive()
    }
}

/// What happens when the caller says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoInput {
    /// How long nobody has spoken.
    pub after: Duration,
    /// What is said, one after the other.
    pub say: Vec<String>,
    /// What comes when all of them were said.
    pub then: WayOut,
}

/// What is said when an answer takes long. It is made beforehand, in the agent's voice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filler {
    /// How long the caller has heard nothing.
    pub after: Duration,
    /// What is said. It is cut when the answer comes.
    pub say: String,
}

/// What happens when a caller who awaits the agent hears nothing, whatever hangs: a provider, a
/// tool, or the whole program. Not while the caller speaks, hears a telephone ring or has put the
/// call on hold. A tool's time limit comes on top of `give_up_after`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadAir {
    /// How long the caller has heard nothing when `say` is said. Zero is never. Default 12 s:
    /// longer than what usually hangs is waited for.
    pub after: Duration,
    /// What is said. It is made beforehand, in the agent's voice. Empty is nothing.
    pub say: String,
    /// How long the caller has heard nothing when the [way out](OnFailure::then) is taken. If it is
    /// not taken within 5 s more, the call's audio connection is closed. Zero is never. Default
    /// 25 s.
    pub give_up_after: Duration,
}

impl Default for DeadAir {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(12),
            say: "I'm sorry, this is taking longer than it should. Please stay on the line."
                .to_owned(),
            give_up_after: Duration::from_secs(25),
        }
    }
}

/// What happens when no answer can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnFailure {
    /// What is said, each time.
    pub say: String,
    /// What comes when it happens twice in a row, when that can't be said either, and after
    /// [`DeadAir::give_up_after`].
    pub then: WayOut,
}

impl Default for OnFailure {
    fn default() -> Self {
        Self {
            say: "I'm sorry, something went wrong. Please say that again.".to_owned(),
            then: WayOut::HangUp,
        }
    }
}

/// How a conversation ends that can't go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// The call ends.
    #[default]
    HangUp,
    /// The caller is connected to an endpoint, such as `PJSIP/200`; if nobody is there, the call
    /// ends.
    Transfer(String),
    /// The conversation ends, and the handler goes on.
    Return,
}
