//! Time as turn-taking counts it.

/// A time in microseconds, as in [`Instant`](crate::time::Instant). Frames are compared with many
/// times, so each is one plain number.
pub(super) type Micros = u64;

/// One frame of the caller's audio.
pub(super) const FRAME: Micros = 20_000;

/// How long `count` frames are.
pub(super) fn frames(count: u32) -> Micros {
    FRAME * u64::from(count)
}

pub(super) fn millis(ms: u32) -> Micros {
    1_000 * u64::from(ms)
}

pub(super) fn lasts(count: u32, ms: u32) -> bool {
    frames(count) >= millis(ms)
}
