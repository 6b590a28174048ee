//! Methods and traits that are the same for all built-in events.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{BuiltIn, CATALOGUE, EventInfo, EventKind, EventSet};

// A constant would be copied wherever it is indexed.
static INFOS: [EventInfo; EventKind::ALL.len()] = CATALOGUE;

impl EventKind {
    /// The description of the event.
    pub fn info(self) -> &'static EventInfo {
        // Both are generated from the same list, in the same order.
        &INFOS[self as usize]
    }

    /// Whether the event is born on the media path, and so can be a [`Realtime`](super::Realtime).
    pub fn is_realtime(self) -> bool {
        self.info().realtime
    }
}

impl EventSet for BuiltIn {
    const EVENTS: &'static [EventInfo] = &INFOS;

    fn info(&self) -> &'static EventInfo {
        self.kind().info()
    }

    fn from_data<'de, D: Deserializer<'de>>(wire: &str, deserializer: D) -> Result<Self, D::Error> {
        let unknown = || de::Error::custom(format_args!("`{wire}` is no built-in event"));
        Self::deserialize_data(
            EventKind::from_wire(wire).ok_or_else(unknown)?,
            deserializer,
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.wire())
    }
}

/// As the wire name.
impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.wire())
    }
}

/// From the wire name.
impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wire;

        impl de::Visitor<'_> for Wire {
            type Value = EventKind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the wire name of a built-in event")
            }

            fn visit_str<E: de::Error>(self, wire: &str) -> Result<EventKind, E> {
                EventKind::from_wire(wire)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(wire), &self))
            }
        }

        deserializer.deserialize_str(Wire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_wire_name_and_nothing_else_is() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_wire(kind.wire()), Some(kind));
            assert_eq!(kind.info().wire, kind.wire());
        }
        for wire in ["", "call", "call.Started", "call.started ", "CallStarted"] {
            assert_eq!(EventKind::from_wire(wire), None, "{wire}");
        }
    }
}
