//! `voxtra vad`: what voice detection makes of a recording.

mod listen;
mod plot;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum as _;
use serde::Serialize;
use voxtra_rt::config::Config;

use super::clock::Clock;
use super::{Failure, check, private, recording, terminal};
use listen::{Analysis, Choice, FrameVerdict, RATE_HZ, Speech, listen};
use plot::Plot;

/// Find the speech in a recording
///
/// Runs the voice detector and the turn-taking of a live call over a WAV file (any rate; several
/// channels are mixed) and prints when somebody speaks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra vad call.wav                  start, end and duration of every stretch of speech
  voxtra vad call.wav --json           the same for a program
  voxtra vad call.wav --plot call.svg  and a picture of it, for a browser
  voxtra vad call.wav --frames         t_ms,probability,speech for every 20 ms
  voxtra vad call.wav -c voxtra.toml   as the calls of this configuration would have it
  voxtra vad call.wav --detector energy    what the smallest detector makes of it")]
pub(crate) struct Args {
    /// The recording
    #[arg(value_name = "FILE.wav")]
    file: PathBuf,
    /// One line for every 20 ms: t_ms,probability,speech. `t_ms` is the frame's start; speech is 1
    /// when it is likely, or 0
    #[arg(long)]
    frames: bool,
    /// JSON instead of text (with --frames, one object a line)
    #[arg(long)]
    json: bool,
    /// Draw waveform, probabilities, thresholds and speech over time into this file, as SVG; `-` is
    /// stdout, in place of the text
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// What listens: `telephone`, or what the configuration says
    #[arg(long, value_enum)]
    detector: Option<Choice>,
    /// Take turns and the detector from this configuration
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct Summary<'a> {
    file: String,
    duration_ms: u64,
    speech_ms: u64,
    segments: &'a [Speech],
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let plot_to_stdout = args.plot.as_deref() == Some(Path::new("-"));
    if plot_to_stdout && (args.frames || args.json) {
        return Err(
            Failure::usage("`--plot -` and --frames or --json can't share stdout")
                .advise("name a file for the picture"),
        );
    }
    let config = match &args.config {
        Some(path) => check::read(path)?,
        None => Config::default(),
    };
    let recording = recording::read(&args.file)?;
    if let Some(path) = &args.plot
        && is_same_file(path, &args.file)
    {
        return Err(
            Failure::usage(format_args!("--plot would overwrite {}", path.display()))
                .advise("name another file for the picture"),
        );
    }
    let duration_ms = recording.samples.len() as u64 * 1000 / u64::from(recording.rate_hz.max(1));
    let samples = recording::at_rate(recording, RATE_HZ)?.samples;
    let choice = args.detector.unwrap_or(config.media.detector.into());
    let heard = listen(choice, config.leg.turn, &samples);

    if let Some(path) = &args.plot {
        let detector = choice.to_possible_value();
        let name = args.file.file_name().unwrap_or(args.file.as_os_str());
        let svg = Plot {
            name: &name.to_string_lossy(),
            detector: detector.as_ref().map_or("", |value| value.get_name()),
            settings: &config.leg.turn,
            samples: &samples,
            duration_ms,
            heard: &heard,
        }
        .to_svg();
        if plot_to_stdout {
            io::stdout().lock().write_all(svg.as_bytes())?;
        } else {
            write_plot(path, &svg)?;
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if args.frames {
        for frame in &heard.frames {
            write_frame(&mut out, frame, args.json)?;
        }
    } else if args.json {
        let summary = Summary {
            file: args.file.display().to_string(),
            duration_ms,
            speech_ms: heard.speech_ms(),
            segments: &heard.segments,
        };
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&summary).map_err(Failure::failed)?
        )?;
    } else {
        if !plot_to_stdout {
            write_segments(&mut out, &heard.segments)?;
        }
        out.flush()?;
        terminal::note(terminal::Paint::stderr().soft(in_all(&heard, duration_ms)));
    }
    Ok(out.flush()?)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Writes the picture, and says where.
fn write_plot(path: &Path, svg: &str) -> Result<(), Failure> {
    private::write(path, svg.as_bytes()).map_err(|error| {
        let failure = Failure::failed(format_args!("can't write {}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::NotFound => failure.advise("its directory must exist"),
            io::ErrorKind::IsADirectory => failure.advise("name a file in it"),
            io::ErrorKind::PermissionDenied => {
                failure.advise("name a file where you may write, or `-` for stdout")
            }
            _ => failure,
        }
    })?;
    let paint = terminal::Paint::stderr();
    terminal::note(paint.soft(format_args!("plot: {}", path.display())));
    Ok(())
}

fn write_segments(out: &mut impl Write, segments: &[Speech]) -> io::Result<()> {
    for s in segments {
        writeln!(
            out,
            "{:>9} – {:<9}  {:>6.2} s",
            Clock(s.start_ms),
            Clock(s.end_ms).to_string(),
            seconds(s.length_ms())
        )?;
    }
    Ok(())
}

fn in_all(heard: &Analysis, duration_ms: u64) -> String {
    let stretches = if heard.segments.len() == 1 {
        "stretch"
    } else {
        "stretches"
    };
    format!(
        "{} {stretches} of speech, {:.2} s of {:.2} s",
        heard.segments.len(),
        seconds(heard.speech_ms()),
        seconds(duration_ms)
    )
}

fn write_frame(out: &mut impl Write, frame: &FrameVerdict, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, frame)?;
        writeln!(out)
    } else {
        writeln!(
            out,
            "{},{:.4},{}",
            frame.t_ms,
            frame.probability,
            u8::from(frame.speech)
        )
    }
}

fn seconds(ms: u64) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_line_is_what_the_scorer_parses() {
        let mut out = Vec::new();
        write_frame(
            &mut out,
            &FrameVerdict {
                t_ms: 40,
                probability: 0.51239,
                speech: true,
                told: false,
            },
            false,
        )
        .unwrap();
        write_frame(
            &mut out,
            &FrameVerdict {
                t_ms: 60,
                probability: 0.0,
                speech: false,
                told: false,
            },
            true,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "40,0.5124,1\n{\"t_ms\":60,\"probability\":0.0,\"speech\":false,\"told\":false}\n"
        );
    }
}
