//! `voxtra webhook status`.

use std::io::{self, Write as _};

use voxtra_rt::webhook::{EndpointState, EndpointStatus};

use super::store::{StoreArgs, failed};
use super::table::Table;
use super::time::{ago, now, written};
use super::{print_json, shown};
use crate::Failure;

/// Show how each receiver is, what waits for it, and how long deliveries take
///
/// Counts are those since the service started; what waits and dead letters are all that the store
/// has.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook status
  voxtra webhook status --json | jq '.[] | select(.state.is != \"up\")'
  voxtra webhook status --prometheus")]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// JSON instead of a table
    #[arg(long, group = "form")]
    json: bool,
    /// Text for Prometheus
    #[arg(long, group = "form")]
    prometheus: bool,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let mut control = args.store.open().await?;
    if args.prometheus {
        let text = control.prometheus().await.map_err(failed)?;
        io::stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    let all = control.status().await.map_err(failed)?;
    if args.json {
        return print_json(&all);
    }
    let headings = [
        "ENDPOINT",
        "URL",
        "STATE",
        "BACKLOG",
        "OLDEST",
        "ACCEPTED",
        "DELIVERED",
        "RETRIES",
        "DEAD",
        "DROPPED",
        "P50",
        "P99",
    ];
    let mut table = Table::new(headings);
    for status in &all {
        table.row(row(status));
    }
    table.print()?;
    for status in &all {
        if let Some(trouble) = trouble(status) {
            writeln!(io::stdout(), "{trouble}")?;
        }
    }
    Ok(())
}

fn row(status: &EndpointStatus) -> Vec<String> {
    let counters = &status.counters;
    let below = |part| match (status.latency.count(), status.latency.below(part)) {
        (0, _) => "-".to_owned(),
        (_, Some(ms)) => format!("<{ms}ms"),
        (_, None) => "days".to_owned(),
    };
    vec![
        shown(&status.name),
        status.url.as_deref().map_or_else(|| "-".to_owned(), shown),
        state(status).to_owned(),
        counters.queued.to_string(),
        status
            .oldest
            .map_or_else(|| "-".to_owned(), |oldest| ago(oldest, now())),
        status.accepted.to_string(),
        counters.delivered.to_string(),
        counters.retries.to_string(),
        status.dead.to_string(),
        counters.dropped.to_string(),
        below(0.5),
        below(0.99),
    ]
}

/// The state in one word.
pub(super) fn state(status: &EndpointStatus) -> &'static str {
    match status.state {
        EndpointState::Up => "up",
        EndpointState::Down { .. } => "down",
        EndpointState::Disabled { .. } => "disabled",
        _ => "stopped",
    }
}

/// What is wrong with an endpoint, in words.
pub(super) fn trouble(status: &EndpointStatus) -> Option<String> {
    let name = shown(&status.name);
    Some(match &status.state {
        EndpointState::Down { since, reason } => {
            let since = written(*since);
            format!("{name} is down since {since}: {}", shown(reason))
        }
        EndpointState::Disabled { since } => {
            let since = written(*since);
            format!("{name} answered 410 at {since}: it gets nothing more until the next start")
        }
        _ => return None,
    })
}
