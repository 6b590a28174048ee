//! Whether the agent speaks, as a caller hears it: by loudness.

use std::time::Duration;

/// A frame louder than this is speech to a caller. Speech on a telephone line is around -20 dBFS,
/// comfort noise below -60.
const LOUD_DBFS: f64 = -45.0;
/// A frame louder than this is a sound to a caller in a quiet room: a word that begins softly.
const AUDIBLE_DBFS: f64 = -70.0;
/// A pause shorter than this is within a sentence.
const PAUSE: Duration = Duration::from_millis(400);

/// What was heard so far. Times are since the call's start and never go back.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpeechTracker {
    /// When the speech that is going on, or went on last, began and was last loud.
    speech: Option<(Duration, Duration)>,
}

impl SpeechTracker {
    /// Takes samples heard at `now`.
    pub(crate) fn hear(&mut self, now: Duration, samples: &[i16]) {
        if !is_loud(samples) {
            return;
        }
        self.speech = match self.speech {
            Some((began, last)) if now.saturating_sub(last) <= PAUSE => Some((began, now)),
            _ => Some((now, now)),
        };
    }

    /// For how long nothing loud was heard.
    pub(crate) fn quiet_for(&self, now: Duration) -> Duration {
        self.speech
            .map_or(now, |(_, last)| now.saturating_sub(last))
    }

    /// For how long the agent has been speaking, pauses within sentences included; zero when it
    /// isn't.
    pub(crate) fn speaking_for(&self, now: Duration) -> Duration {
        match self.speech {
            Some((began, last)) if now.saturating_sub(last) <= PAUSE => now.saturating_sub(began),
            _ => Duration::ZERO,
        }
    }
}

/// Whether a short stretch of samples is as loud as speech.
pub(crate) fn is_loud(samples: &[i16]) -> bool {
    level_dbfs(samples) > LOUD_DBFS
}

/// Whether anything can be heard in a short stretch of samples.
pub(crate) fn is_audible(samples: &[i16]) -> bool {
    level_dbfs(samples) > AUDIBLE_DBFS
}

fn level_dbfs(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return f64::NEG_INFINITY;
    }
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    let mean = energy / samples.len() as f64;
    10.0 * (mean / (32768.0 * 32768.0)).max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECH: [i16; 160] = [3000; 160];
    const NOISE: [i16; 160] = [20; 160];

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_quiet_line_is_quiet_from_the_start() {
        let mut tracker = SpeechTracker::default();
        tracker.hear(ms(100), &NOISE);
        assert_eq!(tracker.quiet_for(ms(500)), ms(500));
        assert_eq!(tracker.speaking_for(ms(500)), Duration::ZERO);
    }

    #[test]
    fn a_short_pause_does_not_end_a_sentence_and_a_long_one_does() {
        let mut tracker = SpeechTracker::default();
        tracker.hear(ms(1000), &SPEECH);
        tracker.hear(ms(1300), &SPEECH);
        assert_eq!(tracker.speaking_for(ms(1320)), ms(320));
        assert_eq!(tracker.quiet_for(ms(1320)), ms(20));
        assert_eq!(tracker.speaking_for(ms(1800)), Duration::ZERO);
        tracker.hear(ms(1800), &SPEECH);
        assert_eq!(tracker.speaking_for(ms(1900)), ms(100));
    }

    #[test]
    fn loudness_is_measured_against_full_scale() {
        assert!(is_loud(&[32767; 10]) && is_loud(&[300; 10]));
        assert!(!is_loud(&[100; 10]) && !is_loud(&[]) && !is_loud(&[0; 160]));
    }
}
