//! `voxtra vad`: what voice detection makes of a recording.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
use voxtra_core::vad::{EnergyDetector, TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector};

use super::clock::Clock;
use super::{Failure, recording, terminal};

/// Find the speech in a recording
///
/// Runs the voice detector and the turn-taking of a live call over a WAV file (any rate, any number of channels) and prints when
/// somebody speaks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra vad call.wav                  start, end and duration of every stretch of speech
  voxtra vad call.wav --json           the same for a program
  voxtra vad call.wav --frames         t_ms,probability,speech for every 20 ms
  voxtra vad call.wav --detector energy    what the smallest detector makes of it")]
pub(crate) struct Args {
    /// The recording
    #[arg(value_name = "FILE.wav")]
    file: PathBuf,
    /// One line for every 20 ms: t_ms,probability,speech (1 or 0). `t_ms` is the frame's start
    #[arg(long)]
    frames: bool,
    /// JSON instead of text (with --frames, one object a line)
    #[arg(long)]
    json: bool,
    /// What listens
    #[arg(long, value_enum, default_value_t)]
    detector: Choice,
}

/// The detectors there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    /// Whatever stands out of the line's noise
    Energy,
    /// A network that knows speech on the telephone
    #[default]
    Telephone,
}

/// What the detector and the turn-taking said of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct FrameVerdict {
    t_ms: u64,
    probability: f32,
    speech: bool,
}

/// A stretch of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Speech {
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
}

#[derive(Serialize)]
struct Summary<'a> {
    file: String,
    duration_ms: u64,
    speech_ms: u64,
    segments: &'a [Speech],
}

const RATE_HZ: u32 = 8000;
const FRAME_MS: u64 = 20;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let recording = recording::read(&args.file)?;
    let duration_ms = recording.samples.len() as u64 * 1000 / u64::from(recording.rate_hz.max(1));
    let heard = recording::at_rate(recording, RATE_HZ)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.frames {
        let mut result = Ok(());
        listen(args.detector, &heard.samples, |frame| {
            if result.is_ok() {
                result = write_frame(&mut out, frame, args.json);
            }
        });
        result?;
        return Ok(out.flush()?);
    }
    let segments = listen(args.detector, &heard.samples, |_| {});
    let speech_ms = segments.iter().map(|s| s.end_ms - s.start_ms).sum();
    if args.json {
        let summary = Summary {
            file: args.file.display().to_string(),
            duration_ms,
            speech_ms,
            segments: &segments,
        };
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&summary).map_err(Failure::failed)?
        )?;
    } else {
        for s in &segments {
            writeln!(
                out,
                "{:>9} – {:<9}  {:>6.2} s",
                Clock(s.start_ms),
                Clock(s.end_ms).to_string(),
                seconds(s.end_ms - s.start_ms)
            )?;
        }
        out.flush()?;
        let paint = terminal::Paint::stderr();
        let stretches = if segments.len() == 1 {
            "stretch"
        } else {
            "stretches"
        };
        let total = format!(
            "{} {stretches} of speech, {:.2} s of {:.2} s",
            segments.len(),
            seconds(speech_ms),
            seconds(duration_ms)
        );
        terminal::note(paint.soft(total));
    }
    Ok(out.flush()?)
}

fn write_frame(out: &mut impl Write, frame: FrameVerdict, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, &frame)?;
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

/// Runs a detector and the turn-taking over 8 kHz samples, as on a call where the agent never speaks.
fn listen(choice: Choice, samples: &[i16], on_frame: impl FnMut(FrameVerdict)) -> Vec<Speech> {
    match choice {
        Choice::Energy => listen_with(EnergyDetector::new(), samples, on_frame),
        Choice::Telephone => listen_with(TelephoneDetector::new(), samples, on_frame),
    }
}

fn listen_with(
    mut detector: impl VoiceDetector,
    samples: &[i16],
    mut on_frame: impl FnMut(FrameVerdict),
) -> Vec<Speech> {
    let settings = TurnSettings::default();
    let mut turns = TurnTaking::new(settings);
    let mut segments = Vec::new();
    let mut last_voice = 0;
    let mut ended = |event: TurnEvent, last_voice: u64| {
        if let TurnEvent::SpeechEnded { duration } = event {
            segments.push(Speech {
                start_ms: last_voice.saturating_sub(duration.as_millis() as u64),
                end_ms: last_voice,
            });
        }
    };
    for (n, frame) in samples
        .as_chunks::<VAD_FRAME_SAMPLES>()
        .0
        .iter()
        .enumerate()
    {
        let t_ms = n as u64 * FRAME_MS;
        let probability = detector.process(frame);
        // A frame is handled when all of it is there: at its end.
        turns.handle_frame(
            Instant::from_millis(t_ms + FRAME_MS),
            probability,
            false,
            &mut |e| ended(e, last_voice),
        );
        if probability >= settings.stop_threshold {
            last_voice = t_ms + FRAME_MS;
        }
        on_frame(FrameVerdict {
            t_ms,
            probability,
            speech: turns.is_user_speaking(),
        });
    }
    turns.finish(&mut |e| ended(e, last_voice));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(ms: usize) -> Vec<i16> {
        (0..ms * 8)
            .map(|n| ((n as f64 * 0.4).sin() * 9000.0) as i16)
            .collect()
    }

    #[test]
    fn speech_has_the_times_of_the_audio() {
        let audio = [vec![0; 8000], tone(600), vec![0; 8000], tone(400)].concat();
        let mut frames = Vec::new();
        let segments = listen(Choice::Energy, &audio, |f| frames.push(f));
        assert_eq!(frames.len(), 150);
        assert_eq!(frames[7].t_ms, 140);
        assert_eq!(segments.len(), 2, "{segments:?}");
        for (segment, (start, end)) in segments.iter().zip([(1000, 1600), (2600, 3000)]) {
            assert!(
                segment.start_ms.abs_diff(start) <= 60 && segment.end_ms.abs_diff(end) <= 100,
                "{segment:?}"
            );
        }
    }

    #[test]
    fn a_frame_line_is_what_the_scorer_parses() {
        let mut out = Vec::new();
        write_frame(
            &mut out,
            FrameVerdict {
                t_ms: 40,
                probability: 0.51239,
                speech: true,
            },
            false,
        )
        .unwrap();
        write_frame(
            &mut out,
            FrameVerdict {
                t_ms: 60,
                probability: 0.0,
                speech: false,
            },
            true,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "40,0.5124,1\n{\"t_ms\":60,\"probability\":0.0,\"speech\":false}\n"
        );
    }
}
