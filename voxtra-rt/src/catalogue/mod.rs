//! The events that a program knows, including its own, described for people and for other programs.
//!
//! ```
//! use voxtra_rt::catalogue::Catalogue;
//! use voxtra_rt::core::{event::EventType, voxtra};
//!
//! voxtra! { events { order.placed { items: u8 } } }
//!
//! let mut catalogue = Catalogue::built_in();
//! catalogue.add(&[OrderPlaced::INFO])?;
//! let schema = catalogue.json_schema();
//! assert_eq!(schema["$defs"]["order.placed"]["title"], "OrderPlaced");
//! # Ok::<(), voxtra_rt::catalogue::CatalogueError>(())
//! ```

mod asyncapi;
mod schema;

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use voxtra_core::event::{CATALOGUE, EventInfo, FieldDefault};

/// The events that a program knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    events: Vec<EventInfo>,
}

/// Two events have the same wire name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "two events are called `{wire}`: `{first}` and `{second}`, which differ; whoever reads `{wire}` would be given either"
)]
pub struct CatalogueError {
    /// Their wire name.
    pub wire: &'static str,
    /// The struct of the earlier event.
    pub first: &'static str,
    /// The struct of the later event.
    pub second: &'static str,
}

/// An output format of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// A JSON list with the properties of each event.
    Json,
    /// JSON Schema (draft 2020-12) of one event as JSON.
    Schema,
    /// AsyncAPI 3 of the webhooks.
    AsyncApi,
}

impl Form {
    /// Its name: `text`, `json`, `schema` or `asyncapi`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Schema => "schema",
            Self::AsyncApi => "asyncapi",
        }
    }
}

impl FromStr for Form {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Text, Self::Json, Self::Schema, Self::AsyncApi]
            .into_iter()
            .find(|form| form.name() == name)
            .ok_or("it is `text`, `json`, `schema` or `asyncapi`")
    }
}

impl Catalogue {
    /// The built-in events.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            events: CATALOGUE.to_vec(),
        }
    }

    /// Adds events. Events that the catalogue has already are not added again.
    ///
    /// # Errors
    /// A different event has the name of one of them.
    pub fn add(&mut self, events: &[EventInfo]) -> Result<(), CatalogueError> {
        for event in events {
            match self.find(event.wire) {
                Some(there) if there == event => {}
                Some(there) => {
                    return Err(CatalogueError {
                        wire: event.wire,
                        first: there.name,
                        second: event.name,
                    });
                }
                None => self.events.push(*event),
            }
        }
        Ok(())
    }

    /// The events, the built-in ones first.
    #[must_use]
    pub fn events(&self) -> &[EventInfo] {
        &self.events
    }

    /// The event with this wire name.
    #[must_use]
    pub fn find(&self, wire: &str) -> Option<&EventInfo> {
        self.events.iter().find(|event| event.wire == wire)
    }

    /// The wire name that was most likely meant, if one is close enough.
    #[must_use]
    pub fn nearest(&self, wire: &str) -> Option<&'static str> {
        let known = self.events.iter().map(|event| event.wire);
        known
            .map(|known| (strsim::damerau_levenshtein(wire, known), known))
            .filter(|(distance, _)| *distance <= (wire.len() / 3).max(2))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    }

    /// The catalogue in one of its formats, with a line end at the end.
    #[must_use]
    pub fn written(&self, form: Form) -> String {
        let value = match form {
            Form::Text => return self.to_string(),
            Form::Json => self.list(),
            Form::Schema => self.json_schema(),
            Form::AsyncApi => self.asyncapi(),
        };
        format!("{value:#}\n")
    }

    /// The properties of each event.
    #[must_use]
    pub fn list(&self) -> Value {
        self.events.iter().map(listed).collect()
    }

    /// JSON Schema (draft 2020-12) of an event as JSON: any one of these.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        schema::document(&self.events)
    }

    /// AsyncAPI 3 of the webhooks that send these events.
    #[must_use]
    pub fn asyncapi(&self) -> Value {
        asyncapi::document(&self.events)
    }
}

fn listed(event: &EventInfo) -> Value {
    let fields: Vec<Value> = event
        .fields
        .iter()
        .map(|field| {
            let mut listed = json!({ "name": field.name, "type": field.ty, "doc": field.doc });
            if let Some(default) = schema::default_of(field) {
                listed["default"] = default;
            }
            listed
        })
        .collect();
    json!({ "type": event.wire, "name": event.name, "doc": event.doc, "realtime": event.realtime, "data": fields })
}

/// For people.
impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.events {
            writeln!(f, "{}  {}", event.wire, event.name)?;
            for line in event.doc.lines() {
                writeln!(f, "    {line}")?;
            }
            let width = |of: fn(&str) -> usize, texts: &[&str]| {
                texts.iter().map(|text| of(text)).max().unwrap_or_default()
            };
            let letters = |text: &str| text.chars().count();
            let names: Vec<_> = event.fields.iter().map(|field| field.name).collect();
            let types: Vec<_> = event.fields.iter().map(|field| field.ty).collect();
            let (name_width, type_width) = (width(letters, &names), width(letters, &types));
            for field in event.fields {
                let default = match field.default {
                    FieldDefault::Json(json) => format!(" (default: {json})"),
                    FieldDefault::Computed => " (has a default)".to_owned(),
                    FieldDefault::Required => String::new(),
                };
                let row = format!(
                    "{:name_width$}  {:type_width$}  {}{default}",
                    field.name,
                    field.ty,
                    field.doc.replace('\n', " "),
                );
                writeln!(f, "      {}", row.trim_end())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: EventInfo = EventInfo {
        wire: "order.placed",
        name: "OrderPlaced",
        doc: "",
        realtime: false,
        fields: &[],
    };

    #[test]
    fn an_event_is_added_once_and_its_name_is_its_own() {
        let mut catalogue = Catalogue::built_in();
        assert_eq!(catalogue.add(&[FIRST, FIRST]), Ok(()));
        assert_eq!(catalogue.events().len(), CATALOGUE.len() + 1);
        let second = EventInfo {
            name: "Other",
            ..FIRST
        };
        let error = catalogue.add(&[second]).unwrap_err();
        assert_eq!((error.first, error.second), ("OrderPlaced", "Other"));
    }

    #[test]
    fn the_nearest_name_is_a_likely_one() {
        let catalogue = Catalogue::built_in();
        assert_eq!(catalogue.nearest("call.strated"), Some("call.started"));
        assert_eq!(catalogue.nearest("payment.confirmed"), None);
    }
}
