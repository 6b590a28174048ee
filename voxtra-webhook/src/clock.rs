use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time of day that goes on with tokio's clock: it does not jump when somebody sets the
/// machine's, and tests can advance it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
    at: i64,
}

impl Clock {
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let at = since.map_or(0, |since| since.as_millis());
        Self {
            began: Instant::now(),
            at: i64::try_from(at).unwrap_or(i64::MAX),
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_millis());
        self.at.saturating_add(passed.unwrap_or(i64::MAX))
    }
}
