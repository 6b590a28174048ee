//! `voxtra echo`.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::oneshot;
use tokio::time::timeout;
use voxtra_core::leg::{LegSettings, Mode};
use voxtra_rt::app::Application;
use voxtra_rt::media::MediaSettings;
use voxtra_rt::session::{Call, CallError, Event};

use super::call::resolve;
use super::media_figures::MediaFigures;
use super::report::TimedEvent;
use super::serve::{listen_for_signals, run_until};
use super::terminal::Paint;
use super::{Failure, logging, runtime, terminal, timeline};

/// Echo every caller, whatever its UUID
///
/// Each caller hears its own samples again, bit for bit, through the whole media path and with
/// voice detection on: to see that Asterisk reaches this machine, and to measure. Events go to
/// stdout; after Ctrl-C or SIGTERM, what was counted: calls, frames, how long a frame's handling
/// took, and the allocations on the way, which are meant to be 0. A second Ctrl-C hangs up. Don't
/// leave it open to the world: it takes calls from anybody.
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
    /// How long a busy media thread gathers what arrives, to handle it together, in ms: 0 to 2,
    /// fractions too
    #[arg(long, value_name = "MS", default_value = "1", value_parser = batch, alias = "tick")]
    batch: Duration,
    /// CPU load above which a media thread batches: 0 to 1; with 0 it always batches, for the least
    /// CPU
    #[arg(long, value_name = "SHARE", default_value = "0.75", value_parser = share, alias = "tick-load")]
    batch_above_load: f32,
    /// Events as JSON, one a line, and what was counted as the last, whose type is "summary"
    #[arg(long)]
    json: bool,
}

/// Enough to measure with.
const MOST_CALLS: usize = 10_000;
/// How long somebody may take to read the last lines.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let listen = resolve(&args.listen)?;
    runtime()?.block_on(async {
        let _log = logging::start_quietly()?;
        serve(args, listen).await
    })
}

async fn serve(args: &Args, listen: SocketAddr) -> Result<(), Failure> {
    let signals = listen_for_signals()?;
    let app = Application::builder()
        .media(MediaSettings::default().with(|media| {
            media.listen = listen;
            media.threads = args.threads.into();
            media.batch = args.batch;
            media.batch_above_load = args.batch_above_load;
            media.allow_peers = ["0.0.0.0/0", "::/0"]
                .iter()
                .filter_map(|everybody| everybody.parse().ok())
                .collect();
            media.max_calls = MOST_CALLS;
            media.allocations = Some(voxtra::allocations::of_this_thread);
        }))
        .leg(LegSettings::default().with(|leg| leg.mode = Mode::Echo))
        .allow_any("echo")
        .default(stay)
        .start()
        .await
        .map_err(|error| Failure::failed(error).advise("name another address with --listen"))?;
    terminal::note(format_args!(
        "Echoing every caller on {}; Ctrl-C stops.",
        app.media_address()
    ));
    let (end, ended) = oneshot::channel();
    let (printed, told_all) = oneshot::channel();
    let printer = Printer {
        app: app.clone(),
        events: app.events(),
        json: args.json,
        end: ended,
    };
    let runtime = Handle::current();
    // A thread of its own: who doesn't read our output stops nothing but the output.
    std::thread::Builder::new()
        .name("voxtra-printer".into())
        .spawn(move || {
            let _ = printed.send(printer.print(&runtime));
        })
        .map_err(Failure::failed)?;
    let stopped = run_until(&app, signals).await;
    let _ = end.send(());
    let _ = timeout(LAST_WORDS, told_all).await;
    stopped
}

/// A share of a thread's time.
fn share(text: &str) -> Result<f32, String> {
    let share: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("must be from 0 to 1".to_owned())
    }
}

/// For how long is gathered, in milliseconds.
fn batch(text: &str) -> Result<Duration, String> {
    let millis: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=2.0).contains(&millis) {
        Ok(Duration::from_secs_f64(millis / 1e3))
    } else {
        Err("must be from 0 to 2".to_owned())
    }
}

/// The media thread echoes by itself.
async fn stay(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

/// Writes events, and at the end what was counted.
struct Printer {
    app: Application,
    events: Receiver<Arc<Event>>,
    json: bool,
    end: oneshot::Receiver<()>,
}

impl Printer {
    /// Until the end, or until nobody reads any more: the callers want their echo all the same.
    fn print(mut self, runtime: &Handle) -> io::Result<()> {
        let (started, paint) = (Timestamp::now(), Paint::stdout());
        loop {
            let event = match runtime.block_on(self.next()) {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => {
                    terminal::note(format_args!("too many events to print: {missed} left out"));
                    continue;
                }
                Err(RecvError::Closed) => return self.summary(paint),
            };
            let line = if self.json {
                event.to_json()
            } else {
                let session = event.session_id.get(..8).unwrap_or(&event.session_id);
                let timed = TimedEvent::of(&event, started);
                format!("{}  {}", paint.soft(session), timeline::line(&timed, paint))
            };
            writeln!(io::stdout(), "{line}")?;
        }
    }

    /// The next event; `Closed` when the end has come and all were told.
    async fn next(&mut self) -> Result<Arc<Event>, RecvError> {
        tokio::select! {
            biased;
            event = self.events.recv() => event,
            _ = &mut self.end => Err(RecvError::Closed),
        }
    }

    fn summary(&self, paint: Paint) -> io::Result<()> {
        let figures = MediaFigures::of(self.app.media_stats());
        let mut out = io::stdout().lock();
        if self.json {
            return writeln!(out, "{}", figures.to_json());
        }
        writeln!(out)?;
        for (label, value) in figures.rows() {
            writeln!(out, "  {label:<26}{}", paint.strong(value))?;
        }
        out.flush()
    }
}
