//! `voxtra webhook list`.

use clap::ValueEnum;
use voxtra_rt::webhook::EventState;
use voxtra_rt::webhook::control::{EventEntry, EventQuery};

use super::store::{StoreArgs, failed};
use super::table::Table;
use super::time::{ago, now};
use super::{print_json, shown};
use crate::Failure;
use crate::terminal;

/// List the events that wait, were given up, or were delivered
///
/// The oldest come first; of delivered events, of which the store keeps the newest
/// (`webhooks.keep_delivered`), the last ones are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook list
  voxtra webhook list --state dead
  voxtra webhook list --state pending --endpoint billing --limit 20
  voxtra webhook list --state dead --json | jq -r '.[].id'")]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Only events in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only events of the receiver of this name
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Most events
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    /// It waits, or is under way
    Pending,
    /// It was given up
    Dead,
    /// It was answered with 2xx
    Delivered,
}

impl From<State> for EventState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Dead => Self::Dead,
            State::Delivered => Self::Delivered,
        }
    }
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let mut control = args.store.open().await?;
    let states = match args.state {
        Some(state) => vec![state.into()],
        None => EventState::ALL.to_vec(),
    };
    let query = EventQuery::new(states).with(|query| {
        query.endpoint.clone_from(&args.endpoint);
        query.most = args.limit;
    });
    let list = control.events(&query).await.map_err(failed)?;
    if args.json {
        print_json(&list.events)?;
    } else {
        print(&list.events)?;
    }
    if list.is_cut {
        terminal::note(format_args!("there are more: --limit is {}", args.limit));
    }
    Ok(())
}

/// The events as a table.
pub(super) fn print(events: &[EventEntry]) -> Result<(), Failure> {
    let headings = [
        "ID", "EVENT", "SESSION", "ENDPOINT", "STATE", "AGE", "TRIES", "REASON",
    ];
    let mut table = Table::new(headings);
    for event in events {
        let tries = match event.attempts {
            0 => "-".to_owned(),
            attempts => attempts.to_string(),
        };
        table.row([
            shown(&event.id),
            shown(&event.event),
            shown(&event.session_id),
            shown(&event.endpoint),
            event.state.as_str().to_owned(),
            ago(event.at.unwrap_or(event.accepted), now()),
            tries,
            event.reason.as_deref().map(shown).unwrap_or_default(),
        ]);
    }
    table.print()
}
