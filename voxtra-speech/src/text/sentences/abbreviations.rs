//! Full stops that end no sentence: abbreviations, ordinal numbers, initials.

use super::marks::is_opening;

/// What a word before a full stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abbreviation {
    None,
    /// The sentence goes on.
    Always,
    /// The sentence goes on unless the next word begins one, as in "at 5 p.m. We".
    Mostly,
    /// A number: the sentence is over unless the next word is what is counted.
    Ordinal,
}

/// What the end of `before` is, if a full stop, a blank and `next` follow.
pub(super) fn abbreviation(before: &str, next: char) -> Abbreviation {
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

/// Whether a word is one that is counted by an ordinal number.
pub(super) fn is_counted(word: &str) -> bool {
    among(FOLLOW_ORDINALS, word)
}

/// Whether a word begins a sentence more often than it follows an abbreviation.
pub(super) fn begins_sentence(word: &str) -> bool {
    among(BEGIN_SENTENCES, word)
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

/// Longest word that may be an abbreviation.
const LONGEST_WORD: usize = 24;

/// A sentence never ends behind these. (Lower case, as all of these lists.)
const ALWAYS: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "st",
    "mt", "messrs", "mme", "mlle", "vs", "viz", "cf", "approx", "dept", "est", "ext", "tel", "fax",
    "hr", "fr", "frl", "hrn", "nr", "bzw", "ca", "dipl", "ing", "mag", "evtl", "ggf", "inkl",
    "incl", "excl", "exkl", "zzgl", "vgl", "sog", "geb", "gest", "usf", "max", "min", "abb",
    "bspw", "insb", "zb", "sra", "srta", "ud", "uds", "avda", "dott", "sig", "núm",
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
