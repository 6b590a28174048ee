//! A session: its state, and its handlers in one match over the event.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Block, Expr, Stmt};

use crate::{
    check::{Handler, Origin, Reaction, Route, Session, StateField},
    roots::Roots,
};

pub(super) fn generate(session: &Session, roots: &Roots) -> TokenStream {
    let mut output = structure(session);
    if let Some(rt) = &roots.rt {
        output.extend(implementation(session, &roots.core, rt));
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
    let firsts = state
        .iter()
        .map(|StateField { name, first, .. }| quote!(#name: #first));
    quote! {
        #(#docs)*
        #doc
        #[allow(unreachable_pub)]
        pub struct #name {
            #(#fields,)*
        }

        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#firsts,)* }
            }
        }
    }
}

fn implementation(session: &Session, core: &TokenStream, rt: &TokenStream) -> TokenStream {
    let Session {
        name,
        routes,
        reactions,
        ..
    } = session;
    let text = name.to_string();
    let routes = routes.iter().map(|route| match route {
        Route::Extension(pattern) => quote!(#rt::app::Route::Extension(#pattern)),
        Route::Number(pattern) => quote!(#rt::app::Route::Number(#pattern)),
        Route::Default => quote!(#rt::app::Route::Default),
    });
    // The names that handlers see carry the span of the call site; `event` must not be seen.
    let call = Ident::new("call", Span::call_site());
    let state = Ident::new("state", Span::call_site());
    let event = Ident::new("event", Span::mixed_site());
    let arms = arms(reactions, &event, core, rt);
    let names = reactions
        .iter()
        .filter_map(|reaction| name_assertion(reaction, core));
    // A future that isn't `Send` is reported where its type stands: at the session's name.
    let future = quote_spanned! {name.span()=>
        impl ::core::future::Future<Output = ::core::result::Result<(), #rt::session::HandlerError>> + ::core::marker::Send + 'a
    };
    quote! {
        #(#names)*

        #[automatically_derived]
        impl #rt::session::Session for #name {
            const NAME: &'static str = #text;
            const ROUTES: &'static [#rt::app::Route] = &[#(#routes),*];

            fn new() -> Self {
                ::core::default::Default::default()
            }

            fn handle<'a>(&'a mut self, #call: &'a #rt::session::Call, #event: &'a #rt::session::Event) -> #future {
                async move {
                    let #state = self;
                    // Handlers needn't use these.
                    let _ = (&#call, &#state);
                    match &#event.body {
                        #arms
                        #[allow(unreachable_patterns)]
                        _ => ::core::result::Result::Ok(()),
                    }
                }
            }
        }
    }
}

/// An imported struct is found by its name in Rust's spelling, which `a.b` and `a_b` share.
fn name_assertion(reaction: &Reaction, core: &TokenStream) -> Option<TokenStream> {
    let Reaction {
        event,
        wire,
        origin,
        ..
    } = reaction;
    (*origin == Origin::Elsewhere).then(|| {
        let message = format!("the wire name of the imported `{event}` is not `{wire}`");
        quote_spanned! {event.span()=>
            const _: () = ::core::assert!(<#event as #core::event::EventType>::TAG == #core::event::tag_of(#wire), #message);
        }
    })
}

/// Built-in events are told apart by their variant, the user's own by the number made of their wire name at compile time.
fn arms(
    reactions: &[Reaction],
    event: &Ident,
    core: &TokenStream,
    rt: &TokenStream,
) -> TokenStream {
    let body = quote!(#rt::session::EventBody);
    let builtin = reactions
        .iter()
        .filter(|reaction| reaction.origin == Origin::BuiltIn)
        .flat_map(|reaction| &reaction.handlers)
        .map(|handler| {
            let name = &handler.event;
            arm(
                handler,
                |pattern| quote!(#body::BuiltIn(#core::event::BuiltIn::#name(#pattern))),
                core,
            )
        });
    let mut arms: TokenStream = builtin.collect();
    let tags = reactions
        .iter()
        .filter(|reaction| reaction.origin != Origin::BuiltIn)
        .map(|reaction| {
            let name = &reaction.event;
            let handlers = reaction.handlers.iter().map(|handler| {
                arm(
                    handler,
                    |pattern| quote!(::core::option::Option::Some(#pattern)),
                    core,
                )
            });
            quote! {
                <#name as #core::event::EventType>::TAG => match #event.downcast_ref::<#name>() {
                    #(#handlers)*
                    #[allow(unreachable_patterns)]
                    _ => ::core::result::Result::Ok(()),
                },
            }
        });
    let tags: TokenStream = tags.collect();
    if !tags.is_empty() {
        arms.extend(quote! {
            #body::User(#event) => match #event.tag() {
                #tags
                _ => ::core::result::Result::Ok(()),
            },
        });
    }
    arms
}

fn arm(
    handler: &Handler,
    pattern: impl FnOnce(TokenStream) -> TokenStream,
    core: &TokenStream,
) -> TokenStream {
    let Handler {
        attrs,
        binding,
        guard,
        ..
    } = handler;
    let pattern = pattern(binding.clone().unwrap_or_else(|| quote!(_)));
    let guard = guard.as_ref().map(|guard| quote!(if #guard));
    let attrs = attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
    let body = body(handler, core);
    quote!(#(#attrs)* #pattern #guard => #body)
}

/// A body may end in its own `Ok(…)` or `Err(…)`, and otherwise succeeds when it comes to its end.
fn body(handler: &Handler, core: &TokenStream) -> TokenStream {
    let group = &handler.body;
    match syn::parse2::<Block>(quote!(#group)) {
        Ok(block) if ends_in_result(&block) => quote!(#group),
        // The end is a statement of its own, as a body that always returns early leaves it out of reach.
        Ok(_) => quote!({
            #[allow(unused_braces)]
            #group
            #[allow(unreachable_code, clippy::needless_return)]
            return ::core::result::Result::Ok(());
        }),
        // Left to the compiler, which explains it better, but in an expansion of its own: the rest of the output isn't lost with it.
        Err(_) => {
            quote!({ #core::__private::handler_body!(#group); ::core::result::Result::Ok(()) })
        }
    }
}

fn ends_in_result(block: &Block) -> bool {
    let Some(Stmt::Expr(Expr::Call(last), None)) = block.stmts.last() else {
        return false;
    };
    let Expr::Path(function) = &*last.func else {
        return false;
    };
    function
        .path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Ok" || segment.ident == "Err")
}
