//! Models of recordings, live and stored.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// A past recording that may be played back.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoredRecording {
    /// `name`.
    pub name: String,
    /// `format`.
    pub format: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for StoredRecording {
    const NAME: &'static str = "StoredRecording";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            format: fields.take("format")?,
            other: fields.rest(),
        })
    }
}

/// A recording that is in progress.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LiveRecording {
    /// Base name for the recording.
    pub name: String,
    /// Recording format (wav, gsm, etc.).
    pub format: String,
    /// URI for the channel or bridge being recorded.
    pub target_uri: String,
    /// `state`.
    pub state: RecordingState,
    /// Duration in seconds of the recording.
    pub duration: Option<i64>,
    /// Duration of talking, in seconds, detected in the recording. This is only available if the
    /// recording was initiated with a non-zero maxSilenceSeconds.
    pub talking_duration: Option<i64>,
    /// Duration of silence, in seconds, detected in the recording. This is only available if the
    /// recording was initiated with a non-zero maxSilenceSeconds.
    pub silence_duration: Option<i64>,
    /// Cause for recording failure if failed.
    pub cause: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for LiveRecording {
    const NAME: &'static str = "LiveRecording";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            format: fields.take("format")?,
            target_uri: fields.take("target_uri")?,
            state: fields.take("state")?,
            duration: fields.take("duration")?,
            talking_duration: fields.take("talking_duration")?,
            silence_duration: fields.take("silence_duration")?,
            cause: fields.take("cause")?,
            other: fields.rest(),
        })
    }
}

deserialize!(StoredRecording, LiveRecording);

words! {
    /// What can be [`LiveRecording::state`].
    RecordingState {
        Queued = "queued",
        Recording = "recording",
        Paused = "paused",
        Done = "done",
        Failed = "failed",
        Canceled = "canceled",
    }
}
