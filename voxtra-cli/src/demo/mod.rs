//! `voxtra demo`: a whole call without Asterisk.

mod conversation;
mod expected;
mod figures;
mod measure;
mod parrot;
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
///
/// With --ai the agent is the one of `voxtra init --local`: it hears, thinks and speaks with the
/// servers of stack/stack.sh, whose voice is the caller's too. What both say is printed as they say
/// it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra demo
  voxtra demo --out /tmp/demo
  voxtra demo --ai                     with the local stack: `stack/stack.sh start`
  voxtra demo --ai -c voxtra.toml      with an agent of your own

Writes events.jsonl, call.wav (caller left, agent right) and report.html. Exit status 0 means that everything
that should happen in the call did; otherwise 1, with what is missing.")]
pub(crate) struct Args {
    /// A conversation with a language model, by the local stack
    #[arg(long)]
    ai: bool,
    /// The configuration of the agent to talk with, its first one
    #[arg(short, long, value_name = "FILE", requires = "ai")]
    config: Option<PathBuf>,
    /// Where to write the results [default: a fresh voxtra-demo/ here]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let conversation = match (args.ai, &args.config) {
        (false, _) => None,
        (true, file) => Some(conversation::Conversation::with(file.as_deref())?),
    };
    let title = match &conversation {
        None => "A call with the parrot",
        Some(_) => "A conversation",
    };
    let runtime = runtime()?;
    let interrupt = Interrupt::listen();
    let paint = Paint::stdout();
    if let Some(conversation) = &conversation {
        runtime.block_on(conversation.look())?;
    }
    let directory = results::directory(args.out.as_deref())?;
    writeln!(
        io::stdout(),
        "{}\n",
        paint.strong(format_args!("{title}, on this machine's loopback"))
    )?;
    let played = runtime.block_on(async {
        match &conversation {
            None => parrot::play(&interrupt, paint).await,
            Some(conversation) => conversation.play(&interrupt, paint).await,
        }
    });
    if played.is_err() || interrupt.is_set() {
        // Nothing is in it yet, unless it was there before.
        let _ = std::fs::remove_dir(&directory);
    }
    let played = played?;
    if interrupt.is_set() {
        return Err(Failure::Interrupted);
    }

    let mut figures = figures::of(&played);
    if conversation.is_some() {
        figures.extend(figures::of_answers(&played.timed_events()));
    }
    let mut out = io::stdout().lock();
    writeln!(out)?;
    for (label, value) in &figures {
        writeln!(out, "  {label:<26}{}", paint.strong(value))?;
    }
    let files = results::write(&directory, &played, title, figures)?;
    writeln!(out, "\n  {}", paint.soft("written"))?;
    for file in files {
        writeln!(out, "  {}", file.display())?;
    }
    let events = played.timed_events();
    let missing = match conversation {
        None => story::missing(&events),
        Some(_) => conversation::missing(&events),
    };
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
