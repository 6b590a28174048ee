//! Arms of the match over an event: its variant, the patterns of its fields, the step, the guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{BinOp, Expr};

use crate::{
    check::{Alternative, FieldPattern, Handler, Matcher, Origin},
    parse::find,
};

/// Names that all arms of one match use. Bodies must not see them.
pub(super) struct Arms<'a> {
    core: &'a TokenStream,
    rt: &'a TokenStream,
    pub(super) step: Ident,
    pub(super) event: Ident,
    /// A user's event, before it is known which.
    user: Ident,
    /// The event's struct, if the handler gives it no name.
    it: Ident,
}

impl<'a> Arms<'a> {
    pub(super) fn new(core: &'a TokenStream, rt: &'a TokenStream) -> Self {
        let name = |text| Ident::new(text, Span::mixed_site());
        Self {
            core,
            rt,
            step: name("step"),
            event: name("event"),
            user: name("user"),
            it: name("it"),
        }
    }

    /// The arms of a handler with this body: one, or one for each event that can't share it.
    pub(super) fn of(&self, handler: &Handler, body: &TokenStream) -> TokenStream {
        self.guarded(handler, handler.guard.as_ref(), body)
    }

    /// The arms of a handler as far as is known while another body holds the state: a condition
    /// that looks at it may hold.
    pub(super) fn perhaps(&self, handler: &Handler, body: &TokenStream) -> TokenStream {
        let guard = handler.guard.as_ref();
        let guard = guard.filter(|guard| find(quote!(#guard), "state").is_none());
        self.guarded(handler, guard, body)
    }

    fn guarded(&self, handler: &Handler, guard: Option<&Expr>, body: &TokenStream) -> TokenStream {
        let attrs = &handler.attrs;
        let is_plain = |alternative: &&Alternative| {
            alternative.origin == Some(Origin::BuiltIn)
                && !alternative.fields.iter().any(FieldPattern::is_text)
        };
        let (shared, own): (Vec<_>, Vec<_>) = handler.alternatives.iter().partition(is_plain);
        let shared = (!shared.is_empty()).then(|| {
            let patterns = shared.iter().map(|one| self.pattern(one));
            let guard = self.guard(handler, guard, None);
            quote!(#(#attrs)* #(#patterns)|* #guard => #body)
        });
        let own = own.into_iter().map(|one| {
            let pattern = self.pattern(one);
            let guard = self.guard(handler, guard, Some(one));
            quote!(#(#attrs)* #pattern #guard => #body)
        });
        // A body is a block, but a condition isn't: the comma serves both.
        let arms = shared.into_iter().chain(own);
        quote!(#(#arms,)*)
    }

    /// The events that have handlers, as arms. Conditions do not count. An event that has handlers
    /// only in steps is wanted only in these steps.
    pub(super) fn wanted(&self, handlers: &[Handler]) -> TokenStream {
        let Self {
            core,
            rt,
            step,
            user,
            ..
        } = self;
        let mut found: Vec<(&Alternative, Vec<Option<u16>>)> = Vec::new();
        for handler in handlers {
            for alternative in &handler.alternatives {
                let mut known = found.iter_mut();
                match known.find(|(known, _)| known.wire == alternative.wire) {
                    Some((_, steps)) => steps.push(handler.step),
                    None => found.push((alternative, vec![handler.step])),
                }
            }
        }
        let within = |steps: &[Option<u16>]| {
            if steps.contains(&None) {
                return quote!(true);
            }
            let mut steps: Vec<u16> = steps.iter().flatten().copied().collect();
            steps.dedup();
            quote!(::core::matches!(#step, ::core::option::Option::Some(#(#steps)|*)))
        };
        let any = found.iter().find(|(one, _)| one.origin.is_none());
        let otherwise = any.map_or_else(|| quote!(false), |(_, steps)| within(steps));
        let body = quote!(#rt::session::EventBody);
        let arms = found.iter().filter_map(|(alternative, steps)| {
            let name = &alternative.event;
            let pattern = match alternative.origin? {
                Origin::BuiltIn => quote!(#body::BuiltIn(#core::event::BuiltIn::#name(_))),
                Origin::Here | Origin::Elsewhere => {
                    quote!(#body::User(#user) if #user.tag() == <#name as #core::event::EventType>::TAG)
                }
            };
            let mut steps = steps.clone();
            steps.extend(any.iter().flat_map(|(_, steps)| steps));
            let within = within(&steps);
            Some(quote!(#pattern => #within,))
        });
        quote!(#(#arms)* _ => #otherwise,)
    }

    /// Built-in events are told apart by their variant.
    fn pattern(&self, alternative: &Alternative) -> TokenStream {
        let Self { core, rt, user, .. } = self;
        let body = quote!(#rt::session::EventBody);
        match alternative.origin {
            Some(Origin::BuiltIn) => {
                let name = &alternative.event;
                let inside = self.inside(alternative, &quote!(#core::event::#name));
                quote!(#body::BuiltIn(#core::event::BuiltIn::#name(#inside)))
            }
            Some(Origin::Here | Origin::Elsewhere) => quote!(#body::User(#user)),
            None => quote!(_),
        }
    }

    /// The binding, and the patterns that look into the struct.
    fn inside(&self, alternative: &Alternative, name: &TokenStream) -> TokenStream {
        let event = &alternative.event;
        let fields: Vec<TokenStream> = alternative
            .fields
            .iter()
            .filter_map(|field| {
                let member = &field.name;
                match &field.pattern {
                    Matcher::Text(_) => None,
                    Matcher::Pattern(pattern) => Some(quote!(#member: #pattern)),
                    Matcher::Words(ty, words) => {
                        let core = self.core;
                        let ty = match alternative.origin {
                            Some(Origin::BuiltIn) => quote!(#core::event::#ty),
                            _ => {
                                // Its span would be the field's; the name is found where the
                                // event's is.
                                let ty = Ident::new(&ty.to_string(), event.span());
                                quote!(#ty)
                            }
                        };
                        Some(quote!(#member: #(#ty::#words)|*))
                    }
                }
            })
            .collect();
        let needs_name = alternative.fields.iter().any(FieldPattern::is_text);
        let is_unnamed = alternative
            .binding
            .as_ref()
            .is_none_or(|binding| binding.to_string() == "_");
        let binding = match &alternative.binding {
            Some(binding) if !is_unnamed => Some(quote!(#binding)),
            _ if needs_name => {
                let it = &self.it;
                Some(quote!(#it))
            }
            _ => None,
        };
        match (binding, fields.is_empty()) {
            (Some(binding), true) => binding,
            (Some(binding), false) => quote!(#binding @ #name { #(#fields,)* .. }),
            (None, true) => quote!(_),
            (None, false) => quote!(#name { #(#fields,)* .. }),
        }
    }

    /// All that must hold besides the pattern. `alternative` is the only one of the arm, if there
    /// is only one.
    fn guard(
        &self,
        handler: &Handler,
        guard: Option<&Expr>,
        alternative: Option<&Alternative>,
    ) -> Option<TokenStream> {
        let Self {
            core,
            step,
            event,
            user,
            it,
            ..
        } = self;
        let mut conditions: Vec<TokenStream> = Vec::new();
        if let Some(index) = handler.step {
            conditions.push(quote!(#step == ::core::option::Option::Some(#index)));
        }
        if let Some(alternative) = alternative {
            let name = &alternative.event;
            match alternative.origin {
                Some(Origin::BuiltIn) => {}
                Some(Origin::Here | Origin::Elsewhere) => {
                    // The user's own by the number made of their wire name at compile time.
                    let inside = self.inside(alternative, &quote!(#name));
                    conditions.push(quote!(#user.tag() == <#name as #core::event::EventType>::TAG));
                    conditions.push(quote! {
                        let ::core::option::Option::Some(#inside) = #user.downcast_ref::<#name>()
                    });
                }
                None => {
                    if let Some(binding) = &alternative.binding {
                        // `if let` with a pattern that always fits would be a warning.
                        conditions.push(quote! {
                            let ::core::option::Option::Some(#binding) = ::core::option::Option::Some(#event)
                        });
                    }
                }
            }
            for field in &alternative.fields {
                if let Matcher::Text(pattern) = &field.pattern {
                    let holder = match &alternative.binding {
                        Some(binding) if binding.to_string() != "_" => binding.clone(),
                        _ => quote!(#it),
                    };
                    let member = &field.name;
                    conditions
                        .push(quote!(let #pattern = ::core::ops::Deref::deref(&#holder.#member)));
                }
            }
        }
        if let Some(guard) = guard {
            conditions.push(match (guard, conditions.is_empty()) {
                (Expr::Binary(binary), false) if matches!(binary.op, BinOp::Or(_)) => {
                    quote!((#guard))
                }
                (
                    Expr::Closure(_)
                    | Expr::Range(_)
                    | Expr::Assign(_)
                    | Expr::Return(_)
                    | Expr::Break(_),
                    false,
                ) => {
                    quote!((#guard))
                }
                _ => quote!(#guard),
            });
        }
        (!conditions.is_empty()).then(|| quote!(if #(#conditions)&&*))
    }
}

impl FieldPattern {
    fn is_text(&self) -> bool {
        matches!(self.pattern, Matcher::Text(_))
    }
}
