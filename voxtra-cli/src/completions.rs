//! `voxtra completions`.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, Failure};

/// Print a completion script for your shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra completions bash > ~/.local/share/bash-completion/completions/voxtra
  voxtra completions zsh > ~/.zfunc/_voxtra
  voxtra completions fish > ~/.config/fish/completions/voxtra.fish")]
pub(crate) struct Args {
    /// The shell to complete for
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // Made in memory first: the generator panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "voxtra", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
