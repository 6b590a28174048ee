//! `session Name { … }`: routes, state and handlers.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Expr, Ident, LitStr, Token, Type, braced, ext::IdentExt, parenthesized,
    parse::ParseStream, parse::discouraged::Speculative, token,
};

use super::{HandlerDecl, RouteDecl, SessionDecl, StateDecl, only_docs, recovery, wire};
use crate::{check::nearest, errors::Errors};

pub(super) fn parse(
    docs: Vec<Attribute>,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<SessionDecl> {
    if !input.peek(Ident) {
        return Err(input.error("expected the name of the session: `session Name { … }`"));
    }
    let name: Ident = input.parse()?;
    if !input.peek(token::Brace) {
        return Err(input.error(format!("expected `{{ … }}` after `session {name}`")));
    }
    let content;
    braced!(content in input);
    let mut session = SessionDecl {
        docs,
        name,
        routes: Vec::new(),
        state: Vec::new(),
        handlers: Vec::new(),
    };
    while !content.is_empty() {
        if let Err(error) = item(&content, &mut session, errors) {
            errors.push(error);
            recovery::skip_item(&content);
        }
    }
    Ok(session)
}

fn item(input: ParseStream<'_>, into: &mut SessionDecl, errors: &mut Errors) -> syn::Result<()> {
    let attrs = input.call(Attribute::parse_outer)?;
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected `route`, `state` or `on`"));
    }
    let keyword = input.call(Ident::parse_any)?;
    match keyword.to_string().as_str() {
        "route" => {
            only_docs(attrs, "a route", errors);
            routes(input, &mut into.routes, errors)?;
        }
        "state" => {
            only_docs(attrs, "the state", errors);
            let content;
            braced!(content in input);
            state(&content, &mut into.state, errors);
        }
        "on" => into.handlers.push(handler(attrs, input, errors)?),
        other => {
            let hint = match nearest::among(other, ["route", "state", "on"]) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            return Err(syn::Error::new(
                keyword.span(),
                format!("expected `route`, `state` or `on`, found `{other}`{hint}"),
            ));
        }
    }
    Ok(())
}

fn routes(
    input: ParseStream<'_>,
    into: &mut Vec<RouteDecl>,
    errors: &mut Errors,
) -> syn::Result<()> {
    loop {
        let kind = input.call(Ident::parse_any)?;
        let pattern = if input.peek(syn::Lit) {
            let literal: syn::Lit = input.parse()?;
            match literal {
                syn::Lit::Str(pattern) => Some(pattern),
                other => {
                    let text = quote!(#other).to_string();
                    errors.over(
                        &other,
                        format!("a route's pattern is a string: `{kind} \"{text}\"`"),
                    );
                    Some(LitStr::new(&text, other.span()))
                }
            }
        } else {
            None
        };
        into.push(RouteDecl { kind, pattern });
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.peek(Token![;]) {
            continue;
        }
        if input.parse::<Option<Token![;]>>()?.is_none() {
            errors.push(input.error("expected `,` and another route, or `;`"));
            // Only the comma is missing if another route follows, and only the semicolon if another item does.
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

const KINDS: [&str; 3] = ["extension", "number", "default"];

fn is_word(input: ParseStream<'_>, word: &str) -> bool {
    input
        .fork()
        .call(Ident::parse_any)
        .is_ok_and(|next| next == word)
}

fn state(input: ParseStream<'_>, into: &mut Vec<StateDecl>, errors: &mut Errors) {
    while !input.is_empty() {
        match state_field(input, errors) {
            Ok(field) => {
                into.push(field);
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    errors.push(input.error("expected `,` between the fields of the state"));
                    recovery::skip_past_comma(input);
                }
            }
            Err(error) => {
                errors.push(error);
                recovery::skip_past_comma(input);
            }
        }
    }
}

fn state_field(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<StateDecl> {
    let attrs = input.call(Attribute::parse_outer)?;
    let docs = only_docs(attrs, "a field of the state", errors);
    let name: Ident = input.parse()?;
    if input.parse::<Option<Token![:]>>()?.is_none() {
        return Err(syn::Error::new(
            name.span(),
            format!("`{name}` has no type: write `{name}: Type = value`"),
        ));
    }
    let ty: Type = input.parse()?;
    if input.parse::<Option<Token![=]>>()?.is_none() {
        errors.at(
            name.span(),
            format!("`{name}` has no first value: write `{name}: … = value`"),
        );
        let first = Expr::Verbatim(quote!(::core::default::Default::default()));
        return Ok(StateDecl {
            docs,
            name,
            ty,
            first,
        });
    }
    let first: Expr = input.parse()?;
    Ok(StateDecl {
        docs,
        name,
        ty,
        first,
    })
}

fn handler(
    attrs: Vec<Attribute>,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<HandlerDecl> {
    let wire = wire::parse(input, errors)?;
    let binding = if input.peek(token::Paren) {
        binding(input, errors)?
    } else {
        None
    };
    let guard = if input.parse::<Option<Token![if]>>()?.is_some() {
        guard(input, errors)
    } else {
        None
    };
    if !input.peek(token::Brace) {
        let name = &wire.text;
        return Err(input.error(format!(
            "expected the body of the handler: `on {name} {{ … }}`"
        )));
    }
    let body: Group = input.parse()?;
    Ok(HandlerDecl {
        attrs,
        wire,
        binding,
        guard,
        body,
    })
}

/// The name in `(name)`. Patterns are refused: one that doesn't always match would be a guard in disguise.
fn binding(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<TokenStream>> {
    let content;
    let parentheses = parenthesized!(content in input);
    if content.is_empty() {
        errors.at(
            parentheses.span.join(),
            "name the event here, as in `(e)`, or leave the parentheses out",
        );
        return Ok(None);
    }
    if let Some(underscore) = content.parse::<Option<Token![_]>>()? {
        if content.is_empty() {
            return Ok(Some(quote!(#underscore)));
        }
    } else if content.peek(Ident) {
        let name: Ident = content.parse()?;
        if content.is_empty() {
            return Ok(Some(quote!(#name)));
        }
    }
    errors.at(
        parentheses.span.join(),
        "an event is bound to a single name, as in `(e)`",
    );
    // Drained, or the parser would complain a second time about what is left.
    content.parse::<TokenStream>()?;
    Ok(None)
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
