//! Predicts the agent's echo from the audio that was sent.

use core::time::Duration;

use wide::f32x8;

use super::bands::{BANDS, Levels, Packed, SILENCE, at_8_khz, levels, splat};
use super::late::{LateEcho, NEAREST};
use crate::time::Instant;
use crate::vad::VAD_FRAME_SAMPLES;

/// How much of the received audio is echo, from the levels of the sent audio. One per call.
///
/// For each delay from 20 to 320 ms, in steps of a frame, and each of eight bands, it tracks two
/// quantiles (0.25 and 0.75) of a ratio: how much louder the line is than what was sent that long
/// ago, while that was loud. At the true delay the ratio hardly varies, so the quantiles are close
/// to each other and to the echo path's loss. At another delay, or when the line carries the caller
/// or a noise, the ratio varies as much as speech does; the estimate is then discounted by how far
/// the quantiles are apart. Stochastic approximation tracks the quantiles: a step up or down for
/// each frame (H. Robbins, S. Monro, "A stochastic approximation method", Ann. Math. Stat. 22(3),
/// 1951). A call begins with the strongest echo expected of a line. An absent echo is unlearned
/// within a second of the agent's voice; a later one is learned within two.
///
/// Delays from 340 ms to 1 s are those of loudspeakers on mobile networks. No echo is expected at
/// them until one was heard for about half a second. Means track them, at a lower cost.
///
/// A band is echo when it is no louder than the loudest prediction of all delays, plus a margin.
///
/// Its state always takes 3.7 kB.
#[derive(Clone, Debug)]
pub struct EchoEstimate {
    /// Levels of the sent frames in a circular buffer: the newest is at `newest`, the one before it
    /// one place lower.
    sent: [Packed; SENT],
    newest: usize,
    newest_at: Instant,
    /// Frames until everything that was sent is too old to come back.
    audible: u32,
    /// dB by which the line is louder than what was sent, by delay: the low and the high quantile.
    coupling: [[Levels; 2]; DELAYS],
    late: LateEcho,
    floor: Levels,
    /// The share of near-end speech in the previous frame: a detector reacts for a moment after a
    /// sound.
    share: f32,
}

impl EchoEstimate {
    /// For a call in which nothing has been sent yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sent: [Packed::SILENCE; SENT],
            newest: 0,
            newest_at: Instant::ZERO,
            audible: 0,
            coupling: [[[COUPLING_AT_FIRST_DB; BANDS]; 2]; DELAYS],
            late: LateEcho::new(),
            floor: [FLOOR_AT_FIRST_DBFS; BANDS],
            share: 1.0,
        }
    }

    /// Takes the 20 ms that were sent at `now`, at any rate.
    pub fn sent(&mut self, now: Instant, pcm: &[i16]) {
        self.newest = (self.newest + 1) % SENT;
        self.newest_at = now;
        self.audible = self.audible.saturating_sub(1);
        let levels = if pcm.iter().all(|sample| *sample == 0) {
            Packed::SILENCE
        } else {
            self.audible = SENT as u32;
            Packed::of(&levels(&at_8_khz(pcm)))
        };
        if let Some(place) = self.sent.get_mut(self.newest) {
            *place = levels;
        }
    }

    /// Takes the 20 ms at 8 kHz that ended at `now`, and returns the share of them that is not
    /// echo, from 0 to 1. It is 1 when nothing that was sent could come back.
    pub fn heard(&mut self, now: Instant, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        if self.audible == 0 {
            self.share = 1.0;
            return 1.0;
        }
        let heard = levels(&frame.map(f32::from));
        let expected = self.expect(now, &heard);
        let mut near = 0.0;
        let mut echo = 0.0;
        for ((heard, expected), floor) in heard.iter().zip(expected).zip(&mut self.floor) {
            let over_floor = (heard - *floor - NOISE_MARGIN_DB).clamp(0.0, STRONG_DB);
            if *heard > expected + ECHO_MARGIN_DB {
                near += over_floor;
            } else {
                echo += over_floor;
            }
            *floor = if *heard < *floor {
                *floor + FLOOR_FALLS * (*heard - *floor)
            } else {
                *floor + FLOOR_RISES_DB
            };
        }
        // A frame with little sound is little evidence.
        let share = (near + MEMORY_DB * self.share) / (near + echo + MEMORY_DB);
        self.share = share;
        ((share - ALL_ECHO) / (ALL_NEAR - ALL_ECHO)).clamp(0.0, 1.0)
    }

    /// The delay at which most comes back, and how much softer it is then, in dB. Both are guesses,
    /// and useful only once the agent has spoken for a while and when something comes back at all.
    #[must_use]
    pub fn path(&self) -> (Duration, f32) {
        let mean = |[low, high]: &[Levels; 2]| {
            believed([f32x8::new(*low), f32x8::new(*high)]).reduce_add() / BANDS as f32
        };
        let means = self.coupling.iter().map(mean);
        let (delay, coupling) = means
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .unwrap_or((0, 0.0));
        let (delay, coupling) = self
            .late
            .loudest()
            .filter(|(_, late)| *late > coupling)
            .unwrap_or((delay + 1, coupling));
        let delay = u32::try_from(delay).unwrap_or(0);
        (crate::audio::FRAME * delay, -coupling)
    }

    /// The loudest that each band's echo may be at `now`, in dBFS. Learns from `heard`.
    fn expect(&mut self, now: Instant, heard: &Levels) -> Levels {
        // Frames that come late in a bunch are handled after later ones were sent.
        let late = self.newest_at.duration_since(now).as_micros();
        let early = now.duration_since(self.newest_at).as_micros();
        let frames = |micros: u128| usize::try_from((micros + 10_000) / 20_000).unwrap_or(SENT);
        let (late, early) = (frames(late), frames(early));
        let newest = self.newest;
        let sent = &self.sent;
        let sent = |frames: usize| {
            let back = (frames + late)
                .checked_sub(early)
                .filter(|back| *back < SENT)?;
            let place = (newest + SENT - back) % SENT;
            sent.get(place).map(|sent| sent.levels())
        };
        let heard = f32x8::new(*heard);
        let audible_from = f32x8::new(self.floor) + splat(NOISE_MARGIN_DB);
        let audible = heard.simd_ge(audible_from);
        let mut expected = f32x8::new(SILENCE);
        for (n, [low, high]) in self.coupling.iter_mut().enumerate() {
            let Some(sent) = sent(n + 1) else {
                continue;
            };
            let quantiles = [f32x8::new(*low), f32x8::new(*high)];
            expected = expected.fast_max(sent + believed(quantiles));
            let ratio = heard - sent;
            let step = sent.simd_gt(splat(LOUD_DBFS)) & splat(STEP_DB);
            let learn = |quantile: f32x8, share: f32| {
                // If the line's noise drowns the echo, all that is known is that the echo is no
                // louder.
                let up = audible & splat(share);
                let way = ratio.simd_lt(quantile).select(splat(share - 1.0), up);
                let nearer = quantile + step * way;
                nearer
                    .fast_max(splat(LEAST_RATIO_DB))
                    .fast_min(splat(MOST_RATIO_DB))
                    .to_array()
            };
            let [before_low, before_high] = quantiles;
            *low = learn(before_low, LOW);
            *high = learn(before_high, HIGH);
        }
        self.late
            .frame(sent, heard, audible_from, expected)
            .to_array()
    }
}

/// The coupling, in dB, that two quantiles support: the low one, less a discount if they are too
/// far apart for an echo.
fn believed([low, high]: [f32x8; 2]) -> f32x8 {
    let apart = (high - low - splat(SPREAD_DB)).fast_max(f32x8::ZERO);
    let coupling = low.fast_min(splat(MOST_COUPLING_DB)) - splat(DISBELIEF) * apart;
    coupling.fast_max(splat(LEAST_COUPLING_DB))
}

impl Default for EchoEstimate {
    fn default() -> Self {
        Self::new()
    }
}

/// Near delays: 20 to 320 ms.
const DELAYS: usize = 16;
const _: () = assert!(DELAYS + 1 == NEAREST, "the late delays follow them");
/// Sent frames that are kept: the longest delay, plus 12 for frames that come late.
const SENT: usize = 64;
/// The echo of a band below this level is too soft to be heard.
pub(super) const LOUD_DBFS: f32 = -60.0;
/// The coupling that a new line starts with.
const COUPLING_AT_FIRST_DB: f32 = -13.0;
const MOST_COUPLING_DB: f32 = -6.0;
/// A sound this much softer than the agent counts as its echo: callers do not speak so softly.
const LEAST_COUPLING_DB: f32 = -44.0;
/// Ratios are clamped to this range.
pub(super) const LEAST_RATIO_DB: f32 = -60.0;
pub(super) const MOST_RATIO_DB: f32 = 30.0;
const LOW: f32 = 0.25;
const HIGH: f32 = 0.75;
/// An echo's quantiles are no further apart; each further dB counts this many times against it.
const SPREAD_DB: f32 = 8.0;
const DISBELIEF: f32 = 2.0;
const STEP_DB: f32 = 1.5;
/// How much louder than predicted an echo may be.
const ECHO_MARGIN_DB: f32 = 9.0;
/// Margin over the line's own noise, which is not evidence.
const NOISE_MARGIN_DB: f32 = 6.0;
/// A band this far above the noise is the strongest evidence that one band can give.
const STRONG_DB: f32 = 20.0;
const FLOOR_AT_FIRST_DBFS: f32 = -60.0;
const FLOOR_FALLS: f32 = 0.3;
const FLOOR_RISES_DB: f32 = 0.1;
/// The previous frame weighs as much as this many dB over the noise, over all bands together.
const MEMORY_DB: f32 = 8.0;
/// Shares of near-end bands at which a frame counts as an echo, and as the caller.
const ALL_ECHO: f32 = 0.15;
const ALL_NEAR: f32 = 0.45;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_state_is_what_it_says() {
        assert!(size_of::<EchoEstimate>() <= 3_750);
    }
}
