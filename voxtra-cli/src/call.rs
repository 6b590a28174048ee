//! `voxtra call`: Asterisk's part of a call, towards any AudioSocket server.

use std::io::{self, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;
use voxtra_core::audio::SampleRate;

use super::caller::{CallError, Ending, Progress, Script, Step, Tape, TestCall};
use super::clock::Clock;
use super::interrupt::Interrupt;
use super::{Failure, recording, terminal};

/// Call an AudioSocket server as Asterisk would
///
/// Connects, presents a UUID, and then sends one 20 ms frame every 20 ms, in real time, while it
/// records what comes back: first the WAV file, if there is one, then the keys, then silence until
/// the server hangs up or the time to wait is over.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra echo --listen 127.0.0.1:9092 &
  voxtra call 127.0.0.1:9092 --wav hello.wav --out heard.wav
  voxtra call 127.0.0.1:9092 --wav hello.wav --dtmf 12# --rate 16000 --wait 10
  voxtra call 127.0.0.1:9092 --dtmf 1

The summary goes to stdout. Exit status 1 means that the call did not come about, or broke.")]
pub(crate) struct Args {
    /// The server: host and port
    #[arg(value_name = "ADDR")]
    address: String,
    /// What the caller says: a WAV file, any rate [default: a second of silence]
    #[arg(long, value_name = "IN")]
    wav: Option<PathBuf>,
    /// Write what was heard to this WAV file
    #[arg(long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Keys to press after speaking: 0-9 A-D * #
    #[arg(long, value_name = "KEYS", value_parser = keys)]
    dtmf: Option<String>,
    /// The id to present. Voxtra's own server refuses ids that it does not know [default: random]
    #[arg(long, value_name = "UUID")]
    uuid: Option<Uuid>,
    /// Samples per second on the wire
    #[arg(long, value_name = "HZ", default_value = "8000", value_parser = rate)]
    rate: SampleRate,
    /// How long to stay on the line afterwards, in seconds [default: until 2 s after the last word
    /// heard]
    #[arg(long, value_name = "SECS", value_parser = wait)]
    wait: Option<Duration>,
}

/// Without `--wait`, nobody stays longer than this for an agent that does not stop talking.
const LONGEST_STAY: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let speech = match &args.wav {
        Some(wav) => Some(recording::at_rate(recording::read(wav)?, args.rate.hz())?),
        None => None,
    };
    let address = resolve(&args.address)?;
    if let Some(out) = &args.out {
        // Better now than after a call of minutes.
        recording::write(out, args.rate.hz(), &[&[]])?;
    }
    let call = TestCall {
        address,
        id: args.uuid.unwrap_or_else(Uuid::new_v4),
        rate: args.rate,
    };
    let mut progress = ProgressLine::new();
    let tape = call
        .call(script(args, speech.map(|speech| speech.samples)), &Interrupt::listen(), &mut |p| progress.show(&p))
        .map_err(|error| match error {
            CallError::Connect { .. } => {
                Failure::failed(error).advise("is the server running, and is that its address? `voxtra echo --listen ADDR` starts one")
            }
            CallError::Socket(_) => Failure::failed(error),
        })?;
    progress.clear();
    if let Some(out) = &args.out {
        recording::write(out, tape.rate_hz, &[&tape.heard_in_time()])?;
    }
    summary(args, &tape, call.id)?;
    match &tape.ending {
        Ending::HungUp | Ending::ServerHungUp => Ok(()),
        Ending::ServerClosed if tape.heard.is_empty() => Err(Failure::failed(
            "the server closed the connection without a word",
        )
        .advise("it may not know the UUID: give one that it expects with --uuid")),
        Ending::ServerClosed => Ok(()),
        Ending::Broken(why) => Err(Failure::failed(format_args!("the connection broke: {why}"))),
        Ending::Interrupted => Err(Failure::Interrupted),
    }
}

fn script(args: &Args, speech: Option<Vec<i16>>) -> Script {
    let mut steps = vec![match speech {
        Some(samples) => Step::Say {
            name: "recording".into(),
            samples: samples.into(),
        },
        None => Step::Wait(Duration::from_secs(1)),
    }];
    if let Some(keys) = &args.dtmf {
        steps.push(Step::Press(keys.clone()));
    }
    match args.wait {
        Some(wait) => steps.push(Step::Wait(wait)),
        // An answer takes a moment: the quiet begins to count when everything is said.
        None => steps.extend([
            Step::Wait(QUIET),
            Step::UntilQuiet {
                long: QUIET,
                at_most: LONGEST_STAY,
            },
        ]),
    }
    steps.push(Step::HangUp);
    Script::new(steps)
}

fn summary(args: &Args, tape: &Tape, id: Uuid) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let paint = terminal::Paint::stdout();
    let mut row = |label: &str, value: String| writeln!(out, "{:<12}{value}", label);
    let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1000.0);
    let seconds = |samples: usize| format!("{:.2} s", samples as f64 / f64::from(tape.rate_hz));
    row(
        "call",
        format!("{} at {} Hz, id {id}", args.address, tape.rate_hz),
    )?;
    let ending = match &tape.ending {
        Ending::HungUp => "we hung up".to_owned(),
        Ending::ServerHungUp => "the server hung up".to_owned(),
        Ending::ServerClosed => "the server closed the connection".to_owned(),
        Ending::Broken(why) => format!("broken: {why}"),
        Ending::Interrupted => "interrupted".to_owned(),
    };
    row(
        "lasted",
        format!("{:.2} s, {ending}", tape.duration.as_secs_f64()),
    )?;
    row(
        "sent",
        format!(
            "{} frames, {}, p99 {} late",
            tape.lateness.len(),
            seconds(tape.caller.len()),
            ms(tape.lateness_p99())
        ),
    )?;
    row(
        "heard",
        format!(
            "{} frames, {}, longest gap {}",
            tape.arrivals.len(),
            seconds(tape.heard.len()),
            ms(tape.longest_gap())
        ),
    )?;
    if let Some(path) = &args.out {
        row("written", path.display().to_string())?;
    }
    for complaint in &tape.complaints {
        row(&paint.error("complaint"), format!("   {complaint}"))?;
    }
    Ok(())
}

/// One line on a terminal that tells how far the call is; nothing elsewhere.
struct ProgressLine {
    on: bool,
    frames: u64,
}

impl ProgressLine {
    fn new() -> Self {
        Self {
            on: terminal::shows_progress(),
            frames: 0,
        }
    }

    fn show(&mut self, progress: &Progress<'_>) {
        if !self.on {
            return;
        }
        match progress {
            Progress::Tick { now, agent_speaks } => {
                self.frames += 1;
                if self.frames % 5 == 1 {
                    let what = if *agent_speaks {
                        "hearing speech"
                    } else {
                        "hearing silence"
                    };
                    terminal::overwrite(format_args!("{}  {what}", Clock(now.as_millis() as u64)));
                }
            }
            Progress::Action { now, action } => terminal::note(format_args!(
                "\r\x1b[K{}  {}",
                Clock(now.as_millis() as u64),
                action
            )),
        }
    }

    fn clear(&self) {
        if self.on {
            terminal::overwrite("");
        }
    }
}

/// Host and port as an address.
pub(crate) fn resolve(address: &str) -> Result<SocketAddr, Failure> {
    let refuse = |why: String| {
        Failure::usage(format_args!("`{address}` is not an address: {why}"))
            .advise("give host and port, such as 127.0.0.1:9092")
    };
    let mut found = address
        .to_socket_addrs()
        .map_err(|error| refuse(error.to_string()))?;
    found
        .next()
        .ok_or_else(|| refuse("nothing by that name".into()))
}

fn keys(text: &str) -> Result<String, String> {
    let keys = text.to_ascii_uppercase();
    match keys
        .chars()
        .find(|c| !matches!(c, '0'..='9' | 'A'..='D' | '*' | '#'))
    {
        Some(c) => Err(format!("there is no key `{c}`: 0-9, A-D, * and # are")),
        None => Ok(keys),
    }
}

pub(crate) fn rate(text: &str) -> Result<SampleRate, String> {
    match text {
        "8000" => Ok(SampleRate::Hz8000),
        "16000" => Ok(SampleRate::Hz16000),
        _ => Err("8000 or 16000".into()),
    }
}

fn wait(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "a number of seconds, such as 2.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "a number of seconds, 0 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_say_what_is_wrong_with_them() {
        assert_eq!(keys("12#ab*").unwrap(), "12#AB*");
        assert!(keys("12x").unwrap_err().contains("`X`"));
        assert_eq!(wait("2.5").unwrap(), Duration::from_millis(2500));
        assert!(wait("-1").is_err() && wait("soon").is_err() && wait("1e30").is_err());
        assert!(rate("44100").is_err());
        assert_eq!(resolve("127.0.0.1:9092").unwrap().port(), 9092);
        assert!(matches!(resolve("127.0.0.1"), Err(Failure::Usage { .. })));
    }
}
