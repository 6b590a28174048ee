//! A session: its state, and all its handlers in one match over what happens.

mod arms;
mod body;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Pat, ext::IdentExt};

use self::{arms::Arms, body::Bodies};
use crate::{
    check::{Event, Handler, Matcher, OnError, Origin, Route, Session, StateField, Target},
    parse::{WhenDecl, pascal_case},
    roots::Roots,
};

pub(super) fn generate(session: &Session, events: &[Event], roots: &Roots) -> TokenStream {
    let mut output = structure(session);
    if let Some(rt) = &roots.rt {
        output.extend(implementation(session, events, &roots.core, rt));
    }
    output
}

fn structure(session: &Session) -> TokenStream {
    let Session {
        name, docs, state, ..
    } = session;
    let doc = docs
        .is_empty()
        .then(|| format!(" The session `{name}`: one for each call that is routed to it."));
    let doc = doc.map(|doc| quote!(#[doc = #doc]));
    let fields = state
        .iter()
        .map(|StateField { docs, name, ty, .. }| quote!(#(#docs)* #name: #ty));
    quote! {
        #(#docs)*
        #doc
        #[allow(unreachable_pub)]
        pub struct #name {
            #(#fields,)*
        }
    }
}

fn implementation(
    session: &Session,
    events: &[Event],
    core: &TokenStream,
    rt: &TokenStream,
) -> TokenStream {
    let Session { name, state, .. } = session;
    let text = name.to_string();
    let routes = session.routes.iter().map(|route| declared_route(route, rt));
    let firsts = state
        .iter()
        .map(|StateField { name, first, .. }| quote!(#name: #first));
    let names = name_assertions(session, core);
    let events = known_events(session, events, core);
    let steps = steps(session);
    let timers = timers(session, rt);
    let on_error = on_error(session, rt);
    let call = seen(session, "call");
    let wants = wants(session, core, rt);
    let interrupts = interrupts(session, &call, core, rt);
    let handle = handle(session, &call, core, rt);
    let words = word_assertions(session, core);
    quote! {
        #names
        #words

        #[automatically_derived]
        impl #rt::__private::Declared for #name {}

        #[automatically_derived]
        impl #rt::session::Session for #name {
            const NAME: &'static str = #text;
            const ROUTES: &'static [#rt::app::DeclaredRoute] = &[#(#routes),*];
            #events
            #steps
            #timers
            #on_error

            fn new(#call: &#rt::session::Call) -> Self {
                let _ = #call;
                Self { #(#firsts,)* }
            }

            #wants

            #interrupts

            #handle
        }
    }
}

/// A name that bodies see: as if it stood in the session. They must not see the others.
fn seen(session: &Session, name: &str) -> Ident {
    Ident::new(name, Span::call_site().resolved_at(session.braces))
}

fn declared_route(route: &Route, rt: &TokenStream) -> TokenStream {
    let to = match &route.to {
        Target::Extension(pattern) => quote!(#rt::app::Route::Extension(#pattern)),
        Target::Number(pattern) => quote!(#rt::app::Route::Number(#pattern)),
        Target::Default => quote!(#rt::app::Route::Default),
    };
    let metadata = route
        .metadata
        .iter()
        .map(|(key, value)| quote!((#key, #value)));
    quote!(#rt::app::DeclaredRoute { route: #to, metadata: &[#(#metadata),*] })
}

/// Events that the session may emit or handle, besides the built-in ones.
fn known_events(session: &Session, events: &[Event], core: &TokenStream) -> Option<TokenStream> {
    let mut names: Vec<&Ident> = events.iter().map(|event| &event.name).collect();
    let handlers = session.handlers.iter();
    for alternative in handlers.flat_map(|handler| &handler.alternatives) {
        let is_new = !names.contains(&&alternative.event);
        if alternative.origin == Some(Origin::Elsewhere) && is_new {
            names.push(&alternative.event);
        }
    }
    (!names.is_empty()).then(|| {
        quote! {
            const EVENTS: &'static [#core::event::EventInfo] = &[#(<#names as #core::event::EventType>::INFO),*];
        }
    })
}

fn steps(session: &Session) -> Option<TokenStream> {
    let names: Vec<_> = session.steps.iter().map(Ident::to_string).collect();
    (!names.is_empty()).then(|| quote!(const STEPS: &'static [&'static str] = &[#(#names),*];))
}

fn timers(session: &Session, rt: &TokenStream) -> Option<TokenStream> {
    let timers = session.timers.iter().map(|timer| {
        let step = optional(timer.step);
        let when = match timer.when {
            WhenDecl::After => quote!(After),
            WhenDecl::Silence => quote!(Silence),
            WhenDecl::Every => quote!(Every),
        };
        let millis = timer.millis;
        quote! {
            #rt::session::Timer { step: #step, when: #rt::session::When::#when(::core::time::Duration::from_millis(#millis)) }
        }
    });
    (!session.timers.is_empty())
        .then(|| quote!(const TIMERS: &'static [#rt::session::Timer] = &[#(#timers),*];))
}

fn optional(step: Option<u16>) -> TokenStream {
    match step {
        Some(step) => quote!(::core::option::Option::Some(#step)),
        None => quote!(::core::option::Option::None),
    }
}

fn on_error(session: &Session, rt: &TokenStream) -> Option<TokenStream> {
    let policy = match &session.on_error {
        // The trait's default.
        OnError::Continue => return None,
        OnError::HangUp => quote!(HangUp),
        OnError::Goto(step) => quote!(Goto(#step)),
        OnError::Handle(..) => quote!(Handle),
    };
    Some(quote!(const ON_ERROR: #rt::session::OnError = #rt::session::OnError::#policy;))
}

/// The events that interrupt a body that is awaiting.
fn interrupts(
    session: &Session,
    call: &Ident,
    core: &TokenStream,
    rt: &TokenStream,
) -> Option<TokenStream> {
    let arms = Arms::new(core, rt);
    let handlers = &session.handlers;
    handlers.iter().find(|handler| handler.interrupt)?;
    // An event does not interrupt if an earlier ordinary handler would take it.
    let is_before = |index: usize, handler: &Handler| {
        let mut later = handlers.iter().skip(index + 1);
        later.any(|later| later.interrupt && may_want_the_same(handler, later))
    };
    let answers = handlers.iter().enumerate().filter_map(|(index, handler)| {
        if handler.interrupt {
            Some(arms.of(handler, &quote!(true)))
        } else {
            is_before(index, handler).then(|| arms.perhaps(handler, &quote!(false)))
        }
    });
    let answers: TokenStream = answers.collect();
    let Arms { step, event, .. } = &arms;
    Some(quote! {
        #[allow(unused_variables, unreachable_patterns)]
        fn interrupts(
            #step: ::core::option::Option<u16>,
            #call: &#rt::session::Call,
            #event: &#rt::session::Event,
        ) -> bool {
            match &#event.body {
                #answers
                _ => false,
            }
        }
    })
}

/// Whether one event may match both, in some step.
fn may_want_the_same(one: &Handler, other: &Handler) -> bool {
    let same_step = match (one.step, other.step) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let is_for = |handler: &Handler, wire: &str| {
        let mut alternatives = handler.alternatives.iter();
        alternatives.any(|alternative| alternative.origin.is_none() || alternative.wire == wire)
    };
    let mut others = other.alternatives.iter();
    same_step
        && others.any(|alternative| alternative.origin.is_none() || is_for(one, &alternative.wire))
}

/// The events that have handlers.
fn wants(session: &Session, core: &TokenStream, rt: &TokenStream) -> TokenStream {
    let arms = Arms::new(core, rt);
    let wanted = arms.wanted(&session.handlers);
    let Arms { step, event, .. } = &arms;
    quote! {
        #[allow(unused_variables)]
        fn wants(#step: ::core::option::Option<u16>, #event: &#rt::session::Event) -> bool {
            match &#event.body {
                #wanted
            }
        }
    }
}

fn handle(session: &Session, call: &Ident, core: &TokenStream, rt: &TokenStream) -> TokenStream {
    let state = seen(session, "state");
    let goto = Ident::new("goto", Span::mixed_site());
    let trigger = Ident::new("trigger", Span::mixed_site());
    let arms = Arms::new(core, rt);
    let Arms { step, event, .. } = &arms;
    let bodies = Bodies {
        goto: &goto,
        steps: &session.steps,
        core,
        rt,
    };
    let ok = quote!(::core::result::Result::Ok(()));
    let handlers: TokenStream = session
        .handlers
        .iter()
        .map(|handler| arms.of(handler, &bodies.of(&handler.body)))
        .collect();
    let enters = session.enters.iter().map(|(step, body)| {
        let body = bodies.of(body);
        quote!(::core::option::Option::Some(#step) => #body)
    });
    let timers = (0_usize..).zip(&session.timers).map(|(index, timer)| {
        let (attrs, body) = (&timer.attrs, bodies.of(&timer.body));
        quote!(#(#attrs)* #index => #body)
    });
    let failed = match &session.on_error {
        OnError::Handle(binding, body) => {
            let body = bodies.of(body);
            let binding = binding
                .as_ref()
                .map_or_else(|| quote!(_), |name| quote!(#name));
            quote!(#rt::session::Trigger::Failed(#binding) => #body)
        }
        _ => TokenStream::new(),
    };
    let hangup = session.hangup.as_ref().map(|body| {
        let body = bodies.of(body);
        quote!(#rt::session::Trigger::HungUp => #body)
    });
    let enters = (!session.enters.is_empty())
        .then(|| quote!(#rt::session::Trigger::Enter => match #step { #(#enters)* _ => #ok, },));
    let timers = (!session.timers.is_empty()).then(|| {
        let timer = Ident::new("timer", Span::mixed_site());
        quote!(#rt::session::Trigger::Timer(#timer) => match #timer { #(#timers)* _ => #ok, },)
    });
    // What isn't `Send` is held by this future.
    let here = Span::call_site().located_at(session.braces);
    let asynchronous = quote_spanned!(here=> async move);
    // A future that isn't `Send` is reported where its type stands: at the session's name.
    let future = quote_spanned! {session.name.span()=>
        impl ::core::future::Future<Output = ::core::result::Result<(), #rt::session::HandlerError>> + ::core::marker::Send + 'a
    };
    quote! {
        fn handle<'a>(
            &'a mut self,
            #call: &'a #rt::session::Call,
            #step: ::core::option::Option<u16>,
            #goto: &'a mut ::core::option::Option<u16>,
            #trigger: #rt::session::Trigger<'a>,
        ) -> #future {
            #asynchronous {
                let #state = self;
                // Not every session uses these.
                let _ = (&#call, &#state, &#step, &#goto);
                match #trigger {
                    #rt::session::Trigger::Event(#event) => match &#event.body {
                        #handlers
                        #[allow(unreachable_patterns)]
                        _ => #ok,
                    },
                    #enters
                    #timers
                    #failed
                    #hangup
                    #[allow(unreachable_patterns)]
                    _ => #ok,
                }
            }
        }
    }
}

/// The words of an enum stand for themselves only where the event is declared; elsewhere they would
/// be names for whatever is there.
fn word_assertions(session: &Session, core: &TokenStream) -> TokenStream {
    let mut output = TokenStream::new();
    let alternatives = session
        .handlers
        .iter()
        .flat_map(|handler| &handler.alternatives)
        .filter(|alternative| alternative.origin == Some(Origin::Elsewhere));
    for alternative in alternatives {
        let event = &alternative.event;
        for field in &alternative.fields {
            let Matcher::Pattern(pattern) = &field.pattern else {
                continue;
            };
            let cases = match pattern {
                Pat::Or(or) => or.cases.iter().collect(),
                one => vec![one],
            };
            for case in cases {
                let Pat::Ident(word) = case else { continue };
                let (name, text) = (
                    field.name.unraw().to_string(),
                    word.ident.unraw().to_string(),
                );
                let ty = pascal_case(&name);
                let message = format!(
                    "`{text}` is one of the words of `{name}`, but of an imported event they don't stand for themselves: import `{event}{ty}` and write `{name}: {event}{ty}::{}`",
                    pascal_case(&text)
                );
                output.extend(quote_spanned! {word.ident.span()=>
                    const _: () = ::core::assert!(!#core::__private::is_word(&<#event as #core::event::EventType>::INFO, #name, #text), #message);
                });
            }
        }
    }
    output
}

/// An imported struct is found by its name in Rust's spelling, which `a.b` and `a_b` share.
fn name_assertions(session: &Session, core: &TokenStream) -> TokenStream {
    let mut asserted: Vec<&str> = Vec::new();
    let mut output = TokenStream::new();
    let alternatives = session
        .handlers
        .iter()
        .flat_map(|handler| &handler.alternatives);
    for alternative in alternatives {
        let (event, wire) = (&alternative.event, alternative.wire.as_str());
        if alternative.origin != Some(Origin::Elsewhere) || asserted.contains(&wire) {
            continue;
        }
        asserted.push(wire);
        let message = format!("the wire name of the imported `{event}` is not `{wire}`");
        output.extend(quote_spanned! {event.span()=>
            const _: () = ::core::assert!(<#event as #core::event::EventType>::TAG == #core::event::tag_of(#wire), #message);
        });
    }
    output
}
