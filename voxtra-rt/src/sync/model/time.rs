//! Time that stands still: a sleeping thread lets another run, and no time-out ever ends.

use std::ops::Add;
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Instant(bool);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(false)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, _: Duration) -> Self {
        Self(true)
    }
}

pub(crate) async fn sleep(_: Duration) {
    loom::thread::yield_now();
}
