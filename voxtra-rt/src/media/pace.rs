//! How long a media thread gathers: nothing while it has time to spare, up to its tick when it has not.

use std::time::Duration;

use voxtra_core::time::Instant;

/// Over how long the load is averaged.
const WINDOW: Duration = Duration::from_millis(50);
/// A thread that is busy for less than this share of its time handles each thing at once.
const RELAXED: f32 = 0.25;
/// A thread that is busy for more than this share of its time gathers for a whole tick.
const PRESSED: f32 = 0.5;

/// The load of a thread, and what follows from it.
pub(super) struct Pace {
    tick: Duration,
    /// The window that is being counted: when it began, and how much of it was busy.
    began: Instant,
    busy: Duration,
    gather: Duration,
}

impl Pace {
    /// A thread that has done nothing yet.
    pub(super) const fn new(tick: Duration) -> Self {
        Self {
            tick,
            began: Instant::ZERO,
            busy: Duration::ZERO,
            gather: Duration::ZERO,
        }
    }

    /// The thread was busy from `woke` to `now`; how long to gather before it looks again.
    pub(super) fn rest(&mut self, woke: Instant, now: Instant) -> Duration {
        self.busy += now.duration_since(woke);
        let window = now.duration_since(self.began);
        if window >= WINDOW {
            let load = self.busy.as_secs_f32() / window.as_secs_f32();
            let pressure = ((load - RELAXED) / (PRESSED - RELAXED)).clamp(0.0, 1.0);
            // Half the way at a time: what it gathers changes the load.
            self.gather = (self.gather + self.tick.mul_f32(pressure)) / 2;
            self.began = now;
            self.busy = Duration::ZERO;
        }
        self.gather
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(1);

    /// What a thread gathers after a second of waking every millisecond for `busy`.
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
        let mut pace = Pace::new(TICK);
        assert_eq!(after_a_second(&mut pace, 0, TICK / 5), Duration::ZERO);
        let pressed = after_a_second(&mut pace, 1000, TICK * 4 / 5);
        assert!(pressed > TICK * 9 / 10 && pressed <= TICK, "{pressed:?}");
        let between = after_a_second(&mut pace, 2000, TICK * 3 / 8);
        assert!(
            between > TICK / 4 && between < TICK * 3 / 4,
            "half way: {between:?}"
        );
        let relaxed = after_a_second(&mut pace, 3000, TICK / 5);
        assert!(relaxed < TICK / 1000, "{relaxed:?}");
    }

    #[test]
    fn without_a_tick_nothing_is_gathered() {
        let mut pace = Pace::new(Duration::ZERO);
        assert_eq!(after_a_second(&mut pace, 0, TICK), Duration::ZERO);
    }
}
