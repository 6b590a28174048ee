//! Markdown: what begins a line, and what stands inside of it.

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

/// Takes emphasis, marks of code and backslashes away. A star between numbers multiplies.
pub(super) fn emphasis(text: &str, words: Option<&Words>) -> String {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let mut out = String::with_capacity(text.len());
    for (at, c) in chars.iter().copied().enumerate() {
        let (last, next) = (get(at.checked_sub(1)), get(at.checked_add(1)));
        match c {
            '*' if last == ' ' && next == ' ' || last.is_ascii_digit() && next.is_ascii_digit() => {
                let factor = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let before = factor(out.trim_end().chars().next_back());
                let behind = chars.iter().skip(at + 1).find(|c| **c != ' ').copied();
                match words {
                    Some(words) if before && factor(behind) => {
                        out.push(' ');
                        out.push_str(words.times);
                        out.push(' ');
                    }
                    _ => out.push(' '),
                }
            }
            '*' | '`' => {}
            '_' if last.is_alphanumeric() && next.is_alphanumeric() => out.push(c),
            '_' => {}
            '~' if last == '~' || next == '~' => {}
            '\\' => {
                if last.is_alphanumeric() && next.is_alphanumeric() {
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
    }
    out
}
