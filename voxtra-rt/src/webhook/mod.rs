//! Webhooks: every event of every call, POSTed as exactly the JSON of the contract, off the media
//! path.
//!
//! [`Webhooks::deliver`] never waits. Each hook keeps one short queue per session, so the events of
//! a call arrive in order; a delivery that has to be tried again holds back the later events of
//! that call and of no other.
//!
//! What is retried: transport errors, time-outs, 5xx, and 408, 425 and 429, until
//! [`give_up_after`](WebhookSettings::give_up_after) has passed since the event happened. Any other
//! answer outside 2xx is final, because sending the same bytes again would get the same answer.
//! What is lost is counted ([`WebhookCounters`]) and logged at most once in ten seconds per hook.
//!
//! Whatever one call does, the others' events get through. Where the queue is full, an event of a
//! session with few waiting takes the place of the newest one of the session with most: the
//! sessions share the queue. The events that tell of a call's life (`session.created`, `call.*`,
//! `session.destroyed`) have room and requests of their own.

mod attempt;
mod delivery;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod retry;
mod settings;
mod signature;
mod tls;
mod warning;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

pub use self::delivery::WebhookCounters;
pub use self::settings::WebhookSettings;
pub use self::signature::Signer;

use self::attempt::HttpPost;
use self::delivery::Delivery;

/// One event on its way to the webhooks: the bytes are made once and are the same for every hook
/// and every retry.
#[derive(Clone, Debug)]
pub struct OutgoingEvent {
    /// The wire name, such as `call.started`; matched against each hook's allow-list and sent as
    /// `X-Voxtra-Event`.
    pub wire: Cow<'static, str>,
    /// The event's id, 32 lower-case hex digits; sent as `X-Voxtra-Event-Id`, the same on every
    /// retry.
    pub id: String,
    /// The session the event belongs to; sent as `X-Voxtra-Session-Id`. Events with the same one
    /// arrive in order.
    pub session_id: Arc<str>,
    /// The exact JSON to send and to sign.
    pub body: Bytes,
}

/// All the configured webhooks. A clone is another handle to the same queues.
#[derive(Clone, Debug)]
pub struct Webhooks {
    hooks: Arc<[Delivery<HttpPost>]>,
}

impl Webhooks {
    /// Prepares a delivery for each of `settings`. Must be called inside a tokio runtime, which
    /// will run the deliveries.
    ///
    /// # Errors
    /// [`WebhookError`] when the HTTP client cannot be made, for instance when the machine has no
    /// trusted certificates.
    pub fn new(settings: Vec<WebhookSettings>) -> Result<Self, WebhookError> {
        let mut hooks = Vec::with_capacity(settings.len());
        for one in settings {
            let post = HttpPost::new(&one)?;
            hooks.push(Delivery::new(one, post));
        }
        Ok(Self {
            hooks: hooks.into(),
        })
    }

    /// True when no hook wants events named `wire`, so that the JSON need not be made at all.
    #[must_use]
    pub fn ignores(&self, wire: &str) -> bool {
        !self.hooks.iter().any(|hook| hook.settings().wants(wire))
    }

    /// Queues the event for every hook that wants it, and returns at once. Where a queue is full
    /// the event is dropped for that hook, counted and logged.
    pub fn deliver(&self, event: &OutgoingEvent) {
        for hook in self
            .hooks
            .iter()
            .filter(|hook| hook.settings().wants(&event.wire))
        {
            hook.enqueue(event.clone());
        }
    }

    /// Takes no more events and waits until those queued are delivered or `deadline` has come; what
    /// is left then is given up, counted and logged. Returns how many events were given up.
    pub async fn drain(&self, deadline: Instant) -> u64 {
        let mut abandoned = 0;
        // All are closed first, so that they drain at the same time.
        for hook in self.hooks.iter() {
            hook.close();
        }
        for hook in self.hooks.iter() {
            abandoned += hook.drain(deadline).await;
        }
        abandoned
    }

    /// Gives up, at once, what is left to deliver: [`drain`](Self::drain) counts it and returns.
    pub(crate) fn give_up(&self) {
        for hook in self.hooks.iter() {
            hook.give_up();
        }
    }

    /// How many events are waiting or under way.
    pub(crate) fn queued(&self) -> u64 {
        self.hooks.iter().map(|hook| hook.counters().queued).sum()
    }

    /// The counters of every hook, in the order of the configuration.
    #[must_use]
    pub fn counters(&self) -> Vec<WebhookCounters> {
        self.hooks.iter().map(Delivery::counters).collect()
    }
}

/// Why the webhooks could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// No TLS configuration could be made.
    #[error(
        "no TLS for webhook {url}: {source}; install the system's root certificates (Debian: ca-certificates) or point SSL_CERT_FILE at a bundle"
    )]
    Tls {
        /// The hook's scheme, host and port.
        url: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// No HTTP client could be made.
    #[error("no HTTP client for webhook {url}: {source}")]
    Client {
        /// The hook's scheme, host and port.
        url: String,
        /// What the client said.
        source: reqwest::Error,
    },
}

#[cfg(test)]
mod tests;
