//! Events: names that are declared once, and fields that can travel.

use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use quote::quote;

use super::{Event, Field, Set, Shape, builtin, fields};
use crate::{
    errors::Errors,
    parse::{EventDecl, SetDecl, pascal_case},
};

pub(super) fn check(declared: Vec<EventDecl>, is_builtin: bool, errors: &mut Errors) -> Vec<Event> {
    // The owner of each name, for the error: struct name → wire name.
    let mut structs: HashMap<String, String> = HashMap::new();
    if !is_builtin {
        structs.extend(builtin::wire_names().map(|wire| (pascal_case(wire), wire.to_owned())));
    }
    if is_builtin {
        is_as_known(&declared, errors);
    }
    let mut events = Vec::new();
    for event in declared {
        let name = event.wire.struct_name();
        let wire = event.wire.text.clone();
        if !is_builtin && builtin::find(&wire).is_some() {
            errors.over(
                &event.wire.tokens,
                format!("`{wire}` is a built-in event; choose another name"),
            );
            continue;
        }
        match structs.get(&name.to_string()) {
            Some(first) if *first == wire => {
                errors.over(&event.wire.tokens, format!("`{wire}` is declared twice"));
                continue;
            }
            Some(first) => {
                errors.over(
                    &event.wire.tokens,
                    format!("`{wire}` would make the struct `{name}`, as `{first}` does"),
                );
                continue;
            }
            None => structs.insert(name.to_string(), wire.clone()),
        };
        let mut fields = fields::check(event.fields, &name, event.realtime, errors);
        // An enum that is declared in a field is a type beside the structs.
        fields.retain(|field| {
            let Shape::Inline(_) = &field.shape else {
                return true;
            };
            let ty = &field.ty;
            let made = quote!(#ty).to_string();
            let by = format!("{wire}: {}", field.name);
            let first = structs.get(&made).cloned();
            if let Some(first) = &first {
                errors.at(
                    field.name.span(),
                    format!("`{by}` would make the enum `{made}`, as `{first}` does"),
                );
            } else {
                structs.insert(made, by);
            }
            first.is_none()
        });
        events.push(Event {
            set: event.set,
            wire,
            name,
            docs: event.docs,
            realtime: event.realtime,
            fields,
        });
    }
    events
}

/// The sets, which have names of their own and something in them, and all names that are taken now.
pub(super) fn sets(
    declared: Vec<SetDecl>,
    events: &[Event],
    errors: &mut Errors,
) -> (Vec<Set>, HashSet<String>) {
    let mut names: HashSet<String> = HashSet::new();
    for event in events {
        names.insert(event.name.to_string());
        let enums = event
            .fields
            .iter()
            .filter(|field| matches!(field.shape, Shape::Inline(_)));
        names.extend(enums.map(|Field { ty, .. }| quote!(#ty).to_string()));
    }
    let mut sets = Vec::new();
    for (index, SetDecl { docs, name }) in declared.into_iter().enumerate() {
        if !names.insert(name.to_string()) {
            errors.at(name.span(), format!("the name `{name}` is taken already"));
        } else if !events.iter().any(|event| event.set == Some(index)) {
            errors.at(name.span(), format!("there are no events in `{name}`"));
        } else {
            sets.push(Set { index, docs, name });
        }
    }
    (sets, names)
}

/// Sessions are checked against a list of this crate; a catalogue that differs would make it lie.
fn is_as_known(declared: &[EventDecl], errors: &mut Errors) {
    for (event, (known, fields)) in declared.iter().zip(&builtin::EVENTS) {
        if event.wire.text != *known || !builtin::has_fields(event, fields) {
            errors.over(
                &event.wire.tokens,
                format!("here `voxtra-macros` expects `{known}` and its fields: change both lists together"),
            );
        }
    }
    if declared.len() != builtin::EVENTS.len() {
        let (declared, known) = (declared.len(), builtin::EVENTS.len());
        errors.at(
            Span::call_site(),
            format!("{declared} events are declared, and `voxtra-macros` knows {known}"),
        );
    }
}
