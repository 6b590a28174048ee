//! Operations on playbacks.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::client::AriClient;
use crate::generated::{Playback, PlaybackOperation};
use crate::request::{Order, Request};

impl AriClient {
    /// One playback, for the operations on it. Nothing is sent yet.
    pub fn playback(&self, playback_id: impl Into<String>) -> PlaybackHandle {
        PlaybackHandle {
            ari: self.clone(),
            playback_id: playback_id.into(),
        }
    }
}

/// One playback. From [`AriClient::playback`].
#[derive(Clone, Debug)]
pub struct PlaybackHandle {
    ari: AriClient,
    playback_id: String,
}

impl PlaybackHandle {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.playback_id
    }

    /// Get a playback's details.
    ///
    /// `GET /playbacks/{playbackId}`.
    ///
    /// # Errors
    /// - 404: The playback cannot be found.
    pub fn get(&self) -> Order<Playback> {
        let request = Request::get("playback.get", &["playbacks", &self.playback_id]);
        self.ari.order(request)
    }

    /// Stop a playback.
    ///
    /// `DELETE /playbacks/{playbackId}`.
    ///
    /// # Errors
    /// - 404: The playback cannot be found.
    pub fn stop(&self) -> Order<()> {
        let request = Request::delete("playback.stop", &["playbacks", &self.playback_id]);
        self.ari.order(request)
    }

    /// Control a playback.
    ///
    /// - `operation`: Operation to perform on the playback.
    ///
    /// `POST /playbacks/{playbackId}/control`.
    ///
    /// # Errors
    /// - 400: The provided operation parameter was invalid.
    /// - 404: The playback cannot be found.
    /// - 409: The operation cannot be performed in the playback's current state.
    pub fn control(&self, operation: PlaybackOperation) -> Order<()> {
        let request = Request::post(
            "playback.control",
            &["playbacks", &self.playback_id, "control"],
        )
        .set("operation", &operation);
        self.ari.order(request)
    }
}
