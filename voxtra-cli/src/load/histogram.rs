//! Durations, counted finely enough for a p99.9 and cheaply enough for every frame.

use serde::{Serialize, Serializer};

/// A histogram of durations in nanoseconds: log-linear, exact to 1 %, from 0.1 µs to two minutes.
#[derive(Debug, Clone)]
pub(crate) struct Histogram(hdrhistogram::Histogram<u64>);

const LOWEST_NS: u64 = 100;
const HIGHEST_NS: u64 = 120_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 2;

/// Figures of a histogram in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
}

impl Histogram {
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        hdrhistogram::Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS)
            .map(Self)
    }

    /// Counts one duration. What is longer than two minutes counts as two minutes.
    pub(crate) fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// What the given share of all durations does not exceed, in µs.
    pub(crate) fn quantile_us(&self, share: f64) -> f64 {
        micros(self.0.value_at_quantile(share))
    }

    /// The figures that people ask for; `None` if nothing was counted.
    pub(crate) fn figures(&self) -> Option<Figures> {
        (self.count() > 0).then(|| Figures {
            p50: self.quantile_us(0.5),
            p90: self.quantile_us(0.9),
            p99: self.quantile_us(0.99),
            p999: self.quantile_us(0.999),
            max: micros(self.0.max()),
            mean: (self.0.mean() / 100.0).round() / 10.0,
        })
    }
}

/// As `[[upper_us, count], …]`: the buckets that are not empty, each with its upper end.
impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .iter_recorded()
                .map(|bucket| (micros(bucket.value_iterated_to()), bucket.count_at_value())),
        )
    }
}

/// Nanoseconds as microseconds with one decimal.
fn micros(ns: u64) -> f64 {
    (ns as f64 / 100.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_exact_to_one_percent_and_the_buckets_hold_everything() {
        let mut histogram = Histogram::new().unwrap();
        assert_eq!(histogram.figures(), None);
        for us in 1..=10_000 {
            histogram.record(us * 1000);
        }
        let figures = histogram.figures().unwrap();
        for (got, wanted) in [
            (figures.p50, 5_000.0),
            (figures.p90, 9_000.0),
            (figures.p99, 9_900.0),
            (figures.p999, 9_990.0),
            (figures.max, 10_000.0),
            (figures.mean, 5_000.5),
        ] {
            assert!((got / wanted - 1.0_f64).abs() < 0.01, "{got} for {wanted}");
        }
        let buckets: Vec<(f64, u64)> =
            serde_json::from_value(serde_json::to_value(&histogram).unwrap()).unwrap();
        assert_eq!(buckets.iter().map(|b| b.1).sum::<u64>(), 10_000);
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn what_is_beyond_its_range_is_counted_all_the_same() {
        let mut histogram = Histogram::new().unwrap();
        histogram.record(0);
        histogram.record(u64::MAX);
        assert_eq!(histogram.count(), 2);
    }
}
