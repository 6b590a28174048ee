//! `voxtra demo`: a whole call without Asterisk.

mod figures;
mod measure;
mod play;
mod results;
mod session;
mod story;

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::interrupt::Interrupt;
use super::terminal::Paint;
use super::{Failure, runtime};

/// Hear and see a whole call, without Asterisk
///
/// A caller with a recorded voice dials the real AudioSocket server over loopback. The agent
/// greets, repeats the caller's own words, ignores a cough, is interrupted and stops, and collects
/// digits. Events are printed as they happen, then the figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra demo
  voxtra demo --out /tmp/demo

Writes events.jsonl, call.wav (caller left, agent right) and report.html. Exit status 0 means that everything
that should happen in the call did; otherwise 1, with what is missing.")]
pub(crate) struct Args {
    /// Where to write the results [default: a fresh voxtra-demo/ here]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let directory = results::directory(args.out.as_deref())?;
    let interrupt = Interrupt::listen();
    let paint = Paint::stdout();
    writeln!(
        io::stdout(),
        "{}\n",
        paint.strong("A call with the parrot, on this machine's loopback")
    )?;
    let played = runtime()?.block_on(play::play(&interrupt, paint))?;
    if interrupt.is_set() {
        // Nothing is in it yet, unless it was there before.
        let _ = std::fs::remove_dir(&directory);
        return Err(Failure::Interrupted);
    }

    let figures = figures::of(&played);
    let mut out = io::stdout().lock();
    writeln!(out)?;
    for (label, value) in &figures {
        writeln!(out, "  {label:<26}{}", paint.strong(value))?;
    }
    let files = results::write(&directory, &played, figures)?;
    writeln!(out, "\n  {}", paint.soft("written"))?;
    for file in files {
        writeln!(out, "  {}", file.display())?;
    }
    let missing = story::missing(&played.timed_events());
    if missing.is_empty() {
        writeln!(
            out,
            "\n{}",
            paint.good("Everything that should happen did.")
        )?;
        return Ok(());
    }
    Err(Failure::failed(format_args!(
        "the call did not go as it should:\n  - {}",
        missing.join("\n  - ")
    ))
    .advise(format_args!(
        "{} shows what happened instead; a very busy machine can be the reason",
        directory.join("report.html").display()
    )))
}
