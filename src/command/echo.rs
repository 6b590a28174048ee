//! `voxtra echo`.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use voxtra_core::leg::{LegSettings, Mode};
use voxtra_rt::app::Application;
use voxtra_rt::media::MediaSettings;
use voxtra_rt::session::{Call, CallError};

use super::call::resolve;
use super::report::Happening;
use super::serve::{listen_for_signals, run_until};
use super::terminal::Paint;
use super::{Failure, logging, runtime, terminal, timeline};

/// Echo every caller, whatever its UUID
///
/// Each caller hears its own samples again, bit for bit, through the whole media path and with voice detection on: to see that
/// Asterisk reaches this machine, and to measure. Events go to stdout. Don't leave it open to the world: it takes calls from anybody.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra echo --listen 127.0.0.1:9092
  voxtra echo --listen 0.0.0.0:9092 --threads 2 --json

In Asterisk's dialplan: same => n,AudioSocket(40325ec2-5efd-4bd3-805f-53576e581d13,HOST:9092)")]
pub(crate) struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092")]
    listen: String,
    /// Media threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Events as JSON, one a line
    #[arg(long)]
    json: bool,
}

/// Enough to measure with.
const MOST_CALLS: usize = 20_000;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let listen = resolve(&args.listen)?;
    logging::start_quietly()?;
    runtime()?.block_on(serve(args, listen))
}

async fn serve(args: &Args, listen: SocketAddr) -> Result<(), Failure> {
    let signals = listen_for_signals()?;
    let app = Application::builder()
        .media(MediaSettings {
            listen,
            threads: args.threads.into(),
            allow_peers: ["0.0.0.0/0", "::/0"]
                .iter()
                .filter_map(|everybody| everybody.parse().ok())
                .collect(),
            max_calls: MOST_CALLS,
            max_pending: MOST_CALLS,
            ..MediaSettings::default()
        })
        .leg(LegSettings {
            mode: Mode::Echo,
            ..LegSettings::default()
        })
        .allow_any("echo")
        .default(stay)
        .start()
        .await
        .map_err(|error| Failure::failed(error).advise("name another address with --listen"))?;
    terminal::note(format_args!(
        "Echoing every caller on {}; Ctrl-C stops.",
        app.media_address()
    ));
    let printer = tokio::spawn(print_events(app.clone(), args.json));
    let stopped = run_until(&app, signals).await;
    printer.abort();
    stopped
}

/// The media thread echoes by itself.
async fn stay(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

async fn print_events(app: Application, json: bool) {
    let (started, paint) = (Timestamp::now(), Paint::stdout());
    let mut events = app.events();
    loop {
        let line = match events.recv().await {
            Ok(event) if json => event.to_json(),
            Ok(event) => {
                let session = event.session_id.get(..8).unwrap_or(&event.session_id);
                format!(
                    "{}  {}",
                    paint.soft(session),
                    timeline::line(&Happening::of(&event, started), paint)
                )
            }
            Err(RecvError::Lagged(missed)) => {
                terminal::note(format_args!("too many events to print: {missed} left out"));
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        // Whoever read this has read enough; the callers want their echo all the same.
        if writeln!(io::stdout(), "{line}").is_err() {
            return;
        }
    }
}
