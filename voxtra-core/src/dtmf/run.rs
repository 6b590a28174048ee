//! Points in a row at which the same two tones were heard.

use super::band::Phasor;
use super::tones::{TONES, Tone, key};

/// The two tones at one point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Of the low and of the high group.
    pub(super) here: [Phasor; 2],
    /// The same a little before.
    pub(super) before: [Phasor; 2],
    /// Mean square of everything, and what of it is dial tone.
    pub(super) total: f32,
    pub(super) dial: f32,
}

/// Points in a row at which the same two tones were heard. The first only begins it: it may be on
/// the tone's edge.
#[derive(Clone, Debug)]
pub(super) struct Run {
    tracks: [Track; 2],
    /// Sums over the points that count, and how many these are.
    total: f32,
    dial: f32,
    weight: f32,
    points: u8,
}

/// One of the tones. All but the last phasor are sums.
#[derive(Clone, Copy, Debug)]
struct Track {
    last: Phasor,
    square: f32,
    hop: Turns,
    lag: Turns,
}

/// How far a tone turned each time, and how far it would have if there were nothing else.
#[derive(Clone, Copy, Debug)]
struct Turns {
    turned: Phasor,
    most: f32,
}

impl Run {
    pub(super) const fn new() -> Self {
        Self {
            tracks: [Track::NEW; 2],
            total: 0.0,
            dial: 0.0,
            weight: 0.0,
            points: 0,
        }
    }

    /// How many points there are, up to 255.
    pub(super) fn points(&self) -> u8 {
        self.points
    }

    /// Takes the next point; without two tones in it, the run is over. If they are others, another
    /// begins.
    pub(super) fn push(&mut self, point: Option<&Point>) {
        let Some(point) = point else {
            if self.points > 0 {
                *self = Self::new();
            }
            return;
        };
        if !self.goes_on(point) {
            *self = Self::new();
        }
        if self.weight >= LONGEST {
            self.forget_half();
        }
        let phasors = point.here.into_iter().zip(point.before);
        for (track, (here, before)) in self.tracks.iter_mut().zip(phasors) {
            if self.points >= 1 {
                track.square += here.square();
                track.lag.add(here, before);
            }
            if self.points >= 2 {
                track.hop.add(here, track.last);
            }
            track.last = here;
        }
        if self.points >= 1 {
            self.total += point.total;
            self.dial += point.dial;
            self.weight += 1.0;
        }
        self.points = self.points.saturating_add(1);
    }

    /// Whether the point's tones are about as loud as those before, and turn about as fast.
    fn goes_on(&self, point: &Point) -> bool {
        let phasors = point.here.into_iter().zip(point.before);
        self.tracks
            .iter()
            .zip(phasors)
            .all(|(track, (here, before))| {
                let mean = track.square / self.weight.max(1.0);
                let is_level = |phasor: Phasor| {
                    let square = phasor.square();
                    square < LOUDER * mean && square > SOFTER * mean
                };
                let turned = here.since(track.last);
                (self.points < 2 || is_level(here) && is_level(before))
                    && (self.points < 3 || turned.since(track.hop.turned).is_within(STEADY))
            })
    }

    fn forget_half(&mut self) {
        for track in &mut self.tracks {
            track.square *= 0.5;
            for turns in [&mut track.hop, &mut track.lag] {
                turns.turned = turns.turned.half();
                turns.most *= 0.5;
            }
        }
        self.total *= 0.5;
        self.dial *= 0.5;
        self.weight *= 0.5;
    }

    /// The key with these tones, whatever else there is.
    pub(super) fn tones(&self) -> Option<char> {
        let [low, high] = &self.tracks;
        let [low_tones, high_tones] = &TONES;
        key(low.among(low_tones)?, high.among(high_tones)?)
    }

    /// The key with these tones, if they are all there is, but for noise and dial tone.
    pub(super) fn key(&self) -> Option<char> {
        let [low, high] = &self.tracks;
        let has_twist =
            low.square > NORMAL_TWIST * high.square || high.square > REVERSE_TWIST * low.square;
        if has_twist || self.dial > MOST_DIAL * self.total {
            return None;
        }
        let (hops, lags) = (low.hop.most + high.hop.most, low.lag.most + high.lag.most);
        for (track, [hop, lag]) in self.tracks.iter().zip(UNSTEADY) {
            if track.hop.lost() > hop * hops || track.lag.lost() > lag * lags {
                return None;
            }
        }
        let tones = Phasor::power_of(low.square + high.square);
        let share = tones / (self.total - self.dial).max(1.0);
        if !(LEAST_SHARE..=MOST_SHARE).contains(&share) {
            return None;
        }
        self.tones()
    }
}

impl Track {
    const NEW: Self = Self {
        last: Phasor::ZERO,
        square: 0.0,
        hop: Turns::NONE,
        lag: Turns::NONE,
    };

    /// Which of these tones it is.
    fn among(&self, tones: &[Tone; 4]) -> Option<usize> {
        tones
            .iter()
            .position(|tone| tone.is(self.hop.turned, self.lag.turned))
    }
}

impl Turns {
    const NONE: Self = Self {
        turned: Phasor::ZERO,
        most: 0.0,
    };

    fn add(&mut self, here: Phasor, before: Phasor) {
        self.turned = self.turned.plus(here.since(before));
        self.most += 0.5 * (here.square() + before.square());
    }

    /// The share that is lost because turns or levels differed: 0 for a steady tone.
    fn lost(&self) -> f32 {
        self.most - self.turned.magnitude()
    }
}

/// Sums are halved when so many points count.
const LONGEST: f32 = 32.0;
/// A tone's power differs from the mean of those before by no more than this.
const LOUDER: f32 = 3.0;
const SOFTER: f32 = 0.25;
/// It turns by less than 45° more or less than those before: 25 Hz.
const STEADY: f32 = 1.0;
/// What each tone may lose, as a share of both: from hop to hop, and in the lag. It is what noise
/// of -15 dB takes; the high group's filter is wider.
const UNSTEADY: [[f32; 2]; 2] = [[0.018, 0.012], [0.025, 0.022]];
/// The low tone may be 10 dB louder than the high one, and the high one 5.2 dB louder than the low
/// one.
const NORMAL_TWIST: f32 = 10.0;
const REVERSE_TWIST: f32 = 3.3;
/// Share of the tones in all there is, less dial tone. It may seem to be more than 1, as time is
/// weighed differently.
const LEAST_SHARE: f32 = 0.8;
const MOST_SHARE: f32 = 1.22;
/// Share of dial tone in all there is.
const MOST_DIAL: f32 = 0.4;
