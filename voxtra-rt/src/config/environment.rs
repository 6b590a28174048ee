/// Replaces `${NAME}` by the variable's value. Replaces `${NAME:-default}` likewise or, if the
/// variable is unset or empty, by the default. `$${` stands for a literal `${`.
///
/// # Errors
/// The problem, for people.
pub(super) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        let after = &reference[2..];
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let Some((inside, tail)) = after.split_once('}') else {
            return Err("`${` without its `}` (write `$${` for a literal one)".to_owned());
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_name(name) {
            return Err(format!(
                "`${{{inside}}}` is not the name of an environment variable"
            ));
        }
        match (env(name), default) {
            (Some(value), None) => out.push_str(&value),
            (Some(value), Some(_)) if !value.is_empty() => out.push_str(&value),
            (_, Some(default)) => out.push_str(default),
            (None, None) => {
                return Err(format!(
                    "the environment variable {name} is not set; set it, or write `${{{name}:-default}}`"
                ));
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("pbx".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICK" => Some("${HOST}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn references_are_replaced() {
        for (text, expected) in [
            ("plain", "plain"),
            ("http://${HOST}:8088/ari", "http://pbx:8088/ari"),
            ("${HOST}${HOST}", "pbxpbx"),
            ("${NONE:-fallback}", "fallback"),
            ("${EMPTY:-fallback}", "fallback"),
            ("${HOST:-fallback}", "pbx"),
            ("${NONE:-}", ""),
            ("${EMPTY}", ""),
            ("$${HOST}", "${HOST}"),
            ("5$ and $HOST", "5$ and $HOST"),
            // A value is not expanded again: a password may hold anything.
            ("${TRICK}", "${HOST}"),
        ] {
            assert_eq!(expand(text, &env).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert!(
            expand("a ${NONE} b", &env)
                .unwrap_err()
                .contains("NONE is not set")
        );
    }

    #[test]
    fn broken_references_are_refused() {
        for text in ["${HOST", "${}", "${1A}", "${A B}", "${A-B}"] {
            assert!(expand(text, &env).is_err(), "{text}");
        }
    }
}
