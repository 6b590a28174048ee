//! Options of the operations on endpoints.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::Json;
use serde_json::Value;

/// Options of [`Endpoints::send_message`](super::Endpoints::send_message).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SendMessageOptions {
    /// The body of the message.
    pub body: Option<String>,
    /// `variables`.
    pub variables: Json,
}

impl SendMessageOptions {
    /// Sets [`body`](Self::body).
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`Endpoints::refer`](super::Endpoints::refer).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReferOptions {
    /// If true and "refer_to" refers to an Asterisk endpoint, the "refer_to" value is set to point
    /// to this Asterisk endpoint - so the referee is referred to Asterisk. Otherwise, use the
    /// contact URI associated with the endpoint.
    pub to_self: Option<bool>,
    /// The "variables" key in the body object holds technology specific key/value pairs to append
    /// to the message. These can be interpreted and used by the various resource types; for
    /// example, the pjsip resource type will add the key/value pairs as SIP headers. The
    /// "display_name" key is used by the PJSIP technology. Its value will be prepended as a display
    /// name to the Refer-To URI.
    pub variables: Json,
}

impl ReferOptions {
    /// Sets [`to_self`](Self::to_self).
    #[must_use]
    pub fn to_self(mut self, to_self: bool) -> Self {
        self.to_self = Some(to_self);
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`EndpointHandle::send_message`](super::EndpointHandle::send_message).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EndpointSendMessageOptions {
    /// The body of the message.
    pub body: Option<String>,
    /// `variables`.
    pub variables: Json,
}

impl EndpointSendMessageOptions {
    /// Sets [`body`](Self::body).
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`EndpointHandle::refer`](super::EndpointHandle::refer).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EndpointReferOptions {
    /// If true and "refer_to" refers to an Asterisk endpoint, the "refer_to" value is set to point
    /// to this Asterisk endpoint - so the referee is referred to Asterisk. Otherwise, use the
    /// contact URI associated with the endpoint.
    pub to_self: Option<bool>,
    /// The "variables" key in the body object holds technology specific key/value pairs to append
    /// to the message. These can be interpreted and used by the various resource types; for
    /// example, the pjsip resource type will add the key/value pairs as SIP headers,
    pub variables: Json,
}

impl EndpointReferOptions {
    /// Sets [`to_self`](Self::to_self).
    #[must_use]
    pub fn to_self(mut self, to_self: bool) -> Self {
        self.to_self = Some(to_self);
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}
