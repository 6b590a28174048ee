//! Characters: entities, what can't be seen, emoji, blanks.

/// Decodes entities. What an ampersand makes with what follows is decoded too.
pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        match decode(entity) {
            Some((c, length)) => {
                rest = entity.get(length..).unwrap_or_default();
                if c == '&' {
                    // "&amp;lt;", however often.
                    while let Some(behind) =
                        AMPERSANDS.iter().find_map(|name| rest.strip_prefix(name))
                    {
                        rest = behind;
                    }
                    let again = format!(
                        "&{}",
                        rest.get(..floor(rest, LONGEST_ENTITY)).unwrap_or_default()
                    );
                    match decode(&again) {
                        Some((c, length)) => {
                            out.push(c);
                            rest = rest.get(length - 1..).unwrap_or_default();
                        }
                        None => out.push('&'),
                    }
                } else {
                    out.push(c);
                }
            }
            None => {
                out.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// The entity at the beginning of a text, and its length.
fn decode(text: &str) -> Option<(char, usize)> {
    let head = text.get(1..floor(text, LONGEST_ENTITY))?;
    let end = head.find(';')?;
    let name = head.get(..end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 2))
}

/// The last boundary of a character at or before `most`.
pub(super) fn floor(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Leaves out what can't be seen or said. Lines stay.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match u32::from(c) {
            // A joiner that its script needs.
            0x200C | 0x200D => {
                if joins(last) && chars.peek().is_some_and(|next| joins(*next)) {
                    out.push(c);
                }
            }
            0x0D if chars.peek() == Some(&'\n') => {}
            0x0A..=0x0D | 0x85 | 0x2028 | 0x2029 => out.push('\n'),
            _ if c.is_whitespace() => out.push(' '),
            _ if c.is_control() || is_invisible(c) => {}
            _ if is_picture(c) => out.push(' '),
            _ => out.push(c),
        }
        last = c;
    }
    out
}

/// Scripts in which a joiner changes how a word is written.
fn joins(c: char) -> bool {
    matches!(u32::from(c), 0x620..=0x6FF | 0x750..=0x77F | 0x900..=0xDFF) && !c.is_numeric()
}

fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0xAD | 0x61C | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F
            | 0x20E3 | 0xE000..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFF
            | 0xE0000..=0x10_FFFF
    )
}

/// Emoji, arrows, boxes, stars.
fn is_picture(c: char) -> bool {
    matches!(
        u32::from(c),
        0x2190..=0x21FF | 0x2300..=0x23FF | 0x2460..=0x27BF | 0x2900..=0x297F | 0x2B00..=0x2BFF
            | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FBFF
    )
}

/// Makes all blanks single ones, and leaves none before a mark that ends something.
pub(super) fn blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() && !matches!(word, "." | "," | ";" | ":" | "!" | "?") {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

const LONGEST_ENTITY: usize = 12;
const AMPERSANDS: &[&str] = &["amp;", "#38;", "#x26;", "#X26;"];
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("euro", '€'),
    ("pound", '£'),
    ("deg", '°'),
    ("times", '×'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
];
