//! Operations on endpoints.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::{
    EndpointReferOptions, EndpointSendMessageOptions, ReferOptions, SendMessageOptions,
};
use crate::client::AriClient;
use crate::generated::Endpoint;
use crate::request::{Order, Request};

impl AriClient {
    /// All endpoints, for the operations on them. Nothing is sent yet.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints { ari: self.clone() }
    }

    /// One endpoint, for the operations on it. Nothing is sent yet.
    pub fn endpoint(&self, tech: impl Into<String>, resource: impl Into<String>) -> EndpointHandle {
        EndpointHandle {
            ari: self.clone(),
            tech: tech.into(),
            resource: resource.into(),
        }
    }
}

/// All endpoints. From [`AriClient::endpoints`].
#[derive(Clone, Debug)]
pub struct Endpoints {
    ari: AriClient,
}

impl Endpoints {
    /// List all endpoints.
    ///
    /// `GET /endpoints`.
    pub fn list(&self) -> Order<Vec<Endpoint>> {
        let request = Request::get("endpoints.list", &["endpoints"]);
        self.ari.order(request)
    }

    /// Send a message to some technology URI or endpoint.
    ///
    /// - `to`: The endpoint resource or technology specific URI to send the message to. Valid
    ///   resources are pjsip, and xmpp.
    /// - `from`: The endpoint resource or technology specific identity to send this message from.
    ///   Valid resources are pjsip, and xmpp.
    ///
    /// `PUT /endpoints/sendMessage`.
    ///
    /// # Errors
    /// - 400: Invalid parameters for sending a message.
    /// - 404: Endpoint not found.
    pub fn send_message(&self, to: &str, from: &str, options: &SendMessageOptions) -> Order<()> {
        let request = Request::put("endpoints.send_message", &["endpoints", "sendMessage"])
            .set("to", to)
            .set("from", from)
            .option("body", &options.body)
            .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// Refer an endpoint or technology URI to some technology URI or endpoint.
    ///
    /// - `to`: The endpoint resource or technology specific URI that should be referred to
    ///   somewhere. Valid resource is pjsip.
    /// - `from`: The endpoint resource or technology specific identity to refer from.
    /// - `refer_to`: The endpoint resource or technology specific URI to refer to.
    ///
    /// `POST /endpoints/refer`, since Asterisk 18.20.0, 20.5.0.
    ///
    /// # Errors
    /// - 400: Invalid parameters for referring.
    /// - 404: Endpoint not found.
    pub fn refer(&self, to: &str, from: &str, refer_to: &str, options: &ReferOptions) -> Order<()> {
        let request = Request::post("endpoints.refer", &["endpoints", "refer"])
            .set("to", to)
            .set("from", from)
            .set("refer_to", refer_to)
            .option("to_self", &options.to_self)
            .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// List available endoints for a given endpoint technology.
    ///
    /// - `tech`: Technology of the endpoints (pjsip,iax2,...).
    ///
    /// `GET /endpoints/{tech}`.
    ///
    /// # Errors
    /// - 404: Endpoints not found.
    pub fn list_by_tech(&self, tech: &str) -> Order<Vec<Endpoint>> {
        let request = Request::get("endpoints.list_by_tech", &["endpoints", tech]);
        self.ari.order(request)
    }
}

/// One endpoint. From [`AriClient::endpoint`].
#[derive(Clone, Debug)]
pub struct EndpointHandle {
    ari: AriClient,
    tech: String,
    resource: String,
}

impl EndpointHandle {
    /// Details for an endpoint.
    ///
    /// `GET /endpoints/{tech}/{resource}`.
    ///
    /// # Errors
    /// - 400: Invalid parameters for sending a message.
    /// - 404: Endpoints not found.
    pub fn get(&self) -> Order<Endpoint> {
        let request = Request::get("endpoint.get", &["endpoints", &self.tech, &self.resource]);
        self.ari.order(request)
    }

    /// Send a message to some endpoint in a technology.
    ///
    /// - `from`: The endpoint resource or technology specific identity to send this message from.
    ///   Valid resources are pjsip and xmpp.
    ///
    /// `PUT /endpoints/{tech}/{resource}/sendMessage`.
    ///
    /// # Errors
    /// - 400: Invalid parameters for sending a message.
    /// - 404: Endpoint not found.
    pub fn send_message(&self, from: &str, options: &EndpointSendMessageOptions) -> Order<()> {
        let request = Request::put(
            "endpoint.send_message",
            &["endpoints", &self.tech, &self.resource, "sendMessage"],
        )
        .set("from", from)
        .option("body", &options.body)
        .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// Refer an endpoint or technology URI to some technology URI or endpoint.
    ///
    /// - `from`: The endpoint resource or technology specific identity to refer from.
    /// - `refer_to`: The endpoint resource or technology specific URI to refer to.
    ///
    /// `POST /endpoints/{tech}/{resource}/refer`, since Asterisk 18.20.0, 20.5.0.
    ///
    /// # Errors
    /// - 400: Invalid parameters for referring.
    /// - 404: Endpoint not found.
    pub fn refer(&self, from: &str, refer_to: &str, options: &EndpointReferOptions) -> Order<()> {
        let request = Request::post(
            "endpoint.refer",
            &["endpoints", &self.tech, &self.resource, "refer"],
        )
        .set("from", from)
        .set("refer_to", refer_to)
        .option("to_self", &options.to_self)
        .object("variables", &options.variables);
        self.ari.order(request)
    }
}
