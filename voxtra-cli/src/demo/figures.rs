//! What was measured, as labels and values.

use std::time::Duration;

use super::measure::Loudness;
use super::play::Played;
use crate::media_figures::{grouped, micros};
use crate::report::TimedEvent;

/// The figures of a played call.
pub(super) fn of(played: &Played) -> Vec<(String, String)> {
    let (stats, media, tape) = (&played.stats, &played.media, &played.tape);
    let heard = Loudness::of(tape);
    let turn_around = media.handling.map_or("–".into(), |h| {
        format!("{} / {} µs", micros(h.p50), micros(h.p99))
    });
    [
        (
            "Frames in / out",
            format!(
                "{} / {}",
                grouped(stats.frames_in),
                grouped(stats.frames_out)
            ),
        ),
        ("Underruns", stats.underruns.to_string()),
        ("Turn-around p50 / p99", turn_around),
        ("Reply to the caller", list(&heard.replies())),
        ("Barge-in to silence", list(&heard.barge_ins())),
        (
            "Agent held / interrupted",
            format!("{} / {}", stats.agent_pauses, played.count("barge_in")),
        ),
        (
            "Allocations per frame",
            per_frame(
                media.allocations + media.frees,
                stats.frames_in + stats.frames_out,
            ),
        ),
        (
            "Caller's lateness p99",
            format!("{:.1} ms", tape.lateness_p99().as_secs_f64() * 1e3),
        ),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into()
}

/// The figures of the answers to a caller's turns.
pub(super) fn of_answers(events: &[TimedEvent]) -> Vec<(String, String)> {
    let measured = events.iter().filter(|event| event.wire == "turn.measured");
    let each = |field: &str| {
        let times = measured
            .clone()
            .filter_map(|event| event.data[field].as_u64());
        list(&times.map(Duration::from_millis).collect::<Vec<_>>())
    };
    vec![
        ("Silence before answers".into(), each("heard_silence_ms")),
        ("Voxtra's own part of it".into(), each("own_ms")),
    ]
}

fn per_frame(allocations: u64, frames: u64) -> String {
    match (allocations, frames) {
        (_, 0) => "–".into(),
        (0, _) => "0".into(),
        (n, frames) => format!("{:.4}", n as f64 / frames as f64),
    }
}

fn list(times: &[Duration]) -> String {
    match times {
        [] => "–".into(),
        times => {
            times
                .iter()
                .map(|t| t.as_millis().to_string())
                .collect::<Vec<_>>()
                .join(", ")
                + " ms"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [per_frame(0, 0), per_frame(0, 9), per_frame(3, 1200)],
            ["–", "0", "0.0025"]
        );
        assert_eq!(
            list(&[Duration::from_millis(712), Duration::from_millis(740)]),
            "712, 740 ms"
        );
    }
}
