//! What the media threads counted, for people and for scripts: at the end of `voxtra demo` and
//! `voxtra echo`.

use std::time::Duration;

use voxtra_rt::media::{CallStats, MediaStats};

/// What the media threads counted over all calls.
#[derive(Debug)]
pub(crate) struct MediaFigures {
    /// Calls that were taken.
    pub(crate) calls: u64,
    /// Their sums, as far as their connections are over.
    pub(crate) counted: CallStats,
    /// How long a frame's handling took; `None` if there was none.
    pub(crate) handling: Option<Handling>,
    /// Connections that were refused, by reason.
    pub(crate) refused: Vec<(&'static str, u64)>,
    /// Presentations of an id that another call has or had.
    pub(crate) second_claims: u64,
    /// Allocations on the media path.
    pub(crate) allocations: u64,
    /// Frees on the media path.
    pub(crate) frees: u64,
}

/// How long it took to handle a frame, its system calls included. Each is at most an eighth too
/// large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handling {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl MediaFigures {
    pub(crate) fn of(stats: &MediaStats) -> Self {
        let quantile = |q| stats.handling().quantile(q);
        let handling = || {
            Some(Handling {
                p50: quantile(0.5)?,
                p99: quantile(0.99)?,
                max: quantile(1.0)?,
            })
        };
        let (allocations, frees) = stats.hot_path_allocations();
        Self {
            calls: stats.accepted(),
            counted: stats.ended_calls(),
            handling: handling(),
            refused: stats
                .refusals()
                .into_iter()
                .map(|(reason, count)| (reason.name(), count))
                .collect(),
            second_claims: stats.second_claims(),
            allocations,
            frees,
        }
    }

    /// Labels and values.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let counted = &self.counted;
        let handling = self.handling.map_or("–".into(), |h| {
            let [p50, p99, max] = [h.p50, h.p99, h.max].map(micros);
            format!("{p50} / {p99} / {max} µs")
        });
        let refused = match self.refused.as_slice() {
            [] => "0".to_owned(),
            refused => {
                let all = refused
                    .iter()
                    .map(|(reason, count)| format!("{} {reason}", grouped(*count)));
                all.collect::<Vec<_>>().join(", ")
            }
        };
        vec![
            ("Calls", grouped(self.calls)),
            (
                "Frames in / out",
                format!(
                    "{} / {}",
                    grouped(counted.frames_in),
                    grouped(counted.frames_out)
                ),
            ),
            ("Frames dropped", grouped(counted.frames_dropped)),
            ("Handling p50 / p99 / max", handling),
            ("Connections refused", refused),
            (
                "Allocations / frees",
                format!("{} / {}", grouped(self.allocations), grouped(self.frees)),
            ),
        ]
    }

    /// The same and more as one object, whose `type` is `summary`. Times in µs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let counted = &self.counted;
        let us = |time: Duration| time.as_nanos() as f64 / 1e3;
        serde_json::json!({
            "type": "summary",
            "calls": self.calls,
            "frames_in": counted.frames_in,
            "frames_out": counted.frames_out,
            "frames_dropped": counted.frames_dropped,
            "slips": counted.slips,
            "gaps": counted.gaps,
            "violations": counted.violations,
            "records_missed": counted.records_missed,
            "handling_us": self.handling.map(|h| serde_json::json!({
                "p50": us(h.p50), "p99": us(h.p99), "max": us(h.max),
            })),
            "refused": self.refused.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
            "second_claims": self.second_claims,
            "media_path": { "allocations": self.allocations, "frees": self.frees },
        })
    }
}

/// Microseconds, with a decimal where it matters.
pub(crate) fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 10.0 {
        format!("{micros:.1}")
    } else {
        format!("{micros:.0}")
    }
}

/// 12345 → 12,345.
pub(crate) fn grouped(n: u64) -> String {
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
        assert_eq!(micros(Duration::from_nanos(8_540)), "8.5");
        assert_eq!(micros(Duration::from_nanos(85_400)), "85");
    }

    #[test]
    fn nothing_counted_is_no_time() {
        let figures = MediaFigures::of(&MediaStats::default());
        assert_eq!(figures.to_json()["handling_us"], serde_json::Value::Null);
        assert!(
            figures
                .rows()
                .contains(&("Frames in / out", "0 / 0".into()))
        );
    }
}
