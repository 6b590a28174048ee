//! Providers that misbehave on request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::lock;
use crate::session::deadlines::until;
use crate::speech::{
    BoxFuture, Feed, LanguageModel, ListenOptions, ModelRequest, PartSender, Parts, ProviderError,
    ProviderErrorKind, Recognition, ReplyPart, SpeechInput, SpeechPart, SpeechToSpeech,
    SpeechToText, TalkInput, TalkOptions, TalkPart, TextToSpeech,
};

/// Words of a model's reply before it is cut.
const WORDS: usize = 6;

/// Whose work goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// Speech-to-text.
    SpeechToText,
    /// The language model.
    Model,
    /// The voice.
    Voice,
    /// Speech to speech.
    SpeechToSpeech,
}

/// What goes wrong with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chaos {
    /// Everything that it gives comes this much later: the first word of a reply, the first audio
    /// of an utterance, each transcript.
    Slow(Duration),
    /// It refuses with this status of HTTP: 401, 429, 503 …
    Status(u16),
    /// Its connection breaks: behind the sixth word of a reply, in the middle of the audio, before
    /// the next transcript.
    Cut,
    /// It takes everything and gives nothing, and no end either.
    Hangs,
    /// It gives nothing, as if this were all.
    Nothing,
}

impl Chaos {
    /// How it fails at once, if it does.
    fn refusal(self, name: &str) -> Option<ProviderError> {
        let Self::Status(status) = self else {
            return None;
        };
        let retry_after = None;
        let kind = match status {
            401 | 403 => ProviderErrorKind::Auth,
            402 | 429 => ProviderErrorKind::RateLimited { retry_after },
            408 => ProviderErrorKind::Timeout,
            500.. => ProviderErrorKind::Unavailable,
            _ => ProviderErrorKind::Rejected,
        };
        let message = format!("it answered {status}, as the rehearsal wants");
        Some(ProviderError::new(name, kind, message))
    }
}

/// What goes wrong now, for all calls of a rehearsal.
#[derive(Clone, Debug, Default)]
pub(super) struct Disturbance(Arc<Mutex<Vec<(Provider, Chaos)>>>);

impl Disturbance {
    pub(super) fn set(&self, provider: Provider, chaos: Option<Chaos>) {
        let mut all = lock(&self.0);
        all.retain(|(disturbed, _)| *disturbed != provider);
        all.extend(chaos.map(|chaos| (provider, chaos)));
    }

    fn of(&self, provider: Provider) -> Option<Chaos> {
        let all = lock(&self.0);
        let found = all.iter().find(|(disturbed, _)| *disturbed == provider);
        found.map(|(_, chaos)| *chaos)
    }

    /// This provider, which may be disturbed.
    pub(super) fn model(&self, inner: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel> {
        Arc::new(Disturbed::new(self, inner))
    }

    /// As above.
    pub(super) fn voice(&self, inner: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech> {
        Arc::new(Disturbed::new(self, inner))
    }

    /// As above.
    pub(super) fn speech_to_speech(
        &self,
        inner: Arc<dyn SpeechToSpeech>,
    ) -> Arc<dyn SpeechToSpeech> {
        Arc::new(Disturbed::new(self, inner))
    }

    /// As above.
    pub(super) fn speech_to_text(&self, inner: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText> {
        Arc::new(Disturbed::new(self, inner))
    }
}

/// A provider that may be disturbed.
struct Disturbed<P: ?Sized> {
    by: Disturbance,
    inner: Arc<P>,
}

impl<P: ?Sized> Disturbed<P> {
    fn new(by: &Disturbance, inner: Arc<P>) -> Self {
        let by = by.clone();
        Self { by, inner }
    }
}

impl LanguageModel for Disturbed<dyn LanguageModel> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let begin = || self.inner.reply(request);
        let mut words = 0;
        disturb(
            self.by.of(Provider::Model),
            self.name(),
            begin,
            move |part| match part {
                ReplyPart::Text(_) if words < WORDS => {
                    words += 1;
                    Some(part)
                }
                _ => None,
            },
        )
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        self.inner.prepare()
    }
}

impl TextToSpeech for Disturbed<dyn TextToSpeech> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let begin = || self.inner.speak(texts, line_hz);
        let mut cut = false;
        disturb(
            self.by.of(Provider::Voice),
            self.name(),
            begin,
            move |part| match part {
                _ if cut => None,
                SpeechPart::Audio { rate_hz, samples } => {
                    cut = true;
                    let half = samples.get(..samples.len() / 2).unwrap_or_default();
                    Some(SpeechPart::audio(rate_hz, half))
                }
                part => Some(part),
            },
        )
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        self.inner.prepare()
    }
}

/// One that refuses does not `begin`. `cut` lets parts through until it is time to cut.
fn disturb<T: Send + 'static>(
    chaos: Option<Chaos>,
    name: &str,
    begin: impl FnOnce() -> Parts<T>,
    mut cut: impl FnMut(T) -> Option<T> + Send + 'static,
) -> Parts<T> {
    let Some(chaos) = chaos else {
        return begin();
    };
    if let Some(refusal) = chaos.refusal(name) {
        return Parts::failed(refusal);
    }
    let mut parts = begin();
    let broken = broken(name);
    Parts::made_by(move |out| async move {
        match chaos {
            Chaos::Slow(by) => tokio::time::sleep(by).await,
            Chaos::Hangs => out.closed().await,
            Chaos::Nothing => return Ok(()),
            Chaos::Cut | Chaos::Status(_) => {}
        }
        while let Some(part) = parts.next().await {
            tell_provider(&parts, &out);
            let part = match chaos {
                Chaos::Cut => cut(part?).ok_or_else(|| broken.clone())?,
                _ => part?,
            };
            if !out.send(part).await {
                return Ok(());
            }
        }
        match chaos {
            Chaos::Cut => Err(broken),
            _ => Ok(()),
        }
    })
}

/// Tells which of several providers makes the parts that are handed on.
fn tell_provider<T>(parts: &Parts<T>, out: &PartSender<T>) {
    if let Some(name) = parts.provider() {
        out.set_provider(name);
    }
}

fn broken(name: &str) -> ProviderError {
    let message = "the connection broke, as the rehearsal wants";
    ProviderError::new(name, ProviderErrorKind::Unavailable, message)
}

impl SpeechToText for Disturbed<dyn SpeechToText> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let parts = self.inner.listen(options, input);
        disturb_all_along(
            self.by.clone(),
            Provider::SpeechToText,
            self.name(),
            parts,
            |part, chaos| match chaos {
                Chaos::Hangs | Chaos::Nothing => Through::Swallowed,
                Chaos::Cut => Through::Breaks,
                _ => Through::Goes(part),
            },
        )
    }
}

impl SpeechToSpeech for Disturbed<dyn SpeechToSpeech> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn talk(&self, options: TalkOptions, input: Feed<TalkInput>) -> Parts<TalkPart> {
        let chaos = self.by.of(Provider::SpeechToSpeech);
        if let Some(refusal) = chaos.and_then(|chaos| chaos.refusal(self.name())) {
            return Parts::failed(refusal);
        }
        let parts = self.inner.talk(options, input);
        let mut words = 0;
        disturb_all_along(
            self.by.clone(),
            Provider::SpeechToSpeech,
            self.name(),
            parts,
            move |part, chaos| match (chaos, &part) {
                (Chaos::Hangs, _) => Through::Swallowed,
                // Each response ends, and the caller's words are no part of one.
                (Chaos::Nothing, TalkPart::Done(_) | TalkPart::Caller { .. }) => {
                    Through::Goes(part)
                }
                (Chaos::Nothing, _) => Through::Swallowed,
                (Chaos::Cut, TalkPart::Words(_)) if words < WORDS => {
                    words += 1;
                    Through::Goes(part)
                }
                (Chaos::Cut, TalkPart::Words(_) | TalkPart::Done(_)) => Through::Breaks,
                _ => Through::Goes(part),
            },
        )
    }
}

/// What becomes of a part.
enum Through<T> {
    Goes(T),
    Swallowed,
    /// The connection breaks instead.
    Breaks,
}

/// Disturbs a provider that works for as long as the call lasts: what goes wrong may change
/// meanwhile.
fn disturb_all_along<T: Send + 'static>(
    by: Disturbance,
    provider: Provider,
    name: &str,
    mut parts: Parts<T>,
    mut through: impl FnMut(T, Chaos) -> Through<T> + Send + 'static,
) -> Parts<T> {
    let name = name.to_owned();
    Parts::made_by(move |out| async move {
        let mut late = VecDeque::new();
        loop {
            tell_provider(&parts, &out);
            let due = late.front().map(|(due, _)| *due);
            let part = tokio::select! {
                biased;
                () = until(due) => {
                    if let Some((_, part)) = late.pop_front() {
                        out.send(part).await;
                    }
                    continue;
                }
                part = parts.next() => part,
            };
            let Some(part) = part else {
                break;
            };
            let part = part?;
            let Some(chaos) = by.of(provider) else {
                match late.is_empty() {
                    true => drop(out.send(part).await),
                    // What was late already stays before it.
                    false => late.push_back((Instant::now(), part)),
                }
                continue;
            };
            if let Some(refusal) = chaos.refusal(&name) {
                return Err(refusal);
            }
            let by = match chaos {
                Chaos::Slow(by) => by,
                _ => Duration::ZERO,
            };
            match through(part, chaos) {
                Through::Goes(part) => late.push_back((Instant::now() + by, part)),
                Through::Swallowed => {}
                Through::Breaks => return Err(broken(&name)),
            }
        }
        for (due, part) in late {
            tokio::time::sleep_until(due).await;
            out.send(part).await;
        }
        Ok(())
    })
}
