//! The data of an event in a few words, for a line of a terminal or a cell of a table.

use serde_json::Value;

/// As [`of`], with what was said cut to fit a line.
pub(crate) fn brief(data: &Value) -> String {
    words(data, Some(BRIEF))
}

/// `{"duration_ms":1820,"text":"Hi"}` → `“Hi” · duration 1.82 s`. Empty for an event without data.
pub(crate) fn of(data: &Value) -> String {
    words(data, None)
}

/// Characters of a text that a line of a terminal has room for.
const BRIEF: usize = 60;

fn words(data: &Value, longest: Option<usize>) -> String {
    let Value::Object(fields) = data else {
        return if data.is_null() {
            String::new()
        } else {
            data.to_string()
        };
    };
    let mut ordered: Vec<_> = fields.iter().collect();
    // What was said comes first, whatever order the JSON was kept in.
    ordered.sort_by_key(|(name, _)| !matches!(name.as_str(), "text" | "message" | "reason"));
    ordered
        .into_iter()
        .filter_map(|(name, value)| field(name, value, longest))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn field(name: &str, value: &Value, longest: Option<usize>) -> Option<String> {
    match (name, value) {
        (_, Value::Null) => None,
        ("text" | "message", Value::String(text)) => {
            (!text.is_empty()).then(|| format!("“{}”", cut(text, longest)))
        }
        ("digit", Value::String(digit)) => Some(digit.clone()),
        ("interrupted" | "cut", Value::Bool(is)) => is.then(|| name.to_owned()),
        ("sample_rate", Value::Number(hz)) => Some(format!("{hz} Hz")),
        (_, Value::Array(items)) if items.is_empty() => None,
        (_, Value::String(text)) if text.is_empty() => None,
        (_, Value::Number(n)) => Some(
            match (
                name.strip_suffix("_ms"),
                name.strip_suffix("_seconds"),
                n.as_f64(),
            ) {
                (Some(name), _, Some(ms)) => format!("{} {:.2} s", spaced(name), ms / 1000.0),
                (_, Some(name), Some(s)) => format!("{} {s:.2} s", spaced(name)),
                _ => format!("{} {n}", spaced(name)),
            },
        ),
        (_, Value::String(text)) => Some(format!("{} {text}", spaced(name))),
        (_, other) => Some(format!("{} {other}", spaced(name))),
    }
}

fn cut(text: &str, longest: Option<usize>) -> String {
    match longest {
        Some(longest) if text.chars().count() > longest => {
            text.chars().take(longest - 1).chain(['…']).collect()
        }
        _ => text.to_owned(),
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_long_text_is_cut_only_where_room_is_short() {
        let data = json!({ "text": "ä".repeat(61), "interrupted": true });
        assert_eq!(
            super::brief(&data),
            format!("“{}…” · interrupted", "ä".repeat(59))
        );
        assert_eq!(
            super::of(&data),
            format!("“{}” · interrupted", "ä".repeat(61))
        );
    }

    #[test]
    fn says_what_matters() {
        for (data, words) in [
            (json!({}), ""),
            (json!(null), ""),
            (json!({ "duration_ms": 1820 }), "duration 1.82 s"),
            (
                json!({ "text": "Hi", "interrupted": true }),
                "“Hi” · interrupted",
            ),
            (json!({ "text": "Hi", "interrupted": false }), "“Hi”"),
            (
                json!({ "duration_ms": 60000, "cut": true }),
                "cut · duration 60.00 s",
            ),
            (
                json!({ "duration_ms": 60000, "cut": false }),
                "duration 60.00 s",
            ),
            (json!({ "digit": "#" }), "#"),
            (json!({ "sample_rate": 8000 }), "8000 Hz"),
            (
                json!({ "reason": "hangup", "duration_seconds": 20.5 }),
                "reason hangup · duration 20.50 s",
            ),
            (json!({ "text": "", "tool_calls": [] }), ""),
            (
                json!({ "silence_duration_ms": 5000 }),
                "silence duration 5.00 s",
            ),
        ] {
            assert_eq!(super::of(&data), words, "{data}");
        }
    }
}
