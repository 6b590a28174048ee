//! Serde's traits for events and their inline enums.
//!
//! Serde's derives are told the place of serde by a string, and `$crate` has no meaning in strings:
//! what they would write is written here. What is the same for all events is the core's
//! (`__private::json`).

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Type, ext::IdentExt};

use super::defaults;
use crate::{
    check::{Event, Field, Shape, Variant},
    roots::Roots,
};

/// `Serialize` and `Deserialize` of an event's struct.
pub(super) fn of_event(event: &Event, roots: &Roots) -> [TokenStream; 2] {
    [serialize(event, roots), deserialize(event, roots)]
}

fn serialize(event: &Event, roots: &Roots) -> TokenStream {
    let private = private(roots);
    let serde = quote!(#private::serde);
    let Event { name, fields, .. } = event;
    let (text, count) = (name.to_string(), fields.len());
    let written = Ident::new("written", Span::mixed_site());
    // A name of the user's span would be another `self`.
    let this = quote!(self);
    let fields = fields.iter().map(|field| {
        let (member, key) = (&field.name, key(field));
        let form = form(&field.shape);
        let ty = form.ty(&field.ty, &private);
        let value = form.written(&quote!(#this.#member), &private);
        quote! {
            #serde::ser::SerializeStruct::serialize_field::<#ty>(&mut #written, #key, #value)?;
        }
    });
    let fields: TokenStream = fields.collect();
    let mutable = (count > 0).then(|| quote!(mut));
    quote! {
        #[automatically_derived]
        impl #serde::Serialize for #name {
            fn serialize<__S: #serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                let #mutable #written = #serde::Serializer::serialize_struct(serializer, #text, #count)?;
                #fields
                #serde::ser::SerializeStruct::end(#written)
            }
        }
    }
}

fn deserialize(event: &Event, roots: &Roots) -> TokenStream {
    let private = private(roots);
    let serde = quote!(#private::serde);
    let Event { name, fields, .. } = event;
    let (text, expected) = (name.to_string(), format!("struct {name}"));
    let with_count = format!("struct {name} with {} fields", fields.len());
    let local = |text: &str| Ident::new(text, Span::mixed_site());
    let (access, value) = (local("access"), local("value"));
    let keys: Vec<_> = fields.iter().map(key).collect();
    let members: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let places: Vec<_> = (0..fields.len()).map(Literal::usize_unsuffixed).collect();
    let found: Vec<_> = (0..fields.len())
        .map(|index| local(&format!("field{index}")))
        .collect();
    // What is read, and what becomes of it.
    let types: Vec<_> = fields
        .iter()
        .map(|field| form(&field.shape).ty(&field.ty, &private))
        .collect();
    let values: Vec<_> = fields
        .iter()
        .map(|field| form(&field.shape).field(&value))
        .collect();
    let missing = fields.iter().zip(&keys).map(|(field, key)| {
        let by_default = defaults::value(event, field);
        let ty = &field.ty;
        by_default.unwrap_or_else(|| quote!(#private::missing::<#ty, _>(#key)?))
    });
    let too_few = fields.iter().zip(&places).map(|(field, place)| {
        let by_default = defaults::value(event, field);
        by_default.unwrap_or_else(|| {
            quote!(return ::core::result::Result::Err(#serde::de::Error::invalid_length(#place, &#with_count)))
        })
    });
    // An event without fields reads nothing.
    let mutable = (!fields.is_empty()).then(|| quote!(mut));
    quote! {
        #[automatically_derived]
        impl<'de> #serde::Deserialize<'de> for #name {
            fn deserialize<__D: #serde::Deserializer<'de>>(
                deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                const __FIELDS: &[&str] = &[#(#keys),*];

                struct __Visitor;

                impl<'de> #serde::de::Visitor<'de> for __Visitor {
                    type Value = #name;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(#expected)
                    }

                    fn visit_seq<__A: #serde::de::SeqAccess<'de>>(
                        self,
                        #mutable #access: __A,
                    ) -> ::core::result::Result<#name, __A::Error> {
                        let _ = &#access;
                        ::core::result::Result::Ok(#name {
                            #(#members: match #serde::de::SeqAccess::next_element::<#types>(&mut #access)? {
                                ::core::option::Option::Some(#value) => #values,
                                ::core::option::Option::None => #too_few,
                            },)*
                        })
                    }

                    fn visit_map<__A: #serde::de::MapAccess<'de>>(
                        self,
                        mut #access: __A,
                    ) -> ::core::result::Result<#name, __A::Error> {
                        #(let mut #found = ::core::option::Option::None;)*
                        while let ::core::option::Option::Some(place) =
                            #serde::de::MapAccess::next_key_seed(&mut #access, #private::Field(__FIELDS))?
                        {
                            match place {
                                #(#places if ::core::option::Option::is_some(&#found) => {
                                    return ::core::result::Result::Err(#serde::de::Error::duplicate_field(#keys));
                                })*
                                #(#places => {
                                    #found = ::core::option::Option::Some(
                                        #serde::de::MapAccess::next_value::<#types>(&mut #access)?,
                                    );
                                })*
                                _ => {
                                    #serde::de::MapAccess::next_value::<#serde::de::IgnoredAny>(&mut #access)?;
                                }
                            }
                        }
                        ::core::result::Result::Ok(#name {
                            #(#members: match #found {
                                ::core::option::Option::Some(#value) => #values,
                                ::core::option::Option::None => #missing,
                            },)*
                        })
                    }
                }

                #serde::Deserializer::deserialize_struct(deserializer, #text, __FIELDS, __Visitor)
            }
        }
    }
}

/// `Serialize` and `Deserialize` of an inline enum, whose values are words.
pub(super) fn of_enum(ty: &Type, variants: &[Variant], roots: &Roots) -> [TokenStream; 2] {
    let private = private(roots);
    let serde = quote!(#private::serde);
    let text = ty.to_token_stream().to_string();
    let names: Vec<_> = variants.iter().map(|variant| &variant.name).collect();
    let words: Vec<_> = variants.iter().map(|variant| &variant.wire).collect();
    let indexes = (0_u32..).map(Literal::u32_suffixed);
    let indexes: Vec<_> = indexes.take(variants.len()).collect();
    // There is a last one, but where a mistake took them all.
    let outcome = match names.split_last() {
        Some((last, others)) => {
            let places = (0..others.len()).map(Literal::usize_unsuffixed);
            quote! {
                ::core::result::Result::Ok(match #private::word(#text, &[#(#words),*], deserializer)? {
                    #(#places => Self::#others,)*
                    _ => Self::#last,
                })
            }
        }
        None => quote! {
            ::core::result::Result::Err(#serde::de::Error::custom("there are no words"))
        },
    };
    let written = match variants {
        [] => quote!(match *self {}),
        _ => quote! {
            let (index, word) = match *self {
                #(Self::#names => (#indexes, #words),)*
            };
            #serde::Serializer::serialize_unit_variant(serializer, #text, index, word)
        },
    };
    [
        quote! {
            #[automatically_derived]
            impl #serde::Serialize for #ty {
                fn serialize<__S: #serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    #written
                }
            }
        },
        quote! {
            #[automatically_derived]
            impl<'de> #serde::Deserialize<'de> for #ty {
                fn deserialize<__D: #serde::Deserializer<'de>>(
                    deserializer: __D,
                ) -> ::core::result::Result<Self, __D::Error> {
                    #outcome
                }
            }
        },
    ]
}

/// How a field is written.
enum Form {
    /// As its type has it.
    Own,
    /// A `Duration`, as whole milliseconds.
    Millis,
    /// The same, if there is one.
    OptionalMillis,
}

fn form(shape: &Shape) -> Form {
    match shape {
        Shape::Duration => Form::Millis,
        Shape::Option(inner) if matches!(**inner, Shape::Duration) => Form::OptionalMillis,
        _ => Form::Own,
    }
}

impl Form {
    /// The type that is written and read. It is said wherever serde is called, so that a type
    /// without serde's traits is complained of where it stands.
    fn ty(&self, of_field: &Type, private: &TokenStream) -> TokenStream {
        match self {
            Self::Own => quote!(#of_field),
            Self::Millis => quote!(#private::Millis),
            Self::OptionalMillis => quote!(::core::option::Option<#private::Millis>),
        }
    }

    /// What was read, as the field's type.
    fn field(&self, value: &Ident) -> TokenStream {
        match self {
            Self::Own => quote!(#value),
            Self::Millis => quote!(#value.0),
            Self::OptionalMillis => quote!(::core::option::Option::map(#value, |millis| millis.0)),
        }
    }

    /// What is written of a member.
    fn written(&self, member: &TokenStream, private: &TokenStream) -> TokenStream {
        match self {
            Self::Own => quote!(&#member),
            Self::Millis => quote!(&#private::Millis(#member)),
            Self::OptionalMillis => {
                quote!(&::core::option::Option::map(#member, #private::Millis))
            }
        }
    }
}

fn key(field: &Field) -> String {
    field.name.unraw().to_string()
}

fn private(roots: &Roots) -> TokenStream {
    let core = &roots.core;
    quote!(#core::__private)
}
