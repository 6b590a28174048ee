//! What a run has found.

use std::time::Duration;

use serde::Serialize;

use super::case::Verdict;

/// All of a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Results {
    pub(crate) address: String,
    /// What the server does with ordinary callers.
    pub(crate) manner: &'static str,
    pub(crate) seconds: f64,
    #[serde(rename = "cases")]
    pub(crate) rows: Vec<Row>,
    pub(crate) well_behaved_call: Figures,
    /// Before and after, if the process is known.
    pub(crate) process: Option<[Held; 2]>,
}

/// One case.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) name: String,
    /// `pass`, `fail` or `skip`.
    pub(crate) result: &'static str,
    pub(crate) reason: String,
}

/// The well-behaved call in figures. Times in microseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) frames_sent: usize,
    pub(crate) frames_received: usize,
    pub(crate) lost: usize,
    pub(crate) late: usize,
    pub(crate) late_by_the_machine: usize,
    /// Turn-around of an echo, or the spacing of what the server sends by itself.
    pub(crate) server_us: Spread,
    /// Turn-around of the echo within this process.
    pub(crate) control_us: Spread,
    pub(crate) own_lateness_us: Spread,
}

/// Quantiles in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

/// What a process holds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Held {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) memory_kib: u64,
}

impl Results {
    pub(crate) fn failed(&self) -> usize {
        self.count("fail")
    }

    pub(crate) fn count(&self, result: &str) -> usize {
        self.rows.iter().filter(|row| row.result == result).count()
    }
}

impl Row {
    pub(crate) fn new(family: &'static str, name: impl Into<String>, verdict: Verdict) -> Self {
        let (result, reason) = match verdict {
            Verdict::Pass(how) => ("pass", how),
            Verdict::Fail(why) => ("fail", why),
            Verdict::Skip(why) => ("skip", why),
        };
        Self {
            family,
            name: name.into(),
            result,
            reason,
        }
    }
}

impl Spread {
    /// Of sorted durations.
    pub(crate) fn of(sorted: &[Duration]) -> Self {
        let micros = |share| {
            u64::try_from(super::steady::quantile(sorted, share).as_micros()).unwrap_or(u64::MAX)
        };
        Self {
            p50: micros(0.5),
            p99: micros(0.99),
            max: micros(1.0),
        }
    }
}
