//! What one endpoint does, in numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::WebhookCounters;

/// Upper bounds of the histogram's buckets in milliseconds, from a commit's length to the days that
/// an event is retried.
const BOUNDS: [u64; 18] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000, 600_000, 3_600_000,
    21_600_000, 86_400_000,
];

/// Whether an endpoint takes requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
#[non_exhaustive]
pub enum EndpointState {
    /// It answers, as far as is known.
    Up,
    /// It has failed several times in a row, and is tried now and then.
    Down {
        /// Since when, in milliseconds since 1970.
        since: i64,
        /// What it did last.
        reason: String,
    },
    /// It answered 410: it gets nothing more until the next start.
    Disabled {
        /// Since when, in milliseconds since 1970.
        since: i64,
    },
    /// No process delivers to it now.
    Stopped,
}

/// What one endpoint has done since the start, and how it is ([`Webhooks::status`]).
///
/// [`Webhooks::status`]: super::Webhooks::status
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// What the outbox knows it by.
    pub name: String,
    /// Scheme, host and port; `None` where no process delivers, since the file has no URLs.
    pub url: Option<String>,
    /// Whether it takes requests.
    pub state: EndpointState,
    /// Events that were accepted for it.
    pub accepted: u64,
    /// What became of them.
    pub counters: WebhookCounters,
    /// Dead letters that are kept, those of earlier processes too.
    pub dead: u64,
    /// When the oldest event that waits was accepted, in milliseconds since 1970. Exact as long as
    /// no more than 8,192 sessions wait; then it is that of those which are loaded.
    pub oldest: Option<i64>,
    /// How long events took from being accepted to being delivered.
    pub latency: LatencyHistogram,
}

/// How often something took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LatencyHistogram {
    /// The buckets, whose bounds rise; the last one has none.
    pub buckets: Vec<LatencyBucket>,
    /// The sum of all, in milliseconds.
    pub sum_ms: u64,
}

/// What took longer than the bucket before has, and up to `to_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LatencyBucket {
    /// The longest, in milliseconds; `None` has no limit.
    pub to_ms: Option<u64>,
    /// How many.
    pub count: u64,
}

impl LatencyHistogram {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let counts = self.buckets.iter().map(|bucket| bucket.count);
        counts.fold(0, u64::saturating_add)
    }

    /// The bound, in milliseconds, below which this part of all lies (0.5 is the median). `None` if
    /// there are none, or if it lies beyond the last bound.
    #[must_use]
    pub fn below(&self, part: f64) -> Option<u64> {
        let all = self.count();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count; beyond 2^53 events a percentile need not be exact"
        )]
        let wanted = (part.clamp(0.0, 1.0) * all as f64).ceil().max(1.0) as u64;
        let mut sum = 0_u64;
        for bucket in &self.buckets {
            sum = sum.saturating_add(bucket.count);
            if sum >= wanted {
                return bucket.to_ms;
            }
        }
        None
    }
}

/// What is counted beside [`WebhookCounters`].
#[derive(Debug, Default)]
pub(super) struct Figures {
    accepted: AtomicU64,
    dead: AtomicU64,
    /// One more than there are bounds.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_ms: AtomicU64,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    down: Option<(i64, String)>,
    disabled: Option<i64>,
}

impl Figures {
    pub(super) fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    /// How many dead letters there are.
    pub(super) fn set_dead(&self, dead: u64) {
        self.dead.store(dead, Relaxed);
    }

    /// An event was delivered so long after it was accepted.
    pub(super) fn delivered(&self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < ms);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Relaxed);
        }
        self.sum_ms.fetch_add(ms, Relaxed);
    }

    /// The endpoint does not answer any more.
    pub(super) fn down(&self, since: i64, reason: &str) {
        self.health().down = Some((since, reason.to_owned()));
    }

    /// It answers again.
    pub(super) fn up(&self) {
        self.health().down = None;
    }

    /// It wants nothing more.
    pub(super) fn disabled(&self, since: i64) {
        self.health().disabled = Some(since);
    }

    pub(super) fn status(
        &self,
        name: &str,
        url: &str,
        counters: WebhookCounters,
        oldest: Option<i64>,
    ) -> EndpointStatus {
        let health = self.health();
        let state = match (health.disabled, &health.down) {
            (Some(since), _) => EndpointState::Disabled { since },
            (None, Some((since, reason))) => EndpointState::Down {
                since: *since,
                reason: reason.clone(),
            },
            (None, None) => EndpointState::Up,
        };
        let bounds = BOUNDS.iter().copied().map(Some).chain([None]);
        let buckets = bounds
            .zip(&self.buckets)
            .map(|(to_ms, count)| LatencyBucket {
                to_ms,
                count: count.load(Relaxed),
            });
        EndpointStatus {
            name: name.to_owned(),
            url: Some(url.to_owned()),
            state,
            accepted: self.accepted.load(Relaxed),
            counters,
            dead: self.dead.load(Relaxed),
            oldest,
            latency: LatencyHistogram {
                buckets: buckets.collect(),
                sum_ms: self.sum_ms.load(Relaxed),
            },
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(figures: &Figures) -> EndpointStatus {
        figures.status("a", "http://a", WebhookCounters::default(), None)
    }

    #[test]
    fn what_takes_just_as_long_as_a_bound_is_below_it() {
        let figures = Figures::default();
        for ms in [0, 1, 2, 3, 5, 86_400_000, 86_400_001] {
            figures.delivered(Duration::from_millis(ms));
        }
        let latency = status(&figures).latency;
        let filled = latency.buckets.iter().filter(|bucket| bucket.count > 0);
        let filled: Vec<_> = filled.map(|bucket| (bucket.to_ms, bucket.count)).collect();
        let expected = [
            (Some(1), 2),
            (Some(2), 1),
            (Some(5), 2),
            (Some(86_400_000), 1),
            (None, 1),
        ];
        assert_eq!(filled, expected);
        assert_eq!((latency.count(), latency.sum_ms), (7, 172_800_012));
    }

    #[test]
    fn a_part_of_all_lies_below_a_bound() {
        let figures = Figures::default();
        assert_eq!(status(&figures).latency.below(0.5), None);
        for ms in [1, 1, 1, 40, 90_000_000] {
            figures.delivered(Duration::from_millis(ms));
        }
        let latency = status(&figures).latency;
        let below = [0.0, 0.5, 0.6, 0.61, 0.8].map(|part| latency.below(part));
        assert_eq!(below, [Some(1), Some(1), Some(1), Some(50), Some(50)]);
        assert_eq!(latency.below(1.0), None);
    }

    #[test]
    fn an_endpoint_is_up_down_or_disabled() {
        let figures = Figures::default();
        assert_eq!(status(&figures).state, EndpointState::Up);
        figures.down(7, "it answered 503");
        let down = EndpointState::Down {
            since: 7,
            reason: "it answered 503".to_owned(),
        };
        assert_eq!(status(&figures).state, down);
        figures.up();
        assert_eq!(status(&figures).state, EndpointState::Up);
        figures.down(8, "");
        figures.disabled(9);
        assert_eq!(status(&figures).state, EndpointState::Disabled { since: 9 });
    }
}
