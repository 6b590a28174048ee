//! Steps: `goto` leads to one that exists, and each is reached.

use std::collections::HashSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

use super::super::nearest;
use crate::{errors::Errors, parse::StepDecl};

/// The steps of a session, and the ways between them.
pub(super) struct Steps {
    names: Vec<Ident>,
    /// From a step, or from outside of all, to a step.
    ways: Vec<(Option<u16>, u16)>,
}

impl Steps {
    pub(super) fn new(declared: &[StepDecl], errors: &mut Errors) -> Self {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for StepDecl { name, .. } in declared {
            if seen.insert(name.unraw().to_string()) {
                names.push(name.clone());
            } else {
                errors.at(name.span(), format!("there are two steps `{name}`"));
            }
        }
        names.truncate(usize::from(u16::MAX));
        Self {
            names,
            ways: Vec::new(),
        }
    }

    pub(super) fn names(&self) -> &[Ident] {
        &self.names
    }

    /// The step whose declaration has exactly this name token; nothing for a second one of the
    /// name.
    pub(super) fn index(&mut self, name: &Ident) -> Option<Option<u16>> {
        position(&self.names, name).map(Some)
    }

    /// Takes note of every `goto` in a body.
    pub(super) fn note(&mut self, from: Option<u16>, body: &Group, errors: &mut Errors) {
        for goto in gotos(body.stream()) {
            match goto {
                Ok(name) => {
                    self.go(from, &name, errors);
                }
                Err(word) => {
                    errors.at(word.span(), "`goto` needs the name of a step: `goto name;`")
                }
            }
        }
    }

    /// One way; the step it leads to, if there is one.
    pub(super) fn go(
        &mut self,
        from: Option<u16>,
        name: &Ident,
        errors: &mut Errors,
    ) -> Option<u16> {
        let to = position(&self.names, name);
        match to {
            Some(to) => self.ways.push((from, to)),
            None => {
                let known: Vec<String> = self.names.iter().map(|n| n.unraw().to_string()).collect();
                let text = name.unraw().to_string();
                let hint = match nearest::among(&text, known.iter().map(String::as_str)) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None if known.is_empty() => "; this session has no steps".to_owned(),
                    None => format!("; there are `{}`", known.join("`, `")),
                };
                errors.at(name.span(), format!("no step is named `{text}`{hint}"));
            }
        }
        to
    }

    /// A body from which nothing can go on.
    pub(super) fn none_in(&self, body: &Group, errors: &mut Errors) {
        for goto in gotos(body.stream()) {
            let (Ok(word) | Err(word)) = goto;
            errors.at(
                word.span(),
                "the call is over in `hangup`: no step can follow",
            );
        }
    }

    pub(super) fn all_are_reached(&self, errors: &mut Errors) {
        let mut reached: HashSet<u16> = HashSet::new();
        let mut grew = true;
        while grew {
            grew = false;
            for (from, to) in &self.ways {
                if from.is_none_or(|from| reached.contains(&from)) {
                    grew |= reached.insert(*to);
                }
            }
        }
        for (index, name) in (0u16..).zip(&self.names) {
            if !reached.contains(&index) {
                errors.at(
                    name.span(),
                    format!("the step `{name}` can never run: no `goto {name}` leads to it"),
                );
            }
        }
    }
}

fn position(names: &[Ident], name: &Ident) -> Option<u16> {
    let place = names
        .iter()
        .position(|known| known.unraw() == name.unraw())?;
    u16::try_from(place).ok()
}

/// The targets of each `goto`, or the word itself where none follows.
fn gotos(tokens: TokenStream) -> Vec<Result<Ident, Ident>> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    let mut after_dot = false;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) if word == "goto" && !after_dot => match tokens.peek() {
                Some(TokenTree::Ident(name)) => {
                    found.push(Ok(name.clone()));
                    tokens.next();
                }
                _ => found.push(Err(word.clone())),
            },
            TokenTree::Group(group) => found.extend(gotos(group.stream())),
            _ => {}
        }
        after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    found
}
