//! `voxtra webhook tail`.

use std::io::{self, Write as _};

use voxtra_rt::webhook::{Attempt, AttemptResult, Watched};

use super::store::{StoreArgs, failed};
use super::{print_json, shown, time};
use crate::Failure;
use crate::terminal::{self, Paint};

/// Follow deliveries as they happen: what was sent where, and what came of it
///
/// A line for each request of the running service, from now on, until Ctrl-C or until the service
/// ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook tail
  voxtra webhook tail --endpoint billing
  voxtra webhook tail --json | jq 'select(.result != \"delivered\")'")]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Only requests to the receiver of this name
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// JSON, an object a line, instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let control = args.store.open().await?;
    let mut tail = control.tail().await.map_err(failed)?;
    terminal::note("following deliveries; Ctrl-C ends");
    while let Some(watched) = tail.next().await.map_err(failed)? {
        match watched {
            Watched::Attempt(attempt) => {
                let is_wanted = |name: &String| *name == attempt.endpoint;
                if args.endpoint.as_ref().is_none_or(is_wanted) {
                    print(&attempt, args.json)?;
                }
            }
            Watched::Missed(missed) => {
                terminal::note(format_args!(
                    "{missed} requests were missed: the output is read too slowly"
                ));
            }
            _ => {}
        }
    }
    terminal::note("the service has ended");
    Ok(())
}

fn print(attempt: &Attempt, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(attempt);
    }
    let paint = Paint::stdout();
    let result = format!("{:9}", attempt.result.as_str());
    let result = match attempt.result {
        AttemptResult::Delivered => paint.good(result),
        _ => paint.error(result),
    };
    let number = match attempt.attempt {
        1 => String::new(),
        number => format!(" (attempt {number})"),
    };
    let reason = attempt
        .reason
        .as_deref()
        .map(|reason| format!(": {}", shown(reason)));
    writeln!(
        io::stdout(),
        "{} {result} {:>6} ms  {}  {}  {} {}{number}{}",
        paint.soft(time::written(attempt.at)),
        attempt.ms,
        shown(&attempt.event),
        shown(&attempt.id),
        shown(&attempt.endpoint),
        paint.soft(shown(&attempt.url)),
        reason.unwrap_or_default(),
    )?;
    Ok(())
}
