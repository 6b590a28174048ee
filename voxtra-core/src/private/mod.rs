//! Items for the output of `voxtra!`. Not part of the public interface: they change with the macro.
#![allow(missing_docs)]

mod json;

use core::marker::PhantomData;

pub use serde;
pub use voxtra_macros::voxtra;

pub use self::json::{Field, Millis, missing, word};

use crate::event::{Described, EventInfo, Schema};

/// A handler's body that the macro couldn't read. It stands in an expansion of its own, so that the
/// compiler's errors about it hide no others.
#[doc(hidden)]
#[macro_export]
macro_rules! __voxtra_handler_body {
    ($body:tt) => {
        $body
    };
}

pub use __voxtra_handler_body as handler_body;

/// The form of any `T`. An inherent constant goes before a trait's, but exists only for a type that
/// is [`Described`].
pub struct SchemaOf<T: ?Sized>(PhantomData<T>);

impl<T: Described + ?Sized> SchemaOf<T> {
    pub const SCHEMA: Schema = T::SCHEMA;
}

/// The fallback of [`SchemaOf`].
pub trait Undescribed {
    const SCHEMA: Schema = Schema::Any;
}

impl<T: ?Sized> Undescribed for SchemaOf<T> {}

/// Whether the event has an enum field of this name, with this word.
pub const fn is_word(event: &EventInfo, field: &str, word: &str) -> bool {
    let mut fields = event.fields;
    while let [first, rest @ ..] = fields {
        if let Schema::OneOf(mut words) = first.schema
            && is_same(first.name, field)
        {
            while let [one, rest @ ..] = words {
                if is_same(one, word) {
                    return true;
                }
                words = rest;
            }
        }
        fields = rest;
    }
    false
}

const fn is_same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, rest @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}
