//! `voxtra webhook show`.

use std::io::{self, Write as _};

use voxtra_rt::webhook::EventState;
use voxtra_rt::webhook::control::{Control, EventEntry, EventQuery};

use super::store::{StoreArgs, failed};
use super::time::written;
use super::{print_json, shown};
use crate::Failure;
use crate::terminal::Paint;

/// Show one event: its body, and what became of it at each receiver
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook show 4bf92f3577b34da6a3ce929d0e0e4736
  voxtra webhook show 4bf92f3577b34da6a3ce929d0e0e4736 --json | jq -r '.[0].body'")]
pub(super) struct Args {
    /// The event's id (X-Voxtra-Event-Id)
    id: String,
    #[command(flatten)]
    store: StoreArgs,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let mut control = args.store.open().await?;
    let found = find(&mut control, &args.id, true).await?;
    if args.json {
        return print_json(&found);
    }
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    let Some(first) = found.first() else {
        return Ok(());
    };
    let sequence = first.sequence.map(|number| format!(", number {number}"));
    writeln!(
        out,
        "{}  {}\nsession {}{}\naccepted {}",
        paint.strong(shown(&first.id)),
        shown(&first.event),
        shown(&first.session_id),
        sequence.unwrap_or_default(),
        written(first.accepted),
    )?;
    for entry in &found {
        writeln!(out, "{}: {}", shown(&entry.endpoint), fate(entry))?;
    }
    let body = first.body.as_deref().unwrap_or_default();
    let pretty = serde_json::from_str::<serde_json::Value>(body)
        .and_then(|body| serde_json::to_string_pretty(&body));
    let body = pretty.unwrap_or_else(|_| body.to_owned());
    writeln!(out)?;
    for line in body.lines() {
        writeln!(out, "{}", shown(line))?;
    }
    Ok(())
}

/// What became of an event at one receiver, in words.
fn fate(entry: &EventEntry) -> String {
    let at = entry.at.map(written).unwrap_or_default();
    let tries = match entry.attempts {
        1 => "after 1 attempt".to_owned(),
        attempts => format!("after {attempts} attempts"),
    };
    let reason = entry.reason.as_deref().map(shown).unwrap_or_default();
    match entry.state {
        EventState::Dead => format!("given up at {at} {tries}: {reason}"),
        EventState::Delivered => format!("delivered at {at} {tries}"),
        _ => "pending".to_owned(),
    }
}

/// The event with this id, once for each receiver that it was for.
pub(super) async fn find(
    control: &mut Control,
    id: &str,
    bodies: bool,
) -> Result<Vec<EventEntry>, Failure> {
    let query = EventQuery::new(EventState::ALL).with(|query| {
        query.id = Some(id.to_owned());
        query.bodies = bodies;
    });
    let found = control.events(&query).await.map_err(failed)?.events;
    if found.is_empty() {
        return Err(Failure::failed(format_args!("the store has no event {}", shown(id))).advise(
            "`voxtra webhook list` shows what it has; of delivered events it keeps the newest (webhooks.keep_delivered)",
        ));
    }
    Ok(found)
}
