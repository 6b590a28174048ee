//! `after 10s of user.silence { … }` and `every 30s { … }`

use proc_macro2::Span;
use syn::{Attribute, Ident, Lit, ext::IdentExt, parse::ParseStream};

use super::{super::TimerDecl, super::WhenDecl, super::wire, handler};
use crate::errors::Errors;

/// Parses the rest of a timer, behind `after` or `every`.
pub(super) fn parse(
    attrs: Vec<Attribute>,
    keyword: &Ident,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<TimerDecl> {
    let (millis, span) = duration(input, keyword, errors)?;
    let mut when = if keyword == "every" {
        WhenDecl::Every
    } else {
        WhenDecl::After
    };
    let ahead = input.fork();
    if ahead.call(Ident::parse_any).is_ok_and(|word| word == "of") {
        let of = input.call(Ident::parse_any)?;
        let what = wire::parse(input, errors)?;
        if keyword == "every" {
            errors.at(
                of.span(),
                "`every` takes a duration alone; `after 10s of user.silence` comes once per silence",
            );
        } else if what.text == "user.silence" {
            when = WhenDecl::Silence;
        } else {
            errors.over(
                &what.tokens,
                format!(
                    "a timer can't wait for `{}`; did you mean `user.silence`?",
                    what.text
                ),
            );
        }
    }
    let body = handler::body(input, &format!("{keyword} 10s"))?;
    Ok(TimerDecl {
        attrs,
        span,
        when,
        millis,
        body,
    })
}

/// A number with its unit, in milliseconds; 0 if there was an error.
fn duration(
    input: ParseStream<'_>,
    keyword: &Ident,
    errors: &mut Errors,
) -> syn::Result<(u64, Span)> {
    let message = format!("expected a duration, such as `{keyword} 500ms`, `10s`, `2min` or `1h`");
    if !input.peek(Lit) {
        return Err(input.error(message));
    }
    let literal: Lit = input.parse()?;
    let known = super::super::millis(&literal);
    let millis = known.unwrap_or_default();
    if !(1.0..=LONGEST).contains(&millis) {
        let problem = match known {
            None => message,
            Some(_) => "a timer takes at least 1 ms and at most a day".to_owned(),
        };
        errors.over(&literal, problem);
        return Ok((0, literal.span()));
    }
    // In range, as was just seen.
    Ok((millis.round() as u64, literal.span()))
}

/// A day, in milliseconds.
const LONGEST: f64 = 86_400_000.0;
