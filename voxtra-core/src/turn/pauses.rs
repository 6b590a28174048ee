//! How long a silence ends the caller's turn: learned from the pauses the caller makes.

use super::TurnSettings;
use super::units::{Micros, millis};

/// The silence that ends a turn, adapted to the caller.
///
/// A pause of length p within a turn asks for a threshold of 3/2 p. The threshold t goes half of
/// the way up to what is asked for, or a tenth of the way down: an asymmetric running mean, whose
/// resting point is the 0.83 expectile of what is asked for (W. K. Newey, J. L. Powell, "Asymmetric
/// least squares estimation and testing", Econometrica 55(4), 1987). A turn without a pause asks
/// for 3/2 of the hangover, the shortest pause there can be. t stays between `end_of_turn_ms`
/// divided and multiplied by `end_of_turn_range`, and is never below the hangover.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    threshold: Micros,
    /// Whether the turn had a pause.
    any: bool,
    /// What was asked for from outside, for this silence.
    asked: Option<Micros>,
}

impl Pauses {
    pub(super) fn new(settings: &TurnSettings) -> Self {
        Self {
            threshold: millis(settings.end_of_turn_ms),
            any: false,
            asked: None,
        }
    }

    /// The silence that ends the turn, as things are.
    pub(super) fn threshold(&self) -> Micros {
        self.asked.unwrap_or(self.threshold)
    }

    /// The caller went on after a pause.
    pub(super) fn paused(&mut self, pause: Micros, settings: &TurnSettings) {
        self.any = true;
        self.learn(pause, settings);
    }

    /// The turn has ended.
    pub(super) fn turn_ended(&mut self, settings: &TurnSettings) {
        if !core::mem::take(&mut self.any) {
            self.learn(millis(settings.hangover_ms), settings);
        }
        self.asked = None;
    }

    /// What was said was no turn.
    pub(super) fn turn_dropped(&mut self) {
        self.any = false;
        self.asked = None;
    }

    /// Speech has begun: what was asked for is over.
    pub(super) fn speech_started(&mut self) {
        self.asked = None;
    }

    /// Takes another threshold for the silence that is going on, or for the next.
    pub(super) fn ask(&mut self, threshold: Micros, settings: &TurnSettings) {
        let least = millis(settings.hangover_ms);
        self.asked = Some(threshold.clamp(least, LONGEST.max(least)));
    }

    /// The longest silence within a turn that is believed.
    pub(super) fn longest(settings: &TurnSettings) -> Micros {
        bounds(settings).1
    }

    fn learn(&mut self, pause: Micros, settings: &TurnSettings) {
        let asked = pause.saturating_add(pause / 2);
        let threshold = if asked > self.threshold {
            self.threshold.saturating_add((asked - self.threshold) / 2)
        } else {
            self.threshold.saturating_sub((self.threshold - asked) / 10)
        };
        let (least, most) = bounds(settings);
        self.threshold = threshold.clamp(least, most);
    }
}

/// The shortest threshold and the longest.
fn bounds(settings: &TurnSettings) -> (Micros, Micros) {
    let at_first = millis(settings.end_of_turn_ms);
    // `as` saturates, and takes what is not a number for zero.
    let range = settings.end_of_turn_range.clamp(1.0, 10.0);
    let least = (at_first as f32 / range) as Micros;
    let most = (at_first as f32 * range) as Micros;
    let hangover = millis(settings.hangover_ms);
    // Exactly what was set when nothing is to be learned.
    if range > 1.0 {
        (least.max(hangover), most.max(hangover))
    } else {
        (at_first, at_first)
    }
}

/// Nobody is waited for longer, whatever is asked for.
const LONGEST: Micros = 30_000_000;
