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
//!     sequence: Some(0),
//!     body: r#"{"order":17}"#.into(),
//! });
//!
//! // At the end of the service.
//! let given_up = webhooks.drain(Instant::now() + Duration::from_secs(10)).await;
//! println!("{given_up} events were not delivered, of {:?}", webhooks.counters());
//! # Ok(()) }
//! ```
//!
//! [`Webhooks::deliver`] never waits. The events of a session arrive in order, and a delivery that
//! must be retried holds back only the later events of its own session. Each event is delivered at
//! least once, with the same id each time.
//!
//! Where events stay until they are delivered is an [`Outbox`]. [`Webhooks::new`] has one in
//! memory; [`Webhooks::stored`] has one in a file (feature `durable`), which a thread of its own
//! writes: an event is accepted when the disk has it, and delivered by the next process if this one
//! is killed. The outbox is the queue, so that a backlog of a million events takes no more memory
//! than a small one.
//!
//! Transport errors, time-outs, 5xx, and 408, 425 and 429 are retried until
//! [`give_up_after`](WebhookSettings::give_up_after) has passed since the event happened. Any other
//! answer outside 2xx is final, because the same bytes would get the same answer; 410 is final for
//! every event. What is given up is a dead letter in the outbox. Five failures in a row, and an
//! endpoint gets one request now and then until it answers; then the requests under way grow from
//! one on. Lost events are counted ([`WebhookCounters`]) and logged at most once in ten seconds per
//! hook.
//!
//! Whatever one session does, the other sessions' events get through. When the memory is full, an
//! event of a session with few waiting replaces the newest one of the session with the most: the
//! sessions share it. A file loses its oldest events first. Events of a session's life
//! ([`Sender::lifecycle`]) have room and requests of their own.
//!
//! Every request carries `X-NAME-Event`, `X-NAME-Event-Id` and `X-NAME-Session-Id` with the name of
//! the [`Sender`], `X-NAME-Sequence` if the event has a number in its session, and
//! `X-NAME-Signature` if the hook has a secret ([`Signer`]). Beside them are the headers of
//! Standard Webhooks, so that receivers can check deliveries with a library ([`StandardSigner`]);
//! receivers in Rust have [`Verifier`], and with the feature `axum` an extractor, `Delivery`.
//!
//! Several events go in one request if a hook wants it ([`BatchSettings`]); a batch that is refused
//! is taken apart, so that only what is refused alone is given up. Bodies can be compressed
//! ([`Compression`]). A [`Question`] is POSTed in the same way, once, and its answer is read.
//!
//! [`Webhooks::status`] tells how each endpoint is and what it has done, and [`Webhooks::watch`]
//! follows attempts. A service with its events in a file answers other processes at a socket beside
//! it (`control`).
//!
//! A hook reaches the Internet alone. Networks of the sender's own, in which a URL of somebody else
//! could do harm, must be allowed ([`allowed_networks`](WebhookSettings::allowed_networks)).
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod attempt;
mod clock;
#[cfg(all(feature = "durable", unix))]
pub mod control;
mod delivery;
mod destination;
mod figures;
mod filter;
/// What `fuzz/` runs.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz;
mod headers;
mod hooks;
mod keeper;
mod line;
mod notice;
mod once;
mod orders;
mod outbox;
mod question;
mod request;
mod retry;
mod sender;
mod settings;
mod signature;
mod tls;
mod warning;
mod watch;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

pub use self::destination::DestinationError;
pub use self::figures::{EndpointState, EndpointStatus, LatencyBucket, LatencyHistogram};
pub use self::filter::takes;
pub use self::headers::HeaderError;
pub use self::hooks::{WebhookCounters, Webhooks};
pub use self::keeper::Accepted;
pub use self::notice::Notice;
pub use self::once::send_once;
#[cfg(feature = "durable")]
pub use self::outbox::StoredOutbox;
pub use self::outbox::{
    Change, DeadLetter, EventPage, EventState, KeptEvent, MemoryOutbox, OpenSession, Outbox,
    OutboxError, Place, PutOut, PutOutReason, SessionStep, StoredEvent, StoredLimits,
};
pub use self::question::{Question, QuestionError};
pub use self::request::{BatchFormat, BatchSettings, Compression};
pub use self::sender::Sender;
pub use self::settings::WebhookSettings;
#[cfg(feature = "axum")]
pub use self::signature::{Delivery, RejectedDelivery};
pub use self::signature::{
    KeyError, Refusal, SignedRequest, Signer, StandardHeaders, StandardSigner, Verifier, WebhookKey,
};
pub use self::watch::{Attempt, AttemptResult, Attempts, Watched};

use self::notice::Notices;

/// One event on its way to the webhooks: the bytes are made once and are the same for every hook
/// and every retry.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Its number in its session, if the service gives it one; sent as `X-NAME-Sequence`. A
    /// receiver sees by it that events are missing.
    pub sequence: Option<u64>,
    /// The exact bytes to send and to sign. They are sent as JSON.
    pub body: Bytes,
}

/// The examples of the README.
#[cfg(all(doctest, feature = "durable"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

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
    /// A header may not be sent.
    #[error("webhook {url}: the header {name:?} {source}")]
    Header {
        /// The hook's scheme, host and port.
        url: String,
        /// The header's name.
        name: String,
        /// Why not.
        source: HeaderError,
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
    /// The outbox could not be opened, and waiting would not help.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The thread that writes the outbox could not be started.
    #[error("no thread for the outbox: {0}")]
    Thread(std::io::Error),
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
