//! What a mark means: the end of a sentence, of a clause, or of nothing. Each is decided from what
//! stands before it and at most [`AHEAD`] characters behind it.

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
                    Abbreviation::Ordinal => !among(FOLLOW_ORDINALS, word),
                    _ => among(BEGIN_SENTENCES, word),
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

/// What a word before a full stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abbreviation {
    None,
    /// The sentence goes on.
    Always,
    /// The sentence goes on unless the next word begins one, as in "at 5 p.m. We".
    Mostly,
    /// A number: the sentence is over unless the next word is what is counted.
    Ordinal,
}

fn abbreviation(before: &str, next: char) -> Abbreviation {
    let begin = before
        .char_indices()
        .rev()
        .take(LONGEST_WORD)
        .take_while(|(_, c)| !c.is_whitespace() && !is_opening(*c) && *c != '-')
        .last()
        .map_or(before.len(), |(at, _)| at);
    let (earlier, word) = before.split_at_checked(begin).unwrap_or(("", before));
    let first_in_line = !earlier.chars().any(char::is_alphanumeric);
    let earlier = earlier.trim_end();
    let number = next.is_ascii_digit();
    if word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty() {
        let last_word = earlier.rsplit(' ').next().unwrap_or_default();
        return match word.len() {
            // "1. Apples" in a list, "am 3. 5.", "am 3. Mai".
            1..=3 if first_in_line || number || among(BEFORE_ORDINALS, last_word) => {
                Abbreviation::Always
            }
            1..=3 => Abbreviation::Ordinal,
            _ => Abbreviation::None,
        };
    }
    if word.split('.').all(is_letter) {
        // "z. B.", "J. R. R. Tolkien", "e.g."
        let pair = earlier.ends_with('.')
            && is_letter(
                earlier
                    .trim_end_matches('.')
                    .rsplit([' ', '.', '('])
                    .next()
                    .unwrap_or_default(),
            );
        let mostly = !pair && (!word.contains('.') || among(MOSTLY, word));
        return if mostly && !first_in_line {
            Abbreviation::Mostly
        } else {
            Abbreviation::Always
        };
    }
    if among(ALWAYS, word) || (number && counts(word)) {
        Abbreviation::Always
    } else if among(MOSTLY, word) {
        Abbreviation::Mostly
    } else {
        Abbreviation::None
    }
}

/// Whether a number belongs to this abbreviation.
fn counts(word: &str) -> bool {
    let tail = word.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
    among(BEFORE_NUMBERS, word)
        || word
            .get(tail..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case("str"))
}

fn is_letter(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

fn among(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| {
        known.len() == word.len() && (known.eq_ignore_ascii_case(word) || lower_is(word, known))
    })
}

fn lower_is(word: &str, known: &str) -> bool {
    word.chars().flat_map(char::to_lowercase).eq(known.chars())
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
fn is_opening(c: char) -> bool {
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
/// Longest word that may be an abbreviation.
const LONGEST_WORD: usize = 24;

/// A sentence never ends behind these. (Lower case, as all of these lists.)
const ALWAYS: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "st",
    "mt", "messrs", "mme", "mlle", "vs", "viz", "cf", "approx", "dept", "est", "ext", "tel", "fax",
    "hr", "fr", "frl", "hrn", "nr", "bzw", "ca", "dipl", "ing", "mag", "evtl", "ggf", "inkl",
    "exkl", "zzgl", "vgl", "sog", "geb", "gest", "usf", "max", "min", "abb", "bspw", "insb", "zb",
    "sra", "srta", "ud", "uds", "avda", "dott", "sig", "núm",
];
/// A sentence may end behind these, where another begins.
const MOSTLY: &[&str] = &[
    "a.m", "p.m", "u.s", "u.k", "u.s.a", "d.c", "b.c", "a.d", "etc", "usw", "inc", "ltd", "co",
    "corp", "jr", "sr", "ave", "blvd", "rd", "chr", "bldg", "apt",
];
/// A number belongs to these.
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "p", "pp", "vol", "ch", "sec", "art", "fig", "abs", "kap", "jan", "feb", "mar",
    "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mär", "okt", "dez", "room",
];
/// Words before an ordinal number, where that is written with a full stop.
const BEFORE_ORDINALS: &[&str] = &[
    "der",
    "die",
    "das",
    "den",
    "dem",
    "des",
    "am",
    "im",
    "vom",
    "zum",
    "zur",
    "bis",
    "ab",
    "seit",
    "beim",
    "ins",
    "ihr",
    "ihre",
    "ihren",
    "ihrem",
    "mein",
    "meine",
    "unser",
    "unsere",
    "jeder",
    "jede",
    "jeden",
    "jedes",
    "ein",
    "eine",
    "einen",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "montag,",
    "dienstag,",
    "mittwoch,",
    "donnerstag,",
    "freitag,",
    "samstag,",
    "sonntag,",
    "den",
];
/// Words that are counted by an ordinal number.
const FOLLOW_ORDINALS: &[&str] = &[
    "januar",
    "jänner",
    "februar",
    "feber",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
    "stock",
    "etage",
    "stunde",
    "tag",
    "woche",
    "monat",
    "jahrhundert",
    "klasse",
    "platz",
    "bezirk",
];
/// Words that hardly stand behind an abbreviation, but often begin a sentence.
const BEGIN_SENTENCES: &[&str] = &[
    "i", "you", "he", "she", "it", "we", "they", "the", "a", "an", "this", "that", "these",
    "those", "there", "here", "our", "your", "my", "his", "her", "their", "its", "is", "are", "do",
    "does", "did", "can", "could", "would", "will", "shall", "should", "may", "have", "has",
    "what", "when", "where", "which", "who", "why", "how", "please", "if", "and", "but", "so",
    "then", "also", "for", "in", "at", "to", "on", "after", "before", "yes", "no", "thank",
    "thanks", "let", "ich", "du", "er", "sie", "es", "wir", "ihr", "der", "die", "das", "dies",
    "diese", "dieser", "ein", "eine", "mein", "meine", "unser", "unsere", "ist", "sind", "hat",
    "haben", "kann", "können", "könnten", "möchten", "wollen", "darf", "soll", "was", "wann", "wo",
    "wer", "wie", "warum", "welche", "bitte", "danke", "wenn", "und", "aber", "dann", "auch", "ja",
    "nein",
];
