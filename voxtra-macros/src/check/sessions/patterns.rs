//! Patterns of an event's fields: the fields exist, and words are those of their enum.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Expr, Lit, Pat, ext::IdentExt};

use super::{
    super::{Event, FieldPattern, Matcher, Origin, Shape, builtin, builtin::Kind, nearest},
    Known,
};
use crate::{
    errors::Errors,
    parse::{PatternDecl, pascal_case},
};

/// A field, as far as the macro knows it.
enum Field {
    Text,
    Words(Vec<String>),
    Plain,
}

pub(super) fn check(
    declared: Vec<PatternDecl>,
    event: &Ident,
    wire: &str,
    origin: Option<Origin>,
    known: &Known<'_>,
    errors: &mut Errors,
) -> Vec<FieldPattern> {
    let fields = fields(wire, origin, known);
    let mut checked: Vec<FieldPattern> = Vec::new();
    for PatternDecl { name, pattern } in declared {
        let text = name.unraw().to_string();
        if checked
            .iter()
            .any(|field| field.name.unraw() == name.unraw())
        {
            errors.at(name.span(), format!("`{text}` has two patterns here"));
            continue;
        }
        // Of an event that is declared elsewhere, the compiler knows the fields.
        let field = match &fields {
            None => Field::Plain,
            Some(fields) => match fields.iter().find(|(known, _)| *known == text) {
                Some((_, Kind::Text)) => Field::Text,
                Some((_, Kind::Plain)) => Field::Plain,
                Some((_, Kind::Words(words))) => {
                    Field::Words(words.iter().map(|&word| word.to_owned()).collect())
                }
                None => match own(wire, &text, known) {
                    Some(field) => field,
                    None => {
                        errors.at(name.span(), unknown(wire, &text, fields, known));
                        continue;
                    }
                },
            },
        };
        let pattern = match field {
            Field::Text if has_text(&pattern) => Matcher::Text(pattern),
            Field::Text | Field::Plain => Matcher::Pattern(pattern),
            Field::Words(words) => self::words(pattern, event, &name, &words, errors),
        };
        checked.push(FieldPattern { name, pattern });
    }
    checked
}

/// The fields of a built-in event; empty for those of this `voxtra!`; nothing for others.
fn fields(
    wire: &str,
    origin: Option<Origin>,
    _known: &Known<'_>,
) -> Option<&'static [(&'static str, Kind)]> {
    match origin {
        Some(Origin::BuiltIn) => builtin::find(wire).map(|(_, fields)| *fields),
        Some(Origin::Here) => Some(&[]),
        _ => None,
    }
}

fn event<'a>(wire: &str, known: &'a Known<'_>) -> Option<&'a Event> {
    known.events.iter().find(|event| event.wire == wire)
}

/// A field of an event of this `voxtra!`.
fn own(wire: &str, name: &str, known: &Known<'_>) -> Option<Field> {
    let mut fields = event(wire, known)?.fields.iter();
    let field = fields.find(|field| field.name.unraw() == name)?;
    Some(match &field.shape {
        Shape::BoundedText | Shape::HeapText => Field::Text,
        Shape::Inline(variants) => Field::Words(variants.iter().map(|v| v.wire.clone()).collect()),
        _ => Field::Plain,
    })
}

fn unknown(wire: &str, name: &str, fields: &[(&'static str, Kind)], known: &Known<'_>) -> String {
    let mut names: Vec<String> = fields.iter().map(|(name, _)| (*name).to_owned()).collect();
    let own = event(wire, known)
        .into_iter()
        .flat_map(|event| &event.fields);
    names.extend(own.map(|field| field.name.unraw().to_string()));
    match nearest::among(name, names.iter().map(String::as_str)) {
        Some(near) => format!("`{wire}` has no field `{name}`; did you mean `{near}`?"),
        None if names.is_empty() => format!("`{wire}` has no fields"),
        None => format!(
            "`{wire}` has no field `{name}`; it has `{}`",
            names.join("`, `")
        ),
    }
}

/// Whether a string literal is part of the pattern.
fn has_text(pattern: &Pat) -> bool {
    match pattern {
        Pat::Lit(literal) => matches!(
            literal,
            syn::ExprLit {
                lit: Lit::Str(_),
                ..
            }
        ),
        Pat::Or(or) => or.cases.iter().any(has_text),
        Pat::Paren(inner) => has_text(&inner.pat),
        Pat::Ident(bound) => bound
            .subpat
            .as_ref()
            .is_some_and(|(_, inner)| has_text(inner)),
        Pat::Const(_) => false,
        Pat::Verbatim(tokens) => syn::parse2::<Expr>(tokens.clone())
            .is_ok_and(|expr| matches!(expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)))),
        _ => false,
    }
}

/// `inbound | outbound` as the variants they are, if that is what stands there.
fn words(
    pattern: Pat,
    event: &Ident,
    field: &Ident,
    known: &[String],
    errors: &mut Errors,
) -> Matcher {
    let cases: Vec<&Pat> = match &pattern {
        Pat::Or(or) => or.cases.iter().collect(),
        one => vec![one],
    };
    let mut variants = Vec::new();
    for case in &cases {
        let Pat::Ident(word) = case else {
            return Matcher::Pattern(pattern);
        };
        let text = word.ident.unraw().to_string();
        if known.contains(&text) {
            variants.push(format_ident!(
                "{}",
                pascal_case(&text),
                span = word.ident.span()
            ));
        } else if let Some(near) = nearest::among(&text, known.iter().map(String::as_str)) {
            let message = format!("`{field}` is never `{text}`; did you mean `{near}`?");
            errors.at(word.ident.span(), message);
        } else if cases.len() > 1 {
            let message = format!(
                "`{field}` is never `{text}`: it is `{}`",
                known.join("` or `")
            );
            errors.at(word.ident.span(), message);
        } else {
            // A name for whatever is there.
            return Matcher::Pattern(pattern);
        }
    }
    if variants.is_empty() {
        // All of them have an error already.
        return Matcher::Pattern(Pat::Wild(syn::PatWild {
            attrs: Vec::new(),
            underscore_token: Default::default(),
        }));
    }
    let name = format!("{event}{}", pascal_case(&field.unraw().to_string()));
    Matcher::Words(format_ident!("{name}", span = field.span()), variants)
}
