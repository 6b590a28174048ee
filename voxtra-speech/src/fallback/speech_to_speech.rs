use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{
    Feed, Message, PartSender, Parts, ProviderError, ProviderErrorKind, SpeechToSpeech, TalkInput,
    TalkOptions, TalkPart, ToolCall,
};
use super::{Attempt, Providers, Turn, until};

/// Several speech-to-speech services as one. Each conversation is held with one of them, the
/// preferred one if it is not left out.
///
/// If it fails before anything of a response has come, the next one goes on within the turn: with
/// what was said, as far as the transcripts tell it, and with the caller's audio that has no
/// response yet, its last 60 seconds at most. So it does if no response begins for 5 seconds while
/// there is a next one. A response that broke off in the middle is not repeated: that is the
/// error, and the next conversation begins with another service if this one keeps failing.
///
/// For what is left out, tried again and logged, see [`FallbackModel`](crate::FallbackModel).
#[derive(Clone)]
pub struct FallbackAgent {
    services: Arc<Providers<dyn SpeechToSpeech>>,
}

impl FallbackAgent {
    /// These services, the preferred one first. `None`: there are none.
    #[must_use]
    pub fn new(services: Vec<Arc<dyn SpeechToSpeech>>) -> Option<Self> {
        Some(Self {
            services: Providers::new(services, |service| service.name())?,
        })
    }
}

impl SpeechToSpeech for FallbackAgent {
    fn name(&self) -> &str {
        &self.services.name
    }

    fn talk(&self, options: TalkOptions, input: Feed<TalkInput>) -> Parts<TalkPart> {
        let turn = Turn::new(&self.services);
        let services = Arc::clone(&self.services);
        Parts::made_by(move |out| {
            out.set_provider(services.foremost());
            async move {
                let mut talk = Talk {
                    services,
                    turn,
                    said: Said::of(options),
                    attempt: None,
                    parts: None,
                    to: None,
                    waiting: VecDeque::new(),
                    owed: VecDeque::new(),
                    begun: false,
                    due: None,
                };
                talk.run(input, &out).await
            }
        })
    }
}

impl fmt::Debug for FallbackAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FallbackAgent").field(&self.name()).finish()
    }
}

/// One conversation.
struct Talk {
    services: Arc<Providers<dyn SpeechToSpeech>>,
    turn: Turn<dyn SpeechToSpeech>,
    said: Said,
    attempt: Option<Attempt<dyn SpeechToSpeech>>,
    parts: Option<Parts<TalkPart>>,
    to: Option<PartSender<TalkInput>>,
    /// What the service has not read yet.
    waiting: VecDeque<TalkInput>,
    /// The responses that were asked for and have not ended, the oldest first.
    owed: VecDeque<TalkInput>,
    /// Something of the oldest has come.
    begun: bool,
    /// When it comes too late.
    due: Option<Instant>,
}

impl Talk {
    async fn run(
        &mut self,
        mut input: Feed<TalkInput>,
        out: &PartSender<TalkPart>,
    ) -> Result<(), ProviderError> {
        self.next()?;
        let mut told = None;
        loop {
            let name = self.attempt.as_ref().map(Attempt::name);
            if let Some(name) = name.filter(|name| told.as_ref() != Some(name)) {
                out.set_provider(name.clone());
                told = Some(name);
            }
            tokio::select! {
                biased;
                part = next_part(&mut self.parts) => match part {
                    Some(Ok(part)) => {
                        self.note(&part);
                        if !out.send(part).await {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => self.failed(Some(error))?,
                    None => self.failed(None)?,
                },
                read = send(&self.to, self.waiting.front()) => {
                    self.waiting.pop_front();
                    if !read {
                        // It reads no more; its parts tell why.
                        self.to = None;
                        self.waiting.clear();
                    }
                }
                given = input.next(), if self.waiting.is_empty() => match given {
                    Some(given) => self.input(given),
                    None => return Ok(()),
                },
                () = until(self.due) => {
                    let attempt = self.attempt.as_ref();
                    let error = attempt.map(|attempt| {
                        attempt.error(ProviderErrorKind::Timeout, "its response does not begin")
                    });
                    self.failed(error)?;
                }
            }
        }
    }

    fn input(&mut self, given: TalkInput) {
        match &given {
            TalkInput::Respond | TalkInput::Say(_) => {
                if self.owed.is_empty() {
                    self.turn = Turn::new(&self.services);
                    self.turn
                        .tried
                        .extend(self.attempt.as_ref().map(|one| one.place));
                }
                self.owed.push_back(given.clone());
                self.await_beginning();
            }
            given => self.said.input(given),
        }
        if self.to.is_some() {
            self.waiting.push_back(given);
        }
    }

    /// From now on the response has a while to begin, if there is somebody else to ask.
    fn await_beginning(&mut self) {
        let waits = !self.owed.is_empty() && !self.begun && self.turn.has_next();
        self.due = waits.then(|| Instant::now() + LATEST);
    }

    /// Notes what the service gave.
    fn note(&mut self, part: &TalkPart) {
        self.said.note(part);
        match part {
            TalkPart::Audio { .. } | TalkPart::Words(_) | TalkPart::ToolCall(_) => {
                self.begun = true;
                self.due = None;
                if let Some(attempt) = &mut self.attempt {
                    attempt.answered();
                }
            }
            TalkPart::Done(_) => {
                self.owed.pop_front();
                self.begun = false;
                self.await_beginning();
            }
            TalkPart::Usage(_) | TalkPart::Caller { .. } => {}
        }
    }

    /// The service has failed, or ended too early.
    fn failed(&mut self, error: Option<ProviderError>) -> Result<(), ProviderError> {
        self.parts = None;
        self.to = None;
        self.due = None;
        self.waiting.clear();
        let Some(mut attempt) = self.attempt.take() else {
            return Ok(());
        };
        let error = error.unwrap_or_else(|| {
            let message = "it ended the conversation in the middle of the call";
            attempt.error(ProviderErrorKind::Unavailable, message)
        });
        if !self.begun && attempt.again(&error) {
            self.begin(attempt);
            return Ok(());
        }
        self.turn.failed(attempt, error.clone());
        if self.begun {
            return Err(error);
        }
        self.next()
    }

    fn next(&mut self) -> Result<(), ProviderError> {
        match self.turn.next() {
            Some(attempt) => {
                self.begin(attempt);
                Ok(())
            }
            None => Err(self.turn.error()),
        }
    }

    fn begin(&mut self, attempt: Attempt<dyn SpeechToSpeech>) {
        let (to, feed) = Feed::queue(INPUT_AHEAD);
        self.parts = Some(attempt.provider().talk(self.said.options.clone(), feed));
        self.to = Some(to);
        self.waiting = self
            .said
            .audio
            .iter()
            .cloned()
            .map(TalkInput::Audio)
            .collect();
        self.waiting.extend(self.owed.iter().cloned());
        self.attempt = Some(attempt);
        self.await_beginning();
    }
}

async fn next_part(parts: &mut Option<Parts<TalkPart>>) -> Option<Result<TalkPart, ProviderError>> {
    match parts {
        Some(parts) => parts.next().await,
        None => std::future::pending().await,
    }
}

async fn send(to: &Option<PartSender<TalkInput>>, part: Option<&TalkInput>) -> bool {
    match (to, part) {
        (Some(to), Some(part)) => to.send(part.clone()).await,
        _ => std::future::pending().await,
    }
}

/// What another service has to know to go on.
struct Said {
    /// With what was said since the conversation began.
    options: TalkOptions,
    /// The caller's audio to which there is no response.
    audio: VecDeque<Vec<i16>>,
    samples: usize,
    /// The response that is being given.
    words: String,
    calls: Vec<ToolCall>,
}

impl Said {
    fn of(options: TalkOptions) -> Self {
        Self {
            options,
            audio: VecDeque::new(),
            samples: 0,
            words: String::new(),
            calls: Vec::new(),
        }
    }

    fn input(&mut self, given: &TalkInput) {
        match given {
            TalkInput::Audio(samples) => {
                self.samples = self.samples.saturating_add(samples.len());
                self.audio.push_back(samples.clone());
                let most = usize::try_from(self.options.rate_hz).unwrap_or(usize::MAX);
                let most = most.saturating_mul(KEPT_S);
                while self.samples > most
                    && let Some(first) = self.audio.pop_front()
                {
                    self.samples = self.samples.saturating_sub(first.len());
                }
            }
            TalkInput::ToolResult { id, name, result } => self.add(Message::Tool {
                id: id.clone(),
                name: name.clone(),
                result: result.clone(),
            }),
            TalkInput::Respond | TalkInput::Say(_) | TalkInput::Interrupted { .. } => {}
        }
    }

    fn note(&mut self, part: &TalkPart) {
        match part {
            TalkPart::Words(words) => self.words.push_str(words),
            TalkPart::ToolCall(call) => self.calls.push(call.clone()),
            TalkPart::Caller { text, is_final } if *is_final => {
                self.add(Message::User(text.clone()));
            }
            TalkPart::Done(_) => {
                self.audio.clear();
                self.samples = 0;
                let text = std::mem::take(&mut self.words);
                let tool_calls = std::mem::take(&mut self.calls);
                if !text.is_empty() || !tool_calls.is_empty() {
                    self.add(Message::Assistant { text, tool_calls });
                }
            }
            TalkPart::Audio { .. } | TalkPart::Usage(_) | TalkPart::Caller { .. } => {}
        }
    }

    fn add(&mut self, message: Message) {
        let history = &mut self.options.history;
        history.push(message);
        if history.len() > MOST_MESSAGES {
            // At a caller's words: what a tool gave stays behind its call.
            let after = history.len().saturating_sub(MOST_MESSAGES / 2);
            let users = history.iter().enumerate().skip(after);
            let mut users = users.filter(|(_, message)| matches!(message, Message::User(_)));
            let from = users.next().map_or(history.len(), |(place, _)| place);
            history.drain(..from);
        }
    }
}

/// How long a response may take to begin while there is another service to ask.
const LATEST: Duration = Duration::from_secs(5);
/// Seconds of audio that are kept.
const KEPT_S: usize = 60;
/// Messages that another service is told.
const MOST_MESSAGES: usize = 400;
/// Parts that wait to be read by the service.
const INPUT_AHEAD: usize = 64;
