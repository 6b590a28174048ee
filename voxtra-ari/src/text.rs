//! Strings from Asterisk, shortened and made harmless while they are parsed.
//!
//! A caller chooses some of them (name, number, SIP headers). They go on to logs, terminals, events
//! and memory that lives as long as the call.

/// Most bytes kept of an id, a name, a number or a message. Asterisk's own are shorter: an id has
/// 150 at most.
pub(super) const LINE: usize = 1 << 10;

/// Most bytes kept of a variable's value.
const VALUE: usize = 8 << 10;

/// An id, a name or a number: at most [`LINE`] bytes, U+FFFD for terminal control characters.
pub(super) fn line(text: String) -> String {
    if text.len() > LINE || text.contains(drives_a_terminal) {
        return clean(&text);
    }
    text
}

/// A value that belongs to the dialplan: only shortened.
pub(super) fn value(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(VALUE));
    text
}

/// `text` on one line that a terminal shows but does not interpret, at most 1 KiB of it: U+FFFD
/// replaces control characters and characters that change the text direction. The strings of events
/// and models are already clean; the values of variables are not.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut shown = prefix(text, LINE).replace(drives_a_terminal, "\u{fffd}");
    // The replacement is longer than the character it replaces.
    shown.truncate(shown.floor_char_boundary(LINE));
    shown
}

/// Control characters, and characters that change the text direction.
fn drives_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// The first characters of `text`, in at most `bytes` bytes.
fn prefix(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced_and_the_rest_kept() {
        assert_eq!(
            clean("a\u{1b}[31m\r\nb\u{9b}c\u{202e}"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}"
        );
        assert_eq!(clean("Zoë <265888111111>"), "Zoë <265888111111>");
    }

    #[test]
    fn a_cut_keeps_whole_characters() {
        let text = "é".repeat(LINE);
        assert_eq!(clean(&text).len(), LINE);
        let replaced = clean(&"\u{1b}".repeat(LINE));
        assert_eq!(replaced, "\u{fffd}".repeat(LINE / 3));
        assert_eq!(prefix("é", 1), "");
    }
}
