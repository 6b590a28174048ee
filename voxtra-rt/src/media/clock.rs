//! The one clock of a server: monotonic for the media path, UTC for people.

use std::time::Duration;

use voxtra_core::time::Instant;

/// Monotonic time since the server started, tied to UTC at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Epoch,
    utc: jiff::Timestamp,
}

/// When a clock started, and which time source it follows.
#[derive(Clone, Copy, Debug)]
enum Epoch {
    /// The machine's.
    Machine(std::time::Instant),
    /// Tokio's, which a test can pause.
    Tokio(tokio::time::Instant),
}

impl Clock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self {
            epoch: Epoch::Machine(std::time::Instant::now()),
            utc: jiff::Timestamp::now(),
        }
    }

    /// A clock that follows tokio's time, which a test can pause. Its zero is now; its UTC date at
    /// zero is always the same day.
    pub(crate) fn rehearsed() -> Self {
        Self {
            epoch: Epoch::Tokio(tokio::time::Instant::now()),
            utc: jiff::Timestamp::constant(REHEARSAL_DAY, 0),
        }
    }

    /// Now, as the core counts time.
    pub fn now(&self) -> Instant {
        let elapsed = match self.epoch {
            Epoch::Machine(epoch) => epoch.elapsed(),
            Epoch::Tokio(epoch) => epoch.elapsed(),
        };
        Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// The UTC time of `at`.
    pub fn utc(&self, at: Instant) -> jiff::Timestamp {
        self.utc
            .checked_add(Duration::from_micros(at.as_micros()))
            .unwrap_or(jiff::Timestamp::MAX)
    }

    /// The UTC time now, from the machine's clock, even after that was set.
    pub(crate) fn utc_now(&self) -> jiff::Timestamp {
        match self.epoch {
            Epoch::Machine(_) => jiff::Timestamp::now(),
            Epoch::Tokio(_) => self.utc(self.now()),
        }
    }
}

/// Midnight of 1 January 2026, in seconds since 1970.
const REHEARSAL_DAY: i64 = 1_767_225_600;
