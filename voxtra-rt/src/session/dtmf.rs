//! One key press is one event, though Asterisk reports it over AudioSocket and over ARI.
//!
//! Once the audio is connected, only AudioSocket counts. Asterisk (22) reports presses that follow
//! each other within 45 ms (`AST_MIN_DTMF_GAP`) twice over ARI, and each of them once over
//! AudioSocket. Until then only ARI can report presses. Presses in the moment between may arrive
//! both ways.
//!
//! The leg ([`voxtra_core::dtmf`]) merges a press that arrives over AudioSocket both signalled and
//! as a tone.

use voxtra_core::time::Instant;

/// Presses remembered: more than a caller keys in while the audio is being connected.
const REMEMBERED: usize = 32;

/// Presses that ARI reported before the audio was connected.
#[derive(Debug, Default)]
pub(crate) struct EarlyKeys {
    told: Vec<char>,
    /// When the audio was connected, as far as we know: Asterisk connected it a moment earlier.
    connected: Option<Instant>,
}

impl EarlyKeys {
    /// ARI reported a press, and the audio is not connected.
    pub(crate) fn told_early(&mut self, digit: char) {
        if self.told.len() < REMEMBERED {
            self.told.push(digit);
        }
    }

    /// The audio is connected.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// Whether a press that AudioSocket reports, made `at` this time, was reported already.
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
        // The early reports are used up.
        assert!(!keys.was_told(Instant::from_millis(999), '5'));
    }
}
