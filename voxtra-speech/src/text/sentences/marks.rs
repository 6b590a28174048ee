//! What a mark means: the end of a sentence, of a clause, or of nothing. Each is decided from what
//! stands before it and at most [`AHEAD`] characters behind it.

use super::abbreviations::{Abbreviation, abbreviation, begins_sentence, is_counted};

/// What a mark means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The piece ends before this byte.
    Ends(usize),
    /// It doesn't end here.
    GoesOn,
    /// Only what follows tells.
    Unknown,
}

/// Whether a sentence ends with the character `c` at `at`. `over`: nothing follows the text.
pub(super) fn sentence(text: &str, at: usize, c: char, over: bool) -> Decision {
    let Some((before, rest)) = around(text, at, c) else {
        return Decision::GoesOn;
    };
    if !is_mark(c) || before.chars().next_back().is_some_and(is_mark) {
        return Decision::GoesOn;
    }
    let mut ahead = Ahead::new(rest, over);
    let mut marks = Marks::default();
    marks.add(c);
    while let Some(mark) = ahead.next_if(is_mark) {
        marks.add(mark);
    }
    let closed = ahead.skip(is_closing) > 0;
    let Some(next) = ahead.peek() else {
        return ahead.at_end();
    };
    let end = Decision::Ends(at + c.len_utf8() + ahead.passed);
    if marks.wide {
        return end;
    }
    if !next.is_whitespace() {
        return Decision::GoesOn;
    }
    if next == '\n' {
        // The line ends the sentence.
        return Decision::GoesOn;
    }
    if !marks.strong && marks.dots > 1 {
        return Decision::GoesOn;
    }
    if marks.strong && !closed {
        return end;
    }
    ahead.skip(|c| c.is_whitespace() || is_opening(c));
    let Some(next) = ahead.peek() else {
        return ahead.at_end();
    };
    if next.is_lowercase() {
        return Decision::GoesOn;
    }
    if marks.strong {
        return end;
    }
    match abbreviation(before, next) {
        Abbreviation::None => end,
        Abbreviation::Always => Decision::GoesOn,
        // The whole next word tells.
        which => match ahead.word() {
            None => ahead.at_end(),
            Some(word) => {
                let ends = match which {
                    Abbreviation::Ordinal => !is_counted(word),
                    _ => begins_sentence(word),
                };
                if ends { end } else { Decision::GoesOn }
            }
        },
    }
}

/// Whether a clause ends with the character `c` at `at`.
pub(super) fn clause(text: &str, at: usize, c: char, over: bool) -> Decision {
    let Some((before, rest)) = around(text, at, c) else {
        return Decision::GoesOn;
    };
    let last = before.chars().next_back();
    let wide = match c {
        ',' | ';' | ':' | '–' => false,
        '-' if last == Some(' ') => false,
        '，' | '、' | '；' | '：' | '،' | '؛' | '—' => true,
        _ => return Decision::GoesOn,
    };
    let mut ahead = Ahead::new(rest, over);
    ahead.skip(|next| is_closing(next) || next == c);
    let Some(next) = ahead.peek() else {
        return ahead.at_end();
    };
    let end = Decision::Ends(at + c.len_utf8() + ahead.passed);
    if wide {
        return end;
    }
    if !next.is_whitespace() {
        return Decision::GoesOn;
    }
    if !last.is_some_and(|last| last.is_ascii_digit()) {
        return end;
    }
    // "May 4, 2026" is one date.
    ahead.skip(char::is_whitespace);
    match ahead.peek() {
        None => ahead.at_end(),
        Some(next) if next.is_ascii_digit() => Decision::GoesOn,
        Some(_) => end,
    }
}

/// Whether a character ends a line.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The text before and behind a character.
fn around(text: &str, at: usize, c: char) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + c.len_utf8()..)?))
}

/// Marks in a row, such as "?!".
#[derive(Default)]
struct Marks {
    dots: usize,
    strong: bool,
    wide: bool,
}

impl Marks {
    fn add(&mut self, mark: char) {
        match mark {
            '.' => self.dots += 1,
            '…' => self.dots += 3,
            '!' | '?' => self.strong = true,
            _ => self.wide = true,
        }
    }
}

/// Ends a sentence, or may.
fn is_mark(c: char) -> bool {
    // The second line needs no blank behind it.
    matches!(c, '.' | '!' | '?' | '…')
        || matches!(
            c,
            '。' | '！' | '？' | '｡' | '।' | '॥' | '؟' | '۔' | '։' | '።'
        )
}

/// Belongs to the sentence before it. Many a quote opens in one language and closes in another.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '”'
            | '“'
            | '’'
            | '‘'
            | '»'
            | '«'
            | '›'
            | '‹'
            | ')'
            | ']'
            | '}'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '〉'
            | '*'
            | '_'
            | '~'
            | '`'
    )
}

/// Belongs to the word behind it.
pub(super) fn is_opening(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '“'
            | '„'
            | '‚'
            | '‘'
            | '«'
            | '»'
            | '‹'
            | '›'
            | '('
            | '['
            | '{'
            | '¿'
            | '¡'
            | '*'
            | '_'
            | '~'
            | '`'
            | '#'
    )
}

/// The characters behind a mark, as far as anybody looks.
struct Ahead<'a> {
    rest: &'a str,
    /// How many bytes were passed.
    passed: usize,
    /// How many more characters may be looked at.
    left: usize,
    over: bool,
}

impl<'a> Ahead<'a> {
    fn new(rest: &'a str, over: bool) -> Self {
        Self {
            rest,
            passed: 0,
            left: AHEAD,
            over,
        }
    }

    fn peek(&self) -> Option<char> {
        if self.left == 0 {
            return None;
        }
        self.rest.get(self.passed..)?.chars().next()
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|c| wanted(*c))?;
        self.passed += c.len_utf8();
        self.left -= 1;
        Some(c)
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let before = self.passed;
        while self.next_if(&wanted).is_some() {}
        self.passed - before
    }

    /// The next word, once it is complete.
    fn word(&mut self) -> Option<&'a str> {
        let begin = self.passed;
        self.skip(char::is_alphabetic);
        if self.peek().is_none() && !self.over && self.left > 0 {
            return None;
        }
        self.rest.get(begin..self.passed)
    }

    /// What it means that there is no more to look at: the end of the text, or too far away.
    fn at_end(&self) -> Decision {
        if self.over || self.left == 0 {
            Decision::GoesOn
        } else {
            Decision::Unknown
        }
    }
}

/// How many characters behind a mark may decide what it means.
const AHEAD: usize = 32;
