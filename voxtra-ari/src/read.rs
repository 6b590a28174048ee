//! How Asterisk's JSON becomes models.
//!
//! A message is parsed into [`Value`]s first, then each model takes its fields out. That compiles
//! far faster than a parser for each of 85 models, and what is left over is what we don't know.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::text;

/// An object of JSON whose names no description knows.
pub type Json = Map<String, Value>;

/// Most bytes of an event whose unknown fields are kept: signals wait in a queue.
const KEPT: usize = 64 << 10;
/// Most entries kept of a list in an event.
const ENTRIES: usize = 1 << 10;

/// How much of a message is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    entries: usize,
    unknown: bool,
}

impl Bounds {
    /// Of an answer, whose bytes are bounded already.
    pub(crate) const ANSWER: Self = Self {
        entries: usize::MAX,
        unknown: true,
    };

    /// Of an event of this length.
    pub(crate) fn of_event(bytes: usize) -> Self {
        Self {
            entries: ENTRIES,
            unknown: bytes <= KEPT,
        }
    }

    fn object(self, map: Json) -> Json {
        if self.unknown || map.is_empty() {
            return map;
        }
        let note = format!("left out: the event has more than {} KiB", KEPT >> 10);
        Json::from_iter([("…".to_owned(), note.into())])
    }
}

/// Why a message is no such model.
#[derive(Debug)]
pub(crate) struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Wrong {
    /// The same, about the part of this name.
    pub(crate) fn within(self, name: &str) -> Self {
        Self(format!("{name}: {self}"))
    }

    pub(crate) fn json(self) -> serde_json::Error {
        serde_json::Error::custom(self)
    }
}

/// Something that Asterisk describes.
pub(crate) trait Model: Sized {
    /// Asterisk's name for it.
    const NAME: &'static str;
    /// Whether it has lists, so that its JSON may be long.
    const LONG: bool = false;

    fn read(fields: &mut Fields) -> Result<Self, Wrong>;
}

/// The fields of an object that no model has taken yet.
pub(crate) struct Fields {
    map: Json,
    bounds: Bounds,
}

impl Fields {
    pub(crate) fn new(map: Json, bounds: Bounds) -> Self {
        Self { map, bounds }
    }

    /// A field that older Asterisks may leave out.
    pub(crate) fn take<T: Field>(&mut self, name: &'static str) -> Result<T, Wrong> {
        match self.some(name) {
            Some(value) => self.read(name, value),
            None => Ok(T::absent()),
        }
    }

    /// A field without which the message means nothing.
    pub(crate) fn required<T: Field>(&mut self, name: &'static str) -> Result<T, Wrong> {
        match self.some(name) {
            Some(value) => self.read(name, value),
            None => Err(Wrong(format!("there is no `{name}`"))),
        }
    }

    /// The type of an event, which stays there too: of an unknown event all is kept.
    pub(crate) fn kind(&self) -> Result<String, Wrong> {
        let kind = self.map.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| Wrong("there is no `type`".to_owned()))?;
        Ok(text::clean(kind))
    }

    /// A value that belongs to the dialplan or to users: only shortened.
    pub(crate) fn value(&mut self, name: &'static str) -> Result<String, Wrong> {
        Ok(self.optional_value(name)?.unwrap_or_default())
    }

    pub(crate) fn optional_value(&mut self, name: &'static str) -> Result<Option<String>, Wrong> {
        match self.some(name) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(text::value(value))),
            Some(_) => Err(Wrong(format!("`{name}` is no text"))),
        }
    }

    /// All of it, as an event.
    pub(crate) fn event<M: Model>(mut self) -> Result<Box<M>, Wrong> {
        self.map.remove("type");
        M::read(&mut self).map(Box::new)
    }

    /// What no model has taken.
    pub(crate) fn rest(&mut self) -> Json {
        self.bounds.object(std::mem::take(&mut self.map))
    }

    /// Asterisk writes `null` for some of what it doesn't know.
    fn some(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    fn read<T: Field>(&self, name: &str, value: Value) -> Result<T, Wrong> {
        T::read(value, self.bounds).map_err(|wrong| wrong.within(&format!("`{name}`")))
    }
}

/// What a field can be.
pub(crate) trait Field: Sized {
    fn read(value: Value, bounds: Bounds) -> Result<Self, Wrong>;
    fn absent() -> Self;
}

impl<M: Model + Default> Field for M {
    fn read(value: Value, bounds: Bounds) -> Result<Self, Wrong> {
        match value {
            Value::Object(map) => M::read(&mut Fields { map, bounds }),
            _ => Err(Wrong(format!("it is no {}", M::NAME))),
        }
    }

    fn absent() -> Self {
        Self::default()
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Value, bounds: Bounds) -> Result<Self, Wrong> {
        T::read(value, bounds).map(Some)
    }

    fn absent() -> Self {
        None
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: Value, bounds: Bounds) -> Result<Self, Wrong> {
        let Value::Array(entries) = value else {
            return Err(Wrong("it is no list".to_owned()));
        };
        let kept = entries.into_iter().take(bounds.entries);
        kept.map(|entry| T::read(entry, bounds)).collect()
    }

    fn absent() -> Self {
        Self::new()
    }
}

impl Field for String {
    fn read(value: Value, _: Bounds) -> Result<Self, Wrong> {
        match value {
            Value::String(line) => Ok(text::line(line)),
            _ => Err(Wrong("it is no text".to_owned())),
        }
    }

    fn absent() -> Self {
        Self::new()
    }
}

impl Field for Json {
    fn read(value: Value, bounds: Bounds) -> Result<Self, Wrong> {
        match value {
            Value::Object(map) => Ok(bounds.object(map)),
            _ => Err(Wrong("it is no object".to_owned())),
        }
    }

    fn absent() -> Self {
        Self::new()
    }
}

macro_rules! scalar {
    ($type:ty, $read:ident, $what:literal) => {
        impl Field for $type {
            fn read(value: Value, _: Bounds) -> Result<Self, Wrong> {
                value.$read().ok_or_else(|| Wrong($what.to_owned()))
            }

            fn absent() -> Self {
                Self::default()
            }
        }
    };
}

scalar!(i64, as_i64, "it is no whole number");
scalar!(f64, as_f64, "it is no number");
scalar!(bool, as_bool, "it is neither true nor false");

/// Reads a model with serde.
pub(crate) fn model<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    let map = Json::deserialize(deserializer)?;
    let mut fields = Fields::new(map, Bounds::ANSWER);
    M::read(&mut fields).map_err(|wrong| D::Error::custom(format!("{}: {wrong}", M::NAME)))
}

/// Lets serde read these models.
macro_rules! deserialize {
    ($($model:ident),*) => {
        $(impl<'de> serde::Deserialize<'de> for $model {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::read::model(from)
            }
        })*
    };
}
pub(crate) use deserialize;

/// An enumeration of Asterisk's, which may have grown since.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($variant:ident = $word:literal $(| $other:literal)*,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")] $variant,)*
            /// A word that is not in this list, as Asterisk wrote it; empty if it wrote none.
            Other(String),
        }

        impl $name {
            /// ARI's word for it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word $(| $other)* => Self::$variant,)*
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl crate::read::Field for $name {
            fn read(
                value: serde_json::Value,
                bounds: crate::read::Bounds,
            ) -> Result<Self, crate::read::Wrong> {
                <String as crate::read::Field>::read(value, bounds).map(|word| Self::from(&*word))
            }

            fn absent() -> Self {
                Self::default()
            }
        }

        impl crate::request::Parameter for $name {
            fn value(&self) -> serde_json::Value {
                self.as_str().into()
            }
        }
    };
}
pub(crate) use words;
