//! What a reply may be: not endless, and not the same for ever.

use std::collections::VecDeque;

use crate::speech::{ProviderError, ProviderErrorKind};

/// Most bytes of a reply: an hour of speech.
const MOST: usize = 64 << 10;

/// Sentences in a circle, at most.
const CIRCLE: usize = 4;

/// How often the same sentences in a row are too often.
const TOO_OFTEN: usize = 4;

/// Watches a reply while it comes.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    bytes: usize,
    /// The last sentences.
    latest: VecDeque<String>,
}

impl Bounds {
    /// More of the text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), ProviderError> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MOST {
            return Err(nonsense("its reply is longer than 64 KiB"));
        }
        Ok(())
    }

    /// The next sentence.
    pub(super) fn sentence(&mut self, sentence: &str) -> Result<(), ProviderError> {
        if self.latest.len() >= CIRCLE * TOO_OFTEN {
            self.latest.pop_front();
        }
        self.latest.push_back(sentence.to_owned());
        match (1..=CIRCLE).any(|sentences| self.goes_round(sentences)) {
            true => Err(nonsense("it says the same again and again")),
            false => Ok(()),
        }
    }

    /// Whether the last so many sentences were said too often in a row.
    fn goes_round(&self, sentences: usize) -> bool {
        let all = sentences.saturating_mul(TOO_OFTEN);
        let backwards = self.latest.iter().rev().take(all);
        let before = self.latest.iter().rev().skip(sentences);
        self.latest.len() >= all
            && backwards
                .zip(before)
                .take(all - sentences)
                .all(|(a, b)| a == b)
    }
}

fn nonsense(message: &str) -> ProviderError {
    ProviderError::new("language_model", ProviderErrorKind::Rejected, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_and_does_not_turn_in_circles() {
        let mut bounds = Bounds::default();
        for sentence in ["No.", "No.", "No.", "Yes.", "No.", "No.", "No."] {
            assert_eq!(bounds.sentence(sentence), Ok(()));
        }
        assert!(bounds.sentence("No.").is_err());
        for circle in 2..=CIRCLE {
            let mut bounds = Bounds::default();
            let ok = (0..100).take_while(|n| bounds.sentence(&format!("{}.", n % circle)).is_ok());
            assert_eq!(ok.count(), circle * TOO_OFTEN - 1);
        }
        let mut bounds = Bounds::default();
        assert!((0..100).all(|n| bounds.sentence(&format!("{}.", n % 5)).is_ok()));
        let kilobyte = "a".repeat(1 << 10);
        for _ in 0..64 {
            assert_eq!(bounds.text(&kilobyte), Ok(()));
        }
        assert!(bounds.text("a").is_err());
    }
}
