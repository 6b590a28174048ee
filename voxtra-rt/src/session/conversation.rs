//! The language model in a call's conversation.

use voxtra_core::event::{AgentResponse, AgentThinking};

use super::call::Call;
use super::error::CallError;
use crate::speech::{Message, ModelRequest, Reply};

/// The language model, with the conversation of one call.
#[derive(Debug)]
pub struct Conversation<'a> {
    call: &'a Call,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(call: &'a Call) -> Self {
        Self { call }
    }

    /// Tells the model what it is and how to behave: the first message of the conversation.
    pub async fn instruct(&self, instructions: &str) {
        let mut conversation = self.call.session().conversation().await;
        conversation.insert(0, Message::System(instructions.to_owned()));
    }

    /// Gives the model what the caller said and returns its reply. Both become part of the
    /// conversation; neither does if there is no reply, or the future is dropped.
    ///
    /// # Errors
    /// No language model is configured, it fails, or the call is over.
    pub async fn respond(&self, text: &str) -> Result<Reply, CallError> {
        let call = self.call;
        let model = call.session().services().model;
        let model = model.ok_or(CallError::NoLanguageModel)?;
        let mut conversation = call
            .while_up(async { Ok(call.session().conversation().await) })
            .await?;
        // A question that fails or is cancelled must not confuse the next one.
        let mut asked = conversation.clone();
        asked.push(Message::User(text.to_owned()));
        call.emit_body(AgentThinking::default().into()).await;
        match call
            .while_up(async {
                Ok(Reply::collect(model.reply(ModelRequest::new(asked.clone()))).await?)
            })
            .await
        {
            Ok(reply) => {
                asked.push(Message::assistant(reply.text.as_str()));
                *conversation = asked;
                let response = AgentResponse::new(reply.text.clone(), reply.tool_calls.clone());
                call.emit_body(response.into()).await;
                Ok(reply)
            }
            Err(error) => {
                if !matches!(error, CallError::Ended) {
                    call.emit_error("language_model", error.to_string()).await;
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::super::call::{CallInfo, Direction, Services};
    use super::super::carrier::Nowhere;
    use super::super::report::Reports;
    use super::*;
    use crate::speech::{LanguageModel, Parts, ProviderError, ProviderErrorKind, ReplyPart};

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
        let info = CallInfo {
            caller_id: String::new(),
            called_number: String::new(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let (reports, _reported) = Reports::new();
        let (requests, _requested) = mpsc::channel(64);
        let call = Call::new(
            "ch-1".into(),
            info,
            Arc::new(Nowhere),
            services,
            reports,
            requests,
        );
        let agent = call.agent();
        agent.instruct("be").await;
        assert_eq!(agent.respond("a").await.unwrap().text, "be|a");
        assert!(agent.respond("no").await.is_err());
        let given_up = tokio::time::timeout(Duration::from_secs(1), agent.respond("hm")).await;
        assert!(given_up.is_err());
        assert_eq!(agent.respond("b").await.unwrap().text, "be|a|be|a|b");
    }
}
