//! `voxtra echo`.

use super::Failure;

/// Echo every caller, whatever its UUID
///
/// Each caller hears its own samples again, bit for bit, through the whole media path and with voice detection on: to see that
/// Asterisk reaches this machine, and to measure. Don't leave it open to the world: it takes calls from anybody.
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
    /// Events as JSON, one a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let _ = (&args.listen, args.threads, args.json);
    Err(Failure::failed("not built yet"))
}
