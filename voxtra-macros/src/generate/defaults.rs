//! Fields that may be missing: their defaults, `new`, which takes the other fields, and what sets
//! these.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Expr, ext::IdentExt};

use crate::{
    check::{Default, Event, Field, Shape},
    roots::Roots,
};

/// The items for it: a function for each default, which `new` and the reader of JSON call; `new`
/// itself, or `Default` if every field has one; `with_FIELD` for each default of a built-in event.
pub(super) fn generate(event: &Event, roots: &Roots) -> Vec<TokenStream> {
    let Event { name, fields, .. } = event;
    // A built-in event may get further fields, so that only `new` can make it.
    let is_needed = if roots.is_core {
        !fields.is_empty()
    } else {
        fields.iter().any(|field| field.default.is_some())
    };
    if !is_needed {
        return Vec::new();
    }
    let functions = fields.iter().filter_map(|field| function(field, roots));
    let (names, types): (Vec<_>, Vec<_>) = fields
        .iter()
        .filter(|field| field.default.is_none())
        .map(|Field { name, ty, .. }| (name, ty))
        .unzip();
    let values = fields.iter().map(|field| {
        let member = &field.name;
        match value(event, field) {
            None => quote!(#member),
            Some(value) => quote!(#member: #value),
        }
    });
    let make = if names.is_empty() {
        quote! {
            #[automatically_derived]
            impl ::core::default::Default for #name {
                fn default() -> Self {
                    Self { #(#values,)* }
                }
            }
        }
    } else {
        quote! {
            impl #name {
                /// The event with these fields; the others are what they are by default.
                #[allow(unreachable_pub, dead_code, clippy::too_many_arguments)]
                pub fn new(#(#names: #types),*) -> Self {
                    Self { #(#values,)* }
                }
            }
        }
    };
    let functions: TokenStream = functions.collect();
    let functions = (!functions.is_empty()).then(|| {
        quote! {
            #[doc(hidden)]
            impl #name {
                #functions
            }
        }
    });
    let setters = roots.is_core.then(|| setters(event)).flatten();
    functions.into_iter().chain([make]).chain(setters).collect()
}

/// What sets the fields that `new` does not take.
fn setters(event: &Event) -> Option<TokenStream> {
    let fields = event.fields.iter().filter(|field| field.default.is_some());
    let setters: TokenStream = fields
        .map(|Field { name, ty, docs, .. }| {
            let setter = format_ident!("with_{}", name.unraw());
            quote! {
                #(#docs)*
                #[must_use]
                pub fn #setter(mut self, #name: #ty) -> Self {
                    self.#name = #name;
                    self
                }
            }
        })
        .collect();
    let name = &event.name;
    (!setters.is_empty()).then(|| quote!(impl #name { #setters }))
}

/// The field's value if it is missing; nothing for a required one.
pub(super) fn value(event: &Event, field: &Field) -> Option<TokenStream> {
    let default = field.default.as_ref()?;
    if matches!(default.value, Default::Nothing) {
        return Some(quote!(::core::option::Option::None));
    }
    let (event, function) = (&event.name, function_name(field));
    Some(quote!(#event::#function()))
}

fn function(field: &Field, roots: &Roots) -> Option<TokenStream> {
    let default = field.default.as_ref()?;
    if matches!(default.value, Default::Nothing) {
        return None;
    }
    let (name, ty) = (function_name(field), &field.ty);
    let value = written(&default.value, field, roots);
    Some(quote!(fn #name() -> #ty { #value }))
}

fn function_name(field: &Field) -> Ident {
    format_ident!("__default_{}", field.name.unraw())
}

fn written(default: &Default, field: &Field, roots: &Roots) -> TokenStream {
    let core = &roots.core;
    match default {
        Default::Nothing => quote!(::core::option::Option::None),
        Default::Some(inner) => {
            let inner = written(inner, field, roots);
            quote!(::core::option::Option::Some(#inner))
        }
        Default::Word(variant) => {
            let ty = &field.ty;
            quote!(#ty::#variant)
        }
        Default::Millis(millis) => quote!(::core::time::Duration::from_millis(#millis)),
        Default::BoundedText(text) => quote!(#core::event::Text::truncated(#text)),
        Default::HeapText(text) => quote!(::core::convert::From::from(#text)),
        Default::Computed(value @ Expr::Lit(_)) => quote!(#value),
        // In parentheses, because some expressions begin a statement: `crate`, `if … {} else {}`.
        Default::Computed(value) => quote!((#value)),
    }
}

/// The field's default in the event's description.
pub(super) fn description(field: &Field, core: &TokenStream) -> TokenStream {
    match &field.default {
        None => quote!(#core::event::FieldDefault::Required),
        Some(default) => match &default.json {
            Some(json) => quote!(#core::event::FieldDefault::Json(#json)),
            None => quote!(#core::event::FieldDefault::Computed),
        },
    }
}

/// Whether a type, or what is optional in it, may be one that needs a heap.
fn needs_heap(shape: &Shape) -> bool {
    match shape {
        Shape::Option(inner) => needs_heap(inner),
        Shape::HeapText | Shape::Other => true,
        _ => false,
    }
}

/// The form of a field in JSON.
pub(super) fn schema(field: &Field, is_catalogue: bool, core: &TokenStream) -> TokenStream {
    let of = |ty: &syn::Type| {
        quote! {{
            #[allow(unused_imports)]
            use #core::__private::Undescribed as _;
            #core::__private::SchemaOf::<#ty>::SCHEMA
        }}
    };
    match &field.shape {
        Shape::Inline(variants) => {
            let words = variants.iter().map(|variant| &variant.wire);
            quote!(#core::event::Schema::OneOf(&[#(#words),*]))
        }
        Shape::Duration => quote!(#core::event::Schema::Millis),
        Shape::Option(inner) if matches!(**inner, Shape::Duration) => {
            quote!(#core::event::Schema::Optional(&#core::event::Schema::Millis))
        }
        // The catalogue describes itself also where there is no heap.
        Shape::HeapText => {
            quote!(#core::event::Schema::Text { max_bytes: ::core::option::Option::None })
        }
        shape if is_catalogue && needs_heap(shape) => {
            let schema = of(&field.ty);
            quote! {{
                #[cfg(feature = "alloc")]
                const SCHEMA: #core::event::Schema = #schema;
                #[cfg(not(feature = "alloc"))]
                const SCHEMA: #core::event::Schema = #core::event::Schema::Any;
                SCHEMA
            }}
        }
        // There is no other type of such a name.
        Shape::Plain => {
            let ty = &field.ty;
            quote!(<#ty as #core::event::Described>::SCHEMA)
        }
        _ => of(&field.ty),
    }
}
