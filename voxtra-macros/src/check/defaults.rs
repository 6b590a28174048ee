//! Defaults: the values of fields that are missing.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Expr, ExprLit, Lit, Type, ext::IdentExt, parse_quote};

use super::{Default, FieldDefault, Shape, Variant, nearest};
use crate::{errors::Errors, parse::millis};

pub(super) fn check(
    declared: Option<Expr>,
    field: &Ident,
    ty: &Type,
    shape: &Shape,
    errors: &mut Errors,
) -> Option<FieldDefault> {
    let Some(declared) = declared else {
        return matches!(shape, Shape::Option(_)).then(|| FieldDefault {
            value: Default::Nothing,
            json: Some("null".to_owned()),
        });
    };
    // A field with a wrong default still counts as one with a default: uses of it would be further
    // errors.
    let broken = || computed(parse_quote!(loop {}));
    let default = match shape {
        Shape::Inline(variants) => word(&declared, field, variants, errors).unwrap_or_else(broken),
        Shape::Option(inner) => match &declared {
            Expr::Path(path) if path.path.is_ident("None") => FieldDefault {
                value: Default::Nothing,
                json: Some("null".to_owned()),
            },
            Expr::Lit(_) | Expr::Unary(_) => match plain(declared, of_option(ty), inner, errors) {
                Some(FieldDefault { value, json }) => FieldDefault {
                    value: Default::Some(Box::new(value)),
                    json,
                },
                None => broken(),
            },
            _ => computed(declared),
        },
        shape => plain(declared, Some(ty), shape, errors).unwrap_or_else(broken),
    };
    Some(default)
}

/// One of the words of an enum that is declared in place.
fn word(
    declared: &Expr,
    field: &Ident,
    variants: &[Variant],
    errors: &mut Errors,
) -> Option<FieldDefault> {
    let words = || variants.iter().map(|variant| variant.wire.as_str());
    let word = match declared {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    let Some(word) = word else {
        let known: Vec<&str> = words().collect();
        let message = format!("`{field}` is one of `{}`", known.join("`, `"));
        errors.over(declared, message);
        return None;
    };
    let text = word.unraw().to_string();
    if let Some(variant) = variants.iter().find(|variant| variant.wire == text) {
        let name = format_ident!("{}", variant.name, span = word.span());
        return Some(FieldDefault {
            value: Default::Word(name),
            json: Some(json_text(&text)),
        });
    }
    let hint = match nearest::among(&text, words()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is `{}`", words().collect::<Vec<_>>().join("` or `")),
    };
    errors.at(word.span(), format!("`{field}` is never `{text}`; {hint}"));
    None
}

/// The `T` of `Option<T>`.
fn of_option(ty: &Type) -> Option<&Type> {
    match argument(ty)? {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

fn argument(ty: &Type) -> Option<&syn::GenericArgument> {
    let Type::Path(path) = ty else { return None };
    match &path.path.segments.last()?.arguments {
        syn::PathArguments::AngleBracketed(arguments) => arguments.args.first(),
        _ => None,
    }
}

/// `ty` is the type that the value has.
fn plain(
    declared: Expr,
    ty: Option<&Type>,
    shape: &Shape,
    errors: &mut Errors,
) -> Option<FieldDefault> {
    let Expr::Lit(ExprLit { lit, .. }) = &declared else {
        return Some(computed(declared));
    };
    let value = match (shape, lit) {
        (Shape::Duration, lit @ (Lit::Int(_) | Lit::Float(_))) => {
            let Some(millis) = millis(lit).filter(|millis| *millis <= LONGEST) else {
                let message = "expected a duration, such as `500ms`, `10s`, `2min` or `1h`";
                errors.over(lit, message);
                return None;
            };
            // Not above LONGEST, as was just seen.
            let millis = millis.round() as u64;
            return Some(FieldDefault {
                value: Default::Millis(millis),
                json: Some(millis.to_string()),
            });
        }
        (Shape::BoundedText, Lit::Str(text)) => {
            if let Some(room) = ty.and_then(room)
                && text.value().len() > room
            {
                let message = format!(
                    "{} bytes don't fit into the {room} of this field",
                    text.value().len()
                );
                errors.over(text, message);
                return None;
            }
            Default::BoundedText(text.clone())
        }
        (Shape::HeapText, Lit::Str(text)) => Default::HeapText(text.clone()),
        _ => return Some(computed(declared)),
    };
    Some(FieldDefault {
        value,
        json: json(&declared),
    })
}

fn computed(declared: Expr) -> FieldDefault {
    FieldDefault {
        json: json(&declared),
        value: Default::Computed(declared),
    }
}

/// The `N` of `Text<N>`, where it is written as a number.
fn room(ty: &Type) -> Option<usize> {
    match argument(ty)? {
        syn::GenericArgument::Const(Expr::Lit(ExprLit {
            lit: Lit::Int(room),
            ..
        })) => room.base10_parse().ok(),
        _ => None,
    }
}

/// The value as JSON, where it can be seen from the way it is written.
fn json(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            Lit::Float(number) => {
                let number: f64 = number.base10_parse().ok()?;
                Some(format!("{number:?}"))
            }
            Lit::Bool(value) => Some(value.value.to_string()),
            Lit::Char(character) => Some(json_text(&character.value().to_string())),
            Lit::Str(text) => Some(json_text(&text.value())),
            _ => None,
        },
        Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => match &**expr {
            Expr::Lit(ExprLit {
                lit: Lit::Int(_) | Lit::Float(_),
                ..
            }) => json(expr).map(|number| format!("-{number}")),
            _ => None,
        },
        _ => None,
    }
}

/// Text in quotes, with what JSON wants escaped (RFC 8259, section 7).
fn json_text(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if u32::from(c) < 0x20 => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// The greatest number of milliseconds that a number of JSON holds exactly in every language.
const LONGEST: f64 = 9_007_199_254_740_991.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_seen_as_json() {
        for (rust, expected) in [
            ("1_000u16", Some("1000")),
            ("-2", Some("-2")),
            ("1.50", Some("1.5")),
            ("-0.5f32", Some("-0.5")),
            ("true", Some("true")),
            ("'*'", Some(r#""*""#)),
            (r#""say \"hi\"\n""#, Some(r#""say \"hi\"\u000a""#)),
            ("i64::MAX", None),
            ("-LIMIT", None),
            ("b\"bytes\"", None),
        ] {
            let rust: Expr = syn::parse_str(rust).unwrap();
            assert_eq!(json(&rust).as_deref(), expected);
        }
    }
}
