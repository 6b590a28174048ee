//! "Did you mean …?"

/// The name among `known` that `name` was most likely meant to be, if one is near enough.
pub(crate) fn among<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = name.chars().count();
    // Of a word of one or two letters little is left when two are wrong.
    let tolerance = (letters / 3).max(2).min(letters.saturating_sub(1));
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= tolerance && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn a_typo_is_near_and_another_word_is_not() {
        let known = ["call.started", "call.ended", "dtmf.received", "error"];
        assert_eq!(among("dtmf.recieved", known), Some("dtmf.received"));
        assert_eq!(among("call.start", known), Some("call.started"));
        assert_eq!(among("erorr", known), Some("error"));
        assert_eq!(among("payment.confirmed", known), None);
        assert_eq!(among("x", known), None);
    }
}
