//! From frames to digits.

use super::band::{DIAL, HIGH, LOW, TAPS};
use super::run::{Point, Run};
use super::tones::{HOP, LAG};
use crate::vad::VAD_FRAME_SAMPLES;

/// Hears DTMF digits in a caller's audio. One per call.
///
/// Every 5 ms it takes the phasors of the low and the high group with a filter each, one bin of a
/// windowed Fourier transform that is as wide as the group. A digit's two tones are almost all
/// there is, keep their levels, and turn from point to point as far as their frequencies say; what
/// speech and music have of that lasts less than 30 ms. A point is looked at in steps, of which the
/// first that says no is the last: level, low group, high group.
///
/// The arithmetic is that of integers and of `f32` without anything but +, -, ×, / and square root:
/// the same samples give the same digits, to the bit, on every machine. Its state is less than 300
/// bytes.
///
/// ```
/// use voxtra_core::dtmf::DtmfDetector;
///
/// let sine = |hz: f32, n: i32| (core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin();
/// let mut detector = DtmfDetector::new();
/// let mut heard = None;
/// for frame in 0..5 {
///     let samples = core::array::from_fn(|n| {
///         let n = 160 * frame + n as i32;
///         (6_000.0 * (sine(770.0, n) + sine(1_336.0, n))) as i16
///     });
///     heard = detector.process(&samples).or(heard);
/// }
/// assert_eq!(heard, Some('5'));
/// ```
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    /// The end of the frame before: samples, and the energies of its last hops.
    samples: [i16; PAST],
    energies: [u32; PAST_HOPS],
    run: Run,
    /// The digit of the last press, until another of the same digit would be one of its own; and
    /// points since it was heard.
    sounding: Option<char>,
    unheard: u8,
}

impl DtmfDetector {
    /// For a call of which nothing was heard yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            samples: [0; PAST],
            energies: [0; PAST_HOPS],
            run: Run::new(),
            sounding: None,
            unheard: 0,
        }
    }

    /// Takes the next 20 ms (8 kHz, 160 samples). A digit (`0-9`, `A-D`, `*`, `#`) is returned once
    /// for each press, at the end of the frame in which its tone has lasted for 38 to 44 ms.
    ///
    /// The same tones after less than 30 ms without are the same press: a lost frame does not split
    /// it, two lost frames do.
    pub fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> Option<char> {
        let (hops, _) = frame.as_chunks();
        let mut energies = [0_u32; PAST_HOPS + HOPS];
        let (past, new) = energies.split_at_mut(PAST_HOPS);
        past.copy_from_slice(&self.energies);
        for (place, hop) in new.iter_mut().zip(hops) {
            *place = energy(hop);
        }
        let totals: [f32; HOPS] = core::array::from_fn(|n| {
            let around = energies.get(n..).and_then(<[u32]>::first_chunk);
            around.map_or(0.0, mean_square)
        });
        let digit = if totals.iter().any(|total| *total >= 2.0 * SOFTEST) {
            self.look_at(frame, &totals)
        } else {
            for _ in 0..HOPS {
                self.take(None);
            }
            None
        };
        if let (Some(last), Some(last_energies)) = (frame.last_chunk(), energies.last_chunk()) {
            self.samples = *last;
            self.energies = *last_energies;
        }
        digit
    }

    /// Takes the points of a frame, around each of which there is so much.
    fn look_at(&mut self, frame: &[i16; VAD_FRAME_SAMPLES], totals: &[f32; HOPS]) -> Option<char> {
        let mut samples = [0_i16; PAST + VAD_FRAME_SAMPLES];
        let (past, new) = samples.split_at_mut(PAST);
        past.copy_from_slice(&self.samples);
        new.copy_from_slice(frame);
        let mut digit = None;
        for (n, total) in totals.iter().enumerate() {
            let window = samples.get(n * HOP..).and_then(<[i16]>::first_chunk);
            let point = window.and_then(|window| look(window, *total));
            // Points of one frame are too few for two presses.
            digit = self.take(point.as_ref()).or(digit);
        }
        digit
    }

    /// Whether a digit's tone sounds at the end of what was heard, or ended less than 20 ms ago.
    #[must_use]
    pub fn is_tone(&self) -> bool {
        self.sounding.is_some() && self.unheard < JUST_HEARD
    }

    /// Whether a digit's tone sounds, or two tones that have been steady for 20 ms and may become
    /// one. One frame in 200 of speech is so.
    #[must_use]
    pub fn may_be_tone(&self) -> bool {
        self.is_tone() || self.run.points() >= LIKELY
    }

    /// Forgets everything heard so far, as for a new call.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Takes what there is 5 ms later, and returns a digit that has become certain by it.
    fn take(&mut self, point: Option<&Point>) -> Option<char> {
        self.run.push(point);
        self.unheard = self.unheard.saturating_add(1);
        let points = self.run.points();
        // From the last point of the press to the run's first.
        let apart = self.unheard.saturating_sub(points.saturating_sub(1));
        if apart > APART {
            self.sounding = None;
        } else if self.sounding.is_some() && self.run.tones() == self.sounding {
            // A digit that was certain once stays so.
            self.unheard = 0;
            return None;
        }
        if points < CERTAIN {
            return None;
        }
        let key = self.run.key()?;
        self.sounding = Some(key);
        self.unheard = 0;
        Some(key)
    }
}

impl Default for DtmfDetector {
    fn default() -> Self {
        Self::new()
    }
}

/// The two tones in the middle of a window, if they can be a digit: enough of both groups and not
/// much else.
fn look(window: &[i16; WINDOW], total: f32) -> Option<Point> {
    if total < 2.0 * SOFTEST {
        return None;
    }
    let (before, here) = (window.first_chunk()?, window.last_chunk()?);
    let low = LOW.hear(here);
    if low.power() < SOFTEST.max(LEAST_LOW * total) {
        return None;
    }
    let high = HIGH.hear(here);
    let tones = low.power() + high.power();
    if high.power() < SOFTEST || tones < WITH_DIAL * total {
        return None;
    }
    let dial = if tones < WITHOUT_DIAL * total {
        DIAL.hear(here).power().min(total)
    } else {
        0.0
    };
    Some(Point {
        here: [low, high],
        before: [LOW.hear(before), HIGH.hear(before)],
        total,
        dial,
    })
}

/// A sixteenth of the sum of squares, which fits.
fn energy(hop: &[i16; HOP]) -> u32 {
    let quarters = hop.iter().map(|sample| i32::from(sample >> 2));
    quarters.map(|sample| (sample * sample) as u32).sum()
}

/// The mean square of 15 ms, of which the middle counts most.
fn mean_square([before, here, after]: &[u32; 3]) -> f32 {
    let sum = *before as f32 + 2.0 * *here as f32 + *after as f32;
    sum * (16.0 / (4 * HOP) as f32)
}

const HOPS: usize = VAD_FRAME_SAMPLES / HOP;
/// A point is in the middle of a hop; its level is that of the hop, the one before and the one
/// after.
const PAST_HOPS: usize = 2;
const WINDOW: usize = LAG + TAPS;
/// From the first point's window to the frame. The last point is 7.5 ms before the frame's end.
const PAST: usize = 86;

/// Mean square of -36 dBFS (-29.8 dBm0): no tone is softer.
const SOFTEST: f32 = 270_000.0;
/// The low group's least share: what is left with the most twist, and dial tone.
const LEAST_LOW: f32 = 0.1;
/// The tones' least share with as much dial tone as there may be, and what they have without any.
const WITH_DIAL: f32 = 0.5;
const WITHOUT_DIAL: f32 = 0.9;
/// Points after which two tones are likely to be a digit, and after which they are.
const LIKELY: u8 = 5;
const CERTAIN: u8 = 7;
/// Points from one piece of a tone to the next of the same press: the pause, and the edges.
const APART: u8 = 7;
/// Points since a tone's last.
const JUST_HEARD: u8 = 4;
