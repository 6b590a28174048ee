//! `voxtra events`: the catalogue.

use std::io::{self, Write};

use serde_json::{Value, json};
use voxtra_core::event::{CATALOGUE, EventInfo};

use super::{Failure, terminal::Paint};

/// List the built-in events
///
/// Every event that a call can produce: its wire name, when it happens, and the fields of its `data`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra events
  voxtra events --json | jq -r '.[].type'")]
pub(crate) struct Args {
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if args.json {
        let all: Vec<Value> = CATALOGUE.iter().map(as_json).collect();
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&all).map_err(Failure::failed)?
        )?;
    } else {
        let paint = Paint::stdout();
        for event in &CATALOGUE {
            entry(&mut out, event, paint)?;
        }
    }
    Ok(())
}

fn entry(out: &mut impl Write, event: &EventInfo, paint: Paint) -> io::Result<()> {
    writeln!(
        out,
        "{}  {}",
        paint.event(event.wire, event.wire),
        paint.soft(event.name)
    )?;
    for line in event.doc.lines() {
        writeln!(out, "    {}", line.trim())?;
    }
    let name_width = event.fields.iter().map(|f| f.name.len()).max().unwrap_or(0);
    let type_width = event.fields.iter().map(|f| f.ty.len()).max().unwrap_or(0);
    for field in event.fields {
        let row = format!(
            "{:name_width$}  {:type_width$}  {}",
            field.name,
            field.ty,
            field.doc.trim()
        );
        writeln!(out, "      {}", row.trim_end())?;
    }
    writeln!(out)
}

fn as_json(event: &EventInfo) -> Value {
    let fields: Vec<Value> = event
        .fields
        .iter()
        .map(|f| json!({ "name": f.name, "type": f.ty, "doc": f.doc.trim() }))
        .collect();
    json!({ "type": event.wire, "name": event.name, "doc": event.doc.trim(), "realtime": event.realtime, "data": fields })
}
