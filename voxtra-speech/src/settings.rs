//! Settings of the voice and the prompts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{SpeechError, TextToSpeech};

/// The agent's voice: `[speech]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpeechSettings {
    /// The program that speaks. Default: the first that is installed.
    pub voice: VoiceSettings,
    /// Longest wait for the program's next audio. 100 ms to 10 min, default 10 s.
    pub timeout: Duration,
    /// Environment variables that the program sees besides the usual ones. Default: none.
    pub inherit_env: Vec<String>,
    /// Folder whose `.wav` files become prompts, each named after its file. Default: none.
    pub prompts_dir: Option<PathBuf>,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self {
            voice: VoiceSettings::Auto,
            timeout: Duration::from_secs(10),
            inherit_env: Vec::new(),
            prompts_dir: None,
        }
    }
}

impl SpeechSettings {
    /// The voice that these settings name; `None` if they name none.
    ///
    /// # Errors
    /// The voice is missing or not usable. Without the feature `command-voice` no voice is usable.
    pub fn find_voice(&self) -> Result<Option<Arc<dyn TextToSpeech>>, SpeechError> {
        #[cfg(feature = "command-voice")]
        return Ok(match super::CommandVoice::from_settings(self)? {
            Some(voice) => Some(Arc::new(voice)),
            None => None,
        });
        #[cfg(not(feature = "command-voice"))]
        match self.voice {
            VoiceSettings::None => Ok(None),
            _ => Err(SpeechError::NotBuiltIn(
                "no program can speak, since this one was built without the feature \
                 command-voice; build it with the feature, or set it to \"none\"",
            )),
        }
    }
}

/// The program that speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VoiceSettings {
    /// The first that is installed: piper with a model, espeak-ng, flite.
    #[default]
    Auto,
    /// No program: only prompts can be played.
    None,
    /// `espeak-ng` from `PATH`.
    EspeakNg,
    /// `flite` from `PATH`.
    Flite,
    /// `piper` from `PATH`.
    Piper {
        /// The voice, a `.onnx` file with its `.onnx.json` beside it.
        model: PathBuf,
    },
    /// Any program.
    Command {
        /// The program and its arguments; `{text}` and `{out}` stand for the text and for a
        /// temporary WAV file. Without `{text}` the text goes to its standard input.
        argv: Vec<String>,
        /// Samples per second of raw 16-bit little-endian mono PCM; `None` when the program writes
        /// WAV.
        raw_hz: Option<u32>,
    },
}

/// A recording that is played by name: `[[prompt]]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptSettings {
    /// Its name.
    pub name: String,
    /// A PCM WAV file.
    pub file: PathBuf,
    /// The text spoken in it; `say` with exactly this text plays the recording.
    pub text: Option<String>,
}

impl PromptSettings {
    /// The recording in this file, under this name, without a text.
    #[must_use]
    pub fn new(name: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            file: file.into(),
            text: None,
        }
    }
}

#[cfg(all(test, not(feature = "command-voice")))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_no_program_can_be_is_refused() {
        let of = |voice| SpeechSettings {
            voice,
            ..SpeechSettings::default()
        };
        let refused = of(VoiceSettings::EspeakNg).find_voice().err().unwrap();
        assert!(refused.to_string().contains("command-voice"), "{refused}");
        assert!(of(VoiceSettings::None).find_voice().unwrap().is_none());
    }
}
