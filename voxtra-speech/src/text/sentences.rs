//! Tokens of a model to sentences for the voice.

mod abbreviations;
mod marks;
#[cfg(test)]
mod tests;

use self::marks::{Decision, clause, is_line_end, sentence};

/// Cuts a reply into sentences while a model still writes it.
///
/// A sentence is given as soon as it is certainly over, which the first letter of the next one
/// tells mostly. Lines end a sentence too, and so do list items. No piece is much longer than 200
/// characters: a longer sentence is cut at a clause or a blank.
///
/// The first piece of a reply comes early: at the first comma, dash or colon behind 20 characters,
/// if the sentence isn't over before.
///
/// However the tokens are cut, the pieces are the same. They lose nothing but blanks. East Asian
/// characters count twice.
///
/// ```
/// use voxtra_speech::Sentences;
///
/// let mut sentences = Sentences::new();
/// sentences.push("Dr. Gray is in.");
/// assert_eq!(sentences.next(), None);
/// sentences.push(" She has ti");
/// assert_eq!(sentences.next().as_deref(), Some("Dr. Gray is in."));
/// sentences.push("me at 3.50 p.m.");
/// assert_eq!(sentences.next(), None);
/// assert_eq!(sentences.finish().as_deref(), Some("She has time at 3.50 p.m."));
/// assert_eq!(sentences.finish(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sentences {
    /// What is not given yet: no blank at the beginning, and one of ' ' and '\n' between words.
    text: String,
    /// Words of this reply were given already.
    begun: bool,
}

impl Sentences {
    /// At the beginning of a reply.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what the model wrote next. [`next`](Self::next) tells what is over by that.
    pub fn push(&mut self, token: &str) {
        for c in token.chars() {
            if !c.is_whitespace() {
                self.text.push(c);
                continue;
            }
            match self.text.chars().next_back() {
                None | Some('\n') => {}
                Some(' ') if is_line_end(c) => {
                    self.text.pop();
                    self.text.push('\n');
                }
                Some(' ') => {}
                Some(_) => self.text.push(if is_line_end(c) { '\n' } else { ' ' }),
            }
        }
    }

    /// The next sentence that is certainly over. Ask again until there is none.
    // It is no iterator: after `None`, more may come.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<String> {
        self.take(false)
    }

    /// The next sentence of what is left, now that the model has ended. Ask again until there is
    /// none; then a new reply may begin.
    pub fn finish(&mut self) -> Option<String> {
        let sentence = self.take(true);
        if sentence.is_none() {
            *self = Self::default();
        }
        sentence
    }

    fn take(&mut self, over: bool) -> Option<String> {
        let end = self.end(over)?;
        let rest = self.text.split_off(end);
        let mut piece = std::mem::replace(&mut self.text, rest.trim_start().to_owned());
        piece.truncate(piece.trim_end().len());
        self.begun |= piece.chars().any(char::is_alphanumeric);
        Some(piece)
    }

    /// Where the next piece ends, in bytes. What follows can't change it any more.
    fn end(&self, over: bool) -> Option<usize> {
        let text = self.text.as_str();
        let (mut length, mut last_clause, mut last_blank) = (0, None, None);
        for (at, c) in text.char_indices() {
            let behind = at + c.len_utf8();
            if c == '\n' {
                return Some(behind);
            }
            length += width(c);
            if length > LONGEST {
                return last_clause.or(last_blank).or(Some(at));
            }
            if c == ' ' {
                last_blank = Some(behind);
            }
            match sentence(text, at, c, over) {
                Decision::Ends(end) => return Some(end),
                Decision::Unknown => return None,
                Decision::GoesOn => {}
            }
            match clause(text, at, c, over) {
                Decision::Ends(end) if !self.begun && length >= EARLY => return Some(end),
                Decision::Ends(end) => last_clause = Some(end),
                Decision::Unknown => return None,
                Decision::GoesOn => {}
            }
        }
        (over && !text.is_empty()).then_some(text.len())
    }
}

/// The sentences of a whole text.
#[cfg(feature = "fallback")]
pub(crate) fn sentences_of(text: &str) -> impl Iterator<Item = String> {
    let mut sentences = Sentences {
        // There is no haste: the first one isn't cut at a clause.
        begun: true,
        ..Sentences::default()
    };
    sentences.push(text);
    std::iter::from_fn(move || sentences.take(true))
}

/// How much a character counts: East Asian ones say as much as two letters.
fn width(c: char) -> usize {
    let wide = matches!(
        u32::from(c),
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFF00..=0xFF60
            | 0x20000..=0x3FFFF
    );
    if wide { 2 } else { 1 }
}

/// Longest piece, but for marks and brackets behind it.
const LONGEST: usize = 200;
/// Shortest clause that may be the first piece.
const EARLY: usize = 20;
