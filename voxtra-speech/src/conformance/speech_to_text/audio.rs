//! Audio that holds words for whoever knows the suite.

use super::{FIRST, SECOND};

/// How loud the utterances are. The double knows them by it.
const LOUDNESS: [(&str, i16); 2] = [(FIRST, 1_000), (SECOND, 4_000)];
const COUGH: i16 = 250;
/// Samples of a word: 150 ms.
pub(super) const WORD: usize = 1_200;

/// The audio of a text: [`FIRST`] or [`SECOND`].
pub(super) fn audio(text: &str) -> Vec<i16> {
    let loudness = LOUDNESS.iter().find(|(known, _)| *known == text);
    let loudness = loudness.map_or(COUGH, |(_, loudness)| *loudness);
    noise(loudness, text.split(' ').count().saturating_mul(WORD))
}

pub(super) fn cough() -> Vec<i16> {
    noise(COUGH, WORD)
}

fn noise(loudness: i16, samples: usize) -> Vec<i16> {
    let wave = [loudness, loudness.saturating_neg()];
    wave.into_iter().cycle().take(samples).collect()
}

/// The words in these samples. Each stands in its 150 ms of audio: what is missing of the audio is
/// missing of the words. Silence and the cough hold none. µ-law doesn't harm.
#[must_use]
pub fn understood(samples: &[i16]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for (text, loudness) in LOUDNESS {
        let near = |sample: &&i16| sample.unsigned_abs().abs_diff(loudness.unsigned_abs()) < 200;
        let heard = samples.iter().filter(near).count();
        let all = text.split(' ');
        // What was sent twice is heard twice.
        words.extend(all.clone().chain(all).take(heard / WORD));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_their_audio() {
        let heard = |samples: &[i16]| understood(samples).join(" ");
        assert_eq!(heard(&audio(FIRST)), FIRST);
        assert_eq!(heard(&audio(SECOND)), SECOND);
        assert_eq!(heard(&cough()), "");
        assert_eq!(heard(&audio(FIRST)[..2_400]), "grüß gott");
        let twice = [audio(FIRST), audio(FIRST)].concat();
        assert_ne!(heard(&twice), FIRST);
    }
}
