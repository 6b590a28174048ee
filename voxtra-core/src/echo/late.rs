//! Late echoes, from a loudspeaker at the other end of a mobile network. Most lines have none.

use wide::f32x8;

use super::bands::{BANDS, Levels, QUIETEST_DBFS, splat};
use super::estimate::{LEAST_RATIO_DB, LOUD_DBFS, MOST_RATIO_DB};

/// Evidence about the delays from [`NEAREST`] frames on.
///
/// For each delay it tracks how much louder each band of the line is than what was sent that long
/// ago (the coupling), and how far single frames are from that. At the true delay frames stay close
/// to it. At another delay they differ as much as one sentence differs from another; so do frames
/// with a caller or a noise. A delay is believed when it was seen often enough, its frames are
/// close enough, also compared with those of the other delays, and it is softer than what was sent.
/// A delay that is believed too soon takes the caller for an echo, so late delays need more
/// evidence than near ones.
///
/// A new delay is checked in each frame, a known one in every fourth: neighbouring frames are
/// nearly alike. While only the line's noise is heard, all delays wait for every fourth.
#[derive(Clone, Debug)]
pub(super) struct LateEcho {
    paths: [Path; PATHS],
    /// Which delays are believed, which are new, and which have no evidence. One bit each, the
    /// shortest delay lowest.
    believed: u64,
    new: u64,
    unseen: u64,
    /// Every fourth bit: the known delays that are checked in this frame.
    turn: u64,
    /// How far frames typically are from the coupling, over all delays.
    typical_db: f32,
}

/// One delay.
#[derive(Clone, Copy, Debug)]
struct Path {
    /// dB by which the line is louder than what was sent.
    coupling: Levels,
    /// How far a frame's bands are from the coupling, on average.
    spread_db: f32,
    /// Frames that supported the delay, less those that contradicted it.
    seen: u8,
}

impl LateEcho {
    pub(super) const fn new() -> Self {
        Self {
            paths: [Path::UNKNOWN; PATHS],
            believed: 0,
            new: ALL,
            unseen: ALL,
            turn: 0x1111_1111_1111_1111,
            typical_db: TYPICAL_AT_FIRST_DB,
        }
    }

    /// The louder of `expected` and what the believed delays predict, per band. Then learns from
    /// `heard`. `sent` gives the levels of the frame that was sent this many frames ago.
    pub(super) fn frame(
        &mut self,
        sent: impl Fn(usize) -> Option<f32x8>,
        heard: f32x8,
        audible_from: f32x8,
        mut expected: f32x8,
    ) -> f32x8 {
        for (delay, path) in self.believed() {
            if let Some(sent) = sent(delay) {
                let back = sent + f32x8::new(path.coupling) - splat(SAFE_DB);
                expected = expected.fast_max(back);
            }
        }
        self.turn = self.turn.rotate_left(1);
        let is_heard = heard.simd_ge(audible_from).any();
        let looked_at = if is_heard {
            self.new | self.turn
        } else {
            self.turn & !self.unseen
        };
        for n in ones(looked_at & ALL) {
            let (Some(path), Some(sent)) = (self.paths.get_mut(n), sent(n + NEAREST)) else {
                continue;
            };
            let believed = self.believed >> n & 1 != 0;
            path.learn(sent, heard, audible_from, believed);
            if path.seen >= FEWEST_TYPICAL {
                self.typical_db += TYPICAL_STEP * (path.spread_db - self.typical_db);
            }
            let bit = 1 << n;
            let is_echo = path.is_echo(self.typical_db, believed);
            self.believed = with(self.believed, bit, is_echo);
            self.new = with(self.new, bit, path.seen < KNOWN);
            self.unseen = with(self.unseen, bit, path.seen == 0);
        }
        expected
    }

    /// The believed delay with the loudest echo, in frames, and its coupling.
    pub(super) fn loudest(&self) -> Option<(usize, f32)> {
        let couplings = self.believed().map(|(delay, path)| (delay, path.mean()));
        couplings.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    fn believed(&self) -> impl Iterator<Item = (usize, &Path)> {
        ones(self.believed).filter_map(|n| Some((n + NEAREST, self.paths.get(n)?)))
    }
}

/// The positions of the ones in `bits`.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        place
    })
}

/// `bits` with `bit` set or not.
const fn with(bits: u64, bit: u64, set: bool) -> u64 {
    if set { bits | bit } else { bits & !bit }
}

impl Path {
    const UNKNOWN: Self = Self {
        coupling: [QUIETEST_DBFS; BANDS],
        spread_db: 0.0,
        seen: 0,
    };

    fn learn(&mut self, sent: f32x8, heard: f32x8, audible_from: f32x8, believed: bool) {
        let loud = sent.simd_gt(splat(LOUD_DBFS));
        if !enough(loud) {
            return;
        }
        let audible = loud & heard.simd_ge(audible_from);
        let coupling = f32x8::new(self.coupling);
        if !enough(audible) {
            let should = (sent + coupling).simd_gt(audible_from + splat(SURELY_DB));
            if enough(should & loud & heard.simd_lt(audible_from)) {
                let less = self.seen.div_ceil(FORGETS);
                self.seen = self.seen.saturating_sub(less);
            }
            return;
        }
        let ratio = (heard - sent)
            .fast_max(splat(LEAST_RATIO_DB))
            .fast_min(splat(MOST_RATIO_DB));
        let is_first = coupling.simd_lt(splat(LEAST_RATIO_DB));
        let furthest = if self.seen < FEW {
            MOST_RATIO_DB - LEAST_RATIO_DB
        } else {
            FURTHEST_DB
        };
        let mut way = (ratio - coupling)
            .fast_max(splat(-furthest))
            .fast_min(splat(furthest));
        if believed {
            // An echo keeps its evidence while the caller speaks over it.
            let louder = way.simd_gt(splat(LOUDER_DB));
            way = louder.select(splat(SURPRISE) * way, way);
        }
        way = is_first.select(f32x8::ZERO, way);
        let step = 1.0 / (f32::from(self.seen.min(SLOWEST)) + 1.0);
        let learned = coupling + (audible & splat(step)) * way;
        self.coupling = (audible & is_first).select(ratio, learned).to_array();
        let off = (audible & way.abs()).reduce_add();
        let bands = (audible & f32x8::ONE).reduce_add();
        let step = 1.0 / f32::from(self.seen.clamp(1, SLOWEST));
        self.spread_db += step * (off / bands - self.spread_db);
        self.seen = self.seen.saturating_add(1).min(MOST_SEEN);
    }

    /// Whether this delay has an echo, if it had one `before`.
    fn is_echo(&self, typical_db: f32, before: bool) -> bool {
        let (most, share) = match self.seen {
            0..FEWEST_SEEN => return false,
            FEWEST_SEEN..KNOWN => (SPREAD_SOON_DB, SHARE_SOON),
            _ => (SPREAD_DB, SHARE),
        };
        let (more, more_of) = if before {
            (STAYS_DB, STAYS_SHARE)
        } else {
            (0.0, 0.0)
        };
        self.spread_db < most + more
            && self.spread_db < typical_db * (share + more_of)
            && self.mean() < MOST_COUPLING_DB
    }

    /// The mean over the bands in which an echo came back.
    fn mean(&self) -> f32 {
        let coupling = f32x8::new(self.coupling);
        let known = coupling.simd_ge(splat(LEAST_RATIO_DB));
        let count = (known & f32x8::ONE).reduce_add();
        (known & coupling).reduce_add() / count.max(1.0)
    }
}

/// Whether enough bands of a frame are set for it to count: at least three.
fn enough(bands: f32x8) -> bool {
    let bits = bands.to_bitmask();
    let but_one = bits & bits.wrapping_sub(1);
    but_one & but_one.wrapping_sub(1) != 0
}

/// The shortest delay, in frames.
pub(super) const NEAREST: usize = 17;
/// Delays that are checked: 340 to 1,040 ms. A sound that comes back 1 s later ends 1,020 ms after
/// its frame began, and frames go out between those that come in.
const PATHS: usize = 36;
const ALL: u64 = (1 << PATHS) - 1;
/// Frames after which a delay counts as known.
const KNOWN: u8 = 24;
const MOST_SEEN: u8 = 64;
/// Fewest frames for a delay to be an echo: a quarter of a second of speech.
const FEWEST_SEEN: u8 = 12;
/// One part in this many of a delay's evidence goes with each frame in which its echo should be
/// heard and is not.
const FORGETS: u8 = 8;
/// A mean covers this many frames, or all of them while there are fewer.
const SLOWEST: u8 = 32;
/// An echo predicted this far above the noise should be heard.
const SURELY_DB: f32 = 6.0;
/// The most dB that one frame counts as off the coupling, except a delay's first frames.
const FURTHEST_DB: f32 = 15.0;
const FEW: u8 = 4;
/// A frame this much louder than the echo is the caller's, and counts only in part.
const LOUDER_DB: f32 = 9.0;
const SURPRISE: f32 = 0.25;
/// How far frames may be from the coupling, in dB and compared with the other delays: while a delay
/// is new, and later.
const SPREAD_SOON_DB: f32 = 4.5;
const SHARE_SOON: f32 = 0.6;
const SPREAD_DB: f32 = 6.0;
const SHARE: f32 = 0.7;
/// How much further frames may be before a believed delay is dropped.
const STAYS_DB: f32 = 1.5;
const STAYS_SHARE: f32 = 0.1;
const TYPICAL_AT_FIRST_DB: f32 = 8.0;
const TYPICAL_STEP: f32 = 1.0 / 64.0;
const FEWEST_TYPICAL: u8 = 6;
/// A sound as loud as the agent is not an echo.
const MOST_COUPLING_DB: f32 = -3.0;
/// The margin over the prediction suits the low quantile of the near delays. A mean is this much
/// above that.
const SAFE_DB: f32 = 2.0;
