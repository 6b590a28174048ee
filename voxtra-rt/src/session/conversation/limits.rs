//! How long a reply may be, and how often it may say the same.

use std::collections::HashMap;

/// Most characters of a reply that are spoken: some four minutes.
const LONGEST: usize = 4_000;

/// How often a sentence may be said in one reply.
const REPEATED: u32 = 3;

/// Watches a reply while its sentences go to the voice.
#[derive(Debug, Default)]
pub(super) struct Limits {
    characters: usize,
    said: HashMap<String, u32>,
}

impl Limits {
    /// Counts a sentence. Says what is wrong if the reply must end before it.
    pub(super) fn exceeded_by(&mut self, sentence: &str) -> Option<&'static str> {
        let length = sentence.chars().count();
        self.characters = self.characters.saturating_add(length);
        if self.characters > LONGEST {
            return Some("the reply has more than 4,000 characters: the rest is not said");
        }
        let times = self.said.entry(sentence.to_owned()).or_default();
        *times = times.saturating_add(1);
        (*times > REPEATED)
            .then_some("the reply says the same again and again: the rest is not said")
    }

    /// `text` up to the longest that is spoken.
    pub(super) fn shorten(text: &mut String) {
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_as_long_as_a_caller_can_bear() {
        let mut limits = Limits::default();
        for n in 0..20 {
            let sentence = format!("{n:0>200}");
            assert_eq!(limits.exceeded_by(&sentence), None, "{n}");
        }
        assert!(limits.exceeded_by("x").is_some());
        let mut text = "é".repeat(5_000);
        Limits::shorten(&mut text);
        assert_eq!(text.chars().count(), LONGEST);
    }

    #[test]
    fn a_sentence_may_be_said_three_times() {
        let mut limits = Limits::default();
        for _ in 0..3 {
            assert_eq!(limits.exceeded_by("I am sorry."), None);
            assert_eq!(limits.exceeded_by("Please hold."), None);
        }
        assert!(limits.exceeded_by("I am sorry.").is_some());
    }
}
