//! `events Name { … }`: an enum in which each of the events has its place.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    check::{Event, Model, Set},
    roots::Roots,
};

pub(super) fn generate(model: &Model, roots: &Roots) -> TokenStream {
    let sets = model.sets.iter().map(|set| {
        let events = model.events.iter();
        let events: Vec<_> = events
            .filter(|event| event.set == Some(set.index))
            .collect();
        one(set, &events, roots)
    });
    sets.collect()
}

fn one(Set { docs, name, .. }: &Set, events: &[&Event], roots: &Roots) -> TokenStream {
    let core = &roots.core;
    let serde = quote!(#core::__private::serde);
    let doc = format!(" Any one of the events of `{name}`.");
    let doc = docs.is_empty().then(|| quote!(#[doc = #doc]));
    let is_copy = events.iter().all(|event| event.realtime);
    let copy = is_copy.then(|| quote!(::core::marker::Copy,));
    let names: Vec<_> = events.iter().map(|event| &event.name).collect();
    let wires: Vec<_> = events.iter().map(|event| &event.wire).collect();
    let event_docs = events.iter().map(|event| &event.docs);
    let unknown = format!("`{{}}` is none of the events of `{name}`");
    quote! {
        #(#docs)*
        #doc
        #[allow(missing_docs, unreachable_pub, clippy::derive_partial_eq_without_eq)]
        #[derive(::core::clone::Clone, #copy ::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub enum #name {
            #(#(#event_docs)* #names(#names),)*
        }

        #[automatically_derived]
        impl #core::event::EventSet for #name {
            const EVENTS: &'static [#core::event::EventInfo] = &[#(<#names as #core::event::EventType>::INFO),*];

            fn info(&self) -> &'static #core::event::EventInfo {
                match self {
                    #(Self::#names(_) => &<#names as #core::event::EventType>::INFO,)*
                }
            }

            fn from_data<'de, D: #serde::Deserializer<'de>>(
                wire: &str,
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                match wire {
                    #(#wires => #serde::Deserialize::deserialize(deserializer).map(Self::#names),)*
                    _ => ::core::result::Result::Err(#serde::de::Error::custom(::core::format_args!(#unknown, wire))),
                }
            }
        }

        #[automatically_derived]
        impl #serde::Serialize for #name {
            fn serialize<S: #serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    #(Self::#names(event) => #serde::Serialize::serialize(event, serializer),)*
                }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(Self::#names(event) => ::core::fmt::Display::fmt(event, f),)*
                }
            }
        }

        #(
            #[automatically_derived]
            impl ::core::convert::From<#names> for #name {
                fn from(event: #names) -> Self {
                    Self::#names(event)
                }
            }
        )*
    }
}
