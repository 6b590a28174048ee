//! Addresses: the text of a link, the host of a bare one.

use super::clean;

/// Leaves the text of links and the host of bare addresses, and takes HTML tags away.
pub(super) fn hosts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let begins_word = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '@'));
        if let Some((label, length)) = link(rest) {
            if out.ends_with('!') {
                // A picture.
                out.pop();
            }
            out.push_str(label);
            rest = rest.get(length..).unwrap_or_default();
        } else if let Some(length) = tag(rest) {
            out.push(' ');
            rest = rest.get(length..).unwrap_or_default();
        } else if let Some((host, length)) = begins_word.then(|| address(rest)).flatten() {
            out.push_str(host);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// `[text](address)` at the beginning: its text, and the length of all.
fn link(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find([']', '['])?;
    let label = inside.get(..end)?;
    let behind = inside.get(end..)?.strip_prefix("](")?;
    let close = behind.find([')', ' ', '\n'])?;
    // A title may follow the address: `(address "title")`.
    let close = match behind.get(close..)?.starts_with(')') {
        true => close,
        false => {
            let quoted = behind.get(close..)?.trim_start();
            if !quoted.starts_with('"') {
                return None;
            }
            let near = behind.get(..clean::floor(behind, LONGEST_TITLE))?;
            near.find("\")")? + 1
        }
    };
    Some((label, 1 + end + 2 + close + 1))
}

/// The length of an HTML tag at the beginning. What is between `<` and `>` around an address is
/// none.
fn tag(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('<')?;
    let name = inside.strip_prefix('/').unwrap_or(inside);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = inside.find(['>', '<'])?;
    let body = inside.get(..end)?;
    if !inside.get(end..)?.starts_with('>')
        || end > LONGEST_TAG
        || body.contains([':', '@']) && !body.contains(' ')
    {
        return None;
    }
    Some(end + 2)
}

/// The address at the beginning: its host, and the length of all. Marks behind it belong to the
/// sentence.
fn address(text: &str) -> Option<(&str, usize)> {
    let scheme = ["https://", "http://", "<https://", "<http://", "www."]
        .into_iter()
        .find(|scheme| starts_with(text, scheme))?;
    let begin = if scheme == "www." { 0 } else { scheme.len() };
    let all = text.get(begin..)?;
    let end = all
        .find(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '<' | '>' | '"' | '”' | '“' | '»' | '`' | '*' | '|' | ']' | '['
                )
        })
        .unwrap_or(all.len());
    let all = all.get(..end)?;
    let all = all.trim_end_matches(|c: char| {
        matches!(
            c,
            '.' | ',' | ';' | ':' | '!' | '?' | ')' | '\'' | '’' | '_'
        )
    });
    let host = all.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    let mut host = host.split(':').next()?;
    while starts_with(host, "www.") {
        host = host.get(4..)?;
    }
    let host = host.trim_end_matches('.');
    let length = begin + all.len();
    // "<https://example.com>"
    let closed = scheme.starts_with('<') && text.get(length..)?.starts_with('>');
    host.contains(char::is_alphanumeric)
        .then_some((host, length + usize::from(closed)))
}

fn starts_with(text: &str, ascii: &str) -> bool {
    text.get(..ascii.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(ascii))
}

const LONGEST_TITLE: usize = 1_000;
const LONGEST_TAG: usize = 200;
