use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{
    Feed, ListenOptions, PartSender, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput, SpeechToText,
};
use super::{Attempt, Providers, Turn, until};

/// Several kinds of speech-to-text as one. They are asked in order, until one listens.
///
/// If one fails, the next is given the utterance from its beginning, its last 60 seconds at most.
/// One that reads no audio for 4 seconds has failed, if there is a next one. At the beginning of a
/// later utterance, the preferred one is asked again, if it is not left out. When all have failed
/// in one utterance, that is the error.
///
/// For what is left out, tried again and logged, see [`FallbackModel`](crate::FallbackModel).
#[derive(Clone)]
pub struct FallbackTranscriber {
    transcribers: Arc<Providers<dyn SpeechToText>>,
}

impl FallbackTranscriber {
    /// These, the preferred one first. `None`: there are none.
    #[must_use]
    pub fn new(transcribers: Vec<Arc<dyn SpeechToText>>) -> Option<Self> {
        Some(Self {
            transcribers: Providers::new(transcribers, |transcriber| transcriber.name())?,
        })
    }
}

impl SpeechToText for FallbackTranscriber {
    fn name(&self) -> &str {
        &self.transcribers.name
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let transcribers = Arc::clone(&self.transcribers);
        Parts::made_by(move |out| {
            out.set_provider(transcribers.foremost());
            async move {
                let mut call = Call::new(transcribers, options);
                call.run(input, &out).await
            }
        })
    }
}

impl fmt::Debug for FallbackTranscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FallbackTranscriber")
            .field(&self.name())
            .finish()
    }
}

/// One call that is listened to.
struct Call {
    transcribers: Arc<Providers<dyn SpeechToText>>,
    options: ListenOptions,
    turn: Turn<dyn SpeechToText>,
    kept: Kept,
    /// Who listens; `None` after a failure, until there is something to listen to.
    attempt: Option<Attempt<dyn SpeechToText>>,
    parts: Option<Parts<Recognition>>,
    to: Option<PartSender<SpeechInput>>,
    /// What it has not read yet.
    waiting: VecDeque<SpeechInput>,
    /// When it has read nothing for too long.
    stalls: Option<Instant>,
    over: bool,
}

impl Call {
    fn new(transcribers: Arc<Providers<dyn SpeechToText>>, options: ListenOptions) -> Self {
        Self {
            turn: Turn::new(&transcribers),
            transcribers,
            kept: Kept::new(options.rate_hz),
            options,
            attempt: None,
            parts: None,
            to: None,
            waiting: VecDeque::new(),
            stalls: None,
            over: false,
        }
    }

    async fn run(
        &mut self,
        mut input: Feed<SpeechInput>,
        out: &PartSender<Recognition>,
    ) -> Result<(), ProviderError> {
        self.next()?;
        let mut told = None;
        loop {
            let name = self.attempt.as_ref().map(Attempt::name);
            if let Some(name) = name.filter(|name| told.as_ref() != Some(name)) {
                out.set_provider(name.clone());
                told = Some(name);
            }
            if self.over && self.waiting.is_empty() {
                self.to = None;
                if self.parts.is_none() {
                    return Ok(());
                }
            }
            tokio::select! {
                biased;
                part = next_part(&mut self.parts) => match part {
                    Some(Ok(part)) => {
                        if let Some(attempt) = &mut self.attempt {
                            attempt.answered();
                        }
                        if matches!(part, Recognition::Final { .. }) {
                            self.kept.answered();
                        }
                        if !out.send(part).await {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => self.failed(Some(error))?,
                    None if self.over && self.waiting.is_empty() => return Ok(()),
                    None => self.failed(None)?,
                },
                read = send(&self.to, self.waiting.front()) => {
                    self.waiting.pop_front();
                    self.await_reading();
                    if !read {
                        // It reads no more; its parts tell why.
                        self.to = None;
                        self.waiting.clear();
                    }
                }
                part = input.next(), if !self.over && self.reads() => match part {
                    Some(part) => self.input(part)?,
                    None => self.over = true,
                },
                () = until(self.stalls), if !self.waiting.is_empty() => {
                    let message = "it reads no audio";
                    let error = self
                        .attempt
                        .as_ref()
                        .map(|attempt| attempt.error(ProviderErrorKind::Timeout, message));
                    self.failed(error)?;
                }
            }
        }
    }

    /// Whether more of the call can be read.
    fn reads(&self) -> bool {
        self.waiting.is_empty() || self.to.is_none()
    }

    fn input(&mut self, part: SpeechInput) -> Result<(), ProviderError> {
        let idle = !self.kept.is_awaited();
        self.kept.input(&part);
        if part == SpeechInput::Started {
            self.turn = Turn::new(&self.transcribers);
            let now = self.attempt.as_ref().map(|attempt| attempt.place);
            let preferred = self.transcribers.first_allowed();
            let better = now.is_some_and(|now| preferred.is_some_and(|place| place < now));
            if now.is_none() || better && idle {
                // What it is given begins with this part.
                return self.next();
            }
            self.turn.tried.extend(now);
        }
        if self.to.is_some() {
            self.waiting.push_back(part);
            self.await_reading();
        }
        Ok(())
    }

    /// From now on it has a while to read.
    fn await_reading(&mut self) {
        let next = self.turn.has_next();
        self.stalls = next.then(|| Instant::now() + LONGEST_STALL);
    }

    /// The one that listens has failed, or ended too early.
    fn failed(&mut self, error: Option<ProviderError>) -> Result<(), ProviderError> {
        self.parts = None;
        self.to = None;
        self.waiting.clear();
        let Some(mut attempt) = self.attempt.take() else {
            return Ok(());
        };
        let error = error.unwrap_or_else(|| {
            let message = "it stopped listening in the middle of the call";
            attempt.error(ProviderErrorKind::Unavailable, message)
        });
        if attempt.again(&error) {
            self.begin(attempt);
            return Ok(());
        }
        self.turn.failed(attempt, error);
        if self.kept.is_awaited() {
            self.next()
        } else {
            Ok(())
        }
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

    fn begin(&mut self, attempt: Attempt<dyn SpeechToText>) {
        let (to, feed) = Feed::queue(INPUT_AHEAD);
        self.parts = Some(attempt.provider().listen(self.options.clone(), feed));
        self.to = Some(to);
        self.waiting = self.kept.again();
        self.attempt = Some(attempt);
        self.await_reading();
    }
}

async fn next_part(
    parts: &mut Option<Parts<Recognition>>,
) -> Option<Result<Recognition, ProviderError>> {
    match parts {
        Some(parts) => parts.next().await,
        None => std::future::pending().await,
    }
}

async fn send(to: &Option<PartSender<SpeechInput>>, part: Option<&SpeechInput>) -> bool {
    match (to, part) {
        (Some(to), Some(part)) => to.send(part.clone()).await,
        _ => std::future::pending().await,
    }
}

/// The utterances that have no final transcript yet: the one that is being spoken, and the one
/// before it.
struct Kept {
    utterances: VecDeque<Utterance>,
    /// Their samples.
    samples: usize,
    /// Most of them.
    most: usize,
}

#[derive(Default)]
struct Utterance {
    audio: VecDeque<Vec<i16>>,
    ended: Option<Instant>,
    /// It has its transcript, though it has not ended.
    answered: bool,
}

impl Utterance {
    /// Whether it has waited for its transcript for so long.
    fn waited(&self, now: Instant, limit: Duration) -> bool {
        let waited = |ended| now.saturating_duration_since(ended) >= limit;
        self.ended.is_some_and(waited)
    }
}

impl Kept {
    fn new(rate_hz: u32) -> Self {
        let most = usize::try_from(rate_hz).unwrap_or(usize::MAX);
        Self {
            utterances: VecDeque::new(),
            samples: 0,
            most: most.saturating_mul(KEPT_S),
        }
    }

    fn input(&mut self, part: &SpeechInput) {
        match part {
            SpeechInput::Started => {
                while self.utterances.len() > 1 {
                    self.utterances.pop_front();
                }
                self.utterances.push_back(Utterance::default());
                self.count();
            }
            SpeechInput::Audio(samples) => {
                if let Some(now) = self.utterances.back_mut()
                    && now.ended.is_none()
                    && !now.answered
                {
                    now.audio.push_back(samples.clone());
                    self.samples = self.samples.saturating_add(samples.len());
                    self.shorten();
                }
            }
            SpeechInput::Ended => {
                if let Some(now) = self.utterances.back_mut() {
                    now.ended = Some(Instant::now());
                    if now.answered {
                        self.utterances.pop_back();
                    }
                }
            }
        }
    }

    fn shorten(&mut self) {
        for utterance in &mut self.utterances {
            while self.samples > self.most
                && let Some(first) = utterance.audio.pop_front()
            {
                self.samples = self.samples.saturating_sub(first.len());
            }
        }
    }

    fn count(&mut self) {
        let audio = self.utterances.iter().flat_map(|one| &one.audio);
        self.samples = audio.map(Vec::len).sum();
    }

    /// A final transcript has come: of the oldest that has ended, or else of what is being spoken.
    /// One in which there are no words gets none, and must not keep those behind it waiting.
    fn answered(&mut self) {
        let now = Instant::now();
        let all = self.utterances.iter();
        let ended = all.take_while(|one| one.ended.is_some()).count();
        let waited = |one: &Utterance| one.waited(now, LATEST);
        if ended > 1 && self.utterances.front().is_some_and(waited) {
            self.utterances.pop_front();
        }
        if ended > 0 {
            self.utterances.pop_front();
        } else if let Some(now) = self.utterances.back_mut() {
            now.answered = true;
            now.audio.clear();
        }
        self.count();
    }

    /// Whether there is something to transcribe.
    fn is_awaited(&self) -> bool {
        self.awaited().next().is_some()
    }

    fn awaited(&self) -> impl Iterator<Item = &Utterance> {
        let now = Instant::now();
        let all = self.utterances.iter();
        all.filter(move |one| !one.answered && !one.waited(now, GIVEN_UP))
    }

    /// All that has to be transcribed, from its beginning.
    fn again(&self) -> VecDeque<SpeechInput> {
        let mut all = VecDeque::new();
        for utterance in self.awaited() {
            all.push_back(SpeechInput::Started);
            all.extend(utterance.audio.iter().cloned().map(SpeechInput::Audio));
            if utterance.ended.is_some() {
                all.push_back(SpeechInput::Ended);
            }
        }
        all
    }
}

/// Seconds of audio that are kept.
const KEPT_S: usize = 60;
/// A transcript that comes so long behind an utterance is that of the next one, if that has ended.
const LATEST: Duration = Duration::from_secs(5);
/// So long behind an utterance, there were no words in it. Longer than any provider is waited for.
const GIVEN_UP: Duration = Duration::from_secs(15);
const LONGEST_STALL: Duration = Duration::from_secs(4);
/// Parts that wait to be read by who listens.
const INPUT_AHEAD: usize = 16;
