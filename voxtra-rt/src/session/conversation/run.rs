//! A whole conversation: the caller's turns, the agent's answers, and what happens when one of them
//! does not come.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::super::call::Call;
use super::super::deadlines::until;
use super::super::error::CallError;
use super::agents::Current;
use super::context;
use super::duplex::Duplex;
use super::guard::{AGENT, Guard, dead_air};
use super::reply::{Phase, Question};
use super::settings::WayOut;
use super::turns::{Input, Turns};
use crate::lock::lock;

/// Failures in a row after which the conversation ends.
const MOST_FAILURES: u32 = 2;

/// How long the words of a caller who has gone on are awaited.
const GONE_ON: Duration = Duration::from_secs(15);

/// Conducts a conversation until the call ends, the caller is transferred, or a way out returns.
pub(super) async fn run(call: &Call, agent: Current<'_>) -> Result<(), CallError> {
    let ends_at = agent.settings.max_duration;
    let ends_at = ends_at.and_then(|limit| Instant::now().checked_add(limit));
    let mut conversation = Running {
        call,
        agent,
        turns: Turns::new(call),
        duplex: None,
        unanswered: 0,
        failures: 0,
        guard: None,
    };
    let silent = dead_air(call.events_from_now());
    let result = {
        let talk = conversation.talk();
        tokio::pin!(talk);
        tokio::select! {
            biased;
            result = &mut talk => Some(result),
            () = silent => None,
            () = until(ends_at) => {
                // Whom the caller was connected to may talk on.
                if call.session().is_transferred() {
                    return Ok(());
                }
                tracing::info!(call = call.id(), "the call is as long as it may be, and ends");
                match call.hangup().await {
                    // It remembers what the caller has heard.
                    Ok(()) => Some(talk.await),
                    failed => Some(failed),
                }
            }
        }
    };
    let result = match result {
        Some(result) => result,
        // Whatever hangs was dropped.
        None => {
            let way = conversation.agent.settings.on_failure.then.clone();
            conversation.leave(&way).await.map(drop)
        }
    };
    match result {
        // The caller hung up: nothing went wrong.
        Err(CallError::Ended) => Ok(()),
        result => result,
    }
}

struct Running<'a> {
    call: &'a Call,
    agent: Current<'a>,
    turns: Turns,
    /// In place of speech-to-text, model and voice.
    duplex: Option<Duplex>,
    /// Prompts in a row to which the caller said nothing.
    unanswered: usize,
    failures: u32,
    guard: Option<Guard<'a>>,
}

impl Running<'_> {
    async fn talk(&mut self) -> Result<(), CallError> {
        let call = self.call;
        // Connections are opened while the telephone rings.
        let services = call.session().services();
        let prepared = [
            services.model.map(|model| model.prepare()),
            services.voice.map(|voice| voice.prepare()),
        ];
        for preparing in prepared.into_iter().flatten() {
            tokio::spawn(preparing);
        }
        call.answer().await?;
        self.attend();
        if let Some(duplex) = &mut self.duplex {
            duplex.open();
        }
        self.watch().await;
        let settings = self.agent.settings.clone();
        if let Some(greeting) = &settings.greeting {
            match self.say(greeting).await {
                Err(CallError::Provider(_) | CallError::Rate(_)) => {
                    if !self.failed().await? {
                        return Ok(());
                    }
                }
                heard => drop(heard?),
            }
        }
        // Only now, or the greeting would have to share its voice.
        if let Some(guard) = &mut self.guard {
            guard.make_clips();
        }
        loop {
            context::keep(call);
            self.turns.set_preemptive(self.agent.settings.preemptive);
            let silence = self.agent.settings.no_input.as_ref();
            let silence = silence.map(|no_input| no_input.after);
            self.turns.silence_begins();
            let goes_on = match self.turns.next_or_result(silence).await {
                Input::Over => false,
                Input::Result => self.answer(String::new(), true).await?,
                Input::Cough => true,
                Input::Silence => self.prompt().await?,
                Input::Deaf => self.failed().await?,
                Input::Turn(words) => {
                    self.unanswered = 0;
                    self.caller_spoke();
                    self.answer(words, true).await?
                }
                Input::LongTurn(words) => {
                    self.unanswered = 0;
                    self.caller_spoke();
                    self.answer(words, false).await?
                }
            };
            if !goes_on || call.session().is_transferred() {
                return Ok(());
            }
        }
    }

    fn caller_spoke(&self) {
        let mut memory = lock(self.call.session().memory());
        memory.caller_spoke();
        if self.duplex.is_some() {
            // A service tells the caller's words late, or never.
            memory.begin_turn();
        }
    }

    /// Answers the caller. If it `waits`, the words may go on before the answer has begun. False if
    /// the conversation is over.
    async fn answer(&mut self, mut words: String, mut waits: bool) -> Result<bool, CallError> {
        let call = self.call;
        loop {
            self.turns.answering(waits);
            call.awaits(AGENT).await;
            if let Some(duplex) = &mut self.duplex {
                match duplex.answer(&mut self.turns).await {
                    Ok(()) => self.failures = 0,
                    Err(CallError::Provider(_) | CallError::Rate(_)) => return self.failed().await,
                    Err(error) => return Err(error),
                }
                if !self.is_handed_over().await? {
                    return Ok(!call.is_over());
                }
                words.clear();
                continue;
            }
            let told = lock(call.session().memory()).hear_results();
            let before = lock(call.session().memory()).count();
            let (phase, mut thinks) = watch::channel(Phase::Thinking);
            let ahead = self.turns.take_ahead(&words);
            let question = Question {
                call,
                said: &words,
                phase: &phase,
                caller: Some(self.turns.floor()),
                may_be_silent: told && words.is_empty(),
            };
            let answered = tokio::select! {
                biased;
                answered = question.answer(ahead) => Some(answered),
                () = self.turns.went_on(&mut thinks) => None,
            };
            match answered {
                Some(Ok(_)) => {
                    self.failures = 0;
                    if !self.is_handed_over().await? {
                        return Ok(!call.is_over());
                    }
                    words.clear();
                    continue;
                }
                Some(Err(CallError::Provider(_) | CallError::Rate(_))) => {
                    return self.failed().await;
                }
                Some(Err(error)) => return Err(error),
                None => {}
            }
            // What a tool has done stays in memory, with the words that led to it.
            let acted = lock(call.session().memory()).count() > before;
            self.turns.goes_on_from(if acted { "" } else { &words });
            let next = self.turns.next(Some(GONE_ON)).await;
            self.turns.goes_on_from("");
            waits = !matches!(next, Input::LongTurn(_));
            match next {
                Input::Turn(more) | Input::LongTurn(more) if acted => words = more,
                Input::Turn(more) | Input::LongTurn(more) => {
                    if !words.is_empty() {
                        words.push(' ');
                    }
                    words.push_str(&more);
                }
                Input::Deaf if acted => return self.failed().await,
                // There is none: only a silence is ended by one.
                Input::Result => {}
                // There were no words, and what the tools gave is still to be answered.
                Input::Cough | Input::Silence if acted => words.clear(),
                Input::Cough | Input::Silence | Input::Deaf => {}
                Input::Over => return Ok(false),
            }
        }
    }

    /// Whether another agent has taken over.
    async fn is_handed_over(&mut self) -> Result<bool, CallError> {
        if self.call.is_over() || !self.agent.change().await? {
            return Ok(false);
        }
        self.attend();
        self.watch().await;
        if let Some(guard) = &mut self.guard {
            guard.make_clips();
        }
        Ok(true)
    }

    /// Guards the call against dead air, as the agent wants it.
    async fn watch(&mut self) {
        self.guard = None;
        self.guard = Some(Guard::begin(self.call, &self.agent.settings).await);
    }

    /// Talks with what the agent has: a speech-to-speech service, or three providers.
    fn attend(&mut self) {
        let service = self.call.session().services().speech_to_speech;
        self.turns.need_words(service.is_none());
        self.duplex = service.map(|service| Duplex::new(self.call, service));
    }

    /// Says something of its own, and remembers what was heard of it. False if the caller cut it.
    async fn say(&mut self, text: &str) -> Result<bool, CallError> {
        self.call.awaits(AGENT).await;
        if let Some(duplex) = &mut self.duplex {
            return duplex.say(text).await;
        }
        let (heard, interrupted) = self.call.say_aloud(text).await?;
        lock(self.call.session().memory()).agent_said(&heard, interrupted);
        Ok(!interrupted)
    }

    /// Nobody has spoken. False if the conversation is over.
    async fn prompt(&mut self) -> Result<bool, CallError> {
        let settings = self.agent.settings.clone();
        let Some(no_input) = &settings.no_input else {
            return Ok(true);
        };
        if let Some(text) = no_input.say.get(self.unanswered) {
            self.unanswered = self.unanswered.saturating_add(1);
            let heard = match self.say(text).await {
                Err(CallError::Provider(_) | CallError::Rate(_)) => return self.failed().await,
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
        let settings = self.agent.settings.clone();
        let on_failure = &settings.on_failure;
        self.failures = self.failures.saturating_add(1);
        self.call.awaits(AGENT).await;
        let said = match &mut self.duplex {
            Some(duplex) => {
                // It hears again before the caller is asked to say it again.
                duplex.open();
                let services = self.call.session().services();
                let recorded = services.prompts.by_text(&on_failure.say).is_some();
                if services.voice.is_some() || recorded {
                    self.call.say(&on_failure.say).await.map(drop)
                } else {
                    duplex.say(&on_failure.say).await.map(drop)
                }
            }
            None => self.call.say(&on_failure.say).await.map(drop),
        };
        let said = match said {
            Err(CallError::Ended) => return Ok(false),
            said => said.is_ok(),
        };
        if said && self.failures < MOST_FAILURES {
            return Ok(true);
        }
        self.leave(&on_failure.then).await
    }

    async fn leave(&mut self, way: &WayOut) -> Result<bool, CallError> {
        if self.call.session().is_transferred() {
            return Ok(false);
        }
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
