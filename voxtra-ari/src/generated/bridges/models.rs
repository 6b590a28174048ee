//! Models of bridges.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// The merging of media from one or more channels.
/// Everyone on the bridge receives the same audio.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Bridge {
    /// Unique identifier for this bridge.
    pub id: String,
    /// Name of the current bridging technology.
    pub technology: String,
    /// Type of bridge technology.
    pub bridge_type: BridgeType,
    /// Bridging class.
    pub bridge_class: String,
    /// Entity that created the bridge.
    pub creator: String,
    /// Name the creator gave the bridge.
    pub name: String,
    /// Ids of channels participating in this bridge.
    pub channels: Vec<String>,
    /// The video mode the bridge is using. One of 'none', 'talker', 'sfu', or 'single'.
    pub video_mode: Option<String>,
    /// The ID of the channel that is the source of video in this bridge, if one exists.
    pub video_source_id: Option<String>,
    /// Timestamp when bridge was created. As in `2026-05-04T08:31:21.512+0000`.
    pub creationtime: String,
    /// Bridge variables.
    pub bridgevars: Option<Json>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Bridge {
    const NAME: &'static str = "Bridge";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            id: fields.required("id")?,
            technology: fields.take("technology")?,
            bridge_type: fields.take("bridge_type")?,
            bridge_class: fields.take("bridge_class")?,
            creator: fields.take("creator")?,
            name: fields.take("name")?,
            channels: fields.take("channels")?,
            video_mode: fields.take("video_mode")?,
            video_source_id: fields.take("video_source_id")?,
            creationtime: fields.take("creationtime")?,
            bridgevars: fields.take("bridgevars")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Bridge);

words! {
    /// What can be [`Bridge::bridge_type`].
    BridgeType {
        Mixing = "mixing",
        Holding = "holding",
    }
}
