//! `voxtra load`: many calls at once, and how a server bears them.

mod book;
mod connection;
mod cpu;
mod generator;
mod histogram;
mod limits;
mod mark;
mod outcome;
mod poller;
mod progress;
mod report;
mod watch;

use std::io::{self, Write as _};
use std::time::Duration;

use uuid::Uuid;
use voxtra_core::audio::SampleRate;

use super::call::{rate, resolve};
use super::interrupt::Interrupt;
use super::{Failure, terminal};
use generator::{Generator, Plan};
use outcome::RunOutcome;
use progress::ProgressLine;
use report::Report;
use watch::Watch;

/// Make many calls at once to any AudioSocket server, and measure how it bears them
///
/// Does what Asterisk does: one connection a call, its id first, then one 20 ms frame every 20 ms
/// in one write each, to absolute deadlines, the calls spread evenly over the 20 ms; it reads
/// whatever comes, and hangs up by closing. Every frame is marked, so that the turn-around of each
/// is measured where the server echoes; of one that plays something, the spacing of its frames is.
/// One thread makes all calls; give the server other cores.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra echo --listen 127.0.0.1:9092 &
  voxtra load 127.0.0.1:9092 --calls 500 --seconds 20
  voxtra load 127.0.0.1:9092 --calls 1000 --seconds 30 --watch $! --json

What the figures mean:
  turn-around  from just before a frame's write until just after the read that brought its echo
  late         turn-around over 20 ms: the next frame was on its way already
  lost         no echo within a second after the end, or within 256 frames
  spacing      time between two audio frames received on one call
  generator    how late it wrote its own frames, and for how long it was busy and did not read: where these are
               large, the machine is too small for generator and server, and the other figures say little

Exit status: 0 measured, 1 the calls could not be set up or did not last, 130 interrupted (what was measured is shown).")]
pub(crate) struct Args {
    /// The server: host and port
    #[arg(value_name = "ADDR")]
    address: String,
    /// Calls at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(mark::MOST_CALLS)))]
    calls: u32,
    /// How long to measure
    #[arg(long, value_name = "S", default_value = "10", value_parser = some_time)]
    seconds: Duration,
    /// Samples per second on the wire
    #[arg(long, value_name = "HZ", default_value = "8000", value_parser = rate)]
    rate: SampleRate,
    /// How long all calls are up before that, in seconds
    #[arg(long, value_name = "S", default_value = "2", value_parser = any_time)]
    warm_up: Duration,
    /// Calls begun per second
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    ramp: u32,
    /// Present this id on every call [default: a random one each]
    #[arg(long, value_name = "UUID")]
    uuid: Option<Uuid>,
    /// The server's process on this machine: tell its CPU time and memory too, with its children's
    #[arg(long, value_name = "PID")]
    watch: Option<u32>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let address = resolve(&args.address)?;
    let watch = match args.watch {
        Some(process) => Some(Watch::new(process).ok_or_else(|| {
            Failure::usage(format_args!("there is no process {process} to watch"))
                .advise("--watch takes the id of a process on this machine, and needs /proc")
        })?),
        None => None,
    };
    limits::make_room(args.calls)?;
    let plan = Plan {
        address,
        calls: args.calls,
        rate: args.rate,
        measure: args.seconds,
        warm_up: args.warm_up,
        ramp: f64::from(args.ramp),
        uuid: args.uuid,
    };
    let interrupt = Interrupt::listen();
    let progress = ProgressLine::start(&plan);
    let outcome = Generator::new(&plan, &interrupt, progress.sender(), watch)
        .and_then(Generator::run)
        .map_err(|error| Failure::failed(format_args!("can't generate calls: {error}")));
    progress.clear();
    let outcome = outcome?;
    if outcome.calls_up == 0 {
        return Err(no_call(&plan, &outcome));
    }
    let report = Report::new(&plan, &outcome);
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(&mut out, terminal::Paint::stdout())?;
    }
    out.flush()?;
    verdict(&plan, &outcome)
}

/// Not one call came up.
fn no_call(plan: &Plan, outcome: &RunOutcome) -> Failure {
    match &outcome.endings.why_not {
        Some(why) => Failure::failed(format_args!("can't connect to {}: {why}", plan.address)).advise(
            "is the server running, and is that its address? `voxtra echo --listen ADDR` starts one",
        ),
        None => Failure::Interrupted,
    }
}

/// Whether the run was what was asked for. The figures are out already.
fn verdict(plan: &Plan, outcome: &RunOutcome) -> Result<(), Failure> {
    if outcome.interrupted {
        return Err(Failure::Interrupted);
    }
    if outcome.calls_up_at_end == 0 {
        let failure = if outcome.seconds.is_zero() {
            Failure::failed("the server ended all calls before anything was measured")
        } else {
            Failure::failed("the server ended all calls before the time was up")
        };
        return Err(failure
            .advise("its log may say why. If it knows only certain ids, name one with --uuid"));
    }
    for warning in report::warnings(plan, outcome) {
        terminal::note(format_args!(
            "{} {warning}",
            terminal::Paint::stderr().error("note:")
        ));
    }
    Ok(())
}

fn some_time(text: &str) -> Result<Duration, String> {
    any_time(text).and_then(|time| {
        if time.is_zero() {
            Err("more than 0 seconds".into())
        } else {
            Ok(time)
        }
    })
}

fn any_time(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "a number of seconds, such as 10 or 2.5".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time <= LONGEST => Ok(time),
        _ => Err("a number of seconds from 0 to 86400".into()),
    }
}

const LONGEST: Duration = Duration::from_secs(86_400);
