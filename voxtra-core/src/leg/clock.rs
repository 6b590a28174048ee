//! The clock check: from arrival times, which jump, to media time, which doesn't.

use core::time::Duration;

use crate::audio::FRAME;
use crate::time::Instant;

/// A frame that arrives more than this after its place in the stream is late: the line stalled, the
/// peer left silence out, or its clock is slower than ours.
const RESYNC: Duration = Duration::from_millis(100);

/// A line that stalled catches up within this time of its next frame. A peer that left silence out
/// does not.
const CATCH_UP: Duration = Duration::from_millis(200);

/// After this long without a frame, the peer counts as silent whatever its habit.
const STALL: Duration = Duration::from_millis(1_200);

/// Where a frame belongs on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTime {
    /// The end of this frame in media time. At most one frame after its arrival, and never before a
    /// silence that was reported.
    pub media: Instant,
    /// The frame came after a pause of more than 100 ms.
    pub gap: bool,
}

/// Gives each frame its media time: 20 ms frames that a busy machine delivers in a bunch are still
/// 20 ms apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockCheck {
    media: Instant,
    arrival: Instant,
    /// Until when the line was reported as silent.
    silent: Instant,
    /// When the first frame after a pause came, until the missing frames have come too.
    resumed: Option<Instant>,
    /// The peer sends nothing while there is silence.
    leaves_out: bool,
}

impl ClockCheck {
    /// A clock that has seen nothing.
    pub const fn new() -> Self {
        Self {
            media: Instant::ZERO,
            arrival: Instant::ZERO,
            silent: Instant::ZERO,
            resumed: None,
            leaves_out: false,
        }
    }

    /// The stream begins at `now`.
    pub fn restart(&mut self, now: Instant) {
        *self = Self {
            media: now,
            arrival: now,
            silent: now,
            resumed: None,
            leaves_out: false,
        };
    }

    /// When the last frame arrived, or the stream began.
    pub fn last_arrival(&self) -> Instant {
        self.arrival
    }

    /// Whether the peer is known to be silent at `now`. If a peer has never left silence out, its
    /// line may have stalled; it then delivers what the caller is saying all at once.
    pub fn is_silent(&self, now: Instant) -> bool {
        let enough = if self.leaves_out { RESYNC } else { STALL };
        now.duration_since(self.arrival) > enough
    }

    /// At `now`, silence is reported: no frame has come for a while. Later frames do not begin
    /// before `now`, or their time would be counted twice.
    pub fn silence(&mut self, now: Instant) {
        self.silent = self.silent.max(now);
    }

    /// The media time of a frame of this `length` that arrived at `now`.
    pub fn frame(&mut self, now: Instant, length: Duration) -> FrameTime {
        let expected = self.media + length;
        let gap = now.duration_since(self.arrival) > RESYNC;
        let behind = now.duration_since(expected);
        let early = expected.duration_since(now) > FRAME;
        self.arrival = self.arrival.max(now);
        if gap {
            self.resumed = Some(now);
        }
        let mut anew = false;
        if behind <= RESYNC {
            if self.resumed.take().is_some() {
                self.leaves_out = false;
            }
        } else {
            anew = match self.resumed {
                Some(_) if self.leaves_out => true,
                // The samples that arrive tell how much time has passed for the caller.
                Some(_) if gap && behind <= STALL => false,
                Some(resumed) if now.duration_since(resumed) <= CATCH_UP => behind > STALL,
                Some(_) => {
                    self.leaves_out = true;
                    true
                }
                None => true,
            };
        }
        if anew {
            self.resumed = None;
        }
        self.media = if anew {
            now
        } else if early {
            // A peer that sends faster than real time must not run ahead of the clock.
            self.media.max(now)
        } else {
            expected
        };
        FrameTime {
            media: self.media.max(self.silent),
            gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(arrivals_ms: &[u64]) -> [u64; 8] {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        let mut out = [0; 8];
        for (slot, at) in out.iter_mut().zip(arrivals_ms) {
            *slot = clock
                .frame(Instant::from_millis(*at), FRAME)
                .media
                .as_micros()
                / 1000;
        }
        out
    }

    #[test]
    fn regular_frames_keep_their_spacing() {
        assert_eq!(
            media(&[20, 41, 59, 80, 101, 119, 140, 160]),
            [20, 40, 60, 80, 100, 120, 140, 160]
        );
    }

    #[test]
    fn bunched_frames_are_spread_over_the_pause_before_them() {
        assert_eq!(
            media(&[20, 40, 100, 100, 100, 120, 140, 160]),
            [20, 40, 60, 80, 100, 120, 140, 160]
        );
    }

    #[test]
    fn halves_of_a_frame_are_half_as_long() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        let halves = [20, 20, 40, 40].map(|at| {
            let time = clock.frame(Instant::from_millis(at), FRAME / 2);
            time.media.as_micros() / 1_000
        });
        assert_eq!(halves, [10, 20, 30, 40]);
    }

    #[test]
    fn a_long_gap_starts_anew() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        assert!(!clock.frame(Instant::from_millis(20), FRAME).gap);
        let after = clock.frame(Instant::from_millis(1_260), FRAME);
        assert_eq!(
            after,
            FrameTime {
                media: Instant::from_millis(1_260),
                gap: true
            }
        );
    }

    #[test]
    fn what_comes_at_once_after_a_stall_is_as_long_as_its_samples() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        clock.frame(Instant::from_millis(20), FRAME);
        for stall in 1..4 {
            let now = Instant::from_millis(1_000 * stall + 20);
            assert!(!clock.is_silent(now));
            for n in 1..=50 {
                let media = clock.frame(now, FRAME).media;
                assert_eq!(
                    media,
                    Instant::from_millis(1_000 * (stall - 1) + 20 + 20 * n)
                );
            }
        }
    }

    #[test]
    fn a_peer_that_leaves_silence_out_is_known_by_what_it_does_not_make_up_for() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        clock.frame(Instant::from_millis(20), FRAME);
        assert!(!clock.is_silent(Instant::from_millis(500)));
        let mut media = Instant::ZERO;
        for n in 0..15 {
            media = clock.frame(Instant::from_millis(520 + 20 * n), FRAME).media;
        }
        assert_eq!(media, Instant::from_millis(800), "in its place again");
        // From now on, the peer's silence is known at once.
        assert!(clock.is_silent(Instant::from_millis(901)));
        let after = clock.frame(Instant::from_millis(1_300), FRAME);
        assert_eq!(after.media, Instant::from_millis(1_300));
    }

    #[test]
    fn a_fast_peer_does_not_run_ahead() {
        assert_eq!(
            media(&[20, 20, 20, 20, 20, 20, 20, 20]),
            [20, 40, 40, 40, 40, 40, 40, 40]
        );
    }

    #[test]
    fn a_late_bunch_is_not_before_the_silence_that_was_told() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::ZERO);
        // On time until now, though 80 ms late; then nothing for a little more than 100 ms.
        for _ in 0..2 {
            clock.frame(Instant::from_millis(120), FRAME);
        }
        let told = Instant::from_millis(140);
        clock.silence(told);
        let times = [0; 8].map(|_| clock.frame(Instant::from_millis(141), FRAME).media);
        assert!(times.is_sorted() && times[0] == told, "{times:?}");
        // The frames themselves keep their places, so that the line does not stay late.
        assert_eq!(times[7], Instant::from_millis(160));
    }

    #[test]
    fn a_clock_that_steps_back_does_no_harm() {
        let mut clock = ClockCheck::new();
        clock.restart(Instant::from_millis(1000));
        assert_eq!(
            clock.frame(Instant::from_millis(10), FRAME).media,
            Instant::from_millis(1000)
        );
    }
}
