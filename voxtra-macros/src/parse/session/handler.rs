//! `interrupt on wire.name(binding, field: pattern) | other.name if guard { body }`

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Expr, Ident, Pat, Token, ext::IdentExt, parenthesized, parse::ParseStream,
    parse::discouraged::Speculative, token,
};

use super::super::{AlternativeDecl, HandlerDecl, PatternDecl, wire};
use crate::errors::Errors;

/// Parses the rest of a handler, behind `on`.
pub(super) fn parse(
    attrs: Vec<Attribute>,
    interrupt: bool,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<HandlerDecl> {
    let mut alternatives = vec![alternative(input, errors)?];
    while input.parse::<Option<Token![|]>>()?.is_some() {
        alternatives.push(alternative(input, errors)?);
    }
    let guard = if input.parse::<Option<Token![if]>>()?.is_some() {
        guard(input, errors)
    } else {
        None
    };
    let name = alternatives
        .first()
        .map(|first| first.wire.text.clone())
        .unwrap_or_default();
    let body = body(input, &format!("on {name}"))?;
    Ok(HandlerDecl {
        attrs,
        interrupt,
        alternatives,
        guard,
        body,
    })
}

/// `{ … }`, of what is written before it.
pub(super) fn body(input: ParseStream<'_>, of: &str) -> syn::Result<Group> {
    if !input.peek(token::Brace) {
        return Err(input.error(format!("expected the body of the handler: `{of} {{ … }}`")));
    }
    input.parse()
}

fn alternative(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<AlternativeDecl> {
    let wire = wire::parse(input, errors)?;
    let mut alternative = AlternativeDecl {
        wire,
        binding: None,
        fields: Vec::new(),
    };
    if input.peek(token::Paren) {
        let content;
        let parentheses = parenthesized!(content in input);
        if content.is_empty() {
            errors.at(
                parentheses.span.join(),
                "name the event here, as in `(e)`, or leave the parentheses out",
            );
        } else if let Err(error) = inside(&content, &mut alternative) {
            errors.push(error);
            // Drained, or the parser would complain a second time about what is left.
            content.parse::<TokenStream>()?;
        }
    }
    Ok(alternative)
}

/// `binding`, `field: pattern, …`, or both in this order.
fn inside(input: ParseStream<'_>, into: &mut AlternativeDecl) -> syn::Result<()> {
    const SHAPE: &str =
        "an event is bound to a name, as in `(e)`, and its fields to patterns, as in `(field: 1)`";
    let mut first = true;
    while !input.is_empty() {
        if input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
            let name = input.call(Ident::parse_any)?;
            input.parse::<Token![:]>()?;
            let pattern = input.call(Pat::parse_multi_with_leading_vert)?;
            into.fields.push(PatternDecl { name, pattern });
        } else if first && let Some(underscore) = input.parse::<Option<Token![_]>>()? {
            into.binding = Some(quote!(#underscore));
        } else if first && input.peek(Ident) && (input.peek2(Token![,]) || is_last(input)) {
            let name: Ident = input.parse()?;
            into.binding = Some(quote!(#name));
        } else {
            return Err(input.error(SHAPE));
        }
        first = false;
        if !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
            return Err(input.error(SHAPE));
        }
    }
    Ok(())
}

/// Whether one token is left.
fn is_last(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.parse::<TokenTree>().is_ok() && ahead.is_empty()
}

/// The condition behind `if`. A malformed one is noted and counts as a guard that holds.
fn guard(input: ParseStream<'_>, errors: &mut Errors) -> Option<Expr> {
    let ahead = input.fork();
    match ahead.call(Expr::parse_without_eager_brace) {
        Ok(guard) => {
            input.advance_to(&ahead);
            Some(guard)
        }
        Err(error) => {
            errors.push(error);
            while !input.is_empty() && !input.peek(token::Brace) {
                let _ = input.parse::<TokenTree>();
            }
            Some(Expr::Verbatim(quote!(true)))
        }
    }
}
