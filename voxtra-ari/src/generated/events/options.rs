//! Options of the operations on user events and claims.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::Json;
use crate::request::Many;
use serde_json::Value;

/// Options of [`Events::user_event`](super::Events::user_event).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UserEventOptions {
    /// URI for event source (channel:{channelId}, bridge:{bridgeId}, endpoint:{tech}/{resource},
    /// deviceState:{deviceName}
    pub source: Vec<String>,
    /// The "variables" key in the body object holds custom key/value pairs to add to the user
    /// event. Ex. `{ "variables": { "key": "value" } }`.
    pub variables: Json,
}

impl UserEventOptions {
    /// Sets [`source`](Self::source).
    #[must_use]
    pub fn source(mut self, source: impl Many) -> Self {
        self.source = source.many();
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}
