//! How long a silence behind the caller's words ends the turn: as usual, or shorter, or longer.

use voxtra_core::turn::Patience;

use super::lists::{Language, languages, unfinished_in};
use super::{longest, words_of};

/// What an agent expects the caller to say next. It decides how long the caller may pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expect {
    /// Anything.
    #[default]
    Anything,
    /// A number, dictated in groups: pauses between them do not end the turn.
    Digits,
    /// A name, perhaps spelled letter by letter.
    Name,
    /// Yes or no: the turn ends soon behind either.
    YesNo,
}

impl Expect {
    /// How long the caller may pause behind `text`, the words of an utterance so far.
    ///
    /// ```
    /// use voxtra_rt::core::turn::Patience;
    /// use voxtra_rt::session::Expect;
    ///
    /// let behind = |text| Expect::Anything.patience_behind(text, Some("en"));
    /// assert_eq!(behind("My number is"), Patience::Longer);
    /// assert_eq!(behind("Yes."), Patience::Shorter);
    /// ```
    #[must_use]
    pub fn patience_behind(self, text: &str, language: Option<&str>) -> Patience {
        patience(text, language, self)
    }

    /// How long a silence may be before anything is known of the words.
    pub(super) fn patience(self) -> Patience {
        match self {
            Self::Digits => Patience::Longer,
            _ => Patience::Usual,
        }
    }
}

/// Most words that are looked at. What stands before them says nothing about the end.
const LATEST: usize = 40;

/// How long a silence behind `text` ends the turn.
///
/// The last words tell that more must follow ("my number is", "uh", digits so far), the whole of
/// them that nothing need follow ("yes", a finished sentence).
pub(super) fn patience(text: &str, tag: Option<&str>, expect: Expect) -> Patience {
    let words = words_of(text);
    let latest = words.len().saturating_sub(LATEST);
    let words = words.get(latest..).unwrap_or_default();
    let Some(last) = words.last() else {
        return expect.patience();
    };
    let known = languages(tag);
    let has = |known: &[Language], of: fn(&Language) -> &'static str, word: &String| {
        let word = std::slice::from_ref(word);
        known
            .iter()
            .any(|language| longest(of(language), word) == 1)
    };
    let is_number = |word: &String| {
        word.chars().all(char::is_numeric) || has(known, |language| language.numbers, word)
    };
    let answers = known
        .iter()
        .any(|language| longest(language.answers, words) > 0);
    let is_letter =
        |word: &String| word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let ended = ending(text);
    let spoken = unfinished_in(tag, words);
    let unfinished = has(spoken, |language| language.unfinished, last);
    // "Who is it for?" is finished, and so is "Yes, it is."
    let closed = ended == Ending::Asks || (answers && ended == Ending::Finished);
    let hesitates = has(spoken, |language| language.hesitations, last);
    if (unfinished && !closed) || ended == Ending::GoesOn || hesitates {
        return Patience::Longer;
    }
    match expect {
        Expect::Digits => {
            return match is_number(last) || is_letter(last) {
                true => Patience::Longer,
                false => Patience::Usual,
            };
        }
        Expect::Name if words.iter().rev().take(2).all(is_letter) => return Patience::Longer,
        // Behind the first name comes the second.
        Expect::Name => return Patience::Usual,
        Expect::YesNo if answers => return Patience::Shorter,
        Expect::Anything | Expect::YesNo => {}
    }
    let counted = words
        .iter()
        .filter(|word| is_number(word) || is_letter(word))
        .count();
    let digits: usize = words
        .iter()
        .map(|word| word.chars().filter(|c| c.is_numeric()).count())
        .sum();
    // "0 1 7 6", "oh one seven six": more of it may follow. A single number is an answer.
    if counted == words.len() && (counted > 2 || digits > 2) {
        return Patience::Longer;
    }
    let whole = |of: fn(&Language) -> &'static str| {
        known.iter().any(|language| is_made_of(words, of(language)))
    };
    if whole(|language| language.answers) {
        return Patience::Shorter;
    }
    match ended {
        // A word alone may be the first of a sentence, whatever mark a provider puts behind it.
        Ending::Finished if unfinished => Patience::Usual,
        Ending::Finished | Ending::Asks if words.len() > 2 => Patience::Shorter,
        _ => Patience::Usual,
    }
}

/// Whether `words` are phrases of this list alone.
fn is_made_of(mut words: &[String], phrases: &str) -> bool {
    while !words.is_empty() {
        match longest(phrases, words) {
            0 => return false,
            count => words = words.get(count..).unwrap_or_default(),
        }
    }
    true
}

/// What the last mark says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Finished,
    Asks,
    GoesOn,
    Nothing,
}

fn ending(text: &str) -> Ending {
    let text = text
        .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '”' | '“' | '»' | ')'));
    if text.ends_with("...") {
        return Ending::GoesOn;
    }
    match text.chars().next_back() {
        Some('.' | '!' | '。' | '！' | '।') => Ending::Finished,
        Some('?' | '？' | '؟') => Ending::Asks,
        Some('…' | ',' | ':' | ';' | '-' | '–' | '—' | '、') => Ending::GoesOn,
        _ => Ending::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::Patience::{Longer, Shorter, Usual};
    use super::*;

    fn check(tag: Option<&str>, expect: Expect, table: &[(&str, Patience)]) {
        for (text, expected) in table {
            assert_eq!(
                patience(text, tag, expect),
                *expected,
                "{text:?} {expect:?}"
            );
        }
    }

    #[test]
    fn english() {
        check(
            Some("en"),
            Expect::Anything,
            &[
                ("Yes.", Shorter),
                ("yeah sure", Shorter),
                ("No, thank you.", Shorter),
                ("that's all", Shorter),
                ("Goodbye", Shorter),
                ("What time do you open?", Shorter),
                ("Who is it for?", Shorter),
                ("I'll take that.", Shorter),
                ("I would like to book a table for two.", Shorter),
                ("I would like to book a table for two", Usual),
                ("my number is", Longer),
                ("My number is.", Longer),
                ("I'd like to, uh", Longer),
                ("Um.", Longer),
                ("I want a table for", Longer),
                ("tomorrow or", Longer),
                ("well,", Longer),
                ("I was wondering…", Longer),
                ("oh one seven six", Longer),
                ("0176 55", Longer),
                ("five", Usual),
                ("Yes, it is.", Usual),
                ("No, that's not what it is.", Usual),
                ("yes it is", Longer),
                ("42", Usual),
                ("Monday", Usual),
                ("Hello.", Usual),
                ("", Usual),
                ("?!", Usual),
            ],
        );
    }

    #[test]
    fn german() {
        check(
            Some("de-DE"),
            Expect::Anything,
            &[
                ("Ja.", Shorter),
                ("ja bitte", Shorter),
                ("Nein danke", Shorter),
                ("das war's", Shorter),
                ("Auf Wiederhören", Shorter),
                ("Wann machen Sie auf?", Shorter),
                ("Ich möchte einen Tisch reservieren.", Shorter),
                ("ich möchte einen Tisch reservieren", Usual),
                ("meine Nummer ist", Longer),
                ("Meine Nummer ist.", Longer),
                ("ich hätte gern äh", Longer),
                ("und", Longer),
                ("morgen oder", Longer),
                ("einen Tisch für", Longer),
                ("null eins sieben sechs", Longer),
                ("drei", Usual),
                ("Montag", Usual),
            ],
        );
    }

    #[test]
    fn who_expects_digits_waits_for_them() {
        let table = [
            ("", Longer),
            ("0176", Longer),
            ("zero one seven", Longer),
            ("It's 0176 555.", Longer),
            ("five", Longer),
            ("A B 1", Longer),
            ("my number is", Longer),
            ("I don't know it.", Usual),
            ("I have no number", Usual),
        ];
        check(Some("en"), Expect::Digits, &table);
        let table = [("null eins sieben", Longer), ("das weiß ich nicht", Usual)];
        check(Some("de"), Expect::Digits, &table);
    }

    #[test]
    fn who_expects_a_name_or_a_yes() {
        let table = [
            ("Smith", Usual),
            ("My name is John Smith.", Usual),
            ("my name is", Longer),
            ("S M I", Longer),
        ];
        check(Some("en"), Expect::Name, &table);
        let table = [
            ("yes", Shorter),
            ("no", Shorter),
            ("yes I can", Shorter),
            ("No that is wrong", Shorter),
            ("Yes, it is.", Shorter),
            ("yes but", Longer),
            ("yes,", Longer),
            ("I can", Usual),
            ("well,", Longer),
            ("", Usual),
        ];
        check(Some("en"), Expect::YesNo, &table);
    }

    #[test]
    fn other_languages_and_scripts() {
        check(
            Some("ru"),
            Expect::Anything,
            &[
                ("Во сколько вы открываетесь?", Shorter),
                ("во сколько вы открываетесь", Usual),
                ("営業時間は何時ですか？", Usual),
                ("٠١٢٣ ٤٥", Longer),
            ],
        );
        check(
            None,
            Expect::Anything,
            &[
                ("nein", Shorter),
                ("yes", Shorter),
                ("meine nummer ist", Longer),
                ("einen tisch am", Longer),
                ("und", Longer),
                ("tomorrow or", Longer),
                ("um", Longer),
                // Unfinished in the other language.
                ("that's where I am", Usual),
                ("when can I come in", Usual),
                ("me also", Usual),
                ("wir ziehen um", Usual),
                ("ich rufe Sie an", Usual),
            ],
        );
        let endless = "bla ".repeat(100_000);
        assert_eq!(patience(&endless, None, Expect::Anything), Usual);
    }
}
