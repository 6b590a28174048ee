//! The language model in a call's conversation.

use voxtra_core::event::{AgentResponse, AgentThinking};

use super::call::Call;
use super::error::CallError;
use crate::speech::{Message, Reply, Role};

/// The language model, with the conversation of one call.
#[derive(Debug)]
pub struct Agent<'a> {
    call: &'a Call,
}

impl<'a> Agent<'a> {
    pub(crate) fn new(call: &'a Call) -> Self {
        Self { call }
    }

    /// Tells the model what it is and how to behave: the first message of the conversation.
    pub async fn instruct(&self, instructions: &str) {
        let mut conversation = self.call.inner.conversation.lock().await;
        conversation.insert(0, Message::new(Role::System, instructions));
    }

    /// Gives the model what the caller said and returns its reply. Both become part of the conversation.
    ///
    /// # Errors
    /// No language model is configured, it fails, or the call is over.
    pub async fn respond(&self, text: &str) -> Result<Reply, CallError> {
        let call = self.call;
        let model = call
            .inner
            .services
            .model
            .clone()
            .ok_or(CallError::NoLanguageModel)?;
        let mut conversation = call
            .while_up(async { Ok(call.inner.conversation.lock().await) })
            .await?;
        conversation.push(Message::new(Role::User, text));
        call.emit_body(AgentThinking {}.into()).await;
        match call
            .while_up(async { Ok(model.respond(&conversation).await?) })
            .await
        {
            Ok(reply) => {
                conversation.push(Message::new(Role::Assistant, reply.text.as_str()));
                let response = AgentResponse {
                    text: reply.text.clone(),
                    tool_calls: reply.tool_calls.clone(),
                };
                call.emit_body(response.into()).await;
                Ok(reply)
            }
            Err(error) => {
                // A question that got no answer must not confuse the next one.
                conversation.pop();
                if !matches!(error, CallError::Ended) {
                    call.emit_error("language_model", error.to_string()).await;
                }
                Err(error)
            }
        }
    }
}
