//! `voxtra demo`: a whole call without Asterisk.

mod measure;
mod story;

use std::path::PathBuf;

use super::Failure;

/// Hear and see a whole call, without Asterisk
///
/// A caller with a recorded voice dials the real AudioSocket server over loopback. The agent greets, says the caller's own words
/// back, is interrupted and stops, and takes some keys. Events are printed as they happen, then the figures.
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
    let _ = &args.out;
    Err(Failure::failed("not built yet"))
}
