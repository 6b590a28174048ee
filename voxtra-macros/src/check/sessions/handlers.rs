//! Handlers: of events that exist, and that can run beside each other.

use std::collections::HashSet;

use quote::quote;
use syn::{Expr, Lit};

use super::{
    super::{Alternative, Event, Handler, builtin, nearest},
    Known, checked_body, patterns,
    state::Uses,
    steps::Steps,
    without_docs,
};
use crate::{
    errors::Errors,
    parse::{AlternativeDecl, HandlerDecl, find, pascal_case},
};

/// The event that comes after the last handler.
const LAST: &str = "session.destroyed";
/// Every event, in a handler.
const ANY: &str = "any";

/// The handlers of a step, or those outside of all steps, as far as they have been looked at.
pub(super) struct Scope {
    step: Option<u16>,
    /// Events of which an earlier handler takes every one.
    answered: HashSet<String>,
    /// Conditions that an earlier handler has: the event, its patterns and the guard.
    conditions: HashSet<String>,
}

impl Scope {
    pub(super) fn new(step: Option<u16>) -> Self {
        Self {
            step,
            answered: HashSet::new(),
            conditions: HashSet::new(),
        }
    }

    pub(super) fn check(
        &mut self,
        declared: HandlerDecl,
        known: &Known<'_>,
        steps: &mut Steps,
        uses: &mut Uses,
        errors: &mut Errors,
    ) -> Option<Handler> {
        let HandlerDecl {
            attrs,
            interrupt,
            alternatives,
            guard,
            body,
        } = declared;
        // Where a `goto` leads counts even if the handler has another mistake.
        let body = checked_body(body, self.step, steps, uses, errors);
        let always = constant(guard.as_ref());
        if always == Some(false) {
            errors.over(
                &guard,
                "this handler can never run: its condition is `false`",
            );
            return None;
        }
        if interrupt && let Some(word) = find(quote!(#guard), "state") {
            errors.at(
                word.span(),
                "the handler that is interrupted holds the state: this condition can look at the event and `call` alone",
            );
            return None;
        }
        let several = alternatives.len() > 1;
        let guard_text = quote!(#guard).to_string();
        let checked: Vec<Alternative> = alternatives
            .into_iter()
            .filter_map(|one| {
                if several && let Some(binding) = &one.binding {
                    errors.over(
                        binding,
                        "events of several kinds have no common name: bind fields, as in `a.b(text: t) | c.d(text: t)`, or use `on any(e)`",
                    );
                    return None;
                }
                self.alternative(one, always == Some(true), &guard_text, known, errors)
            })
            .collect();
        if checked.is_empty() {
            return None;
        }
        Some(Handler {
            attrs: without_docs(attrs),
            step: self.step,
            interrupt,
            alternatives: checked,
            guard,
            body,
        })
    }

    fn alternative(
        &mut self,
        declared: AlternativeDecl,
        unguarded: bool,
        guard: &str,
        known: &Known<'_>,
        errors: &mut Errors,
    ) -> Option<Alternative> {
        let AlternativeDecl {
            wire,
            binding,
            fields,
        } = declared;
        let name = &wire.text;
        let is_any = name == ANY;
        let origin = known.origin(&wire);
        if origin.is_none() && !is_any {
            errors.over(&wire.tokens, unknown(name, known.events));
            return None;
        }
        if is_any && let Some(field) = fields.first() {
            errors.at(
                field.name.span(),
                "`any` event has no fields of its own: use a guard",
            );
            return None;
        }
        if name == LAST {
            errors.over(
                &wire.tokens,
                "this handler can never run: `session.destroyed` is told when the last handler is done; use `hangup { … }`",
            );
            return None;
        }
        if self.answered.contains(ANY) {
            errors.over(
                &wire.tokens,
                "this handler can never run: an earlier `on any` takes every event",
            );
            return None;
        }
        if self.answered.contains(name) {
            errors.over(
                &wire.tokens,
                format!("this handler can never run: an earlier handler of `{name}` takes every one, having no `if`"),
            );
            return None;
        }
        if unguarded && fields.is_empty() {
            self.answered.insert(name.clone());
        } else {
            let patterns = fields.iter().map(|field| {
                let (name, pattern) = (&field.name, &field.pattern);
                quote!(#name: #pattern).to_string()
            });
            let mut patterns: Vec<String> = patterns.collect();
            patterns.sort();
            let condition = format!("{name}({}) {guard}", patterns.join(", "));
            if !self.conditions.insert(condition) {
                errors.over(
                    &wire.tokens,
                    format!(
                        "two handlers of `{name}` have the same condition: this one can never run"
                    ),
                );
                return None;
            }
        }
        let event = wire.struct_name();
        let fields = patterns::check(fields, &event, name, origin, known, errors);
        Some(Alternative {
            origin,
            event,
            wire: name.clone(),
            binding,
            fields,
        })
    }
}

/// Whether a guard always holds or never does; nothing if that depends on the event.
fn constant(guard: Option<&Expr>) -> Option<bool> {
    match guard {
        None => Some(true),
        Some(Expr::Lit(literal)) => match &literal.lit {
            Lit::Bool(value) => Some(value.value),
            _ => None,
        },
        Some(_) => None,
    }
}

fn unknown(name: &str, events: &[Event]) -> String {
    let mut known: Vec<&str> = builtin::wire_names().collect();
    known.extend(events.iter().map(|event| event.wire.as_str()));
    known.push(ANY);
    match nearest::among(name, known) {
        Some(near) => format!("unknown event `{name}`; did you mean `{near}`?"),
        None => format!(
            "unknown event `{name}`: it is not built in, and this `voxtra!` neither declares it in `events {{ … }}` nor has a `use` of its struct `{}`",
            pascal_case(name)
        ),
    }
}
