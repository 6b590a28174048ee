//! `voxtra webhook`: what became of webhook events, and what to do about it.

mod drain;
mod list;
mod listen;
mod redeliver;
mod secret;
mod send_test;
mod show;
mod status;
mod store;
mod table;
mod tail;
mod time;
mod verify;

use std::io::{self, Write as _};

use clap::Subcommand;
use serde::Serialize;

use super::{Failure, runtime};

/// See what becomes of webhook events, deliver them again, and try receivers
///
/// Works on the file in which events wait (`webhooks.path` of the configuration, or --store),
/// whether a service has it open or not. Ids, names and figures go to stdout, as tables or, with
/// --json, as JSON.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  voxtra webhook status
  voxtra webhook list --state dead
  voxtra webhook redeliver --since 2h
  voxtra webhook tail
  voxtra webhook listen 8080
  voxtra webhook send-test http://127.0.0.1:8080/ --allow-network 127.0.0.1

`voxtra webhook help COMMAND` has the details and examples of each."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Args),
    List(list::Args),
    Show(show::Args),
    Redeliver(redeliver::Args),
    Tail(tail::Args),
    Drain(drain::Args),
    SendTest(send_test::Args),
    Listen(listen::Args),
    Verify(verify::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let done = async {
            match &args.command {
                Command::Status(args) => status::run(args).await,
                Command::List(args) => list::run(args).await,
                Command::Show(args) => show::run(args).await,
                Command::Redeliver(args) => redeliver::run(args).await,
                Command::Tail(args) => tail::run(args).await,
                Command::Drain(args) => drain::run(args).await,
                Command::SendTest(args) => send_test::run(args).await,
                Command::Listen(args) => listen::run(args).await,
                Command::Verify(args) => verify::run(args),
            }
        };
        tokio::select! {
            done = done => done,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    })
}

/// Prints one line of JSON.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value)
        .map_err(|error| Failure::failed(format_args!("can't write JSON: {error}")))?;
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

/// Text of others on one line that a terminal shows but does not interpret.
fn shown(text: &str) -> String {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    let show = |c| {
        if is_plain(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(
            super::shown("a\u{1b}[2J\nZo\u{eb}\u{202e}"),
            "a\u{fffd}[2J\u{fffd}Zo\u{eb}\u{fffd}"
        );
    }
}
