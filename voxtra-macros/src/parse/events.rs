//! `events { … }`: events, their fields, and what these are where they are missing.

use syn::{
    Attribute, Ident, Token, Type, braced, ext::IdentExt, parenthesized, parse::ParseStream,
    parse_quote, token,
};

use super::{EventDecl, FieldDecl, TypeDecl, only_docs, recovery, wire};
use crate::errors::Errors;

pub(super) fn parse(
    input: ParseStream<'_>,
    set: Option<usize>,
    into: &mut Vec<EventDecl>,
    errors: &mut Errors,
) {
    while !input.is_empty() {
        match event(input, set, errors) {
            Ok(event) => into.push(event),
            Err(error) => {
                errors.push(error);
                recovery::skip_item(input);
            }
        }
    }
}

fn event(
    input: ParseStream<'_>,
    set: Option<usize>,
    errors: &mut Errors,
) -> syn::Result<EventDecl> {
    let attrs = input.call(Attribute::parse_outer)?;
    let docs = only_docs(attrs, "an event", errors);
    let realtime = realtime(input, errors)?;
    let wire = wire::parse(input, errors)?;
    let mut fields = Vec::new();
    if input.peek(token::Brace) {
        let content;
        braced!(content in input);
        parse_fields(&content, &mut fields, errors);
        // An event ends with its brace; a separator behind it is harmless.
        input.parse::<Option<Token![;]>>()?;
    } else if input.peek(token::Paren) {
        let content;
        let parentheses = parenthesized!(content in input);
        let message = "an event's fields stand in braces: `{ name: Type, … }`";
        errors.at(parentheses.span.join(), message);
        parse_fields(&content, &mut fields, errors);
        input.parse::<Option<Token![;]>>()?;
    } else if input.parse::<Option<Token![;]>>()?.is_none()
        && input.parse::<Option<Token![,]>>()?.is_none()
        && !input.is_empty()
    {
        let text = &wire.text;
        errors.push(input.error(format!("expected `.`, `{{ … }}` or `;` after `{text}`")));
        if !input.peek(Ident::peek_any) && !input.peek(Token![@]) && !input.peek(Token![#]) {
            recovery::skip_item(input);
        }
    }
    Ok(EventDecl {
        set,
        docs,
        realtime,
        wire,
        fields,
    })
}

fn realtime(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<bool> {
    let mut realtime = false;
    while input.parse::<Option<Token![@]>>()?.is_some() {
        let marker = input.call(Ident::parse_any)?;
        if marker == "realtime" {
            realtime = true;
        } else {
            errors.at(
                marker.span(),
                format!("unknown marker `@{marker}`; the only one is `@realtime`"),
            );
        }
    }
    Ok(realtime)
}

fn parse_fields(input: ParseStream<'_>, into: &mut Vec<FieldDecl>, errors: &mut Errors) {
    while !input.is_empty() {
        match field(input, errors) {
            Ok(field) => {
                into.push(field);
                if input.is_empty() || input.peek(Token![,]) {
                    let _ = input.parse::<Option<Token![,]>>();
                } else {
                    errors.push(input.error("expected `,` between fields"));
                    if !input.peek(Ident::peek_any) {
                        recovery::skip_past_comma(input);
                    }
                }
            }
            Err(error) => {
                errors.push(error);
                recovery::skip_past_comma(input);
            }
        }
    }
}

fn field(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<FieldDecl> {
    let attrs = input.call(Attribute::parse_outer)?;
    let docs = only_docs(attrs, "a field", errors);
    if input.peek(Token![pub]) {
        let public: Token![pub] = input.parse()?;
        errors.at(
            public.span,
            "the fields of an event are always public; leave `pub` out",
        );
    }
    let name: Ident = input.parse()?;
    let has_type = input.parse::<Option<Token![:]>>()?.is_some()
        && !input.is_empty()
        && !input.peek(Token![,]);
    if !has_type {
        return Err(syn::Error::new(
            name.span(),
            format!("field `{name}` has no type: write `{name}: Type`"),
        ));
    }
    let ty = if input.peek(Ident::peek_any) && input.peek2(Token![|]) {
        let mut words = vec![input.call(Ident::parse_any)?];
        while input.parse::<Option<Token![|]>>()?.is_some() {
            words.push(input.call(Ident::parse_any)?);
        }
        TypeDecl::Inline(words)
    } else {
        TypeDecl::Rust(Box::new(input.parse::<Type>()?))
    };
    let default = if input.parse::<Option<Token![=]>>()?.is_some() {
        if input.is_empty() || input.peek(Token![,]) {
            errors.push(input.error(format!("expected what `{name}` is where it is missing")));
            Some(parse_quote!(loop {}))
        } else {
            Some(input.parse()?)
        }
    } else {
        None
    };
    Ok(FieldDecl {
        docs,
        name,
        ty,
        default,
    })
}
