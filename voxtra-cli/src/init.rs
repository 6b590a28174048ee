//! `voxtra init`.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use voxtra_rt::config::{AGENT_STARTER, STARTER, local_agent_starter};

use super::{Failure, private, stack, terminal};

/// Write a commented configuration to start from
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra init                    write voxtra.toml
  voxtra init --agent            with an agent that talks with callers, by hosted providers
  voxtra init --local            with the same agent, by servers on this machine and without a key
  voxtra init /etc/voxtra.toml --force")]
pub(crate) struct Args {
    /// Where to write it
    #[arg(value_name = "FILE", default_value = "voxtra.toml")]
    file: PathBuf,
    /// Write one with an agent that talks, by hosted providers or by servers of your own
    #[arg(long)]
    agent: bool,
    /// Write one with an agent that talks by the servers of stack/stack.sh, on this machine
    #[arg(long, conflicts_with = "agent")]
    local: bool,
    /// Overwrite a file that is there already
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let path = args.file.display();
    let mut options = OpenOptions::new();
    if args.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = private::open(&mut options, &args.file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::usage(format_args!("{path} is there already"))
            .advise("give another name, or --force to overwrite it"),
        _ => Failure::failed(format_args!("can't write {path}: {error}")),
    })?;
    let local;
    let text = if args.local {
        local = local_agent_starter();
        &local
    } else if args.agent {
        AGENT_STARTER
    } else {
        STARTER
    };
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format_args!("can't write {path}: {error}")))?;
    writeln!(io::stdout(), "Wrote {path}.")?;
    if args.local {
        terminal::note(format_args!(
            "Next: `{}`, set VOXTRA_ARI_PASSWORD, then `voxtra check -c {path} --online`, then `voxtra serve -c {path}`. docs/first-conversation.md has every step.",
            stack::start()
        ));
    } else if args.agent {
        terminal::note(format_args!(
            "Next: set the keys that {path} names in the environment, then `voxtra check -c {path} --online`, then `voxtra serve -c {path}`. docs/first-conversation.md has every step."
        ));
    } else {
        terminal::note(format_args!(
            "Next: set what [asterisk] says about your Asterisk, then `voxtra check -c {path} --online`, then `voxtra serve -c {path}`."
        ));
    }
    Ok(())
}
