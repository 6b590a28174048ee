use std::time::Duration;

use tokio::time::Instant;

use super::super::retry::random_below;

/// Whether an endpoint takes requests at all.
///
/// After [`FAILURES`] failures in a row it opens: no requests but a probe now and then. A probe
/// that succeeds closes it, and the number of requests under way grows from one on, so that what
/// has waited does not come all at once.
#[derive(Debug)]
pub(in super::super) struct Breaker {
    state: State,
    /// Longest wait between probes.
    longest: Duration,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
        window: usize,
    },
    Open {
        until: Instant,
        wait: Duration,
    },
    /// A probe is under way.
    Probing {
        wait: Duration,
    },
}

/// What an outcome changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    Opened,
    Closed,
}

/// Failures in a row after which no more requests are made.
const FAILURES: u32 = 5;
/// The first wait for a probe; it doubles with each that fails.
const FIRST: Duration = Duration::from_secs(1);
/// The longest, unless the back-off is shorter.
const LONGEST: Duration = Duration::from_secs(30);

impl Breaker {
    pub(in super::super) fn new(most: usize, longest: Duration) -> Self {
        Self {
            state: State::Closed {
                failures: 0,
                window: most,
            },
            longest: longest.min(LONGEST),
            most,
        }
    }

    /// Whether one more request may begin, with so many under way.
    pub(super) fn admits(&self, now: Instant, under_way: usize) -> bool {
        match self.state {
            State::Closed { window, .. } => under_way < window.min(self.most),
            State::Open { until, .. } => until <= now,
            State::Probing { .. } => false,
        }
    }

    /// A request that was admitted begins.
    pub(super) fn began(&mut self) {
        if let State::Open { wait, .. } = self.state {
            self.state = State::Probing { wait };
        }
    }

    /// The next request may be a probe, which does not wait for a lane's own back-off.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// When a probe may begin.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Open { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Probes at once.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let State::Open { until, .. } = &mut self.state {
            *until = now;
        }
    }

    /// The receiver answered.
    pub(super) fn answered(&mut self) -> Turn {
        match &mut self.state {
            State::Closed { failures, window } => {
                *failures = 0;
                *window = window.saturating_add(1).min(self.most);
                Turn::None
            }
            State::Open { .. } | State::Probing { .. } => {
                self.state = State::Closed {
                    failures: 0,
                    window: 1,
                };
                Turn::Closed
            }
        }
    }

    /// A request failed; the receiver may have said when it wants the next one.
    pub(super) fn failed(&mut self, now: Instant, after: Option<Duration>) -> Turn {
        match &mut self.state {
            State::Closed { failures, .. } => {
                *failures += 1;
                if *failures < FAILURES {
                    return Turn::None;
                }
                self.open(now, FIRST, after);
                Turn::Opened
            }
            State::Probing { wait } => {
                let wait = wait.saturating_mul(2);
                self.open(now, wait, after);
                Turn::None
            }
            // It was under way when the others failed.
            State::Open { .. } => Turn::None,
        }
    }

    fn open(&mut self, now: Instant, wait: Duration, after: Option<Duration>) {
        let wait = wait.min(self.longest);
        // Half of it at least: several senders that lost the receiver together come back apart.
        let jittered = wait / 2 + random_below(wait / 2);
        let until = now + jittered.max(after.unwrap_or_default());
        self.state = State::Open { until, wait };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(16, Duration::from_secs(600));
        for _ in 0..4 {
            assert_eq!(breaker.failed(now, None), Turn::None);
        }
        assert!(breaker.admits(now, 15) && !breaker.admits(now, 16));
        assert_eq!(breaker.failed(now, None), Turn::Opened);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_no_four_with_an_answer_between() {
        let now = Instant::now();
        let mut breaker = Breaker::new(16, SECOND);
        for _ in 0..4 {
            breaker.failed(now, None);
        }
        breaker.answered();
        for _ in 0..4 {
            assert_eq!(breaker.failed(now, None), Turn::None);
        }
        assert!(!breaker.is_open());
        assert_eq!(breaker.failed(now, None), Turn::Opened);
    }

    #[test]
    fn one_probe_at_a_time_and_longer_waits_between_them() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            let due = breaker.due().unwrap();
            let (least, most) = (SECOND * wait / 2, SECOND * wait);
            assert!(
                (now + least..=now + most).contains(&due),
                "{:?} for {wait}",
                due - now
            );
            assert!(!breaker.admits(due - Duration::from_millis(1), 0));
            assert!(breaker.admits(due, 0));
            breaker.began();
            assert!(!breaker.admits(due, 1), "a second probe");
            now = due;
            assert_eq!(breaker.failed(now, None), Turn::None);
        }
    }

    #[test]
    fn after_an_answer_the_requests_under_way_grow_from_one() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert!(breaker.admits(breaker.due().unwrap(), 0));
        breaker.began();
        assert_eq!(breaker.answered(), Turn::Closed);
        for window in 1..=16 {
            assert!(breaker.admits(now, window - 1) && !breaker.admits(now, window));
            assert_eq!(breaker.answered(), Turn::None);
        }
        assert!(!breaker.admits(now, 16));
    }

    #[test]
    fn the_receiver_may_ask_for_a_longer_wait() {
        let now = Instant::now();
        let mut breaker = Breaker::new(16, SECOND);
        for _ in 0..5 {
            breaker.failed(now, Some(SECOND * 90));
        }
        assert_eq!(breaker.due(), Some(now + SECOND * 90));
        breaker.hurry(now);
        assert!(breaker.admits(now, 0));
    }
}
