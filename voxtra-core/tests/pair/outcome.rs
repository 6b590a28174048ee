//! A call in two lines: its figures, and what happened when.

use std::fmt::Write;

use voxtra_core::event::{AgentHeldOutcome, Realtime, RecordBody};
use voxtra_core::time::Instant;

use crate::call::CallOutcome;

pub(crate) const HEADER: &str = "\
    fault            seed |   end |  in gaps viol |  out drop late slip undr | agent: given lost | caller: heard both none | phone: over under";

pub(crate) fn figures(outcome: &CallOutcome) -> String {
    let report = &outcome.asterisk;
    let (end, why) = report.ended.clone().unwrap();
    let rate = rate(outcome);
    let seconds = |frames: usize| frames as f64 / 50.0;
    let mut line = format!(
        "{:>5} | {:>3} {:>4} {:>4} | {:>4} {:>4} {:>4} {:>4} {:>4} | {:>12} {:>4} | {:>13.2} {:>4.2} {:>4.2} | {:>11} {:>5} | {why}",
        time(end),
        outcome.leg.frames_in,
        outcome.leg.gaps,
        outcome.leg.violations,
        outcome.leg.frames_out,
        outcome.kept.frames_dropped,
        outcome.playout.late_frames,
        outcome.playout.slips,
        outcome.playout.underruns,
        outcome.account.given / rate,
        outcome.account.skipped / rate,
        seconds(report.heard.iter().filter(|heard| **heard).count()),
        seconds(longest(report, |heard, spoke| heard && spoke)),
        seconds(longest(report, |heard, spoke| !heard && !spoke)),
        report.overflows,
        report.underflows,
    );
    for (complaint, count) in &report.complaints {
        write!(line, "; {count} × {complaint}").unwrap();
    }
    line
}

/// The rate of what was sent last, in samples a millisecond.
fn rate(outcome: &CallOutcome) -> u64 {
    match outcome.kept.messages.last() {
        Some((_, message)) if message[0] == 0x12 => 16,
        _ => 8,
    }
}

/// The longest run of frames in which the two did so.
fn longest(report: &crate::asterisk::Report, is: impl Fn(bool, bool) -> bool) -> usize {
    let both = report.heard.iter().zip(&report.spoke);
    let flags: Vec<bool> = both.map(|(heard, spoke)| is(*heard, *spoke)).collect();
    flags.split(|flag| !flag).map(<[bool]>::len).max().unwrap()
}

pub(crate) fn story(outcome: &CallOutcome) -> String {
    let told = outcome.kept.records.iter().map(|record| {
        let what = match record.body {
            RecordBody::Event(event) => match event {
                Realtime::MediaStarted(started) => format!("media {}", started.sample_rate / 1_000),
                Realtime::MediaStopped(stopped) => format!("stop {:?}", stopped.reason),
                Realtime::UserSpeechStarted(_) => "(".into(),
                Realtime::UserSpeechEnded(ended) => format!(") {}", ended.duration_ms),
                Realtime::TurnEnded(ended) => format!("turn {}", ended.duration_ms),
                Realtime::BargeIn(_) => "barge-in".into(),
                Realtime::AgentHeld(held) => match held.outcome {
                    AgentHeldOutcome::Pending => "[".into(),
                    outcome => format!("] {} {}", outcome.as_str(), held.held_ms),
                },
                Realtime::SilenceDetected(_) => "silence".into(),
                Realtime::DtmfReceived(key) => format!("key {}", key.digit),
                other => format!("{other:?}"),
            },
            RecordBody::UtteranceStarted { utterance } => format!("<{utterance}"),
            RecordBody::UtteranceEnded {
                utterance,
                interrupted,
                played,
            } => format!(
                "{}{utterance} {}",
                if interrupted { "/" } else { ">" },
                played / rate(outcome)
            ),
            RecordBody::Fault(fault) => format!("! {fault:?}"),
            RecordBody::Missed(count) => format!("missed {count}"),
            other => format!("{other:?}"),
        };
        format!("{} {what}", time(record.at))
    });
    told.collect::<Vec<_>>().join(" · ")
}

/// Seconds.
fn time(at: Instant) -> String {
    format!("{:.2}", at.as_micros() as f64 / 1e6)
}
