//! The store by hand: what waits, what was given up, and how the endpoints are.
//!
//! A service that has its webhooks in a file answers at a Unix socket beside it, `FILE.sock`, which
//! is its owner's alone. [`Control`] asks there; without a service it reads the file itself.
//!
//! ```no_run
//! use voxtra_webhook::EventState;
//! use voxtra_webhook::control::{Control, EventQuery};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut control = Control::open("/var/lib/acme/webhooks.redb").await?;
//! let dead = control.events(&EventQuery::new([EventState::Dead])).await?;
//! for event in &dead.events {
//!     println!("{} {}: {:?}", event.id, event.event, event.reason);
//! }
//! control.redeliver(&dead.events).await?;
//! # Ok(()) }
//! ```
//!
//! # The protocol
//! Requests and answers are JSON, one a line. A request names what it asks for
//! (`{"ask":"status"}`), an answer is `{"ok":…}` or `{"error":"…"}`. After `{"ask":"tail"}` answers
//! come until either side hangs up.
//!
//! | `ask` | with | answer |
//! |---|---|---|
//! | `status` | | a list of [`EndpointStatus`](crate::EndpointStatus) |
//! | `prometheus` | | the same as text for Prometheus |
//! | `endpoints` | | pairs of the name and the number of each endpoint of the file |
//! | `browse` | `endpoint`, `state`, `from` | some [`EventEntry`]s, and `next`, the next `from` |
//! | `redeliver` | `events`: pairs of endpoint and number | how many wait again |
//! | `tail` | | one [`Watched`](crate::Watched) for each attempt |
//!
//! `browse` takes an `id`, if only that event is wanted, and `"bodies":true`. Events may be missing
//! in an answer that has a `next`.
//!
//! A request has 64 KiB at most, a client 60 s for it and 10 s to take an answer, and 8 clients can
//! be connected. Whoever breaks one of these is told and hung up on. No delivery waits for a
//! client: each request looks at a few hundred events at a time between two commits.

mod client;
mod entry;
mod lines;
mod offline;
mod prometheus;
mod server;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use self::client::{Control, Tail};
pub use self::entry::{EventEntry, EventList, EventQuery};
pub use self::prometheus::prometheus;
pub(crate) use self::server::{Access, Server};

use super::OutboxError;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such file.
    #[error("there is no webhook store at {path}")]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The socket is not the service's own.
    #[error("{socket} is not to be trusted: {what}")]
    Socket {
        /// The socket.
        socket: PathBuf,
        /// Why.
        what: &'static str,
    },
    /// The service could not be asked.
    #[error("the service at {socket} cannot be asked: {what}")]
    Connection {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        what: String,
    },
    /// The service says so.
    #[error("{0}")]
    Refused(String),
    /// Only a service that delivers can answer it.
    #[error("no service has {path} open: nothing is delivered, and there is nothing to look on at")]
    NotRunning {
        /// The file.
        path: PathBuf,
    },
}

/// What is asked for, or why not.
type Answered<T> = Result<T, ControlError>;

/// The socket of the service that has this file.
#[must_use]
pub fn socket_of(store: &Path) -> PathBuf {
    let mut socket = store.as_os_str().to_owned();
    socket.push(".sock");
    PathBuf::from(socket)
}
