//! Models of playbacks.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// Object representing the playback of media to a channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Playback {
    /// ID for this playback operation.
    pub id: String,
    /// The URI for the media currently being played back.
    pub media_uri: String,
    /// If a list of URIs is being played, the next media URI to be played back.
    pub next_media_uri: Option<String>,
    /// URI for the channel or bridge to play the media on.
    pub target_uri: String,
    /// For media types that support multiple languages, the language requested for playback.
    pub language: Option<String>,
    /// Current state of the playback operation.
    pub state: PlaybackState,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Playback {
    const NAME: &'static str = "Playback";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            id: fields.required("id")?,
            media_uri: fields.take("media_uri")?,
            next_media_uri: fields.take("next_media_uri")?,
            target_uri: fields.take("target_uri")?,
            language: fields.take("language")?,
            state: fields.take("state")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Playback);

words! {
    /// What can be [`Playback::state`].
    PlaybackState {
        Queued = "queued",
        Playing = "playing",
        Continuing = "continuing",
        Done = "done",
        Failed = "failed",
    }
}

words! {
    /// What can be `operation` of
    /// [`PlaybackHandle::control`](crate::playbacks::PlaybackHandle::control).
    PlaybackOperation {
        Restart = "restart",
        Pause = "pause",
        Unpause = "unpause",
        Reverse = "reverse",
        Forward = "forward",
    }
}
