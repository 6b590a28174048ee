//! The log of a subcommand. Must be started within the runtime.

use voxtra::log::{self, Log, LogError, init};
use voxtra_rt::config::LogSettings;

use super::Failure;

/// Logs as the configuration says.
pub(crate) fn start(settings: &LogSettings) -> Result<Log, Failure> {
    init(settings).map_err(explain)
}

/// Checks what the configuration says of the log.
pub(crate) fn check(settings: &LogSettings) -> Result<(), Failure> {
    log::check(settings).map_err(explain)
}

fn explain(error: LogError) -> Failure {
    let advice = match error {
        LogError::Filter { .. } => "correct log.filter in the configuration",
        _ => "correct the environment variable RUST_LOG",
    };
    Failure::usage(error).advise(advice)
}

/// Logs only what somebody should know about.
pub(crate) fn start_quietly() -> Result<Log, Failure> {
    let mut quiet = LogSettings::default();
    quiet.filter = "warn".into();
    start(&quiet)
}
