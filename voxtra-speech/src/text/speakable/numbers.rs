//! Numbers: dates, times, and those that are read digit by digit.

use super::words::{Date, Words};

/// Writes dates, times, telephone numbers and codes as they are said.
pub(super) fn read(text: &str, words: Option<&Words>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((said, length)) = up_to(text, rest, words) {
            out.push_str(&said);
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        // The way to a file may have a date in it.
        let inside = out.ends_with(['-', '/', '_', '@', '+']);
        let way = inside && rest.get(4..).is_some_and(|rest| rest.starts_with('/'));
        let date = |rest| if way { None } else { date(rest, words) };
        let length = if out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | ':'))
        {
            c.len_utf8()
        } else if let Some((said, length)) = date(rest).or_else(|| time(rest, words)) {
            out.push_str(&said);
            rest = rest.get(length..).unwrap_or_default();
            continue;
        } else if inside {
            c.len_utf8()
        } else {
            let run = Run::new(rest);
            if run.is_code() {
                run.say(words, &mut out);
                rest = rest.get(run.length..).unwrap_or_default();
                continue;
            }
            run.length.max(c.len_utf8())
        };
        let (passed, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(passed);
        rest = behind;
    }
    out
}

/// The dash between two times, "9:00-17:00", at the beginning of `rest`, which ends `text`.
fn up_to(text: &str, rest: &str, words: Option<&Words>) -> Option<(String, usize)> {
    let words = words?;
    let behind = rest.strip_prefix(['-', '–'])?;
    let before = text.get(..text.len().checked_sub(rest.len())?)?;
    let before = match words.clock.and_then(|clock| before.strip_suffix(clock)) {
        Some(before) => before.trim_end_matches(' '),
        None => before,
    };
    let begin = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
    let alone = !begin.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '-'));
    let (_, end) = clock_at(before.get(begin.len()..)?)?;
    clock_at(behind)?;
    let length = rest.len() - behind.len();
    (alone && end.is_empty()).then(|| (format!(" {} ", words.to), length))
}

/// An ISO date at the beginning, also with slashes, and its length. In no language it stays.
fn date(text: &str, words: Option<&Words>) -> Option<(String, usize)> {
    let (year, rest) = digits(text, 4)?;
    let mark = rest.chars().next().filter(|c| matches!(c, '-' | '/'))?;
    let (month, rest) = digits(rest.strip_prefix(mark)?, 2)?;
    let (day, rest) = digits(rest.strip_prefix(mark)?, 2)?;
    let month: usize = month.parse().ok()?;
    let day: u8 = day.parse().ok()?;
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
        return None;
    }
    let behind = rest.strip_prefix('T').and_then(clock_time);
    let goes_on = rest.starts_with(char::is_alphanumeric)
        || rest.strip_prefix('-').is_some_and(begins_with_digit)
        || mark == '/' && rest.starts_with('/');
    if goes_on && behind.is_none() {
        return None;
    }
    let length = ISO_DATE + behind.map_or(0, |(_, _, length)| length + 1);
    let Some(words) = words else {
        return Some((text.get(..length)?.to_owned(), length));
    };
    let month = words.months.get(month - 1)?;
    let mut said = match words.date {
        Date::MonthFirst => format!("{month} {day}, {year}"),
        Date::DayFirst => format!("{day}. {month} {year}"),
    };
    if let Some((clock, utc, _)) = behind {
        said.push_str(", ");
        match time(clock, Some(words)) {
            Some((time, _)) => said.push_str(&time),
            None => said.push_str(clock),
        }
        said.push_str(if utc { " UTC" } else { "" });
    }
    Some((said, length))
}

/// The time of an ISO date, without its seconds and its offset from UTC, whether it is in UTC, and
/// the length of all.
fn clock_time(text: &str) -> Option<(&str, bool, usize)> {
    let (_, rest) = digits(text, 2)?;
    let (_, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    if let Some((_, behind)) = rest.strip_prefix(':').and_then(|rest| digits(rest, 2)) {
        rest = behind;
        if let Some(part) = rest
            .strip_prefix('.')
            .filter(|rest| begins_with_digit(rest))
        {
            rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    let mut utc = rest.strip_prefix('Z');
    if let Some((offset, behind)) = rest.strip_prefix(['+', '-']).and_then(offset) {
        utc = Some(behind).filter(|_| offset.bytes().all(|b| matches!(b, b'0' | b':')));
        rest = behind;
    }
    rest = utc.unwrap_or(rest);
    if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, ':' | '+')) {
        return None;
    }
    Some((text.get(..5)?, utc.is_some(), text.len() - rest.len()))
}

/// An offset from UTC behind its sign, "02:00", "0200" or "02", and what follows.
fn offset(text: &str) -> Option<(&str, &str)> {
    let (hours, rest) = text.split_at_checked(2)?;
    let hours: u8 = hours.parse().ok()?;
    let minutes = rest.strip_prefix(':').unwrap_or(rest);
    let rest = match digits(minutes, 2) {
        Some((_, rest)) => rest,
        None => rest,
    };
    let offset = text.get(..text.len() - rest.len())?;
    (hours <= MOST_OFFSET && !begins_with_digit(rest)).then_some((offset, rest))
}

/// A time such as 9:05 at the beginning, and what follows.
fn clock_at(text: &str) -> Option<((u8, u8), &str)> {
    let (hour, rest) = digits(text, 2).or_else(|| digits(text, 1))?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
    let goes_on = rest.starts_with(char::is_alphanumeric)
        || rest
            .strip_prefix([':', '.', ','])
            .is_some_and(begins_with_digit);
    (hour <= 24 && minute <= 59 && !goes_on).then_some(((hour, minute), rest))
}

/// A time at the beginning, and its length, in a language that reads it with a word.
fn time(text: &str, words: Option<&Words>) -> Option<(String, usize)> {
    let clock = words?.clock?;
    let ((hour, minute), mut rest) = clock_at(text)?;
    if let Some(behind) = rest.trim_start_matches(' ').strip_prefix(clock)
        && !behind.starts_with(char::is_alphanumeric)
    {
        rest = behind;
    }
    let said = match minute {
        0 => format!("{hour} {clock}"),
        _ => format!("{hour} {clock} {minute}"),
    };
    Some((said, text.len() - rest.len()))
}

/// Exactly so many digits, and what follows.
fn digits(text: &str, count: usize) -> Option<(&str, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    let all = digits.bytes().all(|b| b.is_ascii_digit()) && !begins_with_digit(rest);
    all.then_some((digits, rest))
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Groups of digits in a row.
struct Run<'a> {
    plus: bool,
    groups: Vec<&'a str>,
    only_hyphens: bool,
    only_blanks: bool,
    /// In bytes. Without groups: what must be passed at once.
    length: usize,
}

impl<'a> Run<'a> {
    fn new(text: &'a str) -> Self {
        let mut run = Self {
            plus: false,
            groups: Vec::new(),
            only_hyphens: true,
            only_blanks: true,
            length: 0,
        };
        let mut open = false;
        let mut rest = text;
        loop {
            // What stands before the next group.
            let mut between = 0_usize;
            let (mut only_hyphens, mut only_blanks) = (run.only_hyphens, run.only_blanks);
            while let Some(c) = rest.chars().next() {
                let first = run.groups.is_empty();
                match c {
                    '(' if !open => open = true,
                    ')' if open && !first => open = false,
                    '+' if first && !run.plus => run.plus = true,
                    ' ' | '-' | '/' if !first => {}
                    _ => break,
                }
                only_hyphens &= first || c == '-';
                only_blanks &= first || c == ' ';
                between += 1;
                rest = rest.get(1..).unwrap_or_default();
            }
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (group, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let goes_on = behind.starts_with(char::is_alphanumeric)
                || behind
                    .strip_prefix(['.', ',', ':'])
                    .is_some_and(begins_with_digit);
            let stop = group.is_empty() || between > 3 || run.groups.len() >= MOST_GROUPS;
            if stop || goes_on || !run.groups.is_empty() && date(rest, None).is_some() {
                if run.groups.is_empty() {
                    // The rest of a decimal is no code.
                    run.length = text.len() - behind.len();
                    if stop {
                        run.length = 0;
                    }
                }
                return run;
            }
            run.groups.push(group);
            (run.only_hyphens, run.only_blanks) = (only_hyphens, only_blanks);
            run.length = text.len() - behind.len();
            rest = behind;
            if open && rest.starts_with(')') {
                run.length += 1;
            }
        }
    }

    /// Whether it must be read digit by digit.
    fn is_code(&self) -> bool {
        let lengths: Vec<usize> = self.groups.iter().map(|group| group.len()).collect();
        let digits: usize = lengths.iter().sum();
        let first = self.groups.first().copied().unwrap_or_default();
        if lengths.iter().all(|length| *length == 1) || digits > MOST_DIGITS {
            // Nothing, or read digit by digit already.
            return false;
        }
        if self.plus {
            return digits >= 5;
        }
        // 04-05-2026
        if let [1..=2, 1..=2, 2 | 4] = lengths.as_slice() {
            return false;
        }
        // 2026/05/04
        let year = first.starts_with(['1', '2']) && !self.only_blanks;
        if year && matches!(lengths.as_slice(), [4, 1..=2, 1..=2]) {
            return false;
        }
        // 1 000 000
        let (head, tail) = lengths.split_first().unwrap_or((&0, &[]));
        let thousands = *head <= 3 && tail.iter().all(|length| *length == 3);
        if self.only_blanks && thousands && !tail.is_empty() && !first.starts_with('0') {
            return false;
        }
        if first.starts_with('0') {
            return digits >= 5;
        }
        let years = self
            .groups
            .iter()
            .all(|group| group.len() == 4 && group.starts_with(['1', '2']));
        lengths.len() >= 3
            && digits >= 7
            && !years
            && (*head >= 2 || self.only_hyphens)
            && tail.iter().all(|length| *length >= 2)
    }

    fn say(&self, words: Option<&Words>, out: &mut String) {
        if self.plus {
            out.push_str(if words.is_some() { "plus " } else { "+" });
        }
        for (nth, group) in self.groups.iter().enumerate() {
            if nth > 0 {
                out.push(',');
            }
            for (place, digit) in group.chars().enumerate() {
                if nth > 0 || place > 0 {
                    out.push(' ');
                }
                out.push(digit);
            }
        }
    }
}

/// Bytes of a date such as 2026-05-04.
const ISO_DATE: usize = 10;
/// Most hours of an offset from UTC.
const MOST_OFFSET: u8 = 14;
const MOST_DIGITS: usize = 40;
const MOST_GROUPS: usize = 20;
