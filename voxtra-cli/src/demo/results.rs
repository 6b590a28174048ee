//! The demo's files.

use std::io;
use std::path::{Path, PathBuf};

use voxtra_core::turn::TurnSettings;

use super::measure::Loudness;
use super::play::Played;
use crate::report::{Report, Segment, Side, TimedEvent};
use crate::{Failure, private, recording};

/// Makes the directory for the results: the one that is named, or a fresh one here.
pub(super) fn directory(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let refuse = |path: &Path, error: io::Error| {
        Failure::failed(format_args!("can't make {}: {error}", path.display()))
            .advise("name a directory with --out")
    };
    if let Some(path) = named {
        private::create_dir_all(path).map_err(|error| refuse(path, error))?;
        return Ok(path.to_owned());
    }
    let mut number = 1;
    loop {
        let path = PathBuf::from(if number == 1 {
            "voxtra-demo".into()
        } else {
            format!("voxtra-demo-{number}")
        });
        match private::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(refuse(&path, error)),
        }
    }
}

/// Writes the three files and returns their paths.
pub(super) fn write(
    directory: &Path,
    played: &Played,
    title: &str,
    figures: Vec<(String, String)>,
) -> Result<[PathBuf; 3], Failure> {
    let paths = ["events.jsonl", "call.wav", "report.html"].map(|name| directory.join(name));
    let [events_path, wav_path, report_path] = &paths;
    let put = |path: &Path, bytes: &[u8]| {
        private::write(path, bytes).map_err(|error| {
            Failure::failed(format_args!("can't write {}: {error}", path.display()))
        })
    };
    let lines: String = played
        .events
        .iter()
        .map(|event| event.to_json() + "\n")
        .collect();
    put(events_path, lines.as_bytes())?;

    let tape = &played.tape;
    let agent = tape.heard_in_time();
    let wav = recording::to_wav(tape.rate_hz, &[&tape.caller, &agent]).map_err(Failure::failed)?;
    put(wav_path, &wav)?;

    let events = played.timed_events();
    let report = Report {
        title: title.into(),
        subtitle: format!(
            "voxtra demo · {:.1} s at {} kHz over AudioSocket on loopback · {}",
            tape.duration.as_secs_f64(),
            tape.rate_hz / 1000,
            played.started.strftime("%-d %B %Y, %H:%M UTC"),
        ),
        sample_rate: tape.rate_hz,
        caller: tape.caller.clone(),
        agent,
        held: Loudness::of(tape)
            .held()
            .into_iter()
            .map(|(from, to)| (from.as_millis() as u64, to.as_millis() as u64))
            .collect(),
        segments: segments(&events, u64::from(TurnSettings::default().hangover_ms)),
        events,
        figures,
        wav,
    };
    put(report_path, report.render().as_bytes())?;
    Ok(paths)
}

/// Who spoke when, as the events tell it.
fn segments(events: &[TimedEvent], hangover_ms: u64) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut agent_since = None;
    for event in events {
        match event.wire.as_str() {
            "user.speech.ended" => {
                // The event comes when the hangover is over; the duration is without it.
                let end_ms = event.t_ms.saturating_sub(hangover_ms);
                let long = event.data["duration_ms"].as_u64().unwrap_or(0);
                segments.push(Segment {
                    who: Side::Caller,
                    start_ms: end_ms.saturating_sub(long),
                    end_ms,
                });
            }
            "agent.speech.started" => agent_since = Some(event.t_ms),
            "agent.speech.ended" => {
                if let Some(start_ms) = agent_since.take() {
                    segments.push(Segment {
                        who: Side::Agent,
                        start_ms,
                        end_ms: event.t_ms,
                    });
                }
            }
            _ => {}
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn segments_are_where_the_sound_was() {
        let event = |t_ms, wire: &str, data| TimedEvent {
            t_ms,
            wire: wire.into(),
            data,
        };
        let found = segments(
            &[
                event(100, "agent.speech.started", json!({})),
                event(2040, "user.speech.ended", json!({ "duration_ms": 800 })),
                event(900, "agent.speech.ended", json!({})),
                event(950, "agent.speech.ended", json!({})),
            ],
            240,
        );
        assert_eq!(
            found,
            [
                Segment {
                    who: Side::Caller,
                    start_ms: 1000,
                    end_ms: 1800
                },
                Segment {
                    who: Side::Agent,
                    start_ms: 100,
                    end_ms: 900
                },
            ]
        );
    }
}
