//! The `voxtra` command: its arguments, and what each subcommand does.
//!
//! Results go to stdout, everything about getting there to stderr.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod agents;
mod call;
mod caller;
mod check;
mod clock;
mod completions;
mod demo;
mod echo;
mod event_words;
mod events;
mod failure;
mod init;
mod interrupt;
mod load;
mod logging;
mod markup;
mod media_figures;
mod new;
mod private;
mod recording;
mod report;
mod runtime;
mod serve;
mod stack;
mod terminal;
mod timeline;
mod torture;
mod vad;
mod waveform;
mod webhook;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use voxtra::allocations::Counting;

use failure::Failure;
use runtime::runtime;

/// Voice agents on a telephone line.
///
/// Voxtra connects telephone calls on Asterisk to voice agents written in Rust.
#[derive(Debug, Parser)]
#[command(name = "voxtra", version, max_term_width = 100, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  voxtra demo                   hear and see a whole call, without Asterisk
  voxtra demo --ai              the same with an agent that talks, by the local stack
  voxtra init                   write a configuration to start from
  voxtra init --agent           the same with an agent that talks with callers
  voxtra check --online         find out what is missing on the Asterisk side
  voxtra serve                  answer calls
  voxtra new my-agent           write the crate of an agent of your own

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.
`voxtra help COMMAND` has the details and examples of each.";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Init(init::Args),
    New(new::Args),
    Check(check::Args),
    Call(call::Args),
    Echo(echo::Args),
    Load(load::Args),
    Torture(torture::Args),
    Vad(vad::Args),
    Events(events::Args),
    Webhook(webhook::Args),
    Completions(completions::Args),
}

// So that "no allocation per frame" is a figure of every run and not a promise.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs what the command line asks for.
fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Init(args) => init::run(&args),
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Call(args) => call::run(&args),
        Command::Echo(args) => echo::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Torture(args) => torture::run(&args),
        Command::Vad(args) => vad::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Webhook(args) => webhook::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.exit_code();
            terminal::patiently(move || failure.print());
            code
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_says_what_it_does_and_has_an_example() {
        let mut cli = Cli::command();
        cli.build();
        explained(&cli, "voxtra");
    }

    /// Each subcommand of `command`, and theirs.
    fn explained(command: &clap::Command, path: &str) {
        for command in command.get_subcommands().filter(|c| c.get_name() != "help") {
            let path = format!("{path} {}", command.get_name());
            let help = command.clone().render_long_help().to_string();
            assert!(command.get_about().is_some(), "{path}");
            assert!(help.contains(&path) && help.contains("Example"), "{help}");
            explained(command, &path);
        }
    }
}
