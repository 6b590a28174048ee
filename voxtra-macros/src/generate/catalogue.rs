//! The built-in events: besides their structs, the types that hold any one of them.

use proc_macro2::TokenStream;
use quote::quote;

use super::events::{info, items};
use crate::{check::Event, roots::Roots};

pub(super) fn generate(events: &[Event], roots: &Roots) -> TokenStream {
    let mut output = kinds(events);
    output.extend(catalogue(events, roots));
    output.extend(builtin(events, roots));
    output.extend(realtime(events));
    let core = &roots.core;
    for (index, event) in events.iter().enumerate() {
        let info = quote!(#core::event::CATALOGUE[#index]);
        let gate = gate(event);
        output.extend(
            items(event, &info, roots)
                .into_iter()
                .map(|item| quote!(#gate #item)),
        );
        let name = &event.name;
        output.extend(quote! {
            #gate
            #[automatically_derived]
            impl ::core::convert::From<#name> for BuiltIn {
                fn from(event: #name) -> Self {
                    Self::#name(event)
                }
            }
        });
    }
    output
}

/// Events that carry strings exist only where there is a heap for them.
fn gate(event: &Event) -> Option<TokenStream> {
    (!event.is_fixed_size()).then(|| quote!(#[cfg(feature = "alloc")]))
}

fn kinds(events: &[Event]) -> TokenStream {
    let count = events.len();
    let names: Vec<_> = events.iter().map(|event| &event.name).collect();
    let wires: Vec<_> = events.iter().map(|event| &event.wire).collect();
    let docs = events.iter().map(|event| &event.docs);
    quote! {
        /// Which of the built-in events an event is. All of them exist under any features.
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq,
            ::core::cmp::PartialOrd, ::core::cmp::Ord, ::core::hash::Hash,
        )]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum EventKind {
            #(#(#docs)* #names,)*
        }

        impl EventKind {
            /// Every kind, in the order of the contract.
            pub const ALL: [Self; #count] = [#(Self::#names),*];

            /// The name of the event in JSON, such as `call.started`.
            pub const fn wire(self) -> &'static str {
                match self {
                    #(Self::#names => #wires,)*
                }
            }

            /// The kind that has this wire name.
            pub fn from_wire(wire: &str) -> ::core::option::Option<Self> {
                match wire {
                    #(#wires => ::core::option::Option::Some(Self::#names),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

fn catalogue(events: &[Event], roots: &Roots) -> TokenStream {
    let core = &roots.core;
    let count = events.len();
    let infos = events.iter().map(|event| info(event, true, roots));
    quote! {
        /// A description of every built-in event, in the order of the contract.
        pub const CATALOGUE: [#core::event::EventInfo; #count] = [#(#infos),*];
    }
}

fn builtin(events: &[Event], roots: &Roots) -> TokenStream {
    let core = &roots.core;
    let serde = quote!(#core::__private::serde);
    let gates: Vec<_> = events.iter().map(gate).collect();
    let names: Vec<_> = events.iter().map(|event| &event.name).collect();
    let docs: Vec<_> = events.iter().map(|event| &event.docs).collect();
    let lacking = events
        .iter()
        .filter(|event| !event.is_fixed_size())
        .map(|event| &event.name);
    quote! {
        /// Any built-in event that exists under the crate's features.
        ///
        /// It serialises as its data alone, for its name stands beside the data in JSON: see
        /// [`BuiltIn::deserialize_data`].
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #[non_exhaustive]
        pub enum BuiltIn {
            #(#gates #(#docs)* #names(#names),)*
        }

        impl BuiltIn {
            /// Which event this is.
            pub const fn kind(&self) -> EventKind {
                match self {
                    #(#gates Self::#names(_) => EventKind::#names,)*
                }
            }

            /// Reads the data of an event whose kind is known from its wire name.
            ///
            /// # Errors
            /// The deserializer's errors. Without the feature `alloc`, an error for a kind whose
            /// data needs a heap.
            pub fn deserialize_data<'de, D: #serde::Deserializer<'de>>(
                kind: EventKind,
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                match kind {
                    #(#gates EventKind::#names => #serde::Deserialize::deserialize(deserializer).map(Self::#names),)*
                    #[cfg(not(feature = "alloc"))]
                    #(EventKind::#lacking)|* => ::core::result::Result::Err(#serde::de::Error::custom(
                        ::core::format_args!("`{}` needs the feature `alloc`", kind.wire()),
                    )),
                }
            }
        }

        #[automatically_derived]
        impl #serde::Serialize for BuiltIn {
            fn serialize<S: #serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    #(#gates Self::#names(event) => #serde::Serialize::serialize(event, serializer),)*
                }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for BuiltIn {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(#gates Self::#names(event) => ::core::fmt::Display::fmt(event, f),)*
                }
            }
        }
    }
}

fn realtime(events: &[Event]) -> TokenStream {
    let realtime: Vec<_> = events.iter().filter(|event| event.realtime).collect();
    let names: Vec<_> = realtime.iter().map(|event| &event.name).collect();
    let docs = realtime.iter().map(|event| &event.docs);
    quote! {
        /// A built-in event that is born on the media path: of fixed size and `Copy`, so that it
        /// can cross threads in a ring.
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #[non_exhaustive]
        pub enum Realtime {
            #(#(#docs)* #names(#names),)*
        }

        impl Realtime {
            /// Which event this is.
            pub const fn kind(&self) -> EventKind {
                match self {
                    #(Self::#names(_) => EventKind::#names,)*
                }
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<Realtime> for BuiltIn {
            fn from(event: Realtime) -> Self {
                match event {
                    #(Realtime::#names(event) => Self::#names(event),)*
                }
            }
        }

        #(
            #[automatically_derived]
            impl ::core::convert::From<#names> for Realtime {
                fn from(event: #names) -> Self {
                    Self::#names(event)
                }
            }
        )*

        #[automatically_derived]
        impl ::core::fmt::Display for Realtime {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(Self::#names(event) => ::core::fmt::Display::fmt(event, f),)*
                }
            }
        }
    }
}
