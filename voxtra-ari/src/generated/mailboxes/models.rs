//! Models of mailboxes.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize};

/// Represents the state of a mailbox.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Mailbox {
    /// Name of the mailbox.
    pub name: String,
    /// Count of old messages in the mailbox.
    pub old_messages: i64,
    /// Count of new messages in the mailbox.
    pub new_messages: i64,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Mailbox {
    const NAME: &'static str = "Mailbox";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            old_messages: fields.take("old_messages")?,
            new_messages: fields.take("new_messages")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Mailbox);
