//! The language model in a call's conversation.

mod agents;
mod ahead;
mod bounds;
mod context;
mod duplex;
mod guard;
#[cfg(feature = "http")]
mod http;
mod memory;
mod reply;
mod run;
mod settings;
mod tool;
mod toolbox;
pub mod tools;
mod turns;
mod variables;

use std::sync::Arc;

use tokio::sync::watch;
use voxtra_core::event::{AgentResponse, AgentThinking, ProviderUsage};

pub use self::agents::Agents;
use self::agents::Current;
pub use self::context::ContextLimit;
pub(super) use self::guard::DEAD_AIR;
#[cfg(feature = "config")]
pub(crate) use self::http::Address;
#[cfg(feature = "http")]
pub use self::http::HttpSettings;
pub(crate) use self::memory::Memory;
pub use self::reply::Answer;
use self::reply::{Phase, Question};
pub use self::settings::{AgentSettings, DeadAir, Filler, NoInput, OnFailure, WayOut};
pub use self::tool::{FnTool, Tool};
pub use self::toolbox::Toolbox;
#[cfg(feature = "webhooks")]
pub(crate) use self::variables::channel_variables;
pub(crate) use self::variables::set_routed;
#[cfg(feature = "config")]
pub(crate) use self::variables::{KnownNames, time_zone};
pub use self::variables::{Lookup, VariableError};
use super::call::Call;
use super::error::CallError;
use super::usage;
use crate::lock::lock;
use crate::speech::{Message, Parts, Reply, ReplyPart};

/// The language model, with the conversation of one call.
///
/// It remembers what the caller said, and of what the agent said only what the caller heard.
#[derive(Debug)]
pub struct Conversation<'a> {
    call: &'a Call,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(call: &'a Call) -> Self {
        Self { call }
    }

    /// Tells the model what it is and how to behave. It replaces earlier instructions.
    pub fn instruct(&self, instructions: &str) {
        lock(self.call.session().memory()).instruct(instructions);
    }

    /// Lets the model call a tool in [`answer`](Self::answer) and [`run`](Self::run). It replaces
    /// the tool of its name.
    pub fn add_tool(&self, tool: impl Tool + 'static) {
        lock(self.call.session().memory()).add_tool(Arc::new(tool));
    }

    /// What was said so far, oldest first, without the instructions and without what was over the
    /// [limit](Self::limit_context). Of what the agent said there
    /// is what the caller heard; what was cut ends with an ellipsis.
    #[must_use]
    pub fn history(&self) -> Vec<Message> {
        lock(self.call.session().memory()).messages().to_vec()
    }

    /// What the call has used of its providers so far, and what that costs where the application
    /// has their prices (`Builder::price`). What other tasks are still at is not all in it.
    #[must_use]
    pub fn usage(&self) -> Vec<ProviderUsage> {
        let prices = self.call.session().services().prices;
        self.call.session().tally().usage(&prices)
    }

    /// How much of the conversation the model is told from now on; [`run`](Self::run) sets it as
    /// [`AgentSettings::context`] says. Default: [`ContextLimit::default`].
    pub fn limit_context(&self, limit: ContextLimit) {
        lock(self.call.session().memory()).limit(limit);
    }

    /// Forgets what was said. Instructions and tools stay.
    pub fn reset(&self) {
        lock(self.call.session().memory()).forget();
    }

    /// Gives the model what the caller said and returns its reply. Both become part of the
    /// conversation; neither does if there is no reply, or the future is dropped. Nothing is said,
    /// and no tool is run.
    ///
    /// # Errors
    /// No language model is configured, it fails, or the call is over.
    pub async fn respond(&self, text: &str) -> Result<Reply, CallError> {
        let parts = self.stream(text).await?;
        self.call
            .while_up(async { Ok(Reply::collect(parts).await?) })
            .await
    }

    /// As [`respond`](Self::respond), but returns the reply while the model writes it. It becomes
    /// part of the conversation when its last part was read.
    ///
    /// # Errors
    /// No language model is configured, or the call is over. A failure of the model comes as a
    /// part.
    pub async fn stream(&self, text: &str) -> Result<Parts<ReplyPart>, CallError> {
        let call = self.call.clone();
        let model = call.session().services().model;
        let model = model.ok_or(CallError::NoLanguageModel)?;
        if call.is_over() {
            return Err(CallError::Ended);
        }
        let question = Message::User(text.to_owned());
        Ok(Parts::made_by(move |out| async move {
            let _alone = call.session().asking().await;
            call.emit_body(AgentThinking::default().into()).await;
            let memory = call.session().memory();
            let request = lock(memory).request(std::slice::from_ref(&question), false);
            call.session().marks().asked();
            let mut parts = usage::ask(&call, &model, request);
            let mut reply = Reply::default();
            let mut question = Some(question);
            while let Some(part) = parts.next().await {
                let part = match part {
                    Ok(part) => part,
                    Err(error) => {
                        call.emit_error("language_model", error.to_string()).await;
                        return Err(error);
                    }
                };
                if let ReplyPart::Text(_) = part {
                    call.session().marks().token();
                }
                reply.add(&part);
                // A question that fails or is cancelled must not confuse the next one.
                let done = matches!(part, ReplyPart::Done(_));
                if !out.send(part).await {
                    return Ok(());
                }
                if done {
                    remember(&call, question.take(), &reply).await;
                }
            }
            remember(&call, question, &reply).await;
            Ok(())
        }))
    }

    /// Gives the model what the caller said and speaks its reply while it is being written,
    /// sentence by sentence. Tools that the model calls are run, and it goes on with their results.
    /// Returns when the answer was heard, or was cut.
    ///
    /// Of the answer only what the caller heard becomes part of the conversation. If the future is
    /// dropped, the answer is cut, and only what a tool has done is remembered.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// while let Some(words) = call.listen(Duration::from_secs(10)).await? {
    ///     let answer = call.agent().answer(&words).await?;
    ///     println!("the caller heard: {}", answer.heard);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No language model or no voice is configured, one of them fails, or the call is over.
    pub async fn answer(&self, text: &str) -> Result<Answer, CallError> {
        let call = self.call;
        let _alone = call
            .while_up(async { Ok(call.session().asking().await) })
            .await?;
        lock(call.session().memory()).hear_results();
        let (phase, _) = watch::channel(Phase::Thinking);
        let question = Question {
            call,
            said: text,
            phase: &phase,
            caller: None,
            may_be_silent: false,
        };
        let answer = question.answer(None).await;
        context::keep(call);
        answer
    }

    /// Conducts the whole conversation: answers the call, greets, listens, answers each turn of the
    /// caller with the model's help, and lets itself be interrupted. Returns when the call has
    /// ended, the caller was transferred, or a [`WayOut`] says so.
    ///
    /// A speech-to-speech service does it alone, if the call has one: it hears the caller and makes
    /// the events of speech-to-text, and says what the agent says.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{AgentSettings, Call, CallError, tools};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// let agent = AgentSettings::new("You are the receptionist of Acme. Be brief.")
    ///     .greeting("Hello, this is Acme. How can I help?")
    ///     .tool(tools::hang_up());
    /// call.agent().run(&agent).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// No speech-to-text, language model or voice is configured, and no speech-to-speech; a text
    /// has an unknown variable, or the call can't be answered. A provider's failure is no error of
    /// this: [`AgentSettings::on_failure`] says what happens.
    pub async fn run(&self, settings: &AgentSettings) -> Result<(), CallError> {
        let mut settings = settings.clone();
        // There is nobody else.
        settings.hand_over.clear();
        self.run_agents(&Agents::new().agent("", settings), "")
            .await
    }

    /// As [`run`](Self::run), by several agents. The one named `first` begins; a tool hands the
    /// caller over to those that an agent's [`hand_over`](AgentSettings::hand_over) names. The next
    /// agent goes on with what was said, at once and without its greeting; `agent.changed` tells of
    /// it. The variables of all who may get the caller have their values, and their look-ups are
    /// made, before the call is answered. `max_duration` is that of the first one. The caller is
    /// handed over at most three times before saying something again.
    ///
    /// # Errors
    /// As [`run`](Self::run), of any of the agents, and one of those that are named is not there.
    /// The call is not answered then.
    pub async fn run_agents(&self, agents: &Agents, first: &str) -> Result<(), CallError> {
        let current = Current::begin(self.call, agents, first).await?;
        let _alone = self
            .call
            .while_up(async { Ok(self.call.session().asking().await) })
            .await?;
        run::run(self.call, current).await
    }
}

/// Makes a question and its reply part of the conversation, if that has not happened.
async fn remember(call: &Call, question: Option<Message>, reply: &Reply) {
    if let Some(question) = question {
        let answer = Message::assistant(reply.text.as_str());
        lock(call.session().memory()).append(vec![question, answer]);
        let response = AgentResponse::new(reply.text.clone(), reply.tool_calls.clone());
        call.emit_body(response.into()).await;
        context::keep(call);
    }
}

/// A call of this caller that is carried nowhere, and whose events nobody takes.
#[cfg(test)]
fn nowhere(caller_id: &str) -> Call {
    let info = super::call::CallInfo {
        caller_id: caller_id.to_owned(),
        called_number: String::new(),
        redirecting_number: String::new(),
        direction: super::call::Direction::Inbound,
        args: Vec::new(),
    };
    let (reports, _) = super::report::Reports::new();
    let (requests, _) = tokio::sync::mpsc::channel(64);
    let carrier = Arc::new(super::carrier::Nowhere);
    let services = super::call::Services::default();
    Call::new("ch-1".into(), info, carrier, services, reports, requests)
}

/// What the model of such a call is told of a tool.
#[cfg(all(test, feature = "mcp"))]
pub(crate) async fn told(tool: &Arc<dyn Tool>, arguments: serde_json::Value) -> String {
    let asked = crate::speech::ToolCall {
        id: "1".to_owned(),
        name: tool.spec().name,
        arguments: arguments.to_string(),
    };
    tool::run(&nowhere(""), Some(tool.clone()), &asked).await
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::call::Services;
    use super::*;
    use crate::speech::{LanguageModel, ModelRequest, ProviderError, ProviderErrorKind};

    /// Thinks for ever about "hm", fails at "no", and otherwise replies with the conversation so
    /// far.
    struct Mirror;

    impl LanguageModel for Mirror {
        fn name(&self) -> &str {
            "mirror"
        }

        fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
            match request.messages.last().map(Message::text) {
                Some("hm") => Parts::made_by(|_| pending()),
                Some("no") => Parts::failed(ProviderError::new(
                    "mirror",
                    ProviderErrorKind::Rejected,
                    "no",
                )),
                _ => {
                    let texts: Vec<_> = request.messages.iter().map(Message::text).collect();
                    Reply::new(texts.join("|")).into_parts()
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_without_an_answer_is_no_part_of_the_conversation() {
        let services = Services {
            model: Some(Arc::new(Mirror)),
            ..Services::default()
        };
        let call = nowhere("");
        call.session().change_services(|own| *own = services);
        let agent = call.agent();
        agent.instruct("be");
        assert_eq!(agent.respond("a").await.unwrap().text, "be|a");
        assert!(agent.respond("no").await.is_err());
        let given_up = tokio::time::timeout(Duration::from_secs(1), agent.respond("hm")).await;
        assert!(given_up.is_err());
        assert_eq!(agent.respond("b").await.unwrap().text, "be|a|be|a|b");
    }
}
