//! A text with `{{name}}` in it.

use std::collections::BTreeMap;

/// A text with variables, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable { name: String, default: String },
}

/// Why a text with variables can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// `{{` without a name and `}}` behind it.
    #[error(
        "`{{{{{near}` is no variable: write {{{{name}}}}, or {{{{{{{{ for two braces as they are"
    )]
    Broken {
        /// What stands behind the braces, in part.
        near: String,
    },
    /// No variable has this name.
    #[error("there is no variable {{{{{name}}}}}; {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest name, or all.
        hint: String,
    },
    /// A variable of the agent has the name of a fact of the call.
    #[error(
        "the variable {name:?} can't be set, it has its value from the call: take a name other \
         than {taken}, channel.NAME, lookup.NAME and routing.NAME"
    )]
    Taken {
        /// The name.
        name: String,
        /// The names that are taken.
        taken: String,
    },
    /// No time zone has this name.
    #[error("there is no time zone {name:?}: write one of the IANA names, such as Europe/Berlin")]
    TimeZone {
        /// The name.
        name: String,
    },
}

/// Most characters quoted of a text that is wrong.
const QUOTED: usize = 24;

impl Template {
    /// Reads a text. `{{name|default}}` has a default; `{{{{` stands for `{{`.
    pub(crate) fn parse(text: &str) -> Result<Self, VariableError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            plain.push_str(before);
            if let Some(literal) = after.strip_prefix("{{") {
                plain.push_str("{{");
                rest = literal;
                continue;
            }
            let broken = || VariableError::Broken {
                near: after.chars().take(QUOTED).collect(),
            };
            let (inside, behind) = after.split_once("}}").ok_or_else(broken)?;
            let (name, default) = inside.split_once('|').unwrap_or((inside, ""));
            let (name, default) = (name.trim(), default.trim());
            if !is_name(name) || default.contains(['{', '\n']) {
                return Err(broken());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Variable {
                name: name.to_owned(),
                default: default.to_owned(),
            });
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The names of its variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with these values, each as `write` has it. A value that is missing or empty is
    /// replaced by the default.
    pub(crate) fn render<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
        write: impl Fn(&str) -> String,
    ) -> String {
        let written = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable { name, default } => {
                let value = value(name).filter(|value| !value.is_empty());
                write(value.unwrap_or(default))
            }
        });
        written.collect()
    }

    /// As [`render`](Self::render), with values as they are.
    pub(crate) fn fill(&self, values: &BTreeMap<String, String>) -> String {
        self.render(|name| values.get(name).map(String::as_str), str::to_owned)
    }
}

/// Letters, digits and what the names of channel variables and dialplan functions have.
fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || "_.-(),:".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        let pairs = [("a", "1"), ("empty", ""), ("trick", "{{a}}")];
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    #[test]
    fn variables_are_replaced_once() {
        for (text, expected) in [
            ("", ""),
            ("plain { } }} text", "plain { } }} text"),
            ("{{a}}{{ a }}", "11"),
            ("x {{a}} y", "x 1 y"),
            ("{{empty|nobody}}", "nobody"),
            ("{{empty}}", ""),
            ("{{missing|two words}}", "two words"),
            ("{{a|other}}", "1"),
            // What comes from outside is no template.
            ("{{trick}}", "{{a}}"),
            ("{{{{a}}", "{{a}}"),
            ("{{{{{{a}}", "{{1"),
        ] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.fill(&values()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in [
            "{{", "{{}}", "{{a", "{{a b}}", "{{1}}", "{{{a}}", "{{a|{b}}",
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(matches!(error, VariableError::Broken { .. }), "{text}");
            assert!(error.to_string().contains("`{{"), "{error}");
        }
    }

    #[test]
    fn names_are_those_of_variables_and_dialplan_functions() {
        let text = "{{channel.CALLERID(name)}} {{lookup.tier-2|x}}";
        let template = Template::parse(text).unwrap();
        let names: Vec<_> = template.names().collect();
        assert_eq!(names, ["channel.CALLERID(name)", "lookup.tier-2"]);
    }
}
