//! `state { name: Type = first value, … }`

use quote::quote;
use syn::{Attribute, Expr, Ident, Token, Type, parse::ParseStream};

use super::super::{StateDecl, only_docs, recovery};
use crate::errors::Errors;

pub(super) fn parse(input: ParseStream<'_>, into: &mut Vec<StateDecl>, errors: &mut Errors) {
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
