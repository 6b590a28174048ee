//! Which events a hook wants, by their wire names.

/// Whether a pattern of [`WebhookSettings::events`](super::WebhookSettings::events) takes events
/// named `wire`: `call.started` takes that name alone, `call.*` takes every name that begins with
/// `call.`, and `*` takes all.
///
/// ```
/// use voxtra_webhook::takes;
///
/// assert!(takes("call.*", "call.transfer.started"));
/// assert!(!takes("call.*", "call") && !takes("call.*", "callback.made"));
/// assert!(takes("call.ended", "call.ended") && takes("*", "call.ended"));
/// ```
#[must_use]
pub fn takes(pattern: &str, wire: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) if is_beginning(beginning) => {
            wire.len() > beginning.len() && wire.starts_with(beginning)
        }
        _ => pattern == wire,
    }
}

/// A star stands for whole words: `call.*`, not `call*`.
fn is_beginning(text: &str) -> bool {
    text.is_empty() || text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn a_star_stands_for_whole_words_at_the_end_and_nothing_else_does() {
        for (pattern, wire, expected) in [
            ("call.started", "call.started", true),
            ("call.started", "call.started.again", false),
            ("call.*", "call.started", true),
            ("call.*", "call.transfer.started", true),
            ("call.transfer.*", "call.started", false),
            ("call.*", "call.", false),
            ("call.*", "call", false),
            ("call.*", "callback.made", false),
            ("call*", "call.started", false),
            ("call*", "call*", true),
            ("*.started", "call.started", false),
            ("*", "call.started", true),
            ("*", "x", true),
        ] {
            assert_eq!(takes(pattern, wire), expected, "{pattern} for {wire}");
        }
    }
}
