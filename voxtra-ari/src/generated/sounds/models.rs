//! Models of sounds.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize};

/// Identifies the format and language of a sound file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FormatLangPair {
    /// `language`.
    pub language: String,
    /// `format`.
    pub format: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for FormatLangPair {
    const NAME: &'static str = "FormatLangPair";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            language: fields.take("language")?,
            format: fields.take("format")?,
            other: fields.rest(),
        })
    }
}

/// A media file that may be played back.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sound {
    /// Sound's identifier.
    pub id: String,
    /// Text description of the sound, usually the words spoken.
    pub text: Option<String>,
    /// The formats and languages in which this sound is available.
    pub formats: Vec<FormatLangPair>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Sound {
    const NAME: &'static str = "Sound";
    const LONG: bool = true;

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            id: fields.required("id")?,
            text: fields.take("text")?,
            formats: fields.take("formats")?,
            other: fields.rest(),
        })
    }
}

deserialize!(FormatLangPair, Sound);
