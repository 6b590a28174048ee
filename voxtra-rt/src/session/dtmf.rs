//! One key press is one event, though Asterisk tells it over AudioSocket and over ARI.
//!
//! Once the audio is connected, AudioSocket alone counts: Asterisk (22) tells presses that follow
//! each other within 45 ms (`AST_MIN_DTMF_GAP`) twice over ARI, and each of them once over
//! AudioSocket. Until then ARI alone can tell. What is left are presses in the moment between,
//! which may have come both ways.
//!
//! That a press came over AudioSocket both signalled and as a tone is for the leg to notice
//! ([`voxtra_core::dtmf`]).

use voxtra_core::time::Instant;

/// Presses remembered: more than anybody keys in while the audio is being connected.
const REMEMBERED: usize = 32;

/// Presses that ARI told before the audio was connected.
#[derive(Debug, Default)]
pub(crate) struct EarlyKeys {
    told: Vec<char>,
    /// When the audio was connected, as far as we know: it was a moment earlier in Asterisk.
    connected: Option<Instant>,
}

impl EarlyKeys {
    /// ARI told a press, and the audio is not connected.
    pub(crate) fn told_early(&mut self, digit: char) {
        if self.told.len() < REMEMBERED {
            self.told.push(digit);
        }
    }

    /// The audio is connected.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// Whether the press that AudioSocket tells, and that was made `at` this time, was told
    /// already.
    pub(crate) fn was_told(&mut self, at: Instant, digit: char) -> bool {
        if self.connected.is_none_or(|connected| at > connected) {
            self.told.clear();
        }
        match self.told.iter().position(|told| *told == digit) {
            Some(place) => {
                self.told.remove(place);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTED: Instant = Instant::from_millis(1000);

    fn connected(early: &str) -> EarlyKeys {
        let mut keys = EarlyKeys::default();
        early.chars().for_each(|digit| keys.told_early(digit));
        keys.connected(CONNECTED);
        keys
    }

    #[test]
    fn a_press_in_the_moment_of_connecting_counts_once() {
        let mut keys = connected("12");
        let at = Instant::from_millis(998);
        assert!(keys.was_told(at, '2'));
        assert!(!keys.was_told(at, '2'));
        assert!(!keys.was_told(at, '3'));
    }

    #[test]
    fn a_press_after_it_is_another_press() {
        let mut keys = connected("5");
        assert!(!keys.was_told(Instant::from_millis(1001), '5'));
        // What was told early is over with.
        assert!(!keys.was_told(Instant::from_millis(999), '5'));
    }
}
