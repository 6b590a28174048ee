//! Options of the operations on Asterisk itself: modules, logs, configuration, global variables.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::generated::InfoPart;

/// Options of [`Asterisk::update_object`](super::Asterisk::update_object).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateObjectOptions {
    /// The body object should have a value that is a list of ConfigTuples, which provide the fields
    /// to update. Ex. `[ { "attribute": "directmedia", "value": "false" } ]`.
    pub fields: Vec<(String, String)>,
}

impl UpdateObjectOptions {
    /// Adds one of [`fields`](Self::fields).
    #[must_use]
    pub fn field(mut self, attribute: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((attribute.into(), value.into()));
        self
    }
}

/// Options of [`Asterisk::info`](super::Asterisk::info).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InfoOptions {
    /// Filter information returned.
    pub only: Vec<InfoPart>,
}

impl InfoOptions {
    /// Sets [`only`](Self::only).
    #[must_use]
    pub fn only(mut self, only: impl IntoIterator<Item = InfoPart>) -> Self {
        self.only = only.into_iter().collect();
        self
    }
}
