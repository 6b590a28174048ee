//! The log of an agent, as the configuration's `[log]` says: one line in `main`.
//!
//! Voxtra logs failures with [`tracing`]: an Asterisk that is not there, a connection with an id
//! that nobody expects, a webhook whose receiver is dead. Without a subscriber nobody sees them.
//! [`init`] installs one:
//!
//! ```no_run
//! # use voxtra::prelude::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), voxtra::Exit> {
//! let config = Config::load("voxtra.toml".as_ref())?;
//! let _log = voxtra::log::init(&config.log)?;
//! # Ok(())
//! # }
//! ```
//!
//! Lines go to stderr. A thread of its own writes them: if stderr is not read, or too slowly, lines
//! are lost and counted, and no call waits. The environment variable `RUST_LOG` overrides the
//! filter. A program that installs a subscriber of its own leaves this out. One with MCP servers
//! leaves the target `rmcp` out of its log then: it repeats what servers send, secrets too.

use std::env;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::{Level, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{ParseError, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt};
use voxtra_rt::config::{LogFormat, LogSettings};

/// Lines that may wait to be written; further ones are dropped, counted and reported.
const WAITING: usize = 8_192;
/// How often the number of dropped lines is reported, if it has grown.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// The log of this process. Keep it until the end of `main`: when dropped, it writes the remaining
/// lines, as long as stderr is read and for at most a second.
#[must_use = "dropped at once, it ends the log at once: `let _log = …`"]
#[derive(Debug)]
pub struct Log {
    report: Option<JoinHandle<()>>,
    _writer: WorkerGuard,
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(report) = &self.report {
            report.abort();
        }
    }
}

/// The log can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// `log.filter` is not a filter.
    #[error("log.filter = {filter:?} is no log filter: {reason}")]
    Filter {
        /// The text.
        filter: String,
        /// The reason.
        reason: String,
    },
    /// The environment variable `RUST_LOG` is not a filter.
    #[error("the environment variable RUST_LOG = {filter:?} is no log filter: {reason}")]
    Environment {
        /// The text.
        filter: String,
        /// The reason.
        reason: String,
    },
    /// Something else in the program logs already.
    #[error(
        "this program has installed a tracing subscriber already: leave out either that one or voxtra::log::init"
    )]
    Taken,
}

/// Checks the configuration of the log.
///
/// # Errors
/// The filter makes no sense.
pub fn check(settings: &LogSettings) -> Result<(), LogError> {
    configured(settings).map(drop)
}

/// Starts the log as configured. Within a tokio runtime, the log also reports how many lines were
/// lost.
///
/// # Errors
/// The filter makes no sense, or the program logs already.
pub fn init(settings: &LogSettings) -> Result<Log, LogError> {
    let filter = filter(settings)?;
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("voxtra-log")
        .finish(io::stderr());
    let dropped = writer.error_counter();
    let lines = fmt::layer().with_writer(writer).with_ansi(colour);
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    Registry::default()
        .with(filter)
        .with(without_messages())
        .with(lines)
        .try_init()
        .map_err(|_| LogError::Taken)?;
    Ok(Log {
        report: Handle::try_current()
            .ok()
            .map(|runtime| runtime.spawn(report_dropped(dropped))),
        _writer: guard,
    })
}

/// Leaves out what libraries say of messages. The websocket library's `trace` lines are Asterisk's
/// raw messages, with the ids of calls and any text that callers put into their names. MCP's
/// library tells at every level whatever a server sends, at any length, and addresses that may hold
/// a key; `voxtra_rt::mcp` logs what is to be known of a server.
fn without_messages<S: Subscriber>() -> impl Layer<S> {
    filter_fn(|line| match line.target().split("::").next() {
        Some("tungstenite") => *line.level() < Level::TRACE,
        Some("rmcp") => false,
        _ => true,
    })
}

/// Reports the number of lost lines whenever it has grown.
async fn report_dropped(counter: ErrorCounter) {
    let mut reported = 0;
    loop {
        tokio::time::sleep(REPORT_EVERY).await;
        let dropped = counter.dropped_lines();
        if dropped > reported {
            // This line may be lost too; the next one includes it in its number.
            tracing::warn!(
                dropped,
                "whoever reads the log is too slow: lines were lost"
            );
            reported = dropped;
        }
    }
}

fn filter(settings: &LogSettings) -> Result<Targets, LogError> {
    match env::var("RUST_LOG").ok().filter(|text| !text.is_empty()) {
        Some(filter) => filter.parse().map_err(|error: ParseError| {
            let reason = error.to_string();
            LogError::Environment { filter, reason }
        }),
        None => configured(settings),
    }
}

fn configured(settings: &LogSettings) -> Result<Targets, LogError> {
    settings.filter.parse().map_err(|error: ParseError| {
        let (filter, reason) = (settings.filter.clone(), error.to_string());
        LogError::Filter { filter, reason }
    })
}
