//! Operations on Stasis applications.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::client::AriClient;
use crate::generated::Application;
use crate::read::Json;
use crate::request::{Many, Order, Request};

impl AriClient {
    /// All Stasis applications, for the operations on them. Nothing is sent yet.
    pub fn applications(&self) -> Applications {
        Applications { ari: self.clone() }
    }

    /// One Stasis application, for the operations on it. Nothing is sent yet.
    pub fn application(&self, application_name: impl Into<String>) -> ApplicationHandle {
        ApplicationHandle {
            ari: self.clone(),
            application_name: application_name.into(),
        }
    }
}

/// All Stasis applications. From [`AriClient::applications`].
#[derive(Clone, Debug)]
pub struct Applications {
    ari: AriClient,
}

impl Applications {
    /// List all applications.
    ///
    /// `GET /applications`.
    pub fn list(&self) -> Order<Vec<Application>> {
        let request = Request::get("applications.list", &["applications"]);
        self.ari.order(request)
    }
}

/// One Stasis application. From [`AriClient::application`].
#[derive(Clone, Debug)]
pub struct ApplicationHandle {
    ari: AriClient,
    application_name: String,
}

impl ApplicationHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.application_name
    }

    /// Get details of an application.
    ///
    /// `GET /applications/{applicationName}`.
    ///
    /// # Errors
    /// - 404: Application does not exist.
    pub fn get(&self) -> Order<Application> {
        let request = Request::get("application.get", &["applications", &self.application_name]);
        self.ari.order(request)
    }

    /// Subscribe an application to a event source.
    ///
    /// Returns the state of the application after the subscriptions have changed.
    ///
    /// - `event_source`: URI for event source (channel:{channelId}, bridge:{bridgeId},
    ///   endpoint:{tech}\[/{resource}\], deviceState:{deviceName}
    ///
    /// `POST /applications/{applicationName}/subscription`.
    ///
    /// # Errors
    /// - 400: Missing parameter.
    /// - 404: Application does not exist.
    /// - 422: Event source does not exist.
    pub fn subscribe(&self, event_source: impl Many) -> Order<Application> {
        let request = Request::post(
            "application.subscribe",
            &["applications", &self.application_name, "subscription"],
        )
        .several("eventSource", &event_source.many());
        self.ari.order(request)
    }

    /// Unsubscribe an application from an event source.
    ///
    /// Returns the state of the application after the subscriptions have changed.
    ///
    /// Asterisk counts subscriptions, its own too: each request ends one.
    ///
    /// - `event_source`: URI for event source (channel:{channelId}, bridge:{bridgeId},
    ///   endpoint:{tech}\[/{resource}\], deviceState:{deviceName}
    ///
    /// `DELETE /applications/{applicationName}/subscription`.
    ///
    /// # Errors
    /// - 400: Missing parameter; event source scheme not recognized.
    /// - 404: Application does not exist.
    /// - 409: Application not subscribed to event source.
    /// - 422: Event source does not exist.
    pub fn unsubscribe(&self, event_source: impl Many) -> Order<Application> {
        let request = Request::delete(
            "application.unsubscribe",
            &["applications", &self.application_name, "subscription"],
        )
        .several("eventSource", &event_source.many());
        self.ari.order(request)
    }

    /// Filter application events types.
    ///
    /// Allowed and/or disallowed event type filtering can be done. The body (parameter) should
    /// specify a JSON key/value object that describes the type of event filtering needed. One, or
    /// both of the following keys can be designated:
    /// "allowed" - Specifies an allowed list of event types
    /// "disallowed" - Specifies a disallowed list of event types
    /// Further, each of those key's value should be a JSON array that holds zero, or more JSON
    /// key/value objects. Each of these objects must contain the following key with an associated
    /// value:
    /// "type" - The type name of the event to filter
    /// The value must be the string name (case sensitive) of the event type that needs filtering.
    /// For example:
    /// `{ "allowed": [ { "type": "StasisStart" }, { "type": "StasisEnd" } ] }`
    /// As this specifies only an allowed list, then only those two event type messages are sent to
    /// the application. No other event messages are sent.
    /// The following rules apply:
    /// * If the body is empty, both the allowed and disallowed filters are set empty.
    /// * If both list types are given then both are set to their respective values (note,
    ///   specifying an empty array for a given type sets that type to empty).
    /// * If only one list type is given then only that type is set. The other type is not updated.
    /// * An empty "allowed" list means all events are allowed.
    /// * An empty "disallowed" list means no events are disallowed.
    /// * Disallowed events take precedence over allowed events if the event type is specified in
    ///   both lists.
    ///
    /// - `filter`: Specify which event types to allow/disallow.
    ///
    /// `PUT /applications/{applicationName}/eventFilter`.
    ///
    /// # Errors
    /// - 400: Bad request.
    /// - 404: Application does not exist.
    pub fn filter(&self, filter: &Json) -> Order<Application> {
        let request = Request::put(
            "application.filter",
            &["applications", &self.application_name, "eventFilter"],
        )
        .body(filter);
        self.ari.order(request)
    }
}
