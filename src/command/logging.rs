//! Logs, on stderr. RUST_LOG overrides what is logged.

use std::env;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use voxtra_rt::config::{LogFormat, LogSettings};

use super::Failure;

/// Logs as the configuration says.
pub(crate) fn start(settings: &LogSettings) -> Result<(), Failure> {
    let filter = filter(&settings.filter)?;
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour);
    match settings.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Logs only what somebody should know about.
pub(crate) fn start_quietly() -> Result<(), Failure> {
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
