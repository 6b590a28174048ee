//! Models of user events and claims.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::generated::{Bridge, Channel};
use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// Detailed information about a contact on an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ContactInfo {
    /// The location of the contact.
    pub uri: String,
    /// The current status of the contact.
    pub contact_status: ContactStatus,
    /// The Address of Record this contact belongs to.
    pub aor: String,
    /// Current round trip time, in microseconds, for the contact.
    pub roundtrip_usec: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ContactInfo {
    const NAME: &'static str = "ContactInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            uri: fields.take("uri")?,
            contact_status: fields.take("contact_status")?,
            aor: fields.take("aor")?,
            roundtrip_usec: fields.take("roundtrip_usec")?,
            other: fields.rest(),
        })
    }
}

/// Detailed information about a remote peer that communicates with Asterisk.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Peer {
    /// The current state of the peer. Note that the values of the status are dependent on the
    /// underlying peer technology.
    pub peer_status: String,
    /// An optional reason associated with the change in peer_status.
    pub cause: Option<String>,
    /// The IP address of the peer.
    pub address: Option<String>,
    /// The port of the peer.
    pub port: Option<String>,
    /// The last known time the peer was contacted.
    pub time: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Peer {
    const NAME: &'static str = "Peer";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            peer_status: fields.take("peer_status")?,
            cause: fields.take("cause")?,
            address: fields.take("address")?,
            port: fields.take("port")?,
            time: fields.take("time")?,
            other: fields.rest(),
        })
    }
}

/// transfer destination requested by transferee.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReferTo {
    /// `requested_destination`.
    pub requested_destination: RequiredDestination,
    /// The Channel Object, that is to be replaced.
    pub destination_channel: Option<Channel>,
    /// Channel, connected to the to be replaced channel.
    pub connected_channel: Option<Channel>,
    /// Bridge connecting both destination channels.
    pub bridge: Option<Bridge>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ReferTo {
    const NAME: &'static str = "ReferTo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            requested_destination: fields.take("requested_destination")?,
            destination_channel: fields.take("destination_channel")?,
            connected_channel: fields.take("connected_channel")?,
            bridge: fields.take("bridge")?,
            other: fields.rest(),
        })
    }
}

/// transfer destination requested by transferee.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReferredBy {
    /// The channel on which the refer was received.
    pub source_channel: Channel,
    /// Channel, Connected to the channel, receiving the transfer request on.
    pub connected_channel: Option<Channel>,
    /// Bridge connecting both Channels.
    pub bridge: Option<Bridge>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ReferredBy {
    const NAME: &'static str = "ReferredBy";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            source_channel: fields.required("source_channel")?,
            connected_channel: fields.take("connected_channel")?,
            bridge: fields.take("bridge")?,
            other: fields.rest(),
        })
    }
}

/// Information about the requested destination.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RequiredDestination {
    /// the requested protocol-id by the referee in case of SIP channel, this is a SIP Call ID,
    /// Mutually exclusive to destination.
    pub protocol_id: Option<String>,
    /// Destination User Part. Only for Blind transfer. Mutually exclusive to protocol_id.
    pub destination: Option<String>,
    /// List of additional protocol specific information.
    pub additional_protocol_params: Option<Vec<AdditionalParam>>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RequiredDestination {
    const NAME: &'static str = "RequiredDestination";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            protocol_id: fields.take("protocol_id")?,
            destination: fields.take("destination")?,
            additional_protocol_params: fields.take("additional_protocol_params")?,
            other: fields.rest(),
        })
    }
}

/// Protocol specific additional parameter.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AdditionalParam {
    /// Name of the parameter.
    pub parameter_name: String,
    /// Value of the parameter.
    pub parameter_value: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for AdditionalParam {
    const NAME: &'static str = "AdditionalParam";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            parameter_name: fields.take("parameter_name")?,
            parameter_value: fields.take("parameter_value")?,
            other: fields.rest(),
        })
    }
}

/// REST over Websocket header.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RestHeader {
    /// Header name.
    pub name: String,
    /// Header value.
    pub value: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RestHeader {
    const NAME: &'static str = "RESTHeader";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            value: fields.take("value")?,
            other: fields.rest(),
        })
    }
}

/// REST over Websocket Query String Parameter.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RestQueryStringParameter {
    /// Parameter name.
    pub name: String,
    /// Parameter value.
    pub value: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RestQueryStringParameter {
    const NAME: &'static str = "RESTQueryStringParameter";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            value: fields.take("value")?,
            other: fields.rest(),
        })
    }
}

/// REST over Websocket Request.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RestRequest {
    /// Message type. Must be 'RESTRequest'.
    pub kind: String,
    /// Opaque transaction id. Can be any valid string. Will be returned in any response to this
    /// request.
    pub transaction_id: String,
    /// Opaque request id. Can be any valid string. Will be returned in any response to this
    /// request.
    pub request_id: String,
    /// HTTP method (GET, PUT, POST, DELETE, etc.).
    pub method: String,
    /// Resource URI with optional query string parameters.
    pub uri: String,
    /// The Content-Type of the message body.
    pub content_type: Option<String>,
    /// Request query string parameters.
    pub query_strings: Option<Vec<RestQueryStringParameter>>,
    /// Request message body. Only content types application/json and
    /// application/x-www-form-urlencoded are supported.
    pub message_body: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RestRequest {
    const NAME: &'static str = "RESTRequest";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            kind: fields.take("type")?,
            transaction_id: fields.take("transaction_id")?,
            request_id: fields.take("request_id")?,
            method: fields.take("method")?,
            uri: fields.take("uri")?,
            content_type: fields.take("content_type")?,
            query_strings: fields.take("query_strings")?,
            message_body: fields.optional_value("message_body")?,
            other: fields.rest(),
        })
    }
}

deserialize!(
    ContactInfo,
    Peer,
    ReferTo,
    ReferredBy,
    RequiredDestination,
    AdditionalParam,
    RestHeader,
    RestQueryStringParameter,
    RestRequest
);

words! {
    /// What can be [`ContactInfo::contact_status`].
    ContactStatus {
        Unreachable = "Unreachable",
        Reachable = "Reachable",
        Unknown = "Unknown",
        NonQualified = "NonQualified",
        Removed = "Removed",
    }
}
