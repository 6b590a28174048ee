//! Traits of events and sets, and descriptions of them.

use core::fmt::{Debug, Display};

use serde::{Deserializer, Serialize, de::DeserializeOwned};

use super::Schema;

/// A typed event: its data, and its description at compile time.
///
/// [`voxtra!`](crate::voxtra) implements it. `Display` is the event's line in a log, serde its
/// `data` in JSON.
pub trait EventType:
    Clone + Debug + Display + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Its description.
    const INFO: EventInfo;
    /// Its name in JSON, such as `payment.confirmed`.
    const WIRE: &'static str = Self::INFO.wire;
    /// A number that stands for the wire name where one is looked for among many: see [`tag_of`].
    const TAG: u64 = tag_of(Self::WIRE);
}

/// Any one of the events of a set: of the built-in ones ([`BuiltIn`](super::BuiltIn)), or of yours.
///
/// [`voxtra!`](crate::voxtra) implements it for `events Name { … }`. Serde's `Serialize` writes the
/// data alone, for the name stands beside it in JSON.
pub trait EventSet:
    Clone + Debug + Display + PartialEq + Serialize + Send + Sync + 'static
{
    /// The events of the set, in the order of their declaration.
    const EVENTS: &'static [EventInfo];

    /// Which of them this is.
    fn info(&self) -> &'static EventInfo;

    /// Reads the data of the event that has this wire name.
    ///
    /// # Errors
    /// The deserializer's errors, and an error for a name outside of the set.
    fn from_data<'de, D: Deserializer<'de>>(wire: &str, deserializer: D) -> Result<Self, D::Error>;
}

/// The description of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventInfo {
    /// Its name in JSON, such as `call.started`.
    pub wire: &'static str,
    /// The name of its struct, such as `CallStarted`.
    pub name: &'static str,
    /// Its documentation: when it happens.
    pub doc: &'static str,
    /// Whether it is born on the media path.
    pub realtime: bool,
    /// The fields of its data, in order.
    pub fields: &'static [FieldInfo],
}

/// The description of a field of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldInfo {
    /// Its name in JSON and in the struct.
    pub name: &'static str,
    /// Its type: one of Rust, or the values of an enum as in `inbound | outbound`.
    pub ty: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// Its form in JSON.
    pub schema: Schema,
    /// Its value if it is missing.
    pub default: FieldDefault,
}

/// The value of a field that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldDefault {
    /// It may not be missing.
    Required,
    /// This JSON.
    Json(&'static str),
    /// The result of an expression.
    Computed,
}

/// The 64-bit FNV-1a hash of a wire name (offset basis and prime of the Fowler/Noll/Vo
/// specification, RFC 9923).
pub const fn tag_of(wire: &str) -> u64 {
    let mut bytes = wire.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    while let [byte, rest @ ..] = bytes {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        bytes = rest;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::tag_of;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors published with the algorithm.
        assert_eq!(tag_of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(tag_of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(tag_of("foobar"), 0x8594_4171_f739_67e8);
    }
}
