//! Symbols to words: amounts, units, signs between numbers and words.

use super::words::{Cents, Currency, Words};

/// Writes symbols as words.
pub(super) fn read(text: &str, words: &Words) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Where an amount ends.
    let mut amount = None;
    while let Some(c) = rest.chars().next() {
        if amount == Some(out.len())
            && let Some(length) = up_to(rest, words)
        {
            out.push_str(&format!(" {} ", words.to));
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let begins = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | ':'));
        let said = before(rest, words).or_else(|| begins.then(|| behind(rest, words)).flatten());
        let is_amount = said.is_some();
        let said = said
            .or_else(|| sign(&out, rest, words))
            .or_else(|| slash(&out, rest, words));
        let Some((said, length)) = said else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        out.push_str(&said);
        rest = rest.get(length..).unwrap_or_default();
        amount = is_amount.then_some(out.len());
    }
    out
}

/// The length of a dash between two amounts: "$10-$20", "$10-20", "10 € – 20 €".
fn up_to(text: &str, words: &Words) -> Option<usize> {
    let near = text.strip_prefix(['-', '–']);
    let behind = match near {
        Some(behind) => behind,
        None => text.strip_prefix(" - ").or(text.strip_prefix(" – "))?,
    };
    let amount = before(behind, words).or_else(|| self::behind(behind, words));
    let number = near.is_some() && behind.starts_with(|c: char| c.is_ascii_digit());
    (amount.is_some() || number).then_some(text.len() - behind.len())
}

/// An amount behind its currency: "$5.20", "€ 5 million".
fn before(text: &str, words: &Words) -> Option<(String, usize)> {
    let symbol = text.chars().next()?;
    let currency = currency(symbol, words)?;
    let amount = text.get(symbol.len_utf8()..)?;
    let number = number(amount.strip_prefix(' ').unwrap_or(amount))?;
    let (large, rest) = large(number.rest, words);
    if rest.starts_with(char::is_alphanumeric) {
        return None;
    }
    let said = format!(" {}", amount_of(number.text, large, currency, words));
    Some(per(said, text, rest, words))
}

/// An amount before its currency or unit: "5,20 €", "20 %", "5°C".
fn behind(text: &str, words: &Words) -> Option<(String, usize)> {
    let number = number(text)?;
    let (large, behind) = large(number.rest, words);
    let unit = behind.strip_prefix(' ').unwrap_or(behind);
    if let Some(currency) = unit.chars().next().and_then(|c| currency(c, words)) {
        let rest = unit.get(currency.symbol.len_utf8()..)?;
        if rest.starts_with(char::is_alphanumeric) {
            return None;
        }
        let said = amount_of(number.text, large, currency, words);
        return Some(per(said, text, rest, words));
    }
    let (word, rest) = words.behind.iter().find_map(|(symbol, word)| {
        let rest = unit.strip_prefix(symbol)?;
        (!rest.starts_with(char::is_alphanumeric)).then_some((word, rest))
    })?;
    let large = large.map(|large| format!(" {large}")).unwrap_or_default();
    let said = format!("{}{large} {word}", number.text);
    Some(per(said, text, rest, words))
}

/// Adds the "per" of "5 €/month". `rest` is what follows in `text`.
fn per(mut said: String, text: &str, rest: &str, words: &Words) -> (String, usize) {
    let mut length = text.len() - rest.len();
    if let Some(behind) = rest.strip_prefix('/')
        && behind.starts_with(char::is_alphabetic)
    {
        said = format!("{said} {} ", words.per);
        length += 1;
    }
    (said, length)
}

fn currency(symbol: char, words: &Words) -> Option<&'static Currency> {
    words
        .currencies
        .iter()
        .find(|currency| currency.symbol == symbol)
}

/// A number as it is written, and what follows.
struct Number<'a> {
    text: &'a str,
    rest: &'a str,
}

/// The number at the beginning: digits, with marks between them.
fn number(text: &str) -> Option<Number<'_>> {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let digit = |c: char| c.is_ascii_digit();
        let inside = matches!(c, '.' | ',') && chars.peek().is_some_and(|(_, next)| digit(*next));
        if !(digit(c) || inside && at > 0) {
            break;
        }
        end = at + 1;
    }
    let (text, rest) = text.split_at_checked(end)?;
    (!text.is_empty()).then_some(Number { text, rest })
}

/// A word such as "million" behind a number, and what follows.
fn large<'a>(text: &'a str, words: &Words) -> (Option<&'a str>, &'a str) {
    let none = (None, text);
    let Some(behind) = text.strip_prefix(' ') else {
        return none;
    };
    let end = behind
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(behind.len());
    let (word, rest) = behind.split_at_checked(end).unwrap_or((behind, ""));
    if words
        .large
        .iter()
        .any(|large| large.eq_ignore_ascii_case(word))
    {
        (Some(word), rest)
    } else {
        none
    }
}

fn amount_of(number: &str, large: Option<&str>, currency: &Currency, words: &Words) -> String {
    let Currency {
        one,
        several,
        cent,
        cents,
        ..
    } = currency;
    if let Some(large) = large {
        return format!("{number} {large} {several}");
    }
    let (whole, part) = match number
        .rfind(['.', ','])
        .and_then(|at| number.split_at_checked(at))
    {
        Some((whole, part)) if part.len() == 3 => {
            (whole, part.get(1..).and_then(|part| part.parse().ok()))
        }
        _ => (number, None),
    };
    let unit = if whole == "1" { one } else { several };
    let part: u8 = part.unwrap_or(0);
    let small = if part == 1 { cent } else { cents };
    match words.and_cents {
        _ if part == 0 => format!("{whole} {unit}"),
        _ if whole == "0" => format!("{part} {small}"),
        Cents::Named(and) => format!("{whole} {unit} {and} {part} {small}"),
        Cents::Bare => format!("{whole} {unit} {part}"),
    }
}

/// `&`, `#` before a number, and a sign between numbers or blanks.
fn sign(before: &str, text: &str, words: &Words) -> Option<(String, usize)> {
    let c = text.chars().next()?;
    let behind = text.get(c.len_utf8()..)?;
    if c == '&' {
        // "AT&T" is a name; in "R&D" each letter stands for a word.
        let capital = |c: &char| c.is_uppercase();
        let letters = before.chars().rev().take(2).filter(capital).count();
        if letters == 2 && behind.starts_with(char::is_uppercase) {
            return None;
        }
        return Some((format!(" {} ", words.and), c.len_utf8()));
    }
    let last = before.chars().next_back().unwrap_or(' ');
    let next = behind.chars().next().unwrap_or(' ');
    if c == '#' && next.is_ascii_digit() && matches!(last, ' ' | '(') {
        return Some((format!("{} ", words.number), c.len_utf8()));
    }
    let amount = next.is_ascii_digit() || currency(next, words).is_some();
    if c == '~' && amount && matches!(last, ' ' | '(') {
        return Some((format!("{} ", words.about), c.len_utf8()));
    }
    let (_, word) = words.between.iter().find(|(sign, _)| *sign == c)?;
    let inside = |c: char| c == ' ' || c.is_ascii_digit();
    let nothing = |text: &str| text.trim_matches(' ').is_empty();
    // "Settings > Account" is a way, not a comparison.
    let compares = matches!(c, '<' | '>');
    let digit = |c: char| c.is_ascii_digit();
    if compares && !(before.trim_end().ends_with(digit) && behind.trim_start().starts_with(digit)) {
        return None;
    }
    // "+5" needs nothing before it.
    let alone = matches!(c, '+' | '±') && next.is_ascii_digit() && matches!(last, ' ' | '(');
    let between = inside(last) && inside(next) && !nothing(before) && !nothing(behind);
    (alone || between).then(|| (format!(" {word} "), c.len_utf8()))
}

/// A slash between two words.
fn slash(before: &str, text: &str, words: &Words) -> Option<(String, usize)> {
    let behind = text.strip_prefix('/')?;
    let begin = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphabetic())
        .last()?
        .0;
    let (earlier, left) = before.split_at_checked(begin)?;
    let end = behind
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(behind.len());
    let (right, later) = behind.split_at_checked(end)?;
    let mut after = later.chars();
    let goes_on = match after.next() {
        Some('.' | '-' | '\'' | ':') => after.next().is_some_and(char::is_alphanumeric),
        Some(c) => c.is_alphanumeric() || matches!(c, '_' | '@'),
        None => false,
    };
    let word = |word: &str| word.chars().nth(1).is_some();
    // "10 GB/month", "miles/hour"
    let number = earlier
        .trim_end_matches(' ')
        .ends_with(|c: char| c.is_ascii_digit());
    let several = words.tag == "en" && left.ends_with('s');
    if !goes_on
        && (number || several)
        && words
            .each
            .iter()
            .any(|each| each.eq_ignore_ascii_case(right))
    {
        return Some((format!(" {} ", words.per), 1));
    }
    let name = |word: &str| !word.chars().any(char::is_lowercase);
    if goes_on
        || earlier.ends_with(|c: char| c.is_alphanumeric() || "./@:-_'".contains(c))
        || !word(left)
        || !word(right)
        || (name(left) && name(right))
    {
        return None;
    }
    let joins = |word: &str| word == words.and || word == words.or;
    let said = if joins(left) || joins(right) {
        " ".to_owned()
    } else {
        format!(" {} ", words.or)
    };
    Some((said, 1))
}
