//! Markdown: what begins a line, and what stands inside of it.

use super::stars;
use super::words::Words;

/// Takes the marks of lines away, and makes one line of all. Items, headings and rows end with a
/// full stop.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // What was written last ends where the next line begins.
    let mut ends = true;
    for line in text.lines() {
        let Some((line, kind)) = read(line) else {
            ends = true;
            continue;
        };
        if (ends || kind == Kind::Block) && out.ends_with(|c: char| c.is_alphanumeric()) {
            out.push('.');
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&line);
        ends = kind == Kind::Block;
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A part of a paragraph.
    Text,
    /// An item, a heading, or the row of a table.
    Block,
}

/// What a line says; `None`: nothing.
fn read(line: &str) -> Option<(String, Kind)> {
    let mut line = line.trim();
    let mut kind = Kind::Text;
    if let Some(fence) = line
        .strip_prefix("```")
        .or_else(|| line.strip_prefix("~~~"))
    {
        let name = fence.trim_matches(['`', '~', ' ']);
        // "```rust" opens a block of code; "```code```" is one.
        if !name.contains(char::is_whitespace) && !fence.contains('`') {
            return None;
        }
    }
    loop {
        let rest = line.trim_start_matches('#');
        if rest.len() < line.len() && (rest.is_empty() || rest.starts_with(' ')) {
            (line, kind) = (
                rest.trim_start().trim_end_matches('#').trim_end(),
                Kind::Block,
            );
            continue;
        }
        let marks = ["> ", "- ", "* ", "• ", "– ", "[ ] ", "[x] ", "[X] "];
        let Some((mark, rest)) = marks
            .iter()
            .find_map(|mark| Some((mark, line.strip_prefix(mark)?)))
        else {
            break;
        };
        line = rest.trim_start();
        if *mark != "> " {
            kind = Kind::Block;
        }
    }
    // The number of an item stays, and so does its full stop.
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.len() < line.len()
        && digits.starts_with(['.', ')'])
        && digits.get(1..)?.starts_with(' ')
    {
        kind = Kind::Block;
    }
    // Rules, also those of a table or below a heading.
    if line
        .chars()
        .all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' ' | '>' | '•'))
    {
        return None;
    }
    if !line.contains('|') {
        return Some((line.to_owned(), kind));
    }
    let cells: Vec<&str> = line
        .split('|')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    Some((cells.join(", "), Kind::Block))
}

/// Takes emphasis, marks of code and backslashes away. A star between numbers multiplies; other
/// lone stars and hashes are keys of a telephone.
pub(super) fn emphasis(text: &str, words: Option<&Words>) -> String {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let pairs = stars::pairs(&chars);
    let mut out = String::with_capacity(text.len());
    // Where a word for a mark ends: a blank belongs between it and another.
    let mut said = None;
    // The word is a code such as "*21*06".
    let mut code = false;
    for (at, c) in chars.iter().copied().enumerate() {
        let (last, next) = (get(at.checked_sub(1)), get(at.checked_add(1)));
        if last == ' ' {
            code = matches!(c, '*' | '#') && next != ' ';
        }
        let word = match c {
            '*' if pairs.get(at) == Some(&true) => continue,
            '*' if last == '*' || next == '*' => {
                // The other half of it is in another sentence, or it is one of "2**3".
                let mut behind = chars.iter().skip(at).filter(|c| **c != '*');
                if last.is_ascii_digit() && behind.next().is_some_and(char::is_ascii_digit) {
                    out.push(' ');
                }
                continue;
            }
            '*' if !code && stars::multiplies(&chars, at) => words.map(|words| words.times),
            '*' if stars::is_star_key(last, next) => words.map(|words| words.star),
            '#' if stars::is_hash_key(last, next) => words.map(|words| words.hash),
            '*' | '`' => continue,
            '_' if !(last.is_alphanumeric() && next.is_alphanumeric()) => continue,
            '~' if last == '~' || next == '~' => continue,
            '\\' => {
                if last.is_alphanumeric() && next.is_alphanumeric() {
                    out.push(' ');
                }
                continue;
            }
            _ => None,
        };
        let joins = match word {
            Some(_) => out.ends_with(char::is_alphanumeric),
            None => c.is_alphanumeric() && said == Some(out.len()),
        };
        if joins {
            out.push(' ');
        }
        match word {
            Some(word) => {
                out.push_str(word);
                said = Some(out.len());
            }
            None => out.push(c),
        }
    }
    out
}
