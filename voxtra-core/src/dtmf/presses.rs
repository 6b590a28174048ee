//! One key press is one digit, though it may be signalled and heard.

use core::time::Duration;

use heapless::Vec;

use crate::time::Instant;

/// How a digit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfSource {
    /// Beside the audio: a DTMF frame.
    Signalled,
    /// As tones in it.
    Heard,
}

/// Tells the first telling of each key press from the second.
///
/// A digit is matched with the oldest telling of it by the other source that has no match yet, so
/// presses of one key in quick succession are all told, however the tellings interleave. How long a
/// match may take:
///
/// - *A signalled digit after a tone* up to [`SIGNALLED_AFTER`](Self::SIGNALLED_AFTER) after the
///   tone was last heard. Asterisk passes a digit on when the key is let go (the end of an RFC 4733
///   event, or its own time-out when that is lost), and draws short ones out to 80 ms. A gateway
///   that takes the tone out of the audio may leave its beginning there: then the tone ends long
///   before the key is let go.
/// - *A tone after a signalled digit* up to [`HEARD_AFTER`](Self::HEARD_AFTER) after it: the audio
///   comes later than signalling where it waits in jitter buffers or is transcoded.
///
/// If only one source reports digits, nothing ever matches and every digit counts.
#[derive(Clone, Debug)]
pub struct KeyPresses {
    /// The oldest first.
    unmatched: Vec<Telling, REMEMBERED>,
}

#[derive(Clone, Copy, Debug)]
struct Telling {
    /// When it was told; of a tone, when it was last heard.
    at: Instant,
    source: DtmfSource,
    digit: char,
}

impl KeyPresses {
    /// How long after a tone its digit may be signalled: 2 s.
    pub const SIGNALLED_AFTER: Duration = Duration::from_secs(2);

    /// How long after a signalled digit its tone may become certain: 500 ms.
    pub const HEARD_AFTER: Duration = Duration::from_millis(500);

    /// For a call without a press so far.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            unmatched: Vec::new(),
        }
    }

    /// A digit was told. True if this is the first telling of a press.
    pub fn is_new(&mut self, now: Instant, source: DtmfSource, digit: char) -> bool {
        self.unmatched
            .retain(|told| now.duration_since(told.at) <= told.waits());
        let twin = self
            .unmatched
            .iter()
            .position(|told| told.source != source && told.digit == digit);
        if let Some(twin) = twin {
            self.unmatched.remove(twin);
            return false;
        }
        if self.unmatched.is_full() {
            self.unmatched.remove(0);
        }
        // There is room.
        let _ = self.unmatched.push(Telling {
            at: now,
            source,
            digit,
        });
        true
    }

    /// The tone that was told last still sounds.
    pub fn sounds(&mut self, now: Instant) {
        let mut newest_first = self.unmatched.iter_mut().rev();
        if let Some(tone) = newest_first.find(|told| told.source == DtmfSource::Heard) {
            tone.at = now;
        }
    }
}

impl Default for KeyPresses {
    fn default() -> Self {
        Self::new()
    }
}

impl Telling {
    /// How long the other telling may take.
    fn waits(&self) -> Duration {
        match self.source {
            DtmfSource::Signalled => KeyPresses::HEARD_AFTER,
            DtmfSource::Heard => KeyPresses::SIGNALLED_AFTER,
        }
    }
}

/// Presses that wait for their match. The keys of a machine, with 45 ms of tone and 45 ms of pause
/// each, are 11 a second.
const REMEMBERED: usize = 16;

#[cfg(test)]
mod tests {
    use super::DtmfSource::{Heard, Signalled};
    use super::*;

    /// The digits that count, of tellings at these times in ms.
    fn presses(tellings: &[(u64, DtmfSource, char)]) -> std::string::String {
        let mut presses = KeyPresses::new();
        let counts = tellings.iter().filter(|(ms, source, digit)| {
            presses.is_new(Instant::from_millis(*ms), *source, *digit)
        });
        counts.map(|(.., digit)| digit).collect()
    }

    #[test]
    fn told_twice_counts_once_in_either_order() {
        for gap in [0, 20, 300, 500] {
            assert_eq!(presses(&[(0, Heard, '1'), (gap, Signalled, '1')]), "1");
            assert_eq!(presses(&[(0, Signalled, '1'), (gap, Heard, '1')]), "1");
        }
        assert_eq!(presses(&[(0, Heard, '1'), (2_000, Signalled, '1')]), "1");
    }

    #[test]
    fn told_by_one_source_only_counts_each_time() {
        for source in [Heard, Signalled] {
            let tellings: std::vec::Vec<_> = (0..40).map(|n| (90 * n, source, '5')).collect();
            assert_eq!(presses(&tellings), "5".repeat(40));
        }
    }

    #[test]
    fn two_presses_of_a_key_count_twice_however_the_tellings_interleave() {
        for order in [
            [Heard, Signalled, Heard, Signalled],
            [Heard, Heard, Signalled, Signalled],
            [Heard, Signalled, Signalled, Heard],
            [Signalled, Heard, Signalled, Heard],
            [Signalled, Signalled, Heard, Heard],
            [Signalled, Heard, Heard, Signalled],
        ] {
            let mut tellings = [(0, Heard, '1'); 4];
            for (n, (telling, source)) in tellings.iter_mut().zip(order).enumerate() {
                *telling = (50 * n as u64, source, '1');
            }
            assert_eq!(presses(&tellings), "11", "{order:?}");
        }
    }

    #[test]
    fn a_press_that_one_source_missed_is_not_lost() {
        for tellings in [
            // The first was not heard, the second was before it was signalled.
            [
                (100, Signalled, '1'),
                (250, Heard, '1'),
                (300, Signalled, '1'),
            ],
            // The second was not heard.
            [
                (40, Heard, '1'),
                (100, Signalled, '1'),
                (300, Signalled, '1'),
            ],
            // The second was not signalled.
            [(40, Heard, '1'), (100, Signalled, '1'), (250, Heard, '1')],
        ] {
            assert_eq!(presses(&tellings), "11", "{tellings:?}");
        }
    }

    #[test]
    fn different_digits_do_not_match() {
        let tellings = [
            (0, Heard, '1'),
            (50, Heard, '2'),
            (100, Signalled, '2'),
            (150, Signalled, '1'),
            (200, Signalled, '3'),
        ];
        assert_eq!(presses(&tellings), "123");
    }

    #[test]
    fn what_comes_too_late_is_another_press() {
        assert_eq!(presses(&[(0, Heard, '1'), (2_001, Signalled, '1')]), "11");
        assert_eq!(presses(&[(0, Signalled, '1'), (501, Heard, '1')]), "11");
    }

    #[test]
    fn a_key_that_is_held_is_signalled_after_its_tone() {
        let mut presses = KeyPresses::new();
        assert!(presses.is_new(Instant::ZERO, Heard, '7'));
        for frame in 1..=500 {
            presses.sounds(Instant::from_millis(20 * frame));
        }
        assert!(!presses.is_new(Instant::from_millis(11_900), Signalled, '7'));
    }

    #[test]
    fn of_more_than_it_remembers_the_oldest_go_first() {
        let mut presses = KeyPresses::new();
        let digits = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', '*', '#',
        ];
        for digit in digits {
            assert!(presses.is_new(Instant::ZERO, Heard, digit));
        }
        assert!(presses.is_new(Instant::ZERO, Heard, '0'));
        // The first was forgotten, the last was not.
        assert!(!presses.is_new(Instant::ZERO, Signalled, '0'));
        assert!(presses.is_new(Instant::ZERO, Signalled, '0'));
        assert!(!presses.is_new(Instant::ZERO, Signalled, '#'));
    }
}
