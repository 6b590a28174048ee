//! Orders about bridges, and about sounds played to channels and bridges.

use serde_json::json;

use super::client::Request;
use super::{AriClient, AriError, Bridge, Playback};

impl AriClient {
    /// `POST /bridges`: creates a bridge with an id of our choice.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn create_bridge(&self, bridge: &str, kind: BridgeKind) -> Result<Bridge, AriError> {
        self.send(
            Request::post(["bridges"]).body(json!({ "bridgeId": bridge, "type": kind.as_str() })),
        )
        .await
    }

    /// `POST /bridges/{id}/addChannel`: puts channels into a bridge. They must be in our
    /// application.
    ///
    /// # Errors
    /// See [`AriClient`]. `Conflict` (409) or `Status` 422 for a channel that has not entered
    /// Stasis yet.
    pub async fn add_to_bridge(&self, bridge: &str, channels: &[&str]) -> Result<(), AriError> {
        let request = Request::post(["bridges", bridge, "addChannel"]);
        self.order(request.query("channel", channels.join(",")))
            .await
    }

    /// `POST /bridges/{id}/removeChannel`: takes channels out of a bridge; they stay in our
    /// application.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn remove_from_bridge(
        &self,
        bridge: &str,
        channels: &[&str],
    ) -> Result<(), AriError> {
        let request = Request::post(["bridges", bridge, "removeChannel"]);
        self.order(request.query("channel", channels.join(",")))
            .await
    }

    /// `DELETE /bridges/{id}`. The channels in it stay up, on their own.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn destroy_bridge(&self, bridge: &str) -> Result<(), AriError> {
        self.order(Request::delete(["bridges", bridge])).await
    }

    /// `GET /bridges`.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn bridges(&self) -> Result<Vec<Bridge>, AriError> {
        self.send(Request::get(["bridges"]).list()).await
    }

    /// `POST /channels/{id}/play`: plays `media` (`sound:hello-world`, `digits:123`, `tone:ring` …)
    /// to a channel. The playback gets the id `playback`, which its events carry.
    ///
    /// # Errors
    /// See [`AriClient`]. A sound that does not exist is accepted here and reported by
    /// `PlaybackFinished`.
    pub async fn play(
        &self,
        channel: &str,
        media: &str,
        playback: &str,
    ) -> Result<Playback, AriError> {
        let request = Request::post(["channels", channel, "play"]);
        self.send(request.query("media", media).query("playbackId", playback))
            .await
    }

    /// `DELETE /playbacks/{id}`: stops a playback.
    ///
    /// # Errors
    /// See [`AriClient`]; `NotFound` if it is over already.
    pub async fn stop_playback(&self, playback: &str) -> Result<(), AriError> {
        self.order(Request::delete(["playbacks", playback])).await
    }
}

/// What a bridge does with its channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BridgeKind {
    /// Everybody hears everybody. Asterisk passes frames straight through between two channels and
    /// mixes three.
    #[default]
    Mixing,
    /// Everybody hears music.
    Holding,
}

impl BridgeKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mixing => "mixing",
            Self::Holding => "holding",
        }
    }
}
