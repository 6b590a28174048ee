//! Limits on new calls. A refused caller has not been answered, and pays for nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::audit::{self, Limiter};
use crate::lock::lock;

/// Limits on new calls, beside
/// [`MediaSettings::max_calls`](crate::media::MediaSettings::max_calls). Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallLimits {
    /// Most new calls per second.
    pub per_second: Option<u32>,
    /// Most calls of one caller's number at the same time. Callers without a number are not
    /// counted: there are many of them.
    pub per_caller: Option<usize>,
}

impl CallLimits {
    /// These limits with changes:
    ///
    /// ```
    /// use voxtra_rt::app::CallLimits;
    ///
    /// let limits = CallLimits::default().with(|limits| limits.per_second = Some(20));
    /// assert_eq!(limits.per_caller, None);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Why a call was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum CallRefusal {
    /// As many calls as allowed are up.
    #[error("as many calls are up as media.max_calls allows")]
    MaxCalls,
    /// More calls per second than allowed.
    #[error("more calls come than media.max_calls_per_second allows")]
    PerSecond,
    /// Its caller has as many calls as allowed.
    #[error("its caller has as many calls as media.max_calls_per_caller allows")]
    PerCaller,
}

impl CallRefusal {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::MaxCalls, Self::PerSecond, Self::PerCaller];

    /// Its name in lists of counters.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxCalls => "max_calls",
            Self::PerSecond => "per_second",
            Self::PerCaller => "per_caller",
        }
    }
}

/// Admits calls, and counts refused ones.
#[derive(Debug)]
pub(super) struct Admission {
    limits: CallLimits,
    max_calls: usize,
    /// Time at which the calls so far would have come one by one (the "theoretical arrival time" of
    /// the generic cell rate algorithm).
    due: Mutex<Option<Instant>>,
    refused: [AtomicU64; CallRefusal::ALL.len()],
    logs: [Limiter; CallRefusal::ALL.len()],
}

impl Admission {
    pub(super) fn new(limits: CallLimits, max_calls: usize) -> Self {
        Self {
            limits,
            max_calls,
            due: Mutex::default(),
            refused: Default::default(),
            logs: Default::default(),
        }
    }

    /// Whether one more call of `caller` is admitted. `up` is the number of calls that are up;
    /// `of_caller` counts this caller's.
    pub(super) fn admit(
        &self,
        caller: &str,
        up: usize,
        of_caller: impl FnOnce() -> usize,
    ) -> Result<(), CallRefusal> {
        let refusal = if up >= self.max_calls {
            CallRefusal::MaxCalls
        } else if let Some(most) = self.limits.per_caller
            && !caller.is_empty()
            && of_caller() >= most
        {
            CallRefusal::PerCaller
        } else if let Some(most) = self.limits.per_second
            && !self.is_due(most)
        {
            CallRefusal::PerSecond
        } else {
            return Ok(());
        };
        self.count(refusal, up);
        Err(refusal)
    }

    /// Whether one more call stays within this rate.
    fn is_due(&self, per_second: u32) -> bool {
        const SECOND: Duration = Duration::from_secs(1);
        let each = SECOND / per_second.max(1);
        let now = Instant::now();
        let mut due = lock(&self.due);
        let next = due.map_or(now, |due| due.max(now)) + each;
        let is_due = next.duration_since(now) <= SECOND;
        if is_due {
            *due = Some(next);
        }
        is_due
    }

    fn count(&self, refusal: CallRefusal, calls: usize) {
        let Some(count) = self.refused.get(refusal as usize) else {
            return;
        };
        let refused = count.fetch_add(1, Relaxed).saturating_add(1);
        if self.logs.get(refusal as usize).is_some_and(Limiter::allows) {
            tracing::warn!(
                target: audit::TARGET,
                reason = %refusal, calls, refused,
                "refused a call; it goes on in the dialplan, unanswered"
            );
        }
    }

    /// Calls that were refused, by reason.
    pub(super) fn refused(&self) -> [(CallRefusal, u64); CallRefusal::ALL.len()] {
        CallRefusal::ALL.map(|refusal| {
            let count = self.refused.get(refusal as usize);
            (refusal, count.map_or(0, |count| count.load(Relaxed)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(admission: &Admission, calls: usize) -> usize {
        let none = || 0;
        let admit = |_: &usize| admission.admit("100", 0, none).is_ok();
        (0..calls).filter(admit).count()
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_calls_a_second_are_taken() {
        let limits = CallLimits {
            per_second: Some(5),
            ..CallLimits::default()
        };
        let admission = Admission::new(limits, 100);
        assert_eq!(taken(&admission, 20), 5, "at once");
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(taken(&admission, 20), 1, "a fifth of a second later");
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(&admission, 20), 5, "nothing is saved up");
        assert_eq!(
            admission.refused(),
            [
                (CallRefusal::MaxCalls, 0),
                (CallRefusal::PerSecond, 49),
                (CallRefusal::PerCaller, 0)
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_refuses_for_its_own_reason() {
        let limits = CallLimits {
            per_second: Some(1),
            per_caller: Some(2),
        };
        let admission = Admission::new(limits, 100);
        let admit = |caller, up, of_caller| admission.admit(caller, up, || of_caller);
        assert_eq!(admit("100", 100, 0), Err(CallRefusal::MaxCalls));
        assert_eq!(admit("100", 99, 2), Err(CallRefusal::PerCaller));
        // Refused calls use nothing of the second's calls.
        assert_eq!(
            admit("", 99, 2),
            Ok(()),
            "callers without a number are many"
        );
        assert_eq!(admit("100", 99, 1), Err(CallRefusal::PerSecond));
        let unlimited = Admission::new(CallLimits::default(), 100);
        assert_eq!(taken(&unlimited, 1_000), 1_000);
    }
}
