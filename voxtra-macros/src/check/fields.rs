//! Fields: what their types are, and whether they can travel.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, Type, TypePath, ext::IdentExt};

use super::{Field, Shape, Variant, defaults};
use crate::{
    errors::Errors,
    parse::{FieldDecl, TypeDecl, pascal_case},
};

/// Types that are `Copy`, have one size, and read the same in every language's JSON.
const PLAIN: [&str; 14] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64",
];

pub(super) fn check(
    declared: Vec<FieldDecl>,
    event: &Ident,
    realtime: bool,
    errors: &mut Errors,
) -> Vec<Field> {
    let mut names = HashSet::new();
    let mut fields = Vec::new();
    for FieldDecl {
        docs,
        name,
        ty,
        default,
    } in declared
    {
        if !names.insert(name.unraw().to_string()) {
            errors.at(name.span(), format!("field `{name}` is declared twice"));
            continue;
        }
        let field = match ty {
            TypeDecl::Rust(ty) => {
                let shape = shape_of(&ty);
                if let Some(problem) = cannot_travel(&ty) {
                    errors.over(&ty, problem);
                    continue;
                }
                if realtime && !shape.is_copy() {
                    errors.over(&ty, not_realtime(&name, &ty, &shape));
                }
                Field {
                    docs,
                    name,
                    type_text: text_of(&ty),
                    ty: *ty,
                    shape,
                    default: None,
                }
            }
            TypeDecl::Inline(words) => inline(docs, name, words, event, errors),
        };
        let default = defaults::check(default, &field.name, &field.ty, &field.shape, errors);
        let field = Field { default, ..field };
        fields.push(field);
    }
    fields
}

fn inline(
    docs: Vec<syn::Attribute>,
    name: Ident,
    words: Vec<Ident>,
    event: &Ident,
    errors: &mut Errors,
) -> Field {
    let mut seen = HashSet::new();
    let mut variants: Vec<Variant> = Vec::new();
    for word in words {
        let text = word.unraw().to_string();
        let variant = pascal_case(&text);
        let is_snake = text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_snake || !variant.starts_with(|c: char| c.is_ascii_uppercase()) || variant == "Self"
        {
            errors.at(word.span(), format!("`{text}` can't be a value: write lower-case words, with `_` between their parts"));
        } else if !seen.insert(variant.clone()) {
            errors.at(word.span(), format!("`{text}` is listed twice"));
        } else {
            variants.push(Variant {
                name: Ident::new(&variant, word.span()),
                wire: text,
            });
        }
    }
    let type_name = Ident::new(
        &format!("{event}{}", pascal_case(&name.unraw().to_string())),
        name.span(),
    );
    let type_text = variants
        .iter()
        .map(|variant| variant.wire.as_str())
        .collect::<Vec<_>>()
        .join(" | ");
    let ty = Type::Path(TypePath {
        attrs: Vec::new(),
        qself: None,
        path: type_name.into(),
    });
    Field {
        docs,
        name,
        ty,
        type_text,
        shape: Shape::Inline(variants),
        default: None,
    }
}

fn shape_of(ty: &Type) -> Shape {
    let Type::Path(TypePath {
        qself: None, path, ..
    }) = ty
    else {
        return Shape::Other;
    };
    let Some(last) = path.segments.last() else {
        return Shape::Other;
    };
    let name = last.ident.to_string();
    let parents: Vec<String> = path
        .segments
        .iter()
        .rev()
        .skip(1)
        .map(|segment| segment.ident.to_string())
        .collect();
    let is_bare = parents.is_empty();
    match (name.as_str(), &last.arguments) {
        (name, PathArguments::None)
            if is_bare && (PLAIN.contains(&name) || name == "bool" || name == "char") =>
        {
            Shape::Plain
        }
        // Other crates have a `Duration` too; only the standard one is known to be milliseconds on
        // the wire.
        ("Duration", PathArguments::None)
            if is_bare || parents.first().is_some_and(|parent| parent == "time") =>
        {
            Shape::Duration
        }
        ("String", PathArguments::None) => Shape::HeapText,
        ("Text", PathArguments::AngleBracketed(_)) => Shape::BoundedText,
        ("Option", PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Shape::Option(Box::new(shape_of(inner))),
            _ => Shape::Other,
        },
        _ => Shape::Other,
    }
}

/// Why a value of this type can't outlive the place where the event happens, if it can't.
fn cannot_travel(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(_) | Type::Ptr(_) => Some(
            "an event outlives the place where it happens, so it can't borrow: use `String` or `Text<N>`",
        ),
        Type::ImplTrait(_)
        | Type::TraitObject(_)
        | Type::FnPtr(_)
        | Type::Never(_)
        | Type::Infer(_) => {
            Some("this type has no form in JSON, so it can't be a field of an event")
        }
        _ => None,
    }
}

fn not_realtime(name: &Ident, ty: &Type, shape: &Shape) -> String {
    let ty_text = text_of(ty);
    let mut inner = shape;
    while let Shape::Option(within) = inner {
        inner = within;
    }
    let why = match inner {
        Shape::HeapText => "lives on the heap",
        _ => "isn't known to be of fixed size and `Copy`",
    };
    format!(
        "`{name}` can't cross the media path: `{ty_text}` {why}; a `@realtime` event takes integers, floats, `bool`, `char`, `Text<N>`, `Duration`, an inline `a | b`, \
         or `Option` of one"
    )
}

/// A type as a person would write it: without the spaces that tokens are printed with.
fn text_of(ty: &Type) -> String {
    let tokens: TokenStream = quote!(#ty);
    let printed = tokens.to_token_stream().to_string();
    let mut text = String::new();
    let mut letters = printed.chars().peekable();
    while let Some(c) = letters.next() {
        if c != ' ' {
            text.push(c);
            continue;
        }
        let after_word = text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let before_word = letters
            .peek()
            .is_some_and(|c| c.is_alphanumeric() || *c == '_');
        if (after_word && before_word) || text.ends_with([',', ';']) {
            text.push(' ');
        }
    }
    text
}
