//! Logs, on stderr. RUST_LOG overrides what is logged.
//!
//! A thread of its own writes them: whoever reads stderr too slowly, or not at all, loses lines and holds up nobody.

use std::convert::Infallible;
use std::env;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use voxtra_rt::config::{LogFormat, LogSettings};

use super::Failure;

/// Lines that may wait to be written; further ones are dropped, counted and told.
const WAITING: usize = 8_192;
/// How often it is told how many were dropped, if any were.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The log of this process. Dropped, it writes what is left, for as long as somebody reads and at most a second.
pub(crate) struct Log {
    dropped: ErrorCounter,
    _writer: WorkerGuard,
}

impl Log {
    /// Tells how many lines were lost whenever there were more.
    pub(crate) async fn tell_dropped(&self) -> Infallible {
        let mut told = 0;
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            let dropped = self.dropped.dropped_lines();
            if dropped > told {
                // This one may be lost too; the next has its number in it.
                tracing::warn!(
                    dropped,
                    "whoever reads the log is too slow: lines were lost"
                );
                told = dropped;
            }
        }
    }
}

/// Logs as the configuration says.
pub(crate) fn start(settings: &LogSettings) -> Result<Log, Failure> {
    let filter = filter(&settings.filter)?;
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("voxtra-log")
        .finish(io::stderr());
    let dropped = writer.error_counter();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(colour);
    match settings.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(Log {
        dropped,
        _writer: guard,
    })
}

/// Logs only what somebody should know about.
pub(crate) fn start_quietly() -> Result<Log, Failure> {
    start(&LogSettings {
        filter: "warn".into(),
        ..LogSettings::default()
    })
}

fn filter(default: &str) -> Result<EnvFilter, Failure> {
    let (text, advice) = match env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => (text, "correct the environment variable RUST_LOG"),
        _ => (
            default.to_owned(),
            "correct log.filter in the configuration",
        ),
    };
    EnvFilter::try_new(&text).map_err(|error| {
        Failure::usage(format_args!("{text:?} is no log filter: {error}")).advise(advice)
    })
}
