//! Routes: patterns that can match, each given once.

use std::collections::{HashMap, hash_map::Entry};

use proc_macro2::Ident;
use syn::{LitStr, ext::IdentExt};

use super::{Route, Target, nearest};
use crate::{
    errors::Errors,
    parse::{KINDS, MetadataDecl, RouteDecl},
};

/// Which session took a route first: (kind, pattern) → session.
#[derive(Default)]
pub(super) struct Taken(HashMap<(&'static str, String), String>);

/// A reason why a route would never match.
enum Shadow {
    Same(String),
    /// An extension of the same digits.
    Extension(String),
    /// The other way round: a number of the same digits, which would get no calls any more.
    Number(String),
}

impl Taken {
    /// Takes the route for this session, unless another takes its calls.
    fn take(&mut self, to: &Target, session: &Ident) -> Option<Shadow> {
        let key = match to {
            Target::Extension(pattern) => {
                if let Some(first) = self.0.get(&("number", pattern.value())) {
                    return Some(Shadow::Number(first.clone()));
                }
                ("extension", pattern.value())
            }
            Target::Number(pattern) => {
                let extension = ("extension", pattern.value());
                if let Some(first) = self.0.get(&extension) {
                    return Some(Shadow::Extension(first.clone()));
                }
                ("number", pattern.value())
            }
            Target::Default => ("default", String::new()),
        };
        match self.0.entry(key) {
            Entry::Vacant(free) => {
                free.insert(session.to_string());
                None
            }
            Entry::Occupied(first) => Some(Shadow::Same(first.get().clone())),
        }
    }
}

pub(super) fn check(
    declared: Vec<RouteDecl>,
    session: &Ident,
    taken: &mut Taken,
    errors: &mut Errors,
) -> Vec<Route> {
    let mut routes = Vec::new();
    for RouteDecl {
        kind,
        pattern,
        metadata,
    } in declared
    {
        let kind_text = kind.to_string();
        let pattern_text = pattern.as_ref().map(LitStr::value).unwrap_or_default();
        let span = pattern.as_ref().map_or_else(|| kind.span(), LitStr::span);
        let to = match (kind_text.as_str(), pattern) {
            ("extension", Some(pattern)) => {
                extension(&pattern_text).map(|()| Target::Extension(pattern))
            }
            ("number", Some(pattern)) => number(&pattern_text).map(|()| Target::Number(pattern)),
            ("prefix", Some(pattern)) => prefix(&pattern_text)
                .map(|prefix| Target::Number(LitStr::new(&prefix, pattern.span()))),
            ("default", None) => Ok(Target::Default),
            ("default", Some(_)) => Err(
                "`default` takes no pattern: it is for calls that no other route matches"
                    .to_owned(),
            ),
            ("extension" | "number" | "prefix", None) => Err(format!(
                "`{kind_text}` needs a pattern: `{kind_text} \"…\"`"
            )),
            (other, _) => {
                let hint = match nearest::among(other, KINDS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "routes are by `extension \"…\"`, `number \"…\"`, `prefix \"…\"` or `default`"
                            .to_owned()
                    }
                };
                errors.at(
                    kind.span(),
                    format!("unknown kind of route `{other}`; {hint}"),
                );
                continue;
            }
        };
        let to = match to {
            Ok(to) => to,
            Err(problem) => {
                errors.at(span, problem);
                continue;
            }
        };
        let metadata = check_metadata(metadata, errors);
        match taken.take(&to, session) {
            None => routes.push(Route { to, metadata }),
            Some(Shadow::Same(first)) if session == &first => {
                errors.at(span, "this route is given twice");
            }
            Some(Shadow::Same(first)) => {
                errors.at(span, format!("calls on this route go to `{first}` already"));
            }
            Some(Shadow::Number(first)) => errors.at(
                span,
                format!("`{first}` has this as its `number` and would get no calls: an `extension` comes before a `number`"),
            ),
            Some(Shadow::Extension(first)) => errors.at(
                span,
                format!("calls to this number go to `{first}` already, by its `extension`: that comes before a `number`"),
            ),
        }
    }
    routes
}

fn check_metadata(declared: Vec<MetadataDecl>, errors: &mut Errors) -> Vec<(String, LitStr)> {
    let mut metadata: Vec<(String, LitStr)> = Vec::new();
    for MetadataDecl { key, value } in declared {
        let name = key.unraw().to_string();
        if metadata.iter().any(|(known, _)| *known == name) {
            errors.at(key.span(), format!("`{name}` is given twice"));
        } else {
            metadata.push((name, value));
        }
    }
    metadata
}

/// An extension is matched whole, by the characters that Asterisk's dialplan allows in one.
fn extension(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() {
        return Err("an extension has at least one character".to_owned());
    }
    if pattern.starts_with('_') {
        return Err(
            "an extension is matched as it is; Asterisk's `_X.` patterns belong in the dialplan"
                .to_owned(),
        );
    }
    if let Some((before, _)) = pattern.split_once('*')
        && before.starts_with(|c: char| c.is_ascii_digit())
        && pattern.ends_with('*')
    {
        return Err(format!(
            "an extension is matched whole; for a prefix, use `number \"{pattern}\"`"
        ));
    }
    match pattern
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "*#+-_.".contains(*c)))
    {
        Some(c) => Err(format!("{c:?} can't be part of an extension")),
        None => Ok(()),
    }
}

/// A number is digits, perhaps behind `+`, whole or up to a final `*`.
fn number(pattern: &str) -> Result<(), String> {
    let (prefix, is_prefix) = match pattern.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (pattern, false),
    };
    let digits = prefix.strip_prefix('+').unwrap_or(prefix);
    if prefix.is_empty() && is_prefix {
        return Err("this matches every number: use `default`".to_owned());
    }
    if prefix.contains('*') {
        return Err(
            "`*` stands for the rest of the number, so it can only be at the end".to_owned(),
        );
    }
    if digits.is_empty() && !is_prefix {
        return Err("a number has at least one digit".to_owned());
    }
    match digits.chars().find(|c| !c.is_ascii_digit()) {
        Some(c) => Err(format!(
            "{c:?} can't be part of a number: write digits, perhaps behind `+`, and `*` for the rest"
        )),
        None => Ok(()),
    }
}

/// The pattern of a prefix is that of a number with `*` behind it.
fn prefix(pattern: &str) -> Result<String, String> {
    if pattern.ends_with('*') {
        return Err("a prefix is what numbers begin with, without `*`".to_owned());
    }
    if pattern.is_empty() {
        return Err("a prefix has at least one digit; for every call, use `default`".to_owned());
    }
    let whole = format!("{pattern}*");
    number(&whole).map(|()| whole)
}

#[cfg(test)]
mod tests {
    use super::{extension, number};

    #[test]
    fn patterns_that_can_match_are_accepted() {
        for pattern in ["1000", "*97", "#1", "sales", "front-desk", "+265999000001"] {
            assert_eq!(extension(pattern), Ok(()), "{pattern}");
        }
        for pattern in ["+265*", "+265999000001", "0999*", "112", "+*"] {
            assert_eq!(number(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_cannot_match_are_refused() {
        for pattern in ["", "10*", "_1XXX", "10 00"] {
            assert!(extension(pattern).is_err(), "{pattern}");
        }
        for pattern in ["", "+", "*", "+2*5", "*265", "+265**", "26 5", "265+"] {
            assert!(number(pattern).is_err(), "{pattern}");
        }
    }
}
