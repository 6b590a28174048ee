//! What was measured, as labels and values.

use std::time::Duration;

use super::measure::Loudness;
use super::play::Played;

/// The figures of a played call.
pub(super) fn of(played: &Played) -> Vec<(String, String)> {
    let (stats, tape) = (&played.stats, &played.tape);
    let heard = Loudness::of(tape);
    let turn_around = played.handling.map_or("–".into(), |(p50, p99)| {
        format!("{} / {} µs", micros(p50), micros(p99))
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
            "Allocations per frame",
            per_frame(played.allocations, stats.frames_in + stats.frames_out),
        ),
        (
            "Caller's lateness p99",
            format!("{:.1} ms", tape.lateness_p99().as_secs_f64() * 1e3),
        ),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into()
}

fn per_frame(allocations: u64, frames: u64) -> String {
    match (allocations, frames) {
        (_, 0) => "–".into(),
        (0, _) => "0".into(),
        (n, frames) => format!("{:.4}", n as f64 / frames as f64),
    }
}

fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 10.0 {
        format!("{micros:.1}")
    } else {
        format!("{micros:.0}")
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

/// 12345 → 12,345.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [grouped(7), grouped(123), grouped(1234), grouped(1_234_567)],
            ["7", "123", "1,234", "1,234,567"]
        );
        assert_eq!(
            [per_frame(0, 0), per_frame(0, 9), per_frame(3, 1200)],
            ["–", "0", "0.0025"]
        );
        assert_eq!(micros(Duration::from_nanos(8_540)), "8.5");
        assert_eq!(
            list(&[Duration::from_millis(712), Duration::from_millis(740)]),
            "712, 740 ms"
        );
    }
}
