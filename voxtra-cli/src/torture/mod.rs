//! `voxtra torture`: a conformance suite for AudioSocket servers, judged by what is seen on the
//! wire.

mod case;
mod crowds;
mod cuts;
mod endings;
mod floods;
mod identity;
mod process;
mod results;
mod run;
mod steady;
mod table;
mod target;
mod timing;
mod violations;
mod wire;

use std::net::SocketAddr;

use uuid::Uuid;
use voxtra::rt::media::allow_descriptors;

use super::call::resolve;
use super::runtime::runtime;
use super::{Failure, terminal};
use case::Case;
use target::{Manner, Target};

/// Treat an AudioSocket server badly, and see what it does
///
/// Plays every way in which a peer can break the protocol, its timing or its connection, and judges
/// the server by what it does on the wire: broken frames, half connections, floods, crowds that
/// never identify themselves, clocks that drift. A well-behaved call runs beside all cases and must
/// not notice them. Takes about half a minute.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra echo --listen 127.0.0.1:9092 &
  voxtra torture 127.0.0.1:9092 --pid $!
  voxtra torture 127.0.0.1:9092 --case floods --case slow-id
  voxtra torture --list

Use it on servers that are yours: it takes all that they have. A server that echoes its callers is judged most closely.
With --uuid, cases that need two calls at once share the id. The table goes to stdout. Exit status 1 means that a case
failed.")]
pub(crate) struct Args {
    /// The server: host and port
    #[arg(value_name = "ADDR", required_unless_present = "list")]
    address: Option<String>,
    /// The server's process on this machine: sees that its descriptors, threads and memory come
    /// back to where they were, and doesn't blame it for a busy machine
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// The id to present [default: a random one each time]
    #[arg(long, value_name = "UUID")]
    uuid: Option<Uuid>,
    /// Connections of the silent crowd
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    connections: u32,
    /// Only this case, or this family of cases; may be given more than once
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// The cases, what each does and what a good server does; nothing is run
    #[arg(long)]
    list: bool,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// Descriptors for everything but the crowd.
const OTHER_DESCRIPTORS: u32 = 1024;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let cases = chosen(&args.cases)?;
    let address = match &args.address {
        Some(address) if !args.list => resolve(address)?,
        _ => return table::list(&cases, args.json),
    };
    if let Some(pid) = args.pid {
        process::Holdings::of(pid).map_err(|error| {
            Failure::usage(format_args!("can't look at process {pid}: {error}"))
                .advise("give the process id of the server itself, on this machine, running under your user")
        })?;
    }
    let target = Target {
        address,
        id: args.uuid,
        manner: Manner::Echoes,
        crowd: crowd(args.connections),
    };
    let results = runtime()?.block_on(meet_and_run(args, target, cases))?;
    table::print(&results, args.json)?;
    match results.failed() {
        0 => Ok(()),
        failed => Err(Failure::failed(format_args!(
            "{failed} of {} cases failed",
            results.rows.len()
        ))),
    }
}

async fn meet_and_run(
    args: &Args,
    mut target: Target,
    cases: Vec<Case>,
) -> Result<results::Results, Failure> {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
        manner = target.manner_of() => target.manner = manner.map_err(|why| not_met(target.address, &why))?,
    }
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        results = run::run(target, args.pid, cases) => results,
    }
}

fn not_met(address: SocketAddr, why: &str) -> Failure {
    Failure::failed(format_args!(
        "{address} does not serve an ordinary call: {why}"
    ))
    .advise("is the server running there? If it takes only ids that it knows, give one with --uuid")
}

/// As many connections as this process may open.
fn crowd(wanted: u32) -> usize {
    let limit = allow_descriptors(u64::from(wanted.saturating_add(OTHER_DESCRIPTORS)));
    let most = limit.saturating_sub(u64::from(OTHER_DESCRIPTORS)).max(1);
    if most < u64::from(wanted) {
        terminal::note(format_args!(
            "the crowd has {most} connections instead of {wanted}: this process may not open more files (ulimit -Hn)"
        ));
    }
    usize::try_from(most.min(u64::from(wanted))).unwrap_or(usize::MAX)
}

/// The cases that were asked for.
fn chosen(names: &[String]) -> Result<Vec<Case>, Failure> {
    let mut all = case::all();
    for name in names {
        if !all
            .iter()
            .any(|case| case.name == *name || case.family == name)
        {
            return Err(
                Failure::usage(format_args!("there is no case or family `{name}`"))
                    .advise("`voxtra torture --list` names them all"),
            );
        }
    }
    all.retain(|case| {
        names.is_empty()
            || names
                .iter()
                .any(|name| case.name == *name || case.family == name)
    });
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own_and_says_what_it_is_about() {
        let all = case::all();
        let names: HashSet<&str> = all
            .iter()
            .flat_map(|case| [case.name.as_str(), case.family])
            .collect();
        let families: HashSet<&str> = all.iter().map(|case| case.family).collect();
        assert_eq!(names.len(), all.len() + families.len());
        assert!(
            all.iter()
                .all(|case| !case.does.is_empty() && !case.good.is_empty())
        );
        assert_eq!(
            chosen(&["rates".into(), "slow-id".into()]).unwrap().len(),
            10
        );
        assert!(chosen(&["rats".into()]).is_err());
    }
}
