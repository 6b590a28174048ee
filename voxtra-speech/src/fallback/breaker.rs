//! Whether a provider should be asked: it is left alone for a while after failures.

use std::time::Duration;

use tokio::time::Instant;

use super::super::ProviderErrorKind;

/// The circuit breaker of one provider. It never reads a clock.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    /// Failures in a row.
    failures: u32,
    /// How often it has opened in a row.
    openings: u32,
    /// It has failed since it last answered.
    failing: bool,
    /// When it was opened last.
    opened: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    /// One call tries whether it answers again. If nothing comes of that, another may at `again`.
    Probed {
        again: Instant,
        /// When it may have been asked, had nobody had to.
        due: Instant,
    },
}

/// What a failure has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It was known to fail.
    Same,
    /// It had answered before.
    Failing,
    /// It is left alone for so long.
    Opened(Duration),
}

impl Breaker {
    /// Whether the provider may be asked.
    pub(super) fn allows(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until: due } | State::Probed { again: due, .. } => now >= due,
        }
    }

    /// When it may be asked.
    pub(super) fn due(&self, now: Instant) -> Instant {
        match self.state {
            State::Open { until: due } | State::Probed { again: due, .. } => due,
            State::Closed => now,
        }
    }

    /// It is asked, though it may be too early.
    pub(super) fn asked(&mut self, now: Instant) {
        if let State::Open { until: due } | State::Probed { due, .. } = self.state {
            let again = now + PROBE;
            self.state = State::Probed { again, due };
        }
    }

    /// It has answered whom it was asked by at `asked`. If it has opened since, that says nothing.
    /// True: it had failed before.
    pub(super) fn answered(&mut self, asked: Instant) -> bool {
        if self.opened.is_some_and(|opened| asked < opened) {
            return false;
        }
        std::mem::take(self).failing
    }

    /// Nobody waits for its answer any more.
    pub(super) fn abandoned(&mut self) {
        if let State::Probed { due: until, .. } = self.state {
            self.state = State::Open { until };
        }
    }

    /// It has failed. A refusal of one request says nothing about the next; several in a row do.
    pub(super) fn failed(&mut self, kind: ProviderErrorKind, now: Instant) -> Change {
        let was_failing = std::mem::replace(&mut self.failing, true);
        let change = if was_failing {
            Change::Same
        } else {
            Change::Failing
        };
        self.failures = self.failures.saturating_add(1);
        if kind == ProviderErrorKind::Rejected && self.failures < MOST_FAILURES {
            self.abandoned();
            return change;
        }
        let asked_to_wait = match kind {
            ProviderErrorKind::RateLimited { retry_after } => retry_after,
            _ => None,
        };
        let opens = self.failures >= MOST_FAILURES
            || kind == ProviderErrorKind::Auth
            || asked_to_wait.is_some();
        let (wait, first) = match self.state {
            State::Closed if !opens => return change,
            State::Closed => (self.next_wait(), true),
            State::Probed { .. } => (self.next_wait(), false),
            // A call that began before it opened.
            State::Open { .. } => (Duration::ZERO, false),
        };
        let wait = asked_to_wait.unwrap_or(wait).min(LONGEST_ASKED);
        let until = match self.state {
            State::Open { until } => until.max(now + wait),
            _ => now + wait,
        };
        if !matches!(self.state, State::Open { .. }) {
            self.opened = Some(now);
        }
        self.state = State::Open { until };
        if first { Change::Opened(wait) } else { change }
    }

    fn next_wait(&mut self) -> Duration {
        let factor = 1 << self.openings.min(16);
        self.openings = self.openings.saturating_add(1);
        FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
    }
}

/// Failures in a row that open it.
const MOST_FAILURES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// How long others leave a probe alone.
const PROBE: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Longest time that a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    use ProviderErrorKind::{Auth, RateLimited, Rejected, Timeout, Unavailable};

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_three_failures_in_a_row() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert_eq!(breaker.failed(Unavailable, now), Change::Failing);
        assert_eq!(breaker.failed(Timeout, now), Change::Same);
        assert!(breaker.answered(now));
        assert!(!breaker.answered(now));
        breaker.failed(Unavailable, now);
        breaker.failed(Unavailable, now);
        assert!(breaker.allows(now));
        assert_eq!(breaker.failed(Timeout, now), Change::Opened(FIRST_WAIT));
        assert!(!breaker.allows(after(now, 4)));
        assert!(breaker.allows(after(now, 5)));
    }

    #[test]
    fn one_call_probes_and_the_wait_doubles() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        assert_eq!(breaker.failed(Auth, now), Change::Opened(FIRST_WAIT));
        for wait in [5, 10, 20, 40, 80, 160, 300, 300] {
            assert!(!breaker.allows(after(now, wait - 1)));
            now = after(now, wait);
            assert!(breaker.allows(now));
            breaker.asked(now);
            assert!(!breaker.allows(after(now, 29)));
            assert!(breaker.allows(after(now, 30)));
            assert_eq!(breaker.failed(Auth, now), Change::Same);
        }
        breaker.asked(now);
        assert!(breaker.answered(now));
        assert_eq!(breaker.failed(Auth, now), Change::Opened(FIRST_WAIT));
    }

    #[test]
    fn a_provider_says_how_long_to_wait() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        let limited = |seconds| RateLimited {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let wait = Duration::from_secs(60);
        assert_eq!(breaker.failed(limited(60), now), Change::Opened(wait));
        // Calls that were under way make it no shorter.
        breaker.failed(Unavailable, now);
        breaker.failed(limited(1), now);
        assert!(!breaker.allows(after(now, 59)));
        assert!(breaker.allows(after(now, 60)));
        breaker.asked(now);
        breaker.failed(limited(u64::MAX), now);
        assert_eq!(breaker.due(now), now + LONGEST_ASKED);
        let mut breaker = Breaker::default();
        let nothing_said = RateLimited { retry_after: None };
        assert_eq!(breaker.failed(nothing_said, now), Change::Failing);
        assert!(breaker.allows(now));
    }

    #[test]
    fn a_refused_request_opens_nothing_and_three_in_a_row_do() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert_eq!(breaker.failed(Rejected, now), Change::Failing);
        for _ in 0..10 {
            assert_eq!(breaker.failed(Rejected, now), Change::Same);
            assert!(breaker.allows(now));
            breaker.answered(now);
            breaker.failed(Rejected, now);
        }
        breaker.failed(Rejected, now);
        assert_eq!(breaker.failed(Rejected, now), Change::Opened(FIRST_WAIT));
        assert!(!breaker.allows(now));
    }

    #[test]
    fn who_was_asked_before_it_opened_does_not_close_it() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(Auth, after(now, 1));
        assert!(!breaker.answered(now));
        assert!(!breaker.allows(after(now, 2)));
        // It opens again, and another one was asked before that.
        breaker.asked(after(now, 6));
        breaker.failed(Auth, after(now, 7));
        assert!(!breaker.answered(after(now, 6)));
        assert!(!breaker.allows(after(now, 16)));
        assert!(breaker.answered(after(now, 17)));
        assert!(breaker.allows(now));
    }

    #[test]
    fn a_probe_that_nobody_waits_for_is_made_again() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(Auth, now);
        breaker.asked(after(now, 5));
        breaker.abandoned();
        assert!(breaker.allows(after(now, 5)));
        // One that was asked too early leaves the time as it was.
        breaker.failed(Auth, after(now, 5));
        let due = breaker.due(now);
        breaker.asked(after(now, 6));
        breaker.abandoned();
        assert_eq!(breaker.due(now), due);
        // Others are not touched.
        let mut breaker = Breaker::default();
        breaker.asked(now);
        breaker.abandoned();
        assert!(breaker.allows(now));
    }
}
