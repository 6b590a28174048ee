//! `voxtra webhook drain`.

use std::time::{Duration, Instant};

use voxtra_rt::webhook::EndpointStatus;

use super::store::{StoreArgs, failed};
use super::{print_json, shown, status, time};
use crate::Failure;
use crate::terminal;

/// Wait until no event waits any more, or say what still does
///
/// The service goes on as it is: it takes new events, and retries as always. Status 0 when nothing
/// waits, 1 when something still does after --timeout, or when no service delivers it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook drain
  voxtra webhook drain --timeout 5m && systemctl stop voxtra
  voxtra webhook drain --timeout 0s --json")]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Longest wait
    #[arg(long, value_name = "TIME", value_parser = time::duration, default_value = "60s")]
    timeout: Duration,
    /// JSON: how the receivers are at the end
    #[arg(long)]
    json: bool,
}

/// How often it is looked.
const AGAIN: Duration = Duration::from_millis(250);

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let mut control = args.store.open().await?;
    let end = Instant::now().checked_add(args.timeout);
    let all = loop {
        let all = control.status().await.map_err(failed)?;
        let is_over = end.is_some_and(|end| Instant::now() >= end);
        if waiting(&all) == 0 || is_over || !control.is_running() {
            break all;
        }
        if terminal::shows_progress() {
            terminal::overwrite(format_args!("{} events wait", waiting(&all)));
        }
        tokio::time::sleep(AGAIN).await;
    };
    if terminal::shows_progress() {
        terminal::overwrite("");
    }
    if args.json {
        print_json(&all)?;
    }
    if waiting(&all) == 0 {
        terminal::note("no event waits");
        return Ok(());
    }
    let still = all.iter().filter(|status| status.counters.queued > 0);
    let still: Vec<String> = still.map(what).collect();
    let failure = Failure::failed(format_args!("events wait still: {}", still.join("; ")));
    Err(failure.advise(if control.is_running() {
        "`voxtra webhook tail` shows what the receivers answer"
    } else {
        "no service has the store open: `voxtra serve` delivers what waits"
    }))
}

fn waiting(all: &[EndpointStatus]) -> u64 {
    let queued = all.iter().map(|status| status.counters.queued);
    queued.fold(0, u64::saturating_add)
}

/// What waits for one receiver, and why.
fn what(status: &EndpointStatus) -> String {
    let oldest = status.oldest.map(|oldest| time::ago(oldest, time::now()));
    let oldest = oldest.map(|age| format!(", the oldest for {age}"));
    let trouble = status::trouble(status).map(|trouble| format!(" ({trouble})"));
    format!(
        "{} for {}{}{}",
        status.counters.queued,
        shown(&status.name),
        oldest.unwrap_or_default(),
        trouble.unwrap_or_default(),
    )
}
