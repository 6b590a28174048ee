//! Webhooks: events POSTed in order, signed and retried. The service never waits for them.
//!
//! An event has a wire name, an id, the session it belongs to, and its exact bytes, usually JSON.
//! The service decides what a session is: a call, an order, a customer. The crate needs a tokio
//! runtime, and nothing else of the service.
//!
//! ```no_run
//! use std::time::Duration;
//! use tokio::time::Instant;
//! use voxtra_webhook::{OutgoingEvent, Sender, WebhookSettings, Webhooks};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut hook = WebhookSettings::new("https://example.com/orders".parse()?);
//! hook.secret = Some("shared with the receiver".into());
//! let webhooks = Webhooks::new(&Sender::new("acme"), vec![hook])?;
//!
//! webhooks.deliver(&OutgoingEvent {
//!     wire: "order.created".into(),
//!     id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
//!     session_id: "order 17".into(),
//!     body: r#"{"order":17}"#.into(),
//! });
//!
//! // At the end of the service.
//! let given_up = webhooks.drain(Instant::now() + Duration::from_secs(10)).await;
//! println!("{given_up} events were not delivered, of {:?}", webhooks.counters());
//! # Ok(()) }
//! ```
//!
//! [`Webhooks::deliver`] never waits. Each hook keeps one short queue per session, so the events of
//! a session arrive in order. A delivery that must be retried holds back only the later events of
//! its own session.
//!
//! Transport errors, time-outs, 5xx, and 408, 425 and 429 are retried until
//! [`give_up_after`](WebhookSettings::give_up_after) has passed since the event happened. Any other
//! answer outside 2xx is final, because the same bytes would get the same answer. Lost events are
//! counted ([`WebhookCounters`]) and logged at most once in ten seconds per hook.
//!
//! Whatever one session does, the other sessions' events get through. When the queue is full, an
//! event of a session with few waiting replaces the newest one of the session with the most: the
//! sessions share the queue. Events of a session's life ([`Sender::lifecycle`]) have room and
//! requests of their own.
//!
//! Every request carries `X-NAME-Event`, `X-NAME-Event-Id` and `X-NAME-Session-Id` with the name of
//! the [`Sender`], and `X-NAME-Signature` if the hook has a secret ([`Signer`]). Beside them are
//! the headers of Standard Webhooks, so that receivers can check deliveries with a library
//! ([`StandardSigner`]); receivers in Rust have [`Verifier`]. Nothing is kept on disk: events not
//! delivered when the process ends are lost.
//!
//! A hook reaches the Internet alone. Networks of the sender's own, in which a URL of somebody else
//! could do harm, must be allowed ([`allowed_networks`](WebhookSettings::allowed_networks)).
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod attempt;
mod delivery;
mod destination;
/// What `fuzz/` runs.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz;
mod retry;
mod sender;
mod settings;
mod signature;
mod tls;
mod warning;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

pub use self::delivery::WebhookCounters;
pub use self::destination::DestinationError;
pub use self::sender::Sender;
pub use self::settings::WebhookSettings;
pub use self::signature::{
    KeyError, Refusal, SignedRequest, Signer, StandardHeaders, StandardSigner, Verifier, WebhookKey,
};

use self::attempt::HttpPost;
use self::delivery::Delivery;

/// One event on its way to the webhooks: the bytes are made once and are the same for every hook
/// and every retry.
#[derive(Clone, Debug)]
pub struct OutgoingEvent {
    /// The wire name, such as `order.created`; matched against each hook's allow-list and sent as
    /// `X-NAME-Event`.
    pub wire: Cow<'static, str>,
    /// The event's id, sent as `X-NAME-Event-Id`: the same on every retry, so that a receiver can
    /// recognise an event that comes twice.
    pub id: String,
    /// The session the event belongs to; sent as `X-NAME-Session-Id`. Events of one session arrive
    /// in order.
    pub session_id: Arc<str>,
    /// The exact bytes to send and to sign. They are sent as JSON.
    pub body: Bytes,
}

/// All the configured webhooks. A clone is another handle to the same queues.
#[derive(Clone, Debug)]
pub struct Webhooks {
    hooks: Arc<[Delivery<HttpPost>]>,
}

impl Webhooks {
    /// Prepares a delivery for each of `settings`. Must be called inside a tokio runtime, which
    /// runs the deliveries.
    ///
    /// [`WebhookError`] if the HTTP client cannot be made, for instance because the machine has no
    /// trusted certificates, or if a header cannot carry the sender's name.
    pub fn new(sender: &Sender, settings: Vec<WebhookSettings>) -> Result<Self, WebhookError> {
        let mut hooks = Vec::with_capacity(settings.len());
        for one in settings {
            let post = HttpPost::new(sender, &one)?;
            hooks.push(Delivery::new(one, sender.lifecycle_events(), post));
        }
        Ok(Self {
            hooks: hooks.into(),
        })
    }

    /// True if no hook wants events named `wire`, so that the JSON need not be made.
    #[must_use]
    pub fn ignores(&self, wire: &str) -> bool {
        !self.hooks.iter().any(|hook| hook.settings().wants(wire))
    }

    /// Queues the event for every hook that wants it, and returns at once. If a hook's queue is
    /// full, the event is dropped for that hook, counted and logged.
    pub fn deliver(&self, event: &OutgoingEvent) {
        for hook in self
            .hooks
            .iter()
            .filter(|hook| hook.settings().wants(&event.wire))
        {
            hook.enqueue(event.clone());
        }
    }

    /// Takes no more events, and waits until those queued are delivered or `deadline` has come. The
    /// rest is then given up, counted and logged. Returns how many events were given up.
    pub async fn drain(&self, deadline: Instant) -> u64 {
        let mut abandoned = 0;
        // All hooks are closed first, so that they drain at the same time.
        for hook in self.hooks.iter() {
            hook.close();
        }
        for hook in self.hooks.iter() {
            abandoned += hook.drain(deadline).await;
        }
        abandoned
    }

    /// Gives up all remaining events at once: [`drain`](Self::drain) counts them and returns.
    pub fn give_up(&self) {
        for hook in self.hooks.iter() {
            hook.give_up();
        }
    }

    /// How many events are waiting or under way, over all hooks.
    #[must_use]
    pub fn queued(&self) -> u64 {
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
    /// A header cannot carry the sender's name.
    #[error("{0:?} cannot stand in the name of a header: name the sender by letters, digits and -")]
    Name(String),
    /// Events may not be sent there.
    #[error("webhook {url}: {source}")]
    Destination {
        /// The hook's scheme, host and port.
        url: String,
        /// Why not.
        source: DestinationError,
    },
    /// A secret can't sign.
    #[error("a secret of webhook {url}: {source}")]
    Key {
        /// The hook's scheme, host and port.
        url: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A certificate or key could not be read.
    #[error("webhook {url}: {path}: {reason}")]
    File {
        /// The hook's scheme, host and port.
        url: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS configuration could not be made.
    #[error(
        "no TLS for webhook {url}: {source}; install the system's root certificates (Debian: ca-certificates) or point SSL_CERT_FILE at a bundle"
    )]
    Tls {
        /// The hook's scheme, host and port.
        url: String,
        /// rustls's error.
        source: rustls::Error,
    },
    /// The HTTP client could not be made.
    #[error("no HTTP client for webhook {url}: {source}")]
    Client {
        /// The hook's scheme, host and port.
        url: String,
        /// The client's error.
        source: reqwest::Error,
    },
}

#[cfg(test)]
mod tests;
