//! `voxtra check`.

use std::path::PathBuf;

use super::Failure;

/// Check a configuration, and with --online the Asterisk it names
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra check
  voxtra check -c /etc/voxtra.toml --online

Exit status: 0 all is well, 2 the configuration is wrong, 1 Asterisk can't be used as it is.")]
pub(crate) struct Args {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "voxtra.toml")]
    config: PathBuf,
    /// Log in to Asterisk, and name the modules that are missing there
    #[arg(long)]
    online: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let _ = (&args.config, args.online);
    Err(Failure::failed("not built yet"))
}
