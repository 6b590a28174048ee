//! `voxtra webhook redeliver`.

use serde::Serialize;
use voxtra_rt::webhook::EventState;
use voxtra_rt::webhook::control::{Control, EventEntry, EventQuery};

use super::list::{self, State};
use super::show::find;
use super::store::{StoreArgs, failed};
use super::{print_json, time};
use crate::Failure;
use crate::terminal;

/// Deliver events once more, with the ids that they had
///
/// Dead letters, or delivered events that are still kept. They are sent before the later events of
/// their session that still wait, and are retried for as long as new events are. Without a service
/// they wait for the next start.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook redeliver 4bf92f3577b34da6a3ce929d0e0e4736
  voxtra webhook redeliver --since 2h
  voxtra webhook redeliver --since 2026-05-04T08:00:00Z --endpoint billing --dry-run
  voxtra webhook redeliver --since 10m --state delivered")]
pub(super) struct Args {
    /// The event's id (X-Voxtra-Event-Id)
    #[arg(required_unless_present = "since", conflicts_with = "since")]
    id: Option<String>,
    /// All that were given up since this time, or in this time up to now: 2h, 3d
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    since: Option<i64>,
    /// With --since: dead, or delivered
    #[arg(long, value_name = "STATE", default_value = "dead")]
    state: State,
    /// Only for the receiver of this name
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Show which ones, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Events that are asked for at a time.
const SOME: usize = 5_000;

/// What was done, as JSON.
#[derive(Debug, Default, Serialize)]
struct Done {
    redelivered: u64,
    is_running: bool,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let mut control = args.store.open().await?;
    if args.state == State::Pending {
        return Err(Failure::usage("what is pending is delivered anyway")
            .advise("--state is dead or delivered"));
    }
    let mut done = Done {
        redelivered: 0,
        is_running: control.is_running(),
    };
    match (&args.id, args.since) {
        (Some(id), _) => {
            let mut found = find(&mut control, id, false).await?;
            found.retain(|entry| {
                args.endpoint
                    .as_ref()
                    .is_none_or(|name| *name == entry.endpoint)
            });
            let waits = |entry: &EventEntry| entry.state == EventState::Pending;
            if found.iter().all(waits) {
                return Err(Failure::failed(
                    "it waits already: it is delivered as soon as its receiver takes it",
                ));
            }
            found.retain(|entry| !waits(entry));
            done.redelivered = again(&mut control, args, &found).await?;
        }
        (None, since) => {
            let query = EventQuery::new([args.state.into()]).with(|query| {
                query.endpoint.clone_from(&args.endpoint);
                query.since = since;
                // What is given up once more meanwhile is not sent again and again.
                query.until = Some(time::now());
                query.most = SOME;
            });
            loop {
                let list = control.events(&query).await.map_err(failed)?;
                let count = again(&mut control, args, &list.events).await?;
                done.redelivered = done.redelivered.saturating_add(count);
                if !list.is_cut || args.dry_run || count == 0 {
                    break;
                }
            }
        }
    }
    if args.dry_run {
        return Ok(());
    }
    if args.json {
        return print_json(&done);
    }
    let waits = if done.is_running {
        "delivered again"
    } else {
        "delivered again by the next start"
    };
    let events = if done.redelivered == 1 {
        "1 event is"
    } else {
        &*format!("{} events are", done.redelivered)
    };
    terminal::note(format_args!("{events} {waits}"));
    Ok(())
}

/// Returns how many wait again.
async fn again(control: &mut Control, args: &Args, events: &[EventEntry]) -> Result<u64, Failure> {
    if !args.dry_run {
        return control.redeliver(events).await.map_err(failed);
    }
    if args.json {
        print_json(&events)?;
    } else {
        list::print(events)?;
    }
    Ok(0)
}
