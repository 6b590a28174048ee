//! What the caller's words tell about the conversation, beside their meaning for the model.

mod lists;
mod meaning;
mod patience;
mod telling;

pub use self::meaning::OverlapWords;
pub use self::patience::Expect;
pub(super) use self::telling::{CallerWords, Utterances};

/// Whether two transcripts have the same words, whatever their marks and capitals.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    one == other || words_of(one) == words_of(other)
}

/// Words as they are compared: lower case, without punctuation, drawn-out sounds shortened.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || is_mark(c)) {
        let mut plain = String::new();
        for c in word.chars().filter(|c| c.is_alphanumeric()) {
            plain.extend(c.to_lowercase());
        }
        if !plain.is_empty() {
            words.push(shortened(&plain));
        }
    }
    words
}

/// A mark that ends a word. Hyphens and apostrophes are within one.
fn is_mark(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '-' | '‐' | '‑' | '\'' | '’')
}

/// "hmmm" is "hm", "jaaa" is "ja": a letter that comes three times or more comes once.
fn shortened(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let runs = letters.chunk_by(|a, b| a == b && a.is_alphabetic());
    let kept = runs.flat_map(|run| {
        let times = if run.len() >= 3 { 1 } else { run.len() };
        run.iter().take(times)
    });
    kept.collect()
}

/// How many of the first of `words` are one of `phrases`, which have `|` between them; the longest
/// counts.
fn longest(phrases: &str, words: &[String]) -> usize {
    let lengths = phrases.split('|').map(|phrase| {
        let mut length = 0_usize;
        for word in phrase.split_whitespace() {
            if words.get(length).is_none_or(|said| said != word) {
                return 0;
            }
            length = length.saturating_add(1);
        }
        length
    });
    lengths.max().unwrap_or(0)
}

/// Whether `words` are the beginning of one of `phrases`, which have `|` between them, and not all
/// of it.
fn begins(phrases: &str, words: &[String]) -> bool {
    phrases.split('|').any(|phrase| {
        let mut phrase = phrase.split_whitespace();
        words.iter().all(|word| phrase.next() == Some(word)) && phrase.next().is_some()
    })
}
