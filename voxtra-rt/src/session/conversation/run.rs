//! A whole conversation: the caller's turns, the agent's answers, and what happens when one of them
//! does not come.

use tokio::time::Instant;

use super::super::call::Call;
use super::super::error::CallError;
use super::reply::{Answer, answer};
use super::settings::{AgentSettings, WayOut};
use super::turns::{Input, Turns};

/// Failures in a row after which the conversation ends.
const MOST_FAILURES: u32 = 2;

/// Conducts a conversation until the call ends, the caller is transferred, or a way out returns.
pub(super) async fn run(call: &Call, settings: &AgentSettings) -> Result<(), CallError> {
    let ends_at = settings.max_duration.map(|limit| Instant::now() + limit);
    let mut conversation = Running {
        call,
        settings,
        turns: Turns::new(call.events_from_now()),
        unanswered: 0,
        failures: 0,
    };
    let result = tokio::select! {
        biased;
        result = conversation.talk() => result,
        () = too_long(ends_at) => {
            tracing::info!(call = call.id(), "the call is as long as it may be, and ends");
            call.hangup().await
        }
    };
    match result {
        // The caller hung up: nothing went wrong.
        Err(CallError::Ended) => Ok(()),
        result => result,
    }
}

async fn too_long(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Running<'a> {
    call: &'a Call,
    settings: &'a AgentSettings,
    turns: Turns,
    /// Prompts in a row to which the caller said nothing.
    unanswered: usize,
    failures: u32,
}

impl Running<'_> {
    async fn talk(&mut self) -> Result<(), CallError> {
        let call = self.call;
        call.answer().await?;
        if let Some(greeting) = &self.settings.greeting {
            self.say(greeting).await?;
        }
        self.turns.silence_begins();
        let mut silence = self
            .settings
            .no_input
            .as_ref()
            .map(|no_input| no_input.after);
        loop {
            match self.turns.next(silence).await {
                Input::Over => return Ok(()),
                Input::Cough => {}
                Input::Silence => {
                    if !self.prompt().await? {
                        return Ok(());
                    }
                }
                Input::Turn(words) => {
                    self.unanswered = 0;
                    if !self.answer(words).await? {
                        return Ok(());
                    }
                }
            }
            if call.session().is_transferred() {
                return Ok(());
            }
            self.turns.silence_begins();
            silence = self
                .settings
                .no_input
                .as_ref()
                .map(|no_input| no_input.after);
        }
    }

    /// Answers the caller, whose words may go on before the answer has begun. False if the
    /// conversation is over.
    async fn answer(&mut self, mut words: String) -> Result<bool, CallError> {
        let call = self.call;
        let filler = self.settings.filler.as_ref();
        loop {
            self.turns.answering();
            let mut memory = call.session().memory().await;
            let before = memory.messages().len();
            let result = tokio::select! {
                biased;
                result = answer(call, &mut memory, &words, filler) => result,
                () = self.turns.went_on() => {
                    // What a tool has done stays in memory, with the words that led to it.
                    let acted = memory.messages().len() > before;
                    drop(memory);
                    match self.turns.next(None).await {
                        Input::Turn(more) if acted => words = more,
                        Input::Turn(more) => {
                            words.push(' ');
                            words.push_str(&more);
                        }
                        Input::Cough | Input::Silence => {}
                        Input::Over => return Ok(false),
                    }
                    continue;
                }
            };
            drop(memory);
            return match result {
                Ok(Answer { .. }) => {
                    self.failures = 0;
                    Ok(!call.is_over())
                }
                Err(CallError::Provider(_)) => self.failed().await,
                Err(error) => Err(error),
            };
        }
    }

    /// Says something of its own, and remembers what was heard of it. False if the caller cut it.
    async fn say(&mut self, text: &str) -> Result<bool, CallError> {
        let (heard, interrupted) = self.call.say_aloud(text).await?;
        self.call.session().memory().await.agent_said(&heard);
        Ok(!interrupted)
    }

    /// Nobody has spoken. False if the conversation is over.
    async fn prompt(&mut self) -> Result<bool, CallError> {
        let Some(no_input) = &self.settings.no_input else {
            return Ok(true);
        };
        if let Some(text) = no_input.say.get(self.unanswered) {
            self.unanswered = self.unanswered.saturating_add(1);
            let heard = match self.say(text).await {
                Err(CallError::Provider(_)) => return self.failed().await,
                heard => heard?,
            };
            if !heard || self.unanswered < no_input.say.len() {
                return Ok(true);
            }
        }
        self.leave(&no_input.then).await
    }

    /// No answer could be had. False if the conversation is over.
    async fn failed(&mut self) -> Result<bool, CallError> {
        let on_failure = &self.settings.on_failure;
        self.failures = self.failures.saturating_add(1);
        let said = match self.call.say(&on_failure.say).await {
            Err(CallError::Ended) => return Ok(false),
            said => said.is_ok(),
        };
        if said && self.failures < MOST_FAILURES {
            return Ok(true);
        }
        self.leave(&on_failure.then).await
    }

    async fn leave(&mut self, way: &WayOut) -> Result<bool, CallError> {
        match way {
            WayOut::HangUp => self.call.hangup().await?,
            WayOut::Transfer(endpoint) => {
                if let Err(error) = self.call.transfer(endpoint.as_str()).await {
                    tracing::warn!(call = self.call.id(), %error, "nobody takes the caller over");
                    self.call.hangup().await?;
                }
            }
            WayOut::Return => {}
        }
        Ok(false)
    }
}
