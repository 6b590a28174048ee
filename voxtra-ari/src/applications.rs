//! Our application as Asterisk knows it.

use super::client::Request;
use super::{AriClient, AriError};

impl AriClient {
    /// `GET /applications/{app}`: whether Asterisk knows an application of our name. `false` means
    /// that nobody is connected under it. `true` may also mean that channels of one who left are
    /// still there, or were.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn has_application(&self) -> Result<bool, AriError> {
        match self.order(Request::get(["applications", self.app()])).await {
            Ok(()) => Ok(true),
            // The same status comes while ARI is not loaded yet; only the words differ.
            Err(AriError::NotFound { message, .. })
                if message.to_ascii_lowercase().contains("application") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// `GET /applications/{app}`: the ids of the channels in our application, as far as Asterisk
    /// tells their events.
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

    /// `POST /applications/{app}/subscription`: have our event websocket tell about a channel that
    /// is not in the application, such as one that was originated into the dialplan.
    ///
    /// # Errors
    /// See [`AriClient`]. `NotFound` while no event websocket of this application is connected.
    pub async fn subscribe_channel(&self, channel: &str) -> Result<(), AriError> {
        let request = Request::post(["applications", self.app(), "subscription"]);
        self.order(request.query("eventSource", format!("channel:{channel}")))
            .await
    }

    /// `DELETE /applications/{app}/subscription`: our event websocket is no longer told about
    /// `source`, `channel:ID` or `bridge:ID`. Asterisk counts how often something was subscribed
    /// to, by itself too; all of that ends.
    ///
    /// # Errors
    /// See [`AriClient`]. What is gone, or was not subscribed to, is no error.
    pub async fn unsubscribe(&self, source: &str) -> Result<(), AriError> {
        // Twice is the most that we make of it: Asterisk for each channel in a bridge, and we.
        for _ in 0..8 {
            let request = Request::delete(["applications", self.app(), "subscription"]);
            match self.order(request.query("eventSource", source)).await {
                Ok(()) => {}
                // It is not subscribed to, or gone.
                Err(AriError::Status { status: 422, .. }) => return Ok(()),
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
