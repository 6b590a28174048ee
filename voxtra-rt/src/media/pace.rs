//! How long a media thread gathers: not at all while it has time to spare, up to its batch when it
//! has none.

use std::time::Duration;

use voxtra_core::time::Instant;

/// The period over which the load is averaged.
const WINDOW: Duration = Duration::from_millis(50);
/// Gathering for less than this saves less than the sleep itself costs.
const LEAST: Duration = Duration::from_micros(100);

/// The load of a thread, and how long it gathers.
pub(super) struct Pace {
    batch: Duration,
    /// CPU load (0–1) above which the thread gathers. Half way from there to 1 it gathers for whole
    /// batches.
    threshold: f32,
    /// The current window: when it began, and how long the thread was busy in it.
    began: Instant,
    busy: Duration,
    gather: Duration,
}

impl Pace {
    /// A thread that has done nothing yet.
    pub(super) fn new(batch: Duration, threshold: f32) -> Self {
        // NaN is not a load: the thread then never gathers.
        let threshold = match threshold.is_nan() {
            true => 1.0,
            false => threshold.clamp(0.0, 1.0),
        };
        Self {
            batch,
            threshold,
            began: Instant::ZERO,
            busy: Duration::ZERO,
            gather: Duration::ZERO,
        }
    }

    /// How much of a batch a thread under this load should gather: 0 to 1.
    fn pressure(&self, load: f32) -> f32 {
        if self.threshold <= 0.0 {
            return 1.0;
        }
        let ramp = (1.0 - self.threshold).max(f32::EPSILON) / 2.0;
        ((load - self.threshold) / ramp).clamp(0.0, 1.0)
    }

    /// The thread was busy from `woke` to `now`; returns how long it gathers before it looks again.
    pub(super) fn rest(&mut self, woke: Instant, now: Instant) -> Duration {
        self.busy += now.duration_since(woke);
        let window = now.duration_since(self.began);
        if window >= WINDOW {
            let load = self.busy.as_secs_f32() / window.as_secs_f32();
            // Half of the way at a time, because gathering changes the load.
            self.gather = (self.gather + self.batch.mul_f32(self.pressure(load))) / 2;
            self.began = now;
            self.busy = Duration::ZERO;
        }
        if self.gather < LEAST {
            Duration::ZERO
        } else {
            self.gather
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Duration = Duration::from_millis(1);

    /// How long a thread gathers after a second of waking every millisecond for `busy`.
    fn after_a_second(pace: &mut Pace, from_ms: u64, busy: Duration) -> Duration {
        (from_ms..from_ms + 1000)
            .map(|ms| {
                let woke = Instant::from_millis(ms);
                pace.rest(woke, woke + busy)
            })
            .last()
            .unwrap()
    }

    #[test]
    fn an_idle_thread_handles_things_at_once_and_a_busy_one_gathers() {
        let mut pace = Pace::new(BATCH, 0.6);
        assert_eq!(after_a_second(&mut pace, 0, BATCH / 2), Duration::ZERO);
        let pressed = after_a_second(&mut pace, 1000, BATCH * 9 / 10);
        assert!(pressed > BATCH * 9 / 10 && pressed <= BATCH, "{pressed:?}");
        let between = after_a_second(&mut pace, 2000, BATCH * 7 / 10);
        assert!(
            between > BATCH * 4 / 10 && between < BATCH * 6 / 10,
            "half way: {between:?}"
        );
        let relaxed = after_a_second(&mut pace, 3000, BATCH / 2);
        assert_eq!(relaxed, Duration::ZERO);
    }

    #[test]
    fn a_thread_may_be_told_to_gather_always_or_never() {
        let mut always = Pace::new(BATCH, 0.0);
        let gathered = after_a_second(&mut always, 0, BATCH / 100);
        assert!(gathered > BATCH * 9 / 10, "{gathered:?}");
        let mut never = Pace::new(Duration::ZERO, 0.0);
        assert_eq!(after_a_second(&mut never, 0, BATCH), Duration::ZERO);
        for hardly_ever in [1.0, 7.0, f32::NAN] {
            let mut pace = Pace::new(BATCH, hardly_ever);
            assert_eq!(
                after_a_second(&mut pace, 0, BATCH * 99 / 100),
                Duration::ZERO
            );
        }
    }
}
