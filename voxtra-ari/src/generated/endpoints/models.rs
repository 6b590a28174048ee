//! Models of endpoints.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// An external device that may offer/accept calls to/from Asterisk.
/// Unlike most resources, which have a single unique identifier, an endpoint is uniquely identified
/// by the technology/resource pair.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Endpoint {
    /// Technology of the endpoint.
    pub technology: String,
    /// Identifier of the endpoint, specific to the given technology.
    pub resource: String,
    /// Endpoint's state.
    pub state: Option<EndpointState>,
    /// Id's of channels associated with this endpoint.
    pub channel_ids: Vec<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Endpoint {
    const NAME: &'static str = "Endpoint";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            technology: fields.take("technology")?,
            resource: fields.take("resource")?,
            state: fields.take("state")?,
            channel_ids: fields.take("channel_ids")?,
            other: fields.rest(),
        })
    }
}

/// A text message.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TextMessage {
    /// A technology specific URI specifying the source of the message. For pjsip technology, any
    /// SIP URI can be specified. For xmpp, the URI must correspond to the client connection being
    /// used to send the message.
    pub from: String,
    /// A technology specific URI specifying the destination of the message. Valid technologies
    /// include pjsip, and xmp. The destination of a message should be an endpoint.
    pub to: String,
    /// The text of the message.
    pub body: String,
    /// Technology specific key/value pairs (JSON object) associated with the message.
    pub variables: Option<Json>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for TextMessage {
    const NAME: &'static str = "TextMessage";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            from: fields.take("from")?,
            to: fields.take("to")?,
            body: fields.value("body")?,
            variables: fields.take("variables")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Endpoint, TextMessage);

words! {
    /// What can be [`Endpoint::state`].
    EndpointState {
        Unknown = "unknown",
        Offline = "offline",
        Online = "online",
    }
}
