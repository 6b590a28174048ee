//! Sessions: handlers of events that exist and that can run.

use std::collections::{HashMap, HashSet};

use syn::{Expr, Lit, ext::IdentExt};

use super::{Event, Handler, Origin, Reaction, Session, StateField, builtin, nearest, routes};
use crate::{
    errors::Errors,
    parse::{HandlerDecl, SessionDecl, StateDecl, WireName, pascal_case},
};

/// The event that comes after the last handler.
const LAST: &str = "session.destroyed";

/// The events that handlers can be for, besides the built-in ones.
pub(super) struct Known<'a> {
    pub(super) events: &'a [Event],
    /// Structs that are declared by another `voxtra!`.
    pub(super) imported: HashSet<String>,
}

impl Known<'_> {
    fn origin(&self, wire: &WireName) -> Option<Origin> {
        if builtin::WIRE_NAMES.contains(&wire.text.as_str()) {
            Some(Origin::BuiltIn)
        } else if self.events.iter().any(|event| event.wire == wire.text) {
            Some(Origin::Here)
        } else if self.imported.contains(&wire.struct_name().to_string()) {
            Some(Origin::Elsewhere)
        } else {
            None
        }
    }
}

pub(super) fn check(
    declared: Vec<SessionDecl>,
    known: &Known<'_>,
    errors: &mut Errors,
) -> Vec<Session> {
    let mut names: HashSet<String> = known
        .events
        .iter()
        .map(|event| event.name.to_string())
        .collect();
    let mut taken = routes::Taken::default();
    let mut sessions = Vec::new();
    for session in declared {
        let routes = routes::check(session.routes, &session.name, &mut taken, errors);
        let state = state(session.state, errors);
        let reactions = reactions(session.handlers, known, errors);
        if names.insert(session.name.to_string()) {
            sessions.push(Session {
                name: session.name,
                docs: session.docs,
                routes,
                state,
                reactions,
            });
        } else {
            errors.at(
                session.name.span(),
                format!("the name `{}` is taken already", session.name),
            );
        }
    }
    sessions
}

fn state(declared: Vec<StateDecl>, errors: &mut Errors) -> Vec<StateField> {
    let mut names = HashSet::new();
    let mut fields = Vec::new();
    for StateDecl {
        docs,
        name,
        ty,
        first,
    } in declared
    {
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

fn reactions(declared: Vec<HandlerDecl>, known: &Known<'_>, errors: &mut Errors) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut answered: HashSet<String> = HashSet::new();
    for HandlerDecl {
        attrs,
        wire,
        binding,
        guard,
        body,
    } in declared
    {
        let name = &wire.text;
        let Some(origin) = known.origin(&wire) else {
            errors.over(&wire.tokens, unknown(name, known.events));
            continue;
        };
        if name == LAST {
            errors.over(
                &wire.tokens,
                "this handler can never run: `session.destroyed` is told when the last handler is done; use `call.ended`",
            );
            continue;
        }
        if answered.contains(name) {
            errors.over(
                &wire.tokens,
                format!("this handler can never run: an earlier handler of `{name}` takes every one, having no `if`"),
            );
            continue;
        }
        match constant(guard.as_ref()) {
            Some(false) => {
                errors.over(
                    &guard,
                    "this handler can never run: its condition is `false`",
                );
                continue;
            }
            Some(true) => {
                answered.insert(name.clone());
            }
            None => {}
        }
        let event = wire.struct_name();
        let position = *positions.entry(name.clone()).or_insert_with(|| {
            reactions.push(Reaction {
                event: event.clone(),
                origin,
                wire: name.clone(),
                handlers: Vec::new(),
            });
            reactions.len() - 1
        });
        if let Some(reaction) = reactions.get_mut(position) {
            reaction.handlers.push(Handler {
                attrs,
                event,
                binding,
                guard,
                body,
            });
        }
    }
    reactions
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
    let known = builtin::WIRE_NAMES
        .into_iter()
        .chain(events.iter().map(|event| event.wire.as_str()));
    match nearest::among(name, known) {
        Some(near) => format!("unknown event `{name}`; did you mean `{near}`?"),
        None => format!(
            "unknown event `{name}`: it is not built in, and this `voxtra!` neither declares it in `events {{ … }}` nor has a `use` of its struct `{}`",
            pascal_case(name)
        ),
    }
}
