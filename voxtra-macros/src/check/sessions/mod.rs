//! Sessions: handlers of events that exist and that can run, steps that are reached, one answer to
//! each question.

mod handlers;
mod patterns;
mod state;
mod steps;

use std::collections::HashSet;

use proc_macro2::{Group, Span};
use syn::Attribute;

use self::{handlers::Scope, steps::Steps};
use super::{Event, OnError, Origin, Session, Timer, builtin, routes};
use crate::{
    errors::Errors,
    parse::{CatchDecl, PolicyDecl, SessionDecl, TimerDecl, WhenDecl, WireName},
};

/// The events that handlers can be for, besides the built-in ones.
pub(super) struct Known<'a> {
    /// All that was declared could be read.
    pub(super) is_whole: bool,
    pub(super) events: &'a [Event],
    /// Structs that are declared by another `voxtra!`.
    pub(super) imported: HashSet<String>,
}

impl Known<'_> {
    fn origin(&self, wire: &WireName) -> Option<Origin> {
        if builtin::find(&wire.text).is_some() {
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
    mut names: HashSet<String>,
    known: &Known<'_>,
    errors: &mut Errors,
) -> Vec<Session> {
    let mut taken = routes::Taken::default();
    let mut sessions = Vec::new();
    for session in declared {
        let name = session.name.clone();
        let checked = check_one(session, known, &mut taken, errors);
        if names.insert(name.to_string()) {
            sessions.push(checked);
        } else {
            errors.at(name.span(), format!("the name `{name}` is taken already"));
        }
    }
    sessions
}

fn check_one(
    declared: SessionDecl,
    known: &Known<'_>,
    taken: &mut routes::Taken,
    errors: &mut Errors,
) -> Session {
    let routes = routes::check(declared.routes, &declared.name, taken, errors);
    let mut uses = state::Uses::new(declared.has_state, &declared.state);
    let state = state::check(declared.state, errors);
    let mut steps = Steps::new(&declared.steps, errors);
    let mut session = Session {
        braces: declared.braces,
        name: declared.name,
        docs: declared.docs,
        routes,
        state,
        steps: steps.names().to_vec(),
        enters: Vec::new(),
        handlers: Vec::new(),
        timers: Vec::new(),
        on_error: OnError::Continue,
        hangup: None,
    };
    for step in declared.steps {
        // Two steps of the same name have an error already.
        let index = steps.index(&step.name);
        let mut enters = step.enter.into_iter();
        if let (Some(index), Some((_, body))) = (index, enters.next()) {
            let body = checked_body(body, index, &mut steps, &mut uses, errors);
            session.enters.extend(index.map(|index| (index, body)));
        }
        for (again, _) in enters {
            errors.at(
                again.span(),
                "a step is entered in one way: this is a second `enter`",
            );
        }
        if let Some(index) = index {
            let mut scope = Scope::new(index);
            for handler in step.scope.handlers {
                let handler = scope.check(handler, known, &mut steps, &mut uses, errors);
                session.handlers.extend(handler);
            }
            let timers = timers(step.scope.timers, index, &mut steps, &mut uses, errors);
            session.timers.extend(timers);
        }
    }
    let mut scope = Scope::new(None);
    for handler in declared.scope.handlers {
        let handler = scope.check(handler, known, &mut steps, &mut uses, errors);
        session.handlers.extend(handler);
    }
    let own = timers(declared.scope.timers, None, &mut steps, &mut uses, errors);
    session.timers.extend(own);
    session.on_error = on_error(declared.catch, &mut steps, &mut uses, errors);
    let mut hangups = declared.hangup.into_iter();
    session.hangup = hangups.next().map(|(_, body)| {
        steps.none_in(&body, errors);
        uses.checked(body, errors)
    });
    for (again, _) in hangups {
        errors.at(
            again.span(),
            "a session ends once: this is a second `hangup`",
        );
    }
    if known.is_whole {
        steps.all_are_reached(errors);
    }
    session
}

/// A body whose steps exist and whose state is declared.
fn checked_body(
    body: Group,
    within: Option<u16>,
    steps: &mut Steps,
    uses: &mut state::Uses,
    errors: &mut Errors,
) -> Group {
    steps.note(within, &body, errors);
    uses.checked(body, errors)
}

fn timers(
    declared: Vec<TimerDecl>,
    step: Option<u16>,
    steps: &mut Steps,
    uses: &mut state::Uses,
    errors: &mut Errors,
) -> Vec<Timer> {
    let mut seen: Vec<(WhenDecl, u64)> = Vec::new();
    let mut timers = Vec::new();
    for timer in declared {
        let TimerDecl {
            attrs,
            span,
            when,
            millis,
            body,
        } = timer;
        let body = checked_body(body, step, steps, uses, errors);
        if millis > 0 && seen.contains(&(when, millis)) {
            errors.at(span, "there is a timer for this already; put both into one");
            continue;
        }
        seen.push((when, millis));
        timers.push(Timer {
            attrs: without_docs(attrs),
            step,
            when,
            millis,
            body,
        });
    }
    timers
}

fn on_error(
    declared: Vec<CatchDecl>,
    steps: &mut Steps,
    uses: &mut state::Uses,
    errors: &mut Errors,
) -> OnError {
    let mut declared = declared.into_iter();
    let Some(first) = declared.next() else {
        return OnError::Continue;
    };
    for again in declared {
        errors.at(
            again.span,
            "what an error does is said once: this is a second `catch`",
        );
    }
    match first.policy {
        PolicyDecl::Continue => OnError::Continue,
        PolicyDecl::HangUp => OnError::HangUp,
        PolicyDecl::Goto(step) => match steps.go(None, &step, errors) {
            Some(step) => OnError::Goto(step),
            None => OnError::Continue,
        },
        PolicyDecl::Handle(binding, body) => {
            OnError::Handle(binding, checked_body(body, None, steps, uses, errors))
        }
    }
}

/// Documentation of a handler is for its reader; on an expression the compiler would complain of
/// it.
fn without_docs(mut attrs: Vec<Attribute>) -> Vec<Attribute> {
    attrs.retain(|attr| !attr.path().is_ident("doc"));
    attrs
}

/// An empty body in the place of one that would only make further errors.
fn nothing(span: Span) -> Group {
    let mut group = Group::new(
        proc_macro2::Delimiter::Brace,
        proc_macro2::TokenStream::new(),
    );
    group.set_span(span);
    group
}
