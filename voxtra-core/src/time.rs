//! Time as a value: the core never reads a clock, its caller says what time it is.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment, in microseconds since an epoch that the caller chooses and keeps (the start of the
/// media thread, say).
///
/// Arithmetic saturates: there is no moment before [`Instant::ZERO`] and none after
/// [`Instant::MAX`].
///
/// ```
/// use core::time::Duration;
/// use voxtra_core::time::Instant;
///
/// let start = Instant::from_millis(40);
/// let later = start + Duration::from_millis(20);
/// assert_eq!(later.duration_since(start), Duration::from_millis(20));
/// assert_eq!(start.duration_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The caller's epoch.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens; the deadline of something that has none.
    pub const MAX: Self = Self(u64::MAX);

    /// `micros` µs after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// `millis` ms after the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The time from `earlier` to this moment; zero if `earlier` is the later of the two.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved on by `duration`, at most to [`Instant::MAX`].
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This moment moved back by `duration`, at most to [`Instant::ZERO`].
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

/// Whole microseconds; a duration of more than half a million years counts as that.
const fn micros(duration: Duration) -> u64 {
    let micros = duration.as_micros();
    if micros > u64::MAX as u128 {
        u64::MAX
    } else {
        micros as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Instant::MAX + Duration::from_micros(1), Instant::MAX);
        assert_eq!(Instant::ZERO + Duration::MAX, Instant::MAX);
        assert_eq!(Instant::ZERO - Duration::from_micros(1), Instant::ZERO);
        assert_eq!(Instant::from_millis(u64::MAX), Instant::MAX);
    }

    #[test]
    fn milliseconds_and_microseconds_agree() {
        assert_eq!(Instant::from_millis(20), Instant::from_micros(20_000));
        assert_eq!(Instant::from_micros(20_999).as_millis(), 20);
    }
}
