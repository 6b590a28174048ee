//! State: each field is declared once, and bodies use only declared fields.

use std::collections::HashSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

use super::super::{StateField, nearest};
use crate::{errors::Errors, parse::StateDecl};

pub(super) fn check(declared: Vec<StateDecl>, errors: &mut Errors) -> Vec<StateField> {
    let mut names = HashSet::new();
    let mut fields = Vec::new();
    for field in declared {
        let StateDecl {
            docs,
            name,
            ty,
            first,
        } = field;
        if names.insert(name.unraw().to_string()) {
            fields.push(StateField {
                docs,
                name,
                ty,
                first,
            });
        } else {
            errors.at(name.span(), format!("`{name}` is in the state twice"));
        }
    }
    fields
}

/// Looks at how bodies use the state.
pub(super) struct Uses {
    is_declared: bool,
    fields: Vec<String>,
}

impl Uses {
    pub(super) fn new(is_declared: bool, fields: &[StateDecl]) -> Self {
        let fields = fields
            .iter()
            .map(|field| field.name.unraw().to_string())
            .collect();
        Self {
            is_declared,
            fields,
        }
    }

    /// The body, or an empty one if it uses what isn't there: the compiler would say so again, in
    /// other words.
    pub(super) fn checked(&self, body: Group, errors: &mut Errors) -> Group {
        let mut names = Vec::new();
        // `state` alone may be bound to something else: the compiler checks that.
        if !uses(body.stream(), &mut names) {
            return body;
        }
        let mut is_sound = true;
        for name in names {
            let text = name.unraw().to_string();
            if self.fields.contains(&text) {
                continue;
            }
            is_sound = false;
            let hint = match nearest::among(&text, self.fields.iter().map(String::as_str)) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if self.is_declared => String::new(),
                None => format!(": declare it in `state {{ {text}: Type = value }}`"),
            };
            errors.at(name.span(), format!("the state has no `{text}`{hint}"));
        }
        if is_sound {
            body
        } else {
            super::nothing(body.span())
        }
    }
}

/// Each `name` of `state.name`, unless it is a method. False if `state` stands by itself somewhere.
fn uses(tokens: TokenStream, into: &mut Vec<Ident>) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: Option<usize>, text: &str| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|token| token.to_string() == text)
    };
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if !uses(group.stream(), into) => return false,
            TokenTree::Ident(word) if word == "state" && !is(index.checked_sub(1), ".") => {
                if !is(Some(index + 1), ".") {
                    return false;
                }
                let is_method = matches!(tokens.get(index + 3), Some(TokenTree::Group(group))
                    if group.delimiter() == proc_macro2::Delimiter::Parenthesis)
                    || is(Some(index + 3), ":");
                if let Some(TokenTree::Ident(name)) = tokens.get(index + 2)
                    && !is_method
                    && name != "await"
                {
                    into.push(name.clone());
                }
            }
            _ => {}
        }
    }
    true
}
