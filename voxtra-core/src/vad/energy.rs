//! The first detector: energy over an adaptive noise floor.

use super::{VAD_FRAME_SAMPLES, VoiceDetector};

/// Speech is what stands out of the line's own noise.
///
/// Per frame: a high-pass takes away direct current and mains hum, the level is measured in dBFS (0 dBFS is
/// a square wave at full scale), and the distance to the noise floor goes through a logistic curve: even
/// odds at 9 dB, 0.9 at about 12.5 dB. Frames below the gate ([`with_gate`](Self::with_gate)) are never
/// speech. Frames whose sign changes as often as hiss does must stand out further.
///
/// The floor is a minimum statistic (R. Martin, "Noise power spectral density estimation based on optimal
/// smoothing and minimum statistics", IEEE Trans. SAP 9(5), 2001), here over the whole band: the lowest
/// level of the last two seconds. Speech dips to the floor between its syllables, so speech is not learned
/// as noise; a noise that becomes louder is relearned in two to three seconds, one that becomes quieter at once.
///
/// ```
/// use voxtra_core::vad::{EnergyDetector, VoiceDetector};
///
/// let mut detector = EnergyDetector::new();
/// assert_eq!(detector.process(&[0; 160]), 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct EnergyDetector {
    gate_dbfs: f32,
    high_pass: HighPass,
    floor: NoiseFloor,
    level_dbfs: f32,
}

impl EnergyDetector {
    /// A detector that has heard nothing, with its gate at −55 dBFS.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_gate(DEFAULT_GATE_DBFS)
    }

    /// A detector for which frames quieter than `gate_dbfs` are never speech.
    ///
    /// Raise it where other people talk in the background, lower it for very quiet lines.
    #[must_use]
    pub const fn with_gate(gate_dbfs: f32) -> Self {
        Self {
            gate_dbfs,
            high_pass: HighPass::new(),
            floor: NoiseFloor::new(),
            level_dbfs: QUIETEST_DBFS,
        }
    }

    /// Level of the last frame after the high-pass, dBFS; −100 for digital silence.
    #[must_use]
    pub const fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }

    /// The noise floor the next frame is measured against, dBFS.
    #[must_use]
    pub const fn floor_dbfs(&self) -> f32 {
        self.floor.dbfs
    }
}

impl Default for EnergyDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceDetector for EnergyDetector {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        let mut sum = 0.0_f32;
        let mut crossings = 0_u16;
        let mut zeros = 0_usize;
        let mut was_negative = None;
        for &sample in frame {
            zeros += usize::from(sample == 0);
            let filtered = self.high_pass.filter(f32::from(sample));
            sum += filtered * filtered;
            let negative = filtered < 0.0;
            if was_negative.is_some_and(|was| was != negative) {
                crossings += 1;
            }
            was_negative = Some(negative);
        }
        self.high_pass.settle();
        let level = level_dbfs(sum);
        self.level_dbfs = level;
        // Against the floor as it was before this frame: a frame is not its own background.
        let floor = self.floor.dbfs;
        self.floor.learn(level, zeros >= HOLE_SAMPLES);
        if level < self.gate_dbfs {
            return 0.0;
        }
        let margin = level - floor - EVEN_ODDS_DB - hiss_penalty_db(crossings);
        1.0 / (1.0 + libm::expf(-margin / SLOPE_DB))
    }

    fn reset(&mut self) {
        *self = Self::with_gate(self.gate_dbfs);
    }
}

/// Mean power of a frame from its sum of squares, in dBFS.
fn level_dbfs(sum_of_squares: f32) -> f32 {
    let mean = sum_of_squares / (VAD_FRAME_SAMPLES as f32 * 32_768.0 * 32_768.0);
    // The filter may leave a trace of what came before; below this it is silence.
    if mean <= 1e-10 {
        QUIETEST_DBFS
    } else {
        10.0 * libm::log10f(mean)
    }
}

/// How much further a frame must stand out because its sign changes as often as that of hiss.
///
/// White noise at 8 kHz changes sign at half of the samples, vowels at less than a quarter. Fricatives are
/// hiss too, but a syllable is not made of them alone.
fn hiss_penalty_db(crossings: u16) -> f32 {
    let share = f32::from(crossings) / (VAD_FRAME_SAMPLES as f32 - 1.0);
    ((share - HISS_FROM) / (HISS_FULL - HISS_FROM)).clamp(0.0, 1.0) * HISS_PENALTY_DB
}

/// Second-order Butterworth high-pass at 130 Hz for 8 kHz: below the telephone band, above direct current
/// and the mains. Transposed direct form II, which behaves well in single precision.
#[derive(Clone, Debug)]
struct HighPass {
    s1: f32,
    s2: f32,
}

impl HighPass {
    // Bilinear transform: k = tan(pi * 130 / 8000), n = 1 / (1 + sqrt(2) k + k^2).
    const B0: f32 = 0.930_344_75;
    const B1: f32 = -1.860_689_5;
    const B2: f32 = 0.930_344_75;
    const A1: f32 = -1.855_831_8;
    const A2: f32 = 0.865_547_26;

    const fn new() -> Self {
        Self { s1: 0.0, s2: 0.0 }
    }

    fn filter(&mut self, x: f32) -> f32 {
        let y = Self::B0 * x + self.s1;
        self.s1 = Self::B1 * x - Self::A1 * y + self.s2;
        self.s2 = Self::B2 * x - Self::A2 * y;
        y
    }

    /// Called between frames: a dying tail must not end in subnormal numbers, which are slow on many processors.
    fn settle(&mut self) {
        if self.s1.abs() + self.s2.abs() < 1e-6 {
            *self = Self::new();
        }
    }
}

/// The lowest smoothed level of the last two seconds, kept as the minimum of each of a few blocks.
#[derive(Clone, Debug)]
struct NoiseFloor {
    /// The floor in use, dBFS.
    dbfs: f32,
    smoothed: f32,
    /// Minimum of each finished block; the oldest is overwritten next.
    blocks: [f32; BLOCKS],
    next_block: usize,
    /// Minimum of the block under way, and its frames so far.
    current: f32,
    frames: u8,
    /// Frames in a row that were digital silence, wholly or in part.
    holes: u8,
}

impl NoiseFloor {
    const fn new() -> Self {
        Self {
            dbfs: START_FLOOR_DBFS,
            smoothed: START_FLOOR_DBFS,
            blocks: [START_FLOOR_DBFS; BLOCKS],
            next_block: 0,
            current: START_FLOOR_DBFS,
            frames: 0,
            holes: 0,
        }
    }

    /// Takes the level of the next frame, and whether the frame has a hole in it.
    fn learn(&mut self, level: f32, hole: bool) {
        // A lost packet is a few frames of zeros and says nothing about the noise; a muted line does.
        self.holes = if hole {
            self.holes.saturating_add(1)
        } else {
            0
        };
        if hole && self.holes <= DROPOUT_FRAMES {
            return;
        }
        let level = level.clamp(LOWEST_FLOOR_DBFS, HIGHEST_FLOOR_DBFS);
        self.smoothed += SMOOTHING * (level - self.smoothed);
        self.current = self.current.min(self.smoothed);
        self.frames += 1;
        if self.frames == BLOCK_FRAMES {
            if let Some(block) = self.blocks.get_mut(self.next_block) {
                *block = self.current;
            }
            self.next_block = (self.next_block + 1) % BLOCKS;
            self.current = self.smoothed;
            self.frames = 0;
        }
        let lowest = self
            .blocks
            .iter()
            .fold(self.current, |low, block| low.min(*block));
        // The minimum of a noise lies a little under its mean.
        let target = (lowest + MINIMUM_BIAS_DB).clamp(LOWEST_FLOOR_DBFS, HIGHEST_FLOOR_DBFS);
        self.dbfs = target.min(self.dbfs + RISE_DB_PER_FRAME);
    }
}

/// Digital silence, dBFS.
const QUIETEST_DBFS: f32 = -100.0;
const DEFAULT_GATE_DBFS: f32 = -55.0;
/// Margin over the floor at which speech and noise are equally likely, dB.
const EVEN_ODDS_DB: f32 = 9.0;
/// dB per unit of the logistic curve.
const SLOPE_DB: f32 = 1.6;
/// Sign changes per sample at which a frame begins to be hiss, and is hiss.
const HISS_FROM: f32 = 0.35;
const HISS_FULL: f32 = 0.50;
const HISS_PENALTY_DB: f32 = 10.0;
/// Before anything was heard: high enough for a noisy line not to speak at once, low enough to hear a quiet caller.
const START_FLOOR_DBFS: f32 = -50.0;
/// G.711's own quantisation noise is about here.
const LOWEST_FLOOR_DBFS: f32 = -70.0;
const HIGHEST_FLOOR_DBFS: f32 = -15.0;
const MINIMUM_BIAS_DB: f32 = 1.0;
const SMOOTHING: f32 = 0.5;
/// 8 blocks of 13 frames are 2.08 s.
const BLOCKS: usize = 8;
const BLOCK_FRAMES: u8 = 13;
const RISE_DB_PER_FRAME: f32 = 1.5;
/// This many zero samples (5 ms) are a hole in the audio.
const HOLE_SAMPLES: usize = 40;
/// Holes up to 100 ms are taken for lost packets.
const DROPOUT_FRAMES: u8 = 5;
