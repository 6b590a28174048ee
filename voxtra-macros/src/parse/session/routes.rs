//! `route extension "1000" { tenant: "acme" }, prefix "+265", default;`

use proc_macro2::Group;
use quote::quote;
use syn::{
    Ident, LitStr, Token, braced, ext::IdentExt, parse::ParseStream, punctuated::Punctuated, token,
};

use super::super::{MetadataDecl, RouteDecl, recovery};
use crate::errors::Errors;

pub(crate) const KINDS: [&str; 4] = ["extension", "number", "prefix", "default"];

pub(super) fn parse(
    input: ParseStream<'_>,
    into: &mut Vec<RouteDecl>,
    errors: &mut Errors,
) -> syn::Result<()> {
    loop {
        let kind = input.call(Ident::parse_any)?;
        let pattern = if input.peek(syn::Lit) {
            Some(pattern(input, &kind, errors)?)
        } else {
            None
        };
        let metadata = if input.peek(token::Brace) {
            metadata(input, errors)?
        } else {
            Vec::new()
        };
        into.push(RouteDecl {
            kind,
            pattern,
            metadata,
        });
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.peek(Token![;]) {
            continue;
        }
        if input.parse::<Option<Token![;]>>()?.is_none() {
            errors.push(input.error("expected `,` and another route, or `;`"));
            // Only the comma is missing if another route follows, and only the semicolon if another
            // item does.
            if KINDS.iter().any(|kind| is_word(input, kind)) {
                continue;
            }
            if !input.peek(Ident::peek_any) && !input.peek(Token![#]) {
                recovery::skip_item(input);
            }
        }
        return Ok(());
    }
}

fn pattern(input: ParseStream<'_>, kind: &Ident, errors: &mut Errors) -> syn::Result<LitStr> {
    let literal: syn::Lit = input.parse()?;
    Ok(match literal {
        syn::Lit::Str(pattern) => pattern,
        other => {
            let text = quote!(#other).to_string();
            errors.over(
                &other,
                format!("a route's pattern is a string: `{kind} \"{text}\"`"),
            );
            LitStr::new(&text, other.span())
        }
    })
}

/// `{ key: "value", … }`
fn metadata(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<MetadataDecl>> {
    let ahead = input.fork();
    let group: Group = ahead.parse()?;
    let content;
    braced!(content in input);
    let entry = |input: ParseStream<'_>| {
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        let value = input.parse()?;
        Ok(MetadataDecl { key, value })
    };
    match Punctuated::<MetadataDecl, Token![,]>::parse_terminated_with(&content, entry) {
        Ok(entries) => Ok(entries.into_iter().collect()),
        Err(error) => {
            let message = "what is known about a route's calls is written `{ key: \"value\", … }`";
            errors.at(
                if content.is_empty() {
                    group.span()
                } else {
                    error.span()
                },
                message,
            );
            content.parse::<proc_macro2::TokenStream>()?;
            Ok(Vec::new())
        }
    }
}

fn is_word(input: ParseStream<'_>, word: &str) -> bool {
    input
        .fork()
        .call(Ident::parse_any)
        .is_ok_and(|next| next == word)
}
