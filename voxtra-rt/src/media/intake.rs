//! How fast a peer's audio may come in: somewhat faster than real time, so that a stalled line
//! catches up, but not so fast that a peer keeps a core busy.

use std::time::Duration;

use voxtra_core::time::Instant;

/// Audio that may come in one burst, in µs. The longest possible frame has 4.1 s at 8 kHz.
const BURST: i64 = 5_000_000;
/// Audio allowed for each µs that passes, in tenths of a µs: 1.5 times real time.
const PACE_TENTHS: i64 = 15;
/// Cost of a message besides its audio, in µs of audio. A frame of one sample at 8 kHz has 125.
const MESSAGE: i64 = 20;
/// A peer that has been slowed down for this long without a break floods; it is not catching up.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a connection may still read, in µs of audio.
#[derive(Debug)]
pub(crate) struct Intake {
    credit: i64,
    refilled: Instant,
    slowed_since: Option<Instant>,
}

impl Intake {
    pub(crate) fn new() -> Self {
        Self {
            credit: BURST,
            refilled: Instant::ZERO,
            slowed_since: None,
        }
    }

    /// Whether more may be read now.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.refilled).as_micros();
        let passed = i64::try_from(passed).unwrap_or(BURST).min(BURST);
        self.refilled = self.refilled.max(now);
        self.credit = self
            .credit
            .saturating_add(passed.saturating_mul(PACE_TENTHS) / 10)
            .min(BURST);
        let allowed = self.credit > 0;
        if !allowed {
            self.slowed_since.get_or_insert(now);
        }
        allowed
    }

    /// Whether the peer has sent too much for too long.
    pub(crate) fn is_flooded(&self, now: Instant) -> bool {
        self.slowed_since
            .is_some_and(|since| now.duration_since(since) > PATIENCE)
    }

    /// All that had arrived has been read.
    pub(crate) fn emptied(&mut self) {
        self.slowed_since = None;
    }

    /// Counts what was read: `bytes` with `messages` in them, at `hz` samples a second.
    pub(crate) fn took(&mut self, bytes: usize, messages: u64, hz: u32) {
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let audio = bytes.saturating_sub(messages.saturating_mul(3)).max(0);
        let cost = audio.saturating_mul(500_000) / i64::from(hz.max(1));
        self.credit = self
            .credit
            .saturating_sub(cost)
            .saturating_sub(messages.saturating_mul(MESSAGE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer sends at `speed` times real time for `seconds`, on a line with room for one second.
    /// Returns how much was read, in seconds, and when the peer counted as flooding, in ms.
    fn sent(speed: u64, seconds: u64) -> (u64, Option<u64>) {
        let mut intake = Intake::new();
        let (mut waiting, mut read) = (0, 0);
        for ms in (0..1_000 * seconds).step_by(20) {
            let now = Instant::from_millis(1_000 + ms);
            waiting = (waiting + speed).min(50);
            while waiting > 0 && intake.allows(now) {
                intake.took(323, 1, 8_000);
                waiting -= 1;
                read += 1;
            }
            if waiting == 0 {
                intake.emptied();
            }
            if intake.is_flooded(now) {
                return (read / 50, Some(ms));
            }
        }
        (read / 50, None)
    }

    #[test]
    fn real_time_and_what_a_stalled_line_catches_up_with_come_in() {
        assert_eq!(sent(1, 60), (60, None));
        // Twice real time, for as long as it takes to catch up after a stall of 4 s.
        assert_eq!(sent(2, 4), (8, None));
    }

    #[test]
    fn a_flood_is_slowed_down_and_then_over() {
        let (read, over) = sent(4_400, 60);
        assert!(
            over.is_some_and(|ms| (1_000..7_000).contains(&ms)),
            "{over:?}"
        );
        assert!(read <= 5 + 15 * 7 / 10, "{read} s");
    }

    #[test]
    fn frames_of_a_single_sample_are_slow_enough_in_real_time() {
        let mut intake = Intake::new();
        for n in 0..80_000 {
            assert!(intake.allows(Instant::from_micros(125 * n)));
            intake.took(5, 1, 8_000);
        }
    }
}
