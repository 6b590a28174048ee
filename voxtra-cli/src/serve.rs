//! `voxtra serve`.

use std::path::PathBuf;

use voxtra_rt::app::{Application, Route, StartError, Stop, StopSignals};
use voxtra_rt::config::Config;

use super::check::load;
use super::{Failure, agents, logging, runtime};

/// Answer calls as a configuration says
///
/// Connects to Asterisk, answers the calls that its dialplan hands over, and runs until Ctrl-C or
/// SIGTERM; calls in progress are then brought to an end first. The environment variable RUST_LOG
/// overrides how much is logged (to stderr).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra serve
  voxtra serve -c /etc/voxtra.toml
  RUST_LOG=voxtra=debug voxtra serve")]
pub(crate) struct Args {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "voxtra.toml")]
    config: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = load(&args.config)?;
    runtime()?.block_on(async {
        let _log = logging::start(&config.log)?;
        serve(&config).await
    })
}

async fn serve(config: &Config) -> Result<(), Failure> {
    // Before anybody can be told that it serves: no Ctrl-C is lost.
    let mut signals = listen_for_signals()?;
    let mut builder = Application::builder()
        .config(config)
        .map_err(Failure::usage)?;
    for name in agents::NAMES {
        let handler = agents::by_name(name, config).map_err(Failure::usage)?;
        builder = builder.agent(name, handler);
    }
    // An agent of the file that is alone takes every call.
    if config.routes.is_empty() && config.agents.is_empty() {
        let echo = agents::by_name("echo", config).map_err(Failure::usage)?;
        builder = builder.handler(&Route::Default, echo);
    }
    let started = tokio::select! {
        started = builder.start() => started,
        // An Asterisk that doesn't answer must not keep anybody from leaving.
        _ = signals.next() => return Err(Failure::Interrupted),
    };
    if let Err(StartError::Listed) = started {
        return Ok(());
    }
    let app = started.map_err(|error| {
            let advice = match error {
                StartError::Listen { .. } => {
                    "is another voxtra running? media.listen is an address of this machine, with a port that is free"
                }
                _ => "`voxtra check --online` looks closer",
            };
            Failure::failed(error).advise(advice)
        })?;
    tracing::info!(media = %app.media_address(), routes = config.routes.len().max(1), "serving; Ctrl-C stops");
    run_until(&app, signals).await
}

/// Begins to listen for Ctrl-C and SIGTERM.
pub(super) fn listen_for_signals() -> Result<StopSignals, Failure> {
    StopSignals::listen()
        .map_err(|error| Failure::failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// Runs an application until Ctrl-C, which is status 130, or SIGTERM, which is the proper end of a
/// service.
pub(super) async fn run_until(app: &Application, signals: StopSignals) -> Result<(), Failure> {
    match app.run_until(signals).await {
        Stop::Interrupt => Err(Failure::Interrupted),
        Stop::Terminate => Ok(()),
    }
}
