//! The one clock of a server: monotonic for the media path, UTC for people.

use std::time::Duration;

use voxtra_core::time::Instant;

/// Monotonic time since the server started, tied to UTC at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: std::time::Instant,
    utc: jiff::Timestamp,
}

impl Clock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self {
            epoch: std::time::Instant::now(),
            utc: jiff::Timestamp::now(),
        }
    }

    /// Now, as the core counts time.
    pub fn now(&self) -> Instant {
        Instant::from_micros(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The UTC time of `at`.
    pub fn utc(&self, at: Instant) -> jiff::Timestamp {
        self.utc
            .checked_add(Duration::from_micros(at.as_micros()))
            .unwrap_or(jiff::Timestamp::MAX)
    }
}
