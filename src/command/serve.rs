//! `voxtra serve`.

use std::path::PathBuf;

use super::Failure;

/// Answer calls as a configuration says
///
/// Connects to Asterisk, answers the calls that its dialplan hands over, and runs until Ctrl-C or SIGTERM; calls in progress are then
/// brought to an end first. The environment variable RUST_LOG sets how much is logged (to stderr).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra serve
  voxtra serve -c /etc/voxtra.toml
  RUST_LOG=voxtra_rt=debug voxtra serve")]
pub(crate) struct Args {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "voxtra.toml")]
    config: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let _ = &args.config;
    Err(Failure::failed("not built yet"))
}
