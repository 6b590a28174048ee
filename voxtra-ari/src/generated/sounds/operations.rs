//! Operations on sounds.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::ListOptions;
use crate::client::AriClient;
use crate::generated::Sound;
use crate::request::{Order, Request};

impl AriClient {
    /// All sounds, for the operations on them. Nothing is sent yet.
    pub fn sounds(&self) -> Sounds {
        Sounds { ari: self.clone() }
    }

    /// One sound, for the operations on it. Nothing is sent yet.
    pub fn sound(&self, sound_id: impl Into<String>) -> SoundHandle {
        SoundHandle {
            ari: self.clone(),
            sound_id: sound_id.into(),
        }
    }
}

/// All sounds. From [`AriClient::sounds`].
#[derive(Clone, Debug)]
pub struct Sounds {
    ari: AriClient,
}

impl Sounds {
    /// List all sounds.
    ///
    /// `GET /sounds`.
    pub fn list(&self, options: &ListOptions) -> Order<Vec<Sound>> {
        let request = Request::get("sounds.list", &["sounds"])
            .option("lang", &options.lang)
            .option("format", &options.format);
        self.ari.order(request)
    }
}

/// One sound. From [`AriClient::sound`].
#[derive(Clone, Debug)]
pub struct SoundHandle {
    ari: AriClient,
    sound_id: String,
}

impl SoundHandle {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.sound_id
    }

    /// Get a sound's details.
    ///
    /// `GET /sounds/{soundId}`.
    pub fn get(&self) -> Order<Sound> {
        let request = Request::get("sound.get", &["sounds", &self.sound_id]);
        self.ari.order(request)
    }
}
