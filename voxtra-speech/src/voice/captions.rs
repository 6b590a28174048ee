//! Which words of the texts that a voice was given are spoken where.

/// Matches the words that a provider gives times of with the texts that it was given.
///
/// A caption is a piece of those texts, with the punctuation and the space behind its word. All
/// captions of an utterance one after the other are its texts, unless the provider spells a word
/// otherwise.
#[derive(Debug, Default)]
pub(crate) struct Captions {
    /// What was given and has not been told yet.
    untold: String,
}

/// A word is looked for this many characters ahead: further on it is another one.
const AHEAD: usize = 40;

impl Captions {
    pub(crate) fn give(&mut self, text: &str) {
        self.untold.push_str(text);
    }

    /// The piece of the texts for this word; `None` if there is nothing to say about it.
    pub(crate) fn of(&mut self, word: &str) -> Option<String> {
        let word = word.trim();
        if word.is_empty() {
            return None;
        }
        let window = self.untold.char_indices().nth(AHEAD.max(word.len()));
        let window = window.map_or(self.untold.len(), |(end, _)| end);
        let near = self.untold.get(..window).unwrap_or_default();
        let Some(found) = near.find(word) else {
            return Some(format!("{word} "));
        };
        let end = found.saturating_add(word.len());
        let behind = self.untold.get(end..).unwrap_or_default();
        // Up to the next space, and over it: what stands there belongs to this word.
        let punctuation = behind
            .find(|c: char| c.is_whitespace() || c.is_alphanumeric())
            .unwrap_or(behind.len());
        let behind = behind.get(punctuation..).unwrap_or_default();
        let space = behind.len().saturating_sub(behind.trim_start().len());
        let end = end.saturating_add(punctuation).saturating_add(space);
        Some(self.untold.drain(..end).collect())
    }

    /// What is left of the texts; `None` if nothing is.
    pub(crate) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.untold);
        (!rest.trim().is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captions(texts: &[&str], words: &[&str]) -> Vec<String> {
        let mut captions = Captions::default();
        for text in texts {
            captions.give(text);
        }
        words.iter().filter_map(|word| captions.of(word)).collect()
    }

    #[test]
    fn words_are_told_as_they_were_given() {
        let given = ["Hello, Mr. Ÿ! ", "How are you?"];
        let words = ["Hello", "Mr.", "Ÿ", "How", "are", "you?"];
        let told = captions(&given, &words);
        assert_eq!(told, ["Hello, ", "Mr. ", "Ÿ! ", "How ", "are ", "you?"]);
        // Without spaces, too.
        assert_eq!(
            captions(&["你好吗?"], &["你", "好", "吗"]),
            ["你", "好", "吗?"]
        );
    }

    #[test]
    fn words_that_nobody_gave_are_told_as_they_are() {
        let told = captions(&["It is 7 pm. "], &["It", "is", "seven", "pm", " "]);
        assert_eq!(told, ["It ", "is ", "seven ", "7 pm. "]);
    }

    #[test]
    fn a_word_much_later_is_another_one() {
        let long = format!("{} end", "a ".repeat(60));
        let mut captions = Captions::default();
        captions.give(&long);
        assert_eq!(captions.of("end").as_deref(), Some("end "));
        assert_eq!(captions.rest(), Some(long));
        assert_eq!(captions.rest(), None);
    }

    proptest! {
        #[test]
        fn all_captions_together_are_the_texts(text in "\\PC{0,80}") {
            let mut captions = Captions::default();
            captions.give(&text);
            let mut told = String::new();
            for word in text.split_whitespace() {
                told.push_str(&captions.of(word).unwrap());
            }
            told.push_str(&captions.rest().unwrap_or_default());
            prop_assert_eq!(told.trim(), text.trim());
        }

        #[test]
        fn no_word_is_too_odd(texts in "\\PC{0,40}", words in proptest::collection::vec("\\PC{0,6}", 0..10)) {
            let mut captions = Captions::default();
            captions.give(&texts);
            for word in &words {
                let _ = captions.of(word);
            }
        }
    }
}
