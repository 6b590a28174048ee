//! Several providers as one: when one fails, the next is asked, within the turn.

mod breaker;
mod model;
mod speech_to_speech;
mod speech_to_text;
#[cfg(test)]
mod tests;
mod voice;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::time::{Instant, sleep_until};

use self::breaker::{Breaker, Change};
use super::{BoxFuture, ProviderError, ProviderErrorKind};

pub use self::model::FallbackModel;
pub use self::speech_to_speech::FallbackAgent;
pub use self::speech_to_text::FallbackTranscriber;
pub use self::voice::FallbackVoice;

/// Providers in the order in which they are asked. All calls share their breakers.
struct Providers<P: ?Sized> {
    name: String,
    members: Vec<Arc<Member<P>>>,
}

struct Member<P: ?Sized> {
    name: Arc<str>,
    provider: Arc<P>,
    breaker: Mutex<Breaker>,
}

impl<P: ?Sized> Providers<P> {
    /// `None`: there are none.
    fn new(providers: Vec<Arc<P>>, name: impl Fn(&P) -> &str) -> Option<Arc<Self>> {
        if providers.is_empty() {
            return None;
        }
        let members: Vec<_> = providers
            .into_iter()
            .map(|provider| {
                Arc::new(Member {
                    name: name(&provider).into(),
                    provider,
                    breaker: Mutex::default(),
                })
            })
            .collect();
        let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
        let name = names.join(" or ");
        Some(Arc::new(Self { name, members }))
    }

    /// Prepares all of them at the same time.
    fn prepare(&self, prepare: impl Fn(&P) -> BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        let prepared = self.members.iter().map(|member| prepare(&member.provider));
        let mut prepared: Vec<_> = prepared.collect();
        Box::pin(poll_fn(move |cx| {
            prepared.retain_mut(|one| one.as_mut().poll(cx).is_pending());
            if prepared.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }

    /// The name of the one that is asked first.
    fn foremost(&self) -> Arc<str> {
        let place = self.first_allowed().unwrap_or_default();
        let member = self.members.get(place);
        member.map_or_else(|| self.name.as_str().into(), |one| Arc::clone(&one.name))
    }

    /// The place of the first one that may be asked.
    fn first_allowed(&self) -> Option<usize> {
        let now = Instant::now();
        self.members
            .iter()
            .position(|member| member.breaker().allows(now))
    }
}

impl<P: ?Sized> Member<P> {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One turn of a call: each provider is asked at most once, but for the one immediate retry.
struct Turn<P: ?Sized> {
    providers: Arc<Providers<P>>,
    tried: Vec<usize>,
    /// One was asked whose breaker was open.
    last_resort: bool,
    errors: Vec<ProviderError>,
}

impl<P: ?Sized> Turn<P> {
    fn new(providers: &Arc<Providers<P>>) -> Self {
        Self {
            providers: Arc::clone(providers),
            tried: Vec::new(),
            last_resort: false,
            errors: Vec::new(),
        }
    }

    /// The next to ask: in order, those with an open breaker left out. Once there is none, of those
    /// that were left out the one that is due soonest.
    fn next(&mut self) -> Option<Attempt<P>> {
        let now = Instant::now();
        let members = self.providers.members.iter().enumerate();
        let mut untried = members.filter(|(place, _)| !self.tried.contains(place));
        let allowed = untried
            .clone()
            .find(|(_, member)| member.breaker().allows(now));
        let (place, member) = match allowed {
            Some(allowed) => allowed,
            None if self.last_resort => return None,
            None => {
                self.last_resort = true;
                let first = untried.next()?;
                untried.fold(first, |soonest, other| {
                    let due = |(_, member): (usize, &Arc<Member<P>>)| member.breaker().due(now);
                    if due(other) < due(soonest) {
                        other
                    } else {
                        soonest
                    }
                })
            }
        };
        self.tried.push(place);
        member.breaker().asked(now);
        Some(Attempt {
            member: Arc::clone(member),
            place,
            asked: now,
            answers: false,
            may_retry: true,
            settled: false,
        })
    }

    /// Whether there is one more to ask.
    fn has_next(&self) -> bool {
        let now = Instant::now();
        let members = self.providers.members.iter().enumerate();
        let mut untried = members.filter(|(place, _)| !self.tried.contains(place));
        untried.any(|(_, member)| !self.last_resort || member.breaker().allows(now))
    }

    /// This one has failed, the next is asked.
    fn failed(&mut self, attempt: Attempt<P>, error: ProviderError) {
        if !self.tried.contains(&attempt.place) {
            self.tried.push(attempt.place);
        }
        attempt.failed(&error);
        self.errors.push(error);
    }

    /// Why nobody answered.
    fn error(&mut self) -> ProviderError {
        let name = self.providers.name.as_str();
        match self.errors.pop() {
            None => ProviderError::new(name, ProviderErrorKind::Unavailable, "nobody to ask"),
            Some(only) if self.errors.is_empty() => only,
            Some(last) => {
                let kind = last.kind;
                self.errors.push(last);
                let all: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
                ProviderError::new(name, kind, format!("all failed: {}", all.join("; ")))
            }
        }
    }
}

/// A provider that is being asked. Dropped while it answers, it has answered.
struct Attempt<P: ?Sized> {
    member: Arc<Member<P>>,
    place: usize,
    asked: Instant,
    answers: bool,
    may_retry: bool,
    settled: bool,
}

impl<P: ?Sized> Attempt<P> {
    fn provider(&self) -> &P {
        &self.member.provider
    }

    /// Its name, for whoever reads its parts.
    fn name(&self) -> Arc<str> {
        Arc::clone(&self.member.name)
    }

    /// Its first part has come.
    fn answers(&mut self) {
        self.answers = true;
    }

    /// It has answered, and is listening on. Only its first answer counts: what it does for a call
    /// that is under way says nothing about a new one.
    fn answered(&mut self) {
        self.answers = true;
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        if self.member.breaker().answered(self.asked) {
            tracing::info!(provider = &*self.member.name, "provider answers again");
        }
    }

    /// Whether to ask the same one again at once: it closed a connection before it answered, which
    /// a kept connection may be.
    fn again(&mut self, error: &ProviderError) -> bool {
        let stale = error.kind == ProviderErrorKind::Unavailable && !self.answers;
        stale && std::mem::take(&mut self.may_retry)
    }

    fn error(&self, kind: ProviderErrorKind, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&*self.member.name, kind, message)
    }

    fn failed(mut self, error: &ProviderError) {
        self.settled = true;
        let change = self.member.breaker().failed(error.kind, Instant::now());
        let provider = &*self.member.name;
        match change {
            Change::Same => {}
            Change::Failing => tracing::warn!(provider, reason = %error.message, "provider fails"),
            Change::Opened(wait) => tracing::warn!(
                provider,
                reason = %error.message,
                wait_s = wait.as_secs(),
                "provider fails, it is left out for a while"
            ),
        }
    }
}

impl<P: ?Sized> Drop for Attempt<P> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        if self.answers {
            self.answered();
        } else {
            self.member.breaker().abandoned();
        }
    }
}

/// Waits for this time, or for ever.
async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}
