//! `voxtra events`: the catalogue, or that of an agent.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use voxtra_rt::catalogue::{Catalogue, Form};

use super::{Failure, terminal::Paint};

/// List the events of a call
///
/// Every event that a call can produce: its wire name, when it happens, and the fields of its
/// `data`. With the program of an agent, which is run for a moment, the events that it declares are
/// listed too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra events
  voxtra events --json | jq -r '.[].type'
  voxtra events --schema > events.schema.json
  voxtra events --asyncapi -- cargo run --quiet > webhooks.asyncapi.json

An agent answers when it starts its application, before it listens or connects to anything.")]
pub(crate) struct Args {
    /// JSON instead of text
    #[arg(long, group = "form")]
    json: bool,
    /// JSON Schema (draft 2020-12) of an event as JSON
    #[arg(long, group = "form")]
    schema: bool,
    /// An AsyncAPI 3 document of the webhooks
    #[arg(long, group = "form")]
    asyncapi: bool,
    /// An agent, whose own events are wanted too, and its arguments
    #[arg(
        value_name = "AGENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    agent: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let form = match (args.json, args.schema, args.asyncapi) {
        (true, ..) => Form::Json,
        (_, true, _) => Form::Schema,
        (.., true) => Form::AsyncApi,
        _ => Form::Text,
    };
    let written = match args.agent.split_first() {
        None => Catalogue::built_in().written(form),
        Some((program, rest)) => ask(program, rest, form)?,
    };
    let mut out = io::stdout().lock();
    if form == Form::Text {
        let paint = Paint::stdout();
        for line in written.lines() {
            match line.split_once("  ") {
                // An event's first line: its wire name, and its struct.
                Some((wire, name)) if !wire.is_empty() => {
                    writeln!(out, "{}  {}", paint.event(wire, wire), paint.soft(name))?;
                }
                _ => writeln!(out, "{line}")?,
            }
        }
    } else {
        out.write_all(written.as_bytes())?;
    }
    Ok(())
}

/// What the agent says when it is asked.
pub(super) fn ask(program: &str, arguments: &[String], form: Form) -> Result<String, Failure> {
    let answer = Command::new(program)
        .args(arguments)
        .env("VOXTRA_EVENTS", form.name())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::usage(format!("cannot run {program}: {error}")))?;
    let text = String::from_utf8(answer.stdout)
        .map_err(|_| Failure::failed(format!("what {program} printed is not text")))?;
    let is_right = match form {
        Form::Text => text.starts_with("call.started"),
        _ => serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(),
    };
    // One that starts its application itself may fail then, because nothing was started.
    if !answer.status.success() && !is_right {
        return Err(
            Failure::failed(format!("{program} ended with {}", answer.status)).advise(
                "it must get as far as `Application::builder()….run()` or `.start()`, which answers",
            ),
        );
    }
    if !is_right {
        return Err(
            Failure::failed(format!("{program} did not print its events"))
                .advise("only the application may print to stdout; logs belong on stderr"),
        );
    }
    Ok(text)
}
