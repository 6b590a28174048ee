//! A distribution of times in µs.

use serde_json::{Value, json};

pub(crate) struct Distribution(Vec<u32>);

impl Distribution {
    pub(crate) fn of(mut taken: Vec<u32>) -> Self {
        assert!(!taken.is_empty(), "nothing was measured");
        taken.sort_unstable();
        Self(taken)
    }

    /// What a share `q` of all stayed under.
    pub(crate) fn quantile(&self, q: f64) -> u32 {
        let last = self.0.len() - 1;
        self.0[((last as f64) * q).round() as usize]
    }

    /// The share of all that took longer.
    pub(crate) fn share_over(&self, micros: u32) -> f64 {
        let under = self.0.partition_point(|taken| *taken <= micros);
        (self.0.len() - under) as f64 / self.0.len() as f64
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Quantiles, and how many were counted up to each of some times, eight to an octave.
    pub(crate) fn to_json(&self) -> Value {
        let mean = self.0.iter().map(|taken| f64::from(*taken)).sum::<f64>() / self.len() as f64;
        let mut histogram = Vec::new();
        let (mut from, mut upper) = (0, 16.0_f64);
        while from < self.0.len() {
            let to = self.0.partition_point(|taken| f64::from(*taken) <= upper);
            if to > from {
                histogram.push(json!([upper.round(), to - from]));
            }
            from = to;
            upper *= 2_f64.powf(0.125);
        }
        json!({
            "count": self.len(),
            "mean": mean.round(),
            "p50": self.quantile(0.5),
            "p90": self.quantile(0.9),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "max": self.quantile(1.0),
            "histogram": histogram,
        })
    }
}
