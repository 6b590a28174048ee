//! Models of Stasis applications.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize};

/// Details of a Stasis application.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Application {
    /// Name of this application.
    pub name: String,
    /// Id's for channels subscribed to.
    pub channel_ids: Vec<String>,
    /// Id's for bridges subscribed to.
    pub bridge_ids: Vec<String>,
    /// {tech}/{resource} for endpoints subscribed to.
    pub endpoint_ids: Vec<String>,
    /// Names of the devices subscribed to.
    pub device_names: Vec<String>,
    /// Event types sent to the application.
    pub events_allowed: Vec<Json>,
    /// Event types not sent to the application.
    pub events_disallowed: Vec<Json>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Application {
    const NAME: &'static str = "Application";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            channel_ids: fields.take("channel_ids")?,
            bridge_ids: fields.take("bridge_ids")?,
            endpoint_ids: fields.take("endpoint_ids")?,
            device_names: fields.take("device_names")?,
            events_allowed: fields.take("events_allowed")?,
            events_disallowed: fields.take("events_disallowed")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Application);
