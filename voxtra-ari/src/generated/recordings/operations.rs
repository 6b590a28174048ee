//! Operations on recordings, live and stored.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::client::AriClient;
use crate::generated::{LiveRecording, StoredRecording};
use crate::request::{Order, Request};

impl AriClient {
    /// All recordings, for the operations on them. Nothing is sent yet.
    pub fn recordings(&self) -> Recordings {
        Recordings { ari: self.clone() }
    }

    /// A recording that is being made, for the operations on it. Nothing is sent yet.
    pub fn live_recording(&self, recording_name: impl Into<String>) -> LiveRecordingHandle {
        LiveRecordingHandle {
            ari: self.clone(),
            recording_name: recording_name.into(),
        }
    }

    /// A recording on disk, for the operations on it. Nothing is sent yet.
    pub fn stored_recording(&self, recording_name: impl Into<String>) -> StoredRecordingHandle {
        StoredRecordingHandle {
            ari: self.clone(),
            recording_name: recording_name.into(),
        }
    }
}

/// All recordings. From [`AriClient::recordings`].
#[derive(Clone, Debug)]
pub struct Recordings {
    ari: AriClient,
}

impl Recordings {
    /// List recordings that are complete.
    ///
    /// `GET /recordings/stored`.
    pub fn list_stored(&self) -> Order<Vec<StoredRecording>> {
        let request = Request::get("recordings.list_stored", &["recordings", "stored"]);
        self.ari.order(request)
    }
}

/// A recording that is being made. From [`AriClient::live_recording`].
#[derive(Clone, Debug)]
pub struct LiveRecordingHandle {
    ari: AriClient,
    recording_name: String,
}

impl LiveRecordingHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.recording_name
    }

    /// List live recordings.
    ///
    /// `GET /recordings/live/{recordingName}`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    pub fn get(&self) -> Order<LiveRecording> {
        let request = Request::get(
            "live_recording.get",
            &["recordings", "live", &self.recording_name],
        );
        self.ari.order(request)
    }

    /// Stop a live recording and discard it.
    ///
    /// `DELETE /recordings/live/{recordingName}`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    pub fn cancel(&self) -> Order<()> {
        let request = Request::delete(
            "live_recording.cancel",
            &["recordings", "live", &self.recording_name],
        );
        self.ari.order(request)
    }

    /// Stop a live recording and store it.
    ///
    /// `POST /recordings/live/{recordingName}/stop`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    pub fn stop(&self) -> Order<()> {
        let request = Request::post(
            "live_recording.stop",
            &["recordings", "live", &self.recording_name, "stop"],
        );
        self.ari.order(request)
    }

    /// Pause a live recording.
    ///
    /// Pausing a recording suspends silence detection, which will be restarted when the recording
    /// is unpaused. Paused time is not included in the accounting for maxDurationSeconds.
    ///
    /// `POST /recordings/live/{recordingName}/pause`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    /// - 409: Recording not in session.
    pub fn pause(&self) -> Order<()> {
        let request = Request::post(
            "live_recording.pause",
            &["recordings", "live", &self.recording_name, "pause"],
        );
        self.ari.order(request)
    }

    /// Unpause a live recording.
    ///
    /// `DELETE /recordings/live/{recordingName}/pause`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    /// - 409: Recording not in session.
    pub fn unpause(&self) -> Order<()> {
        let request = Request::delete(
            "live_recording.unpause",
            &["recordings", "live", &self.recording_name, "pause"],
        );
        self.ari.order(request)
    }

    /// Mute a live recording.
    ///
    /// Muting a recording suspends silence detection, which will be restarted when the recording is
    /// unmuted.
    ///
    /// `POST /recordings/live/{recordingName}/mute`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    /// - 409: Recording not in session.
    pub fn mute(&self) -> Order<()> {
        let request = Request::post(
            "live_recording.mute",
            &["recordings", "live", &self.recording_name, "mute"],
        );
        self.ari.order(request)
    }

    /// Unmute a live recording.
    ///
    /// `DELETE /recordings/live/{recordingName}/mute`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    /// - 409: Recording not in session.
    pub fn unmute(&self) -> Order<()> {
        let request = Request::delete(
            "live_recording.unmute",
            &["recordings", "live", &self.recording_name, "mute"],
        );
        self.ari.order(request)
    }
}

/// A recording on disk. From [`AriClient::stored_recording`].
#[derive(Clone, Debug)]
pub struct StoredRecordingHandle {
    ari: AriClient,
    recording_name: String,
}

impl StoredRecordingHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.recording_name
    }

    /// Get a stored recording's details.
    ///
    /// `GET /recordings/stored/{recordingName}`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    pub fn get(&self) -> Order<StoredRecording> {
        let request = Request::get(
            "stored_recording.get",
            &["recordings", "stored", &self.recording_name],
        );
        self.ari.order(request)
    }

    /// Delete a stored recording.
    ///
    /// `DELETE /recordings/stored/{recordingName}`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    pub fn delete(&self) -> Order<()> {
        let request = Request::delete(
            "stored_recording.delete",
            &["recordings", "stored", &self.recording_name],
        );
        self.ari.order(request)
    }

    /// Get the file associated with the stored recording.
    ///
    /// `GET /recordings/stored/{recordingName}/file`.
    ///
    /// # Errors
    /// - 403: The recording file could not be opened.
    /// - 404: Recording not found.
    pub fn file(&self) -> Order<Vec<u8>> {
        let request = Request::get(
            "stored_recording.file",
            &["recordings", "stored", &self.recording_name, "file"],
        );
        self.ari.order(request)
    }

    /// Copy a stored recording.
    ///
    /// - `destination_recording_name`: The destination name of the recording.
    ///
    /// `POST /recordings/stored/{recordingName}/copy`.
    ///
    /// # Errors
    /// - 404: Recording not found.
    /// - 409: A recording with the same name already exists on the system.
    pub fn copy(&self, destination_recording_name: &str) -> Order<StoredRecording> {
        let request = Request::post(
            "stored_recording.copy",
            &["recordings", "stored", &self.recording_name, "copy"],
        )
        .set("destinationRecordingName", destination_recording_name);
        self.ari.order(request)
    }
}
