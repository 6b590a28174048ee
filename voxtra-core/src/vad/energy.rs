//! The first detector: energy over an adaptive noise floor.

use super::{VAD_FRAME_SAMPLES, VoiceDetector};

/// Speech is what stands out of the line's own noise.
///
/// Per frame: a high-pass takes away direct current and mains hum, the level is measured in dBFS (0
/// dBFS is a square wave at full scale), and the distance to the noise floor goes through a
/// logistic curve: even odds at 9 dB, 0.9 at about 12.5 dB. Frames below the gate
/// ([`with_gate`](Self::with_gate)) are never speech. Frames whose sign changes as often as hiss
/// does must stand out further.
///
/// The floor is a minimum statistic (R. Martin, "Noise power spectral density estimation based on
/// optimal smoothing and minimum statistics", IEEE Trans. SAP 9(5), 2001), here over the whole
/// band: the lowest level of the last two seconds. Speech dips to the floor between its syllables,
/// so speech is not learned as noise; a noise that becomes louder is relearned in two to three
/// seconds, one that becomes quieter at once.
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
        let line = self.high_pass.filter(frame);
        let Some(filtered) = line.first_chunk::<VAD_FRAME_SAMPLES>() else {
            return 0.0; // cannot be: a line is longer than a frame
        };
        let [_, later @ ..] = filtered;
        // The first bit of a float is its sign.
        let crossings: u32 = filtered
            .iter()
            .zip(later)
            .map(|(a, b)| (a.to_bits() ^ b.to_bits()) >> 31)
            .sum();
        let zeros: u16 = frame.iter().map(|sample| u16::from(*sample == 0)).sum();
        let level = level_dbfs(sum_of_squares(filtered) * HighPass::GAIN * HighPass::GAIN);
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

/// In lanes, so that the additions do not wait for each other.
fn sum_of_squares(samples: &[f32; VAD_FRAME_SAMPLES]) -> f32 {
    let (blocks, _) = samples.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for block in blocks {
        for (sum, sample) in sums.iter_mut().zip(block) {
            *sum += sample * sample;
        }
    }
    sums.iter().sum()
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
/// White noise at 8 kHz changes sign at half of the samples, vowels at less than a quarter.
/// Fricatives are hiss too, but a syllable is not made of them alone.
fn hiss_penalty_db(crossings: u32) -> f32 {
    let share = crossings as f32 / (VAD_FRAME_SAMPLES as f32 - 1.0);
    ((share - HISS_FROM) / (HISS_FULL - HISS_FROM)).clamp(0.0, 1.0) * HISS_PENALTY_DB
}

/// Second-order Butterworth high-pass at 130 Hz for 8 kHz: below the telephone band, above direct
/// current and the mains.
///
/// A recursive filter makes each sample wait for the one before it. Multiplying both sides of its
/// fraction by the denominator with the sign of z changed leaves a denominator in z², then in z⁴
/// and z⁸, so that here each output waits only for those [`AHEAD`] and twice that before it, and
/// all between them are computed together: scattered look-ahead (K. K. Parhi, D. G. Messerschmitt,
/// "Pipeline interleaving and parallelism in recursive digital filters", IEEE Trans. ASSP 37(7),
/// 1989).
#[derive(Clone, Debug)]
struct HighPass {
    /// The last inputs, and the last outputs.
    inputs: [i16; PAST],
    outputs: [[f32; AHEAD]; 2],
}

impl HighPass {
    // Bilinear transform: k = tan(pi * 130 / 8000), n = 1 / (1 + sqrt(2) k + k^2).
    /// The numerator is this times the second difference. Left to the level, which needs it only
    /// once.
    const GAIN: f32 = 0.930_344_75;
    const NUMERATOR: Taps = [-2.0, 1.0];
    const DENOMINATOR: Taps = [-1.855_831_8, 0.865_547_26];
    /// The denominator in z⁻² and z⁻⁴, in z⁻⁴ and z⁻⁸, in z⁻⁸ and z⁻¹⁶.
    const DENOMINATOR_2: Taps = ahead(Self::DENOMINATOR);
    const DENOMINATOR_4: Taps = ahead(Self::DENOMINATOR_2);
    const DENOMINATOR_8: Taps = ahead(Self::DENOMINATOR_4);

    const fn new() -> Self {
        Self {
            inputs: [0; PAST],
            outputs: [[0.0; AHEAD]; 2],
        }
    }

    /// The first samples of the result are the frame's, 1 / [`GAIN`](Self::GAIN) too large; the
    /// others are not of use.
    fn filter(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> Padded {
        const { assert!(VAD_FRAME_SAMPLES.is_multiple_of(AHEAD)) };
        let mut line: Padded = [0.0; _];
        let (past, now) = line.split_at_mut(PAST);
        for (place, sample) in past.iter_mut().zip(&self.inputs) {
            *place = f32::from(*sample);
        }
        for (place, sample) in now.iter_mut().zip(frame) {
            *place = f32::from(*sample);
        }
        self.inputs = *frame.last_chunk().unwrap_or(&[0; PAST]);
        // Integers this small are exact in a float, so direct current leaves nothing.
        sum_with_later::<1>(&mut line, Self::NUMERATOR);
        sum_with_later::<1>(&mut line, mirrored(Self::DENOMINATOR));
        sum_with_later::<2>(&mut line, mirrored(Self::DENOMINATOR_2));
        sum_with_later::<4>(&mut line, mirrored(Self::DENOMINATOR_4));

        let [near, far] = Self::DENOMINATOR_8;
        let [mut before, mut last] = self.outputs;
        let (blocks, _) = line.as_chunks_mut::<AHEAD>();
        for block in blocks.iter_mut().take(VAD_FRAME_SAMPLES / AHEAD) {
            for ((sample, before), last) in block.iter_mut().zip(before).zip(last) {
                *sample = *sample - far * before - near * last;
            }
            (before, last) = (last, *block);
        }
        // A dying tail must not end in subnormal numbers, which are slow on many processors.
        if last.iter().all(|output| output.abs() < 1e-6) {
            (before, last) = ([0.0; AHEAD], [0.0; AHEAD]);
        }
        self.outputs = [before, last];
        line
    }
}

/// What a filter multiplies the sample one step away with, and the one two steps away. That of the
/// sample itself is 1.
type Taps = [f32; 2];

/// A frame, what came before it and what [`sum_with_later`] reads beyond.
type Padded = [f32; PAST + VAD_FRAME_SAMPLES + 2 * AHEAD];

/// At each place, its sum with the places one and two steps later: all but the last moves to the
/// front.
fn sum_with_later<const STEP: usize>(line: &mut Padded, [near, far]: Taps) {
    const { assert!(STEP <= AHEAD) };
    for n in 0..PAST + VAD_FRAME_SAMPLES {
        line[n] = line[n + 2 * STEP] + near * line[n + STEP] + far * line[n];
    }
}

/// The same with the sign of z changed.
const fn mirrored([near, far]: Taps) -> Taps {
    [-near, far]
}

/// From a denominator to its product with the mirrored one, in which one step is two.
const fn ahead([near, far]: Taps) -> Taps {
    [2.0 * far - near * near, far * far]
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
        // A lost packet is a few frames of zeros and says nothing about the noise; a muted line
        // does.
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

/// How many samples the high-pass computes at once.
const AHEAD: usize = 8;
/// Inputs that it looks back to: twice the steps of all its sums.
const PAST: usize = 2 * (1 + 1 + 2 + 4);
/// Sums that are made side by side.
const LANES: usize = 8;
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
/// Before anything was heard: high enough for a noisy line not to speak at once, low enough to hear
/// a quiet caller.
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
const HOLE_SAMPLES: u16 = 40;
/// Holes up to 100 ms are taken for lost packets.
const DROPOUT_FRAMES: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The filter's own difference equation, sample by sample, in double precision.
    fn by_the_book(input: &[i16]) -> Vec<f64> {
        let [a1, a2] = HighPass::DENOMINATOR.map(f64::from);
        let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
        let filtered = input.iter().map(|sample| {
            let x = f64::from(*sample);
            let y = x - 2.0 * x1 + x2 - a1 * y1 - a2 * y2;
            (x2, x1, y2, y1) = (x1, x, y1, y);
            y
        });
        filtered.collect()
    }

    fn filtered(input: &[i16]) -> Vec<f32> {
        let mut filter = HighPass::new();
        let (frames, _) = input.as_chunks::<VAD_FRAME_SAMPLES>();
        frames
            .iter()
            .flat_map(|frame| filter.filter(frame).into_iter().take(VAD_FRAME_SAMPLES))
            .collect()
    }

    /// Two seconds of something that is loud, quiet and steady in turn, with digital silence
    /// between.
    fn input() -> Vec<i16> {
        let mut state = 0x2545_f491_u32;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 16) as i16
        };
        let mut samples = Vec::new();
        for n in 0..100 * VAD_FRAME_SAMPLES {
            samples.push(match n / 1_600 {
                0 => noise(),
                1 | 5 => 0,
                2 => noise() / 1_024,
                3 => 20_000,
                4 => i16::MIN.saturating_add(noise() / 4_096),
                6 => [i16::MAX, i16::MIN][n / 40 % 2],
                _ => (libm::sinf(n as f32 * 0.05) * 9_000.0) as i16,
            });
        }
        samples
    }

    #[test]
    fn looking_ahead_changes_nothing() {
        let input = input();
        let mut loudest = 0.0_f64;
        for (n, (now, book)) in filtered(&input).iter().zip(by_the_book(&input)).enumerate() {
            loudest = loudest.max(book.abs());
            // 100 dB below what came last, or 100 dB below full scale's smallest step.
            let apart = (f64::from(*now) - book).abs();
            assert!(
                apart < 1e-5 * loudest + 1e-5,
                "sample {n}: {now} for {book}"
            );
        }
    }

    #[test]
    fn direct_current_and_what_is_over_leave_nothing() {
        let mut input = std::vec![i16::MIN; 50 * VAD_FRAME_SAMPLES];
        let steady = filtered(&input);
        assert!(steady.last().unwrap().abs() < 1e-3, "{:?}", steady.last());
        input.resize(100 * VAD_FRAME_SAMPLES, 0);
        assert_eq!(*filtered(&input).last().unwrap(), 0.0);
    }
}
