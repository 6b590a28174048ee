//! One key press is one event, though Asterisk tells it twice: over AudioSocket and over ARI.
//!
//! That a press came over AudioSocket both signalled and as a tone is for the leg to notice ([`voxtra_core::dtmf`]).

use std::collections::VecDeque;
use std::time::Duration;

use voxtra_core::time::Instant;

/// A press told by one way and not yet by the other is forgotten after this long. A key that is held may be told when its tone
/// is heard, and over ARI not before it is let go.
const FORGET: Duration = Duration::from_secs(10);
/// Presses remembered: more than a person keys in within [`FORGET`].
const REMEMBERED: usize = 64;

/// Which way a digit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    AudioSocket,
    Ari,
}

/// Matches the two tellings of each key press.
#[derive(Debug, Default)]
pub(crate) struct KeyPresses {
    told_once: VecDeque<(Instant, Way, char)>,
}

impl KeyPresses {
    /// A digit was told. True if this is the first telling of a press.
    pub(crate) fn is_new(&mut self, now: Instant, way: Way, digit: char) -> bool {
        self.told_once
            .retain(|(at, ..)| now.duration_since(*at) < FORGET);
        let twin = self
            .told_once
            .iter()
            .position(|&(_, other, known)| other != way && known == digit);
        if let Some(twin) = twin {
            self.told_once.remove(twin);
            return false;
        }
        if self.told_once.len() == REMEMBERED {
            self.told_once.pop_front();
        }
        self.told_once.push_back((now, way, digit));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Way::{Ari, AudioSocket};
    use super::*;

    fn presses(tellings: &[(u64, Way, char)]) -> String {
        let mut presses = KeyPresses::default();
        tellings
            .iter()
            .filter(|(ms, way, digit)| presses.is_new(Instant::from_millis(*ms), *way, *digit))
            .map(|t| t.2)
            .collect()
    }

    #[test]
    fn told_twice_counts_once_in_either_order() {
        assert_eq!(presses(&[(0, AudioSocket, '1'), (3, Ari, '1')]), "1");
        assert_eq!(presses(&[(0, Ari, '1'), (300, AudioSocket, '1')]), "1");
    }

    #[test]
    fn told_by_one_way_only_counts_each_time() {
        assert_eq!(
            presses(&[
                (0, AudioSocket, '5'),
                (100, AudioSocket, '5'),
                (200, AudioSocket, '5')
            ]),
            "555"
        );
    }

    #[test]
    fn a_double_press_counts_twice_however_the_tellings_interleave() {
        assert_eq!(
            presses(&[
                (0, AudioSocket, '1'),
                (1, AudioSocket, '1'),
                (2, Ari, '1'),
                (3, Ari, '1')
            ]),
            "11"
        );
        assert_eq!(
            presses(&[
                (0, AudioSocket, '1'),
                (1, Ari, '1'),
                (2, Ari, '1'),
                (3, AudioSocket, '1')
            ]),
            "11"
        );
    }

    #[test]
    fn different_digits_do_not_match() {
        assert_eq!(
            presses(&[
                (0, AudioSocket, '1'),
                (1, Ari, '2'),
                (2, Ari, '1'),
                (3, AudioSocket, '2')
            ]),
            "12"
        );
    }

    #[test]
    fn a_late_telling_is_a_new_press() {
        assert_eq!(presses(&[(0, AudioSocket, '1'), (9_990, Ari, '1')]), "1");
        assert_eq!(presses(&[(0, AudioSocket, '1'), (10_010, Ari, '1')]), "11");
    }
}
