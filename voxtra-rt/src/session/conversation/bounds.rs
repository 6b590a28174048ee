//! What a reply may be: not endless, and not the same for ever.

use crate::speech::{ProviderError, ProviderErrorKind};

/// Most bytes of a reply: an hour of speech.
const MOST: usize = 64 << 10;

/// How often a sentence may come in a row.
const IN_A_ROW: u32 = 3;

/// Watches a reply while it comes.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    bytes: usize,
    last: String,
    in_a_row: u32,
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
        if self.last != sentence {
            sentence.clone_into(&mut self.last);
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row > IN_A_ROW {
            return Err(nonsense("it says the same sentence again and again"));
        }
        Ok(())
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
        let kilobyte = "a".repeat(1 << 10);
        for _ in 0..64 {
            assert_eq!(bounds.text(&kilobyte), Ok(()));
        }
        assert!(bounds.text("a").is_err());
    }
}
