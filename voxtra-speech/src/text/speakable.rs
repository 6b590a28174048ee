//! Text without what nobody can say.

mod clean;
mod links;
mod markdown;
mod numbers;
mod stars;
mod symbols;
#[cfg(test)]
mod tests;
mod words;

use self::words::Words;

/// Text as a voice should get it. `language` is a tag such as `en-GB`.
///
/// In every language:
/// - Markdown goes, its text stays: emphasis, headings, quotes, bullets, rules, fences of code
///   (the code stays), `[text](address)`, cells of tables (a comma stands between them). So do HTML
///   tags. An item of a list, a heading and a row of a table end with a full stop.
/// - An address with `http://`, `https://` or `www.` becomes its host: `example.com`.
/// - Emoji, arrows, control characters, marks of direction and other invisible characters go.
///   Joiners stay inside words of scripts that need them.
/// - Entities such as `&amp;` and `&#8364;` become their characters.
/// - Blanks and lines become single blanks.
/// - Telephone numbers and codes become single digits, with a comma between groups: five digits or
///   more that begin with `+` or `0`, or seven or more in three groups or more of two or more.
///   Dates, times, decimals, thousands and years are none.
///
/// In English and German, also:
/// - `*` and `#` for themselves or beside a number are keys of a telephone: "press star", "star
///   67", "9 hash".
/// - `&`, and between numbers or blanks `+`, `=`, `×`, `÷` and `±`, become words; so do `<` and
///   `>` between numbers, `#` before one, `%`, `°C`, `°F` and `°` behind one, and `/` between two
///   words of two letters or more: "per" in `10 GB/month`. `AT&T` stays.
/// - Amounts in `€`, `$` and `£` become words: `$5.20` is "5 dollars and 20 cents". A dash between
///   two amounts or times is "to", `~` before one "about".
/// - A date such as `2026-05-04` or `2026/05/04` becomes "May 4, 2026" or "4. Mai 2026"; of a time
///   behind it, as in `2026-05-04T14:30:00+02:00`, the seconds and the offset go. In German, a time
///   such as `14:30` becomes "14 Uhr 30"; in English it stays.
///
/// In other languages, or if none is given, symbols, amounts, dates and times stay as they are.
/// Numbers and abbreviations always stay: voices know how their language says them. So do e-mail
/// addresses.
///
/// The result is empty where there was nothing to say. Made speakable again, the text stays the
/// same. It is at most four times as long as before, and 64 bytes.
///
/// ```
/// use voxtra_speech::speakable;
///
/// let text = "**Sure!** 😀 It's [here](https://example.com/a): $5.20 & free.";
/// assert_eq!(
///     speakable(text, Some("en")),
///     "Sure! It's here: 5 dollars and 20 cents and free.",
/// );
/// ```
#[must_use]
pub fn speakable(text: &str, language: Option<&str>) -> String {
    let words = words::of(language);
    let most = text.len().saturating_mul(4).saturating_add(64);
    let mut now = once(text, words);
    // What goes may leave a new mark behind, `*` in an emoji for example.
    for _ in 0..ROUNDS {
        if now.len() > most {
            break;
        }
        let next = once(&now, words);
        if next == now {
            return now;
        }
        now = next;
    }
    // Nobody wrote this to be spoken: all but its words goes.
    letters(text)
}

fn once(text: &str, words: Option<&Words>) -> String {
    let text = clean::entities(text);
    let text = clean::visible(&text);
    let text = markdown::lines(&text);
    let text = links::hosts(&text);
    let text = markdown::emphasis(&text, words);
    let text = numbers::read(&text, words);
    let text = match words {
        Some(words) => symbols::read(&text, words),
        None => text,
    };
    clean::blanks(&text)
}

fn letters(text: &str) -> String {
    let letters: String = text
        .chars()
        .map(|c| if c.is_alphabetic() { c } else { ' ' })
        .collect();
    clean::blanks(&clean::visible(&letters))
}

/// Most rounds; a text of a person needs one or two.
const ROUNDS: usize = 8;
