//! How long a silence ends the caller's turn: learned from the caller's pauses.

use super::TurnSettings;
use super::units::{Micros, millis};

/// The silence that ends a turn, adapted to the caller.
///
/// Each pause of length p within a turn sets a target of 3/2 p for the threshold t. A turn without
/// a pause sets one of 3/2 of the hangover, the shortest pause there can be. t moves half-way up to
/// a higher target, a tenth of the way down to a lower one: an asymmetric running mean, which rests
/// at the 0.83 expectile of the targets (W. K. Newey, J. L. Powell, "Asymmetric least squares
/// estimation and testing", Econometrica 55(4), 1987). t stays between `end_of_turn_ms` divided and
/// multiplied by `end_of_turn_range`, and is never below the hangover.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    threshold: Micros,
    /// Whether the turn had a pause.
    any: bool,
    /// A threshold that `ask` set, for this silence only.
    asked: Option<Micros>,
    /// What the caller is expected to say, and what was heard of it in this silence or before it.
    expected: Patience,
    heard: Option<Patience>,
}

/// How long a silence the caller may make before the turn is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// Half as long as usual, but not shorter than the hangover: what the caller said is complete.
    Shorter,
    /// As adapted to the caller.
    #[default]
    Usual,
    /// Twice as long as usual, and at least 1.5 s: more must follow. Such pauses are not learned
    /// from.
    Longer,
}

impl Pauses {
    pub(super) fn new(settings: &TurnSettings) -> Self {
        Self {
            threshold: millis(settings.end_of_turn_ms),
            any: false,
            asked: None,
            expected: Patience::Usual,
            heard: None,
        }
    }

    /// The silence that ends the turn now.
    pub(super) fn threshold(&self, settings: &TurnSettings) -> Micros {
        let usual = self.threshold;
        self.asked.unwrap_or(match self.patience() {
            Patience::Shorter => (usual / 2).max(millis(settings.hangover_ms)),
            Patience::Usual => usual,
            Patience::Longer => usual.saturating_mul(2).clamp(LONGER, LONGEST),
        })
    }

    fn patience(&self) -> Patience {
        self.heard.unwrap_or(self.expected)
    }

    /// What the caller is expected to say, until this is called again.
    pub(super) fn expect(&mut self, patience: Patience) {
        self.expected = patience;
    }

    /// What was heard, in the silence in progress or before the next.
    pub(super) fn hear(&mut self, patience: Patience) {
        self.heard = Some(patience);
    }

    /// The caller went on after a pause.
    pub(super) fn paused(&mut self, pause: Micros, settings: &TurnSettings) {
        self.any = true;
        // Who dictates a number pauses longer than who talks.
        if self.patience() != Patience::Longer {
            self.learn(pause, settings);
        }
    }

    /// The turn has ended.
    pub(super) fn turn_ended(&mut self, settings: &TurnSettings) {
        if !core::mem::take(&mut self.any) {
            self.learn(millis(settings.hangover_ms), settings);
        }
        self.speech_started();
    }

    /// The speech was not a turn.
    pub(super) fn turn_dropped(&mut self) {
        self.any = false;
        self.speech_started();
    }

    /// Speech has begun: what was requested or heard before no longer counts.
    pub(super) fn speech_started(&mut self) {
        self.asked = None;
        self.heard = None;
    }

    /// Sets another threshold for the silence in progress, or for the next.
    pub(super) fn ask(&mut self, threshold: Micros, settings: &TurnSettings) {
        let least = millis(settings.hangover_ms);
        self.asked = Some(threshold.clamp(least, LONGEST.max(least)));
    }

    /// The longest silence that counts as a pause within a turn.
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
    // `as` saturates, and converts NaN to zero.
    let range = settings.end_of_turn_range.clamp(1.0, 10.0);
    let least = (at_first as f32 / range) as Micros;
    let most = (at_first as f32 * range) as Micros;
    let hangover = millis(settings.hangover_ms);
    // Exactly the set value when nothing is to be learned.
    if range > 1.0 {
        (least.max(hangover), most.max(hangover))
    } else {
        (at_first, at_first)
    }
}

/// The shortest threshold while more must follow: longer than the pauses between the groups of a
/// number, which last 0.6 to 1.2 s.
const LONGER: Micros = 1_500_000;

/// The longest threshold, even if a longer one is requested.
const LONGEST: Micros = 30_000_000;
