//! What a model wrote as arguments, compared with the schema: only what is simple and certain.

use serde_json::{Map, Value};

/// Whether all that is required is there, and everything at the top is of its type.
///
/// # Errors
/// What is wrong, for the model.
pub(super) fn check(schema: &Value, arguments: &Map<String, Value>) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = required
        .filter(|name| !arguments.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        return Err(format!("missing: {}", missing.join(", ")));
    }
    for (name, value) in arguments {
        let Some(property) = schema.pointer("/properties").and_then(|all| all.get(name)) else {
            if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                return Err(format!("there is no parameter {name}"));
            }
            continue;
        };
        let types = match property.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        if !types.is_empty() && !types.iter().any(|wanted| is(value, wanted)) {
            return Err(format!("{name} must be {}", types.join(" or ")));
        }
        let allowed = property.get("enum").and_then(Value::as_array);
        if let Some(allowed) = allowed.filter(|allowed| !allowed.contains(value)) {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            return Err(format!("{name} must be one of {}", allowed.join(", ")));
        }
    }
    Ok(())
}

/// The types of JSON schema (draft 2020-12, validation, section 6.1.1).
fn is(value: &Value, wanted: &str) -> bool {
    match wanted {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        // A word of another draft.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_certainly_wrong_is_refused() {
        let schema = json!({
            "type": "object",
            "properties": {
                "n": { "type": "integer" },
                "s": { "type": ["string", "null"] },
                "e": { "type": "string", "enum": ["a", "b"] },
                "any": {},
            },
            "required": ["n"],
        });
        for (arguments, expected) in [
            (json!({ "n": 1 }), Ok(())),
            (
                json!({ "n": 1.0, "s": null, "any": [1], "more": 1 }),
                Ok(()),
            ),
            (json!({}), Err("missing: n")),
            (json!({ "n": "1" }), Err("n must be integer")),
            (json!({ "n": 1.5 }), Err("n must be integer")),
            (json!({ "n": 1, "s": 1 }), Err("s must be string or null")),
            (
                json!({ "n": 1, "e": "c" }),
                Err("e must be one of \"a\", \"b\""),
            ),
        ] {
            let checked = check(&schema, arguments.as_object().unwrap());
            assert_eq!(checked, expected.map_err(str::to_owned), "{arguments}");
        }
        let mut strict = schema;
        strict["additionalProperties"] = json!(false);
        let more = json!({ "n": 1, "more": 1 });
        let refused = check(&strict, more.as_object().unwrap());
        assert_eq!(refused, Err("there is no parameter more".to_owned()));
        assert_eq!(check(&json!(true), &Map::new()), Ok(()));
    }
}
