//! The form of a field in JSON, described without a heap.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use super::{FieldInfo, Text};

/// The form of a value in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schema {
    /// Any value: the form of a type without a description.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer {
        /// The least there can be; nothing where it is below `i64`.
        min: Option<i64>,
        /// The greatest there can be; nothing where it is above `u64`.
        max: Option<u64>,
    },
    /// A number.
    Number,
    /// Text of one character.
    Character,
    /// Text.
    Text {
        /// The most bytes of UTF-8 that there is room for, and so the most characters.
        max_bytes: Option<usize>,
    },
    /// A duration, in whole milliseconds.
    Millis,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// This, or `null`, or missing.
    Optional(&'static Schema),
    /// Any number of these, in an order.
    List(&'static Schema),
    /// Values of this form, each by a name.
    Map(&'static Schema),
    /// These fields.
    Object(&'static [FieldInfo]),
}

/// A type whose form in JSON is known.
///
/// Fields of events are described by it in `voxtra events --schema`. A type that doesn't implement
/// it may stand in an event too, and is described as [`Schema::Any`].
///
/// ```
/// use voxtra_core::{event::{Described, EventType, Schema}, voxtra};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct Cents(u64);
///
/// impl Described for Cents {
///     const SCHEMA: Schema = u64::SCHEMA;
/// }
///
/// voxtra! { events { payment.made { amount: Cents } } }
///
/// assert_eq!(PaymentMade::INFO.fields[0].schema, u64::SCHEMA);
/// ```
pub trait Described {
    /// Its form.
    const SCHEMA: Schema;
}

macro_rules! integers {
    ($($ty:ty: $min:expr, $max:expr;)*) => {
        $(impl Described for $ty {
            const SCHEMA: Schema = Schema::Integer { min: $min, max: $max };
        })*
    };
}

integers! {
    u8: Some(0), Some(u8::MAX as u64);
    u16: Some(0), Some(u16::MAX as u64);
    u32: Some(0), Some(u32::MAX as u64);
    u64: Some(0), Some(u64::MAX);
    usize: Some(0), Some(usize::MAX as u64);
    u128: Some(0), None;
    i8: Some(i8::MIN as i64), Some(i8::MAX as u64);
    i16: Some(i16::MIN as i64), Some(i16::MAX as u64);
    i32: Some(i32::MIN as i64), Some(i32::MAX as u64);
    i64: Some(i64::MIN), Some(i64::MAX as u64);
    isize: Some(isize::MIN as i64), Some(isize::MAX as u64);
    i128: None, None;
}

impl Described for f32 {
    const SCHEMA: Schema = Schema::Number;
}

impl Described for f64 {
    const SCHEMA: Schema = Schema::Number;
}

impl Described for bool {
    const SCHEMA: Schema = Schema::Bool;
}

impl Described for char {
    const SCHEMA: Schema = Schema::Character;
}

impl<const N: usize> Described for Text<N> {
    const SCHEMA: Schema = Schema::Text { max_bytes: Some(N) };
}

impl<T: Described> Described for Option<T> {
    const SCHEMA: Schema = Schema::Optional(&T::SCHEMA);
}

#[cfg(feature = "alloc")]
impl Described for String {
    const SCHEMA: Schema = Schema::Text { max_bytes: None };
}

#[cfg(feature = "alloc")]
impl<T: Described> Described for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
}

#[cfg(feature = "alloc")]
impl<T: Described + ?Sized> Described for Box<T> {
    const SCHEMA: Schema = T::SCHEMA;
}

#[cfg(feature = "alloc")]
impl<T: Described> Described for BTreeMap<String, T> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
}
