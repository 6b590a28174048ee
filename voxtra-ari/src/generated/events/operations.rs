//! Operations on user events and claims.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::UserEventOptions;
use crate::client::AriClient;
use crate::request::{Order, Request};

impl AriClient {
    /// User events and claims, for the operations on them. Nothing is sent yet.
    pub fn events(&self) -> Events {
        Events { ari: self.clone() }
    }
}

/// User events and claims. From [`AriClient::events`].
#[derive(Clone, Debug)]
pub struct Events {
    ari: AriClient,
}

impl Events {
    /// Generate a user event.
    ///
    /// - `event_name`: Event name.
    /// - `application`: The name of the application that will receive this event.
    ///
    /// `POST /events/user/{eventName}`.
    ///
    /// # Errors
    /// - 404: Application does not exist.
    /// - 422: Event source not found.
    /// - 400: Invalid even tsource URI or userevent data.
    pub fn user_event(
        &self,
        event_name: &str,
        application: &str,
        options: &UserEventOptions,
    ) -> Order<()> {
        let request = Request::post("events.user_event", &["events", "user", event_name])
            .set("application", application)
            .several("source", &options.source)
            .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// Claim a broadcast channel for this application.
    ///
    /// Atomically claims a channel that is in broadcast state. Only the first claim succeeds.
    ///
    /// - `channel_id`: The ID of the channel to claim.
    /// - `application`: The name of the application claiming the channel.
    ///
    /// `POST /events/claim`, since Asterisk 20.17.0, 22.7.0, 23.1.0.
    ///
    /// # Errors
    /// - 404: Channel not found or not in broadcast state.
    /// - 409: Channel has already been claimed by another application.
    pub fn claim_channel(&self, channel_id: &str, application: &str) -> Order<()> {
        let request = Request::post("events.claim_channel", &["events", "claim"])
            .set("channelId", channel_id)
            .set("application", application);
        self.ari.order(request)
    }
}
