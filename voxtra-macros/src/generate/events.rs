//! An event: its struct, its inline enums, its description and its line in the log.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, Lit, Meta, Token, ext::IdentExt};

use super::{defaults, json};
use crate::{
    check::{Event, Field, Shape, Variant},
    roots::Roots,
};

/// A user's event, which describes itself.
pub(super) fn generate(event: &Event, roots: &Roots) -> TokenStream {
    let info = info(event, false, roots);
    items(event, &info, roots).into_iter().collect()
}

/// The description of an event.
pub(super) fn info(event: &Event, is_catalogue: bool, roots: &Roots) -> TokenStream {
    let core = &roots.core;
    let wire = &event.wire;
    let name = event.name.to_string();
    let doc = doc_text(&event.docs);
    let realtime = event.realtime;
    let fields = field_infos(event, is_catalogue, roots);
    quote! {
        #core::event::EventInfo { wire: #wire, name: #name, doc: #doc, realtime: #realtime, fields: &[#(#fields),*] }
    }
}

/// The items of an event, whose description is `info`.
pub(super) fn items(event: &Event, info: &TokenStream, roots: &Roots) -> Vec<TokenStream> {
    let core = &roots.core;
    let Event { wire, name, .. } = event;
    let mut items = vec![structure(event, roots)];
    items.extend(json::of_event(event, roots));
    items.push(quote! {
        #[automatically_derived]
        impl #core::event::EventType for #name {
            const INFO: #core::event::EventInfo = #info;
        }
    });
    items.extend(defaults::generate(event, roots));
    items.push(display(event));
    for field in &event.fields {
        if let Shape::Inline(variants) = &field.shape {
            items.extend(inline_enum(field, variants, wire, roots));
        }
    }
    items
}

fn structure(event: &Event, roots: &Roots) -> TokenStream {
    let Event {
        wire, name, docs, ..
    } = event;
    let mut derives = vec![quote!(::core::clone::Clone)];
    if event.realtime && event.fields.iter().all(|field| field.shape.is_copy()) {
        derives.push(quote!(::core::marker::Copy));
    }
    derives.push(quote!(::core::fmt::Debug));
    derives.push(quote!(::core::cmp::PartialEq));
    if event.fields.is_empty() {
        derives.push(quote!(::core::default::Default));
    }
    let fields = event.fields.iter().map(|field| {
        let Field { docs, name, ty, .. } = field;
        // The derives report errors about a field where it begins, so the field must begin at its
        // name.
        let public = Token![pub](name.span());
        quote!(#(#docs)* #public #name: #ty)
    });
    // A built-in event may get further fields.
    let grows = roots.is_core.then(|| quote!(#[non_exhaustive]));
    let wire_doc = format!(" The event `{wire}`.");
    let wire_doc = if docs.is_empty() {
        quote!(#[doc = #wire_doc])
    } else {
        quote!(#[doc = ""] #[doc = #wire_doc])
    };
    quote! {
        #(#docs)*
        #wire_doc
        #[allow(missing_docs, unreachable_pub, clippy::derive_partial_eq_without_eq)]
        #[derive(#(#derives),*)]
        #grows
        pub struct #name {
            #(#fields,)*
        }
    }
}

/// `wire.name first=1 second="two"`
fn display(event: &Event) -> TokenStream {
    let Event { wire, name, .. } = event;
    let f = Ident::new("f", Span::mixed_site());
    let fields = event.fields.iter().map(|field| {
        let member = &field.name;
        let key = format!(" {}=", member.unraw());
        write_field(&key, &quote!(self.#member), &field.shape, &f)
    });
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Display for #name {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #f.write_str(#wire)?;
                #(#fields)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

fn write_field(key: &str, value: &TokenStream, shape: &Shape, f: &Ident) -> TokenStream {
    match shape {
        Shape::Plain | Shape::Inline(_) => {
            let format = format!("{key}{{}}");
            quote!(::core::write!(#f, #format, #value)?;)
        }
        Shape::Option(inner) => {
            let some = Ident::new("value", Span::mixed_site());
            let write = write_field(key, &quote!(#some), inner, f);
            quote!(if let ::core::option::Option::Some(#some) = &#value { #write })
        }
        Shape::Duration | Shape::BoundedText | Shape::HeapText | Shape::Other => {
            let format = format!("{key}{{:?}}");
            quote!(::core::write!(#f, #format, #value)?;)
        }
    }
}

fn inline_enum(field: &Field, variants: &[Variant], wire: &str, roots: &Roots) -> [TokenStream; 5] {
    let [serialize, deserialize] = json::of_enum(&field.ty, variants, roots);
    let ty = &field.ty;
    let doc = format!(" The values of `{}` in `{wire}`.", field.name.unraw());
    let names: Vec<_> = variants.iter().map(|variant| &variant.name).collect();
    let wires: Vec<_> = variants.iter().map(|variant| &variant.wire).collect();
    let docs = wires.iter().map(|wire| format!(" `{wire}`"));
    [
        quote! {
            #[doc = #doc]
            #[allow(unreachable_pub)]
            #[derive(
                ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq,
                ::core::hash::Hash,
            )]
            pub enum #ty {
                #(#[doc = #docs] #names,)*
            }
        },
        quote! {
            impl #ty {
                /// The value as it is in JSON.
                #[allow(unreachable_pub)]
                pub const fn as_str(self) -> &'static str {
                    match self {
                        #(Self::#names => #wires,)*
                    }
                }
            }
        },
        quote! {
            #[automatically_derived]
            impl ::core::fmt::Display for #ty {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.write_str(self.as_str())
                }
            }
        },
        serialize,
        deserialize,
    ]
}

/// Descriptions of an event's fields, as expressions.
fn field_infos<'a>(
    event: &'a Event,
    is_catalogue: bool,
    roots: &'a Roots,
) -> impl Iterator<Item = TokenStream> + 'a {
    let core = &roots.core;
    event.fields.iter().map(move |field| {
        let name = field.name.unraw().to_string();
        let ty = &field.type_text;
        let doc = doc_text(&field.docs);
        let schema = defaults::schema(field, is_catalogue, core);
        let default = defaults::description(field, core);
        quote!(#core::event::FieldInfo { name: #name, ty: #ty, doc: #doc, schema: #schema, default: #default })
    })
}

/// Documentation as one text: its lines, without the space that `///` leaves in front.
fn doc_text(docs: &[Attribute]) -> String {
    let mut text = String::new();
    for doc in docs {
        let Meta::NameValue(doc) = &doc.meta else {
            continue;
        };
        let Expr::Lit(literal) = &doc.value else {
            continue;
        };
        let Lit::Str(line) = &literal.lit else {
            continue;
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.value().trim());
    }
    text
}
