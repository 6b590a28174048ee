//! Our application as Asterisk knows it.

use super::client::Request;
use super::{AriClient, AriError};

impl AriClient {
    /// `GET /applications/{app}`: whether Asterisk knows an application of our name. `false` means
    /// that no client is connected under it. `true` may also mean that channels of a former client
    /// are still there, or were.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn has_application(&self) -> Result<bool, AriError> {
        match self.order(Request::get(["applications", self.app()])).await {
            Ok(()) => Ok(true),
            // The status is the same while ARI is not loaded yet; only the message differs.
            Err(AriError::NotFound { message, .. })
                if message.to_ascii_lowercase().contains("application") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// `GET /applications/{app}`: the ids of the channels in our application, as far as Asterisk
    /// sends their events.
    ///
    /// # Errors
    /// See [`AriClient`]. `NotFound` while Asterisk doesn't know the application.
    pub async fn application_channels(&self) -> Result<Vec<String>, AriError> {
        #[derive(serde::Deserialize)]
        struct Application {
            #[serde(default)]
            channel_ids: Vec<String>,
        }
        let application: Application = self
            .send(Request::get(["applications", self.app()]).list())
            .await?;
        Ok(application.channel_ids)
    }

    /// `POST /applications/{app}/subscription`: subscribes our event websocket to a channel that is
    /// not in the application, such as one that was originated into the dialplan.
    ///
    /// # Errors
    /// See [`AriClient`]. `NotFound` while no event websocket of this application is connected.
    pub async fn subscribe_channel(&self, channel: &str) -> Result<(), AriError> {
        let request = Request::post(["applications", self.app(), "subscription"]);
        self.order(request.query("eventSource", format!("channel:{channel}")))
            .await
    }

    /// `DELETE /applications/{app}/subscription`: ends the subscription of our event websocket to
    /// `source`, `channel:ID` or `bridge:ID`. Asterisk counts subscriptions, including those that
    /// it makes itself; all of them end.
    ///
    /// # Errors
    /// See [`AriClient`]. It is not an error if `source` is gone, or was not subscribed to.
    pub async fn unsubscribe(&self, source: &str) -> Result<(), AriError> {
        // We cause two at most: Asterisk's for each channel in a bridge, and ours.
        for _ in 0..8 {
            let request = Request::delete(["applications", self.app(), "subscription"]);
            match self.order(request.query("eventSource", source)).await {
                Ok(()) => {}
                // The source is not subscribed to, or gone.
                Err(AriError::Status { status: 422, .. }) => return Ok(()),
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
