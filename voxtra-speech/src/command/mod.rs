//! A voice from a program: piper, espeak-ng, flite, or any other that writes WAV or raw PCM.

mod discover;
mod run;
mod template;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::template::Template;
use super::{
    Feed, Parts, SpeechError, SpeechPart, SpeechSettings, TextToSpeech, VoiceSettings, text_by_text,
};

/// Speaks by running a program, once per utterance and never through a shell.
///
/// `{text}` in the arguments stands for the text; without it the program reads the text from its
/// standard input. `{out}` stands for a temporary file that the program writes as WAV; without it
/// the program writes to its standard output, and its audio plays while it still writes.
///
/// When the speech is dropped, the program is killed with all that it started. Of our environment
/// it sees only what a program needs (`PATH`, `HOME`, the locale …) and what
/// [`inherit`](Self::inherit) names: the rest may hold secrets.
///
/// ```no_run
/// use voxtra_speech::{CommandVoice, Feed, TextToSpeech};
///
/// # async fn say() -> Result<(), Box<dyn std::error::Error>> {
/// let voice = CommandVoice::new(["espeak-ng", "-v", "en-gb", "--stdin", "--stdout"])?;
/// let mut speech = voice.speak(Feed::whole(["Welcome.".to_owned()]), 8_000);
/// while let Some(part) = speech.next().await {
///     println!("{:?}", part?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CommandVoice {
    name: String,
    program: PathBuf,
    template: Template,
    output: AudioOutput,
    timeout: Duration,
    inherited: Vec<String>,
}

/// The format that a program writes to its standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AudioOutput {
    /// WAV; its header tells the rate.
    #[default]
    Wav,
    /// Signed 16-bit little-endian mono PCM without a header.
    Raw {
        /// Samples per second.
        rate_hz: u32,
    },
}

impl CommandVoice {
    /// A voice from a program, found on `PATH` unless it is a path, and its arguments. It must
    /// write WAV, unless [`raw`](Self::raw) is set.
    ///
    /// # Errors
    /// The program cannot be found or run, or the arguments are invalid.
    pub fn new<T: Into<String>>(argv: impl IntoIterator<Item = T>) -> Result<Self, SpeechError> {
        let mut argv = argv.into_iter().map(Into::into);
        let program = argv.next().unwrap_or_default();
        let path =
            discover::find(&program, std::env::var_os("PATH").as_deref()).ok_or_else(|| {
                SpeechError::NotInstalled {
                    hint: discover::install_hint(&program),
                    program: program.clone(),
                }
            })?;
        let name = Path::new(&program)
            .file_name()
            .map_or(program.clone(), |name| name.to_string_lossy().into_owned());
        let template = Template::new(argv.collect()).map_err(|reason| SpeechError::Template {
            voice: name.clone(),
            reason: reason.to_owned(),
        })?;
        Ok(Self {
            name,
            program: path,
            template,
            output: AudioOutput::Wav,
            timeout: DEFAULT_TIMEOUT,
            inherited: Vec::new(),
        })
    }

    /// The program writes raw PCM of this rate instead of WAV.
    #[must_use]
    pub fn raw(mut self, rate_hz: u32) -> Self {
        self.output = AudioOutput::Raw { rate_hz };
        self
    }

    /// Longest wait for the program's next audio; with `{out}`, for all of it. Default 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Further environment variables for the program, such as the key of a speech service.
    #[must_use]
    pub fn inherit<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.inherited.extend(names.into_iter().map(Into::into));
        self
    }

    /// Whether the program sees this environment variable.
    fn inherits(&self, name: &OsStr) -> bool {
        name.to_str().is_some_and(|name| {
            name.starts_with("LC_")
                || INHERITED.contains(&name)
                || self.inherited.iter().any(|one| one == name)
        })
    }

    /// `espeak-ng` with its default voice: robotic, quick, small, installed by `apt-get install
    /// espeak-ng`.
    ///
    /// # Errors
    /// It is not installed.
    pub fn espeak_ng() -> Result<Self, SpeechError> {
        // `-b 1`: the text is UTF-8, whatever the locale.
        Self::new(["espeak-ng", "-b", "1", "--stdin", "--stdout"])
    }

    /// `flite` with its default voice (English only).
    ///
    /// # Errors
    /// It is not installed.
    pub fn flite() -> Result<Self, SpeechError> {
        // It writes its WAV header last, so it needs a seekable file.
        Self::new(["flite", "-o", "{out}"])
    }

    /// `piper` with a voice: an `.onnx` file with its `.onnx.json` beside it.
    ///
    /// # Errors
    /// It is not installed, or the voice's files cannot be read.
    pub fn piper(model: &Path) -> Result<Self, SpeechError> {
        let rate_hz = discover::piper_rate(model).map_err(|reason| SpeechError::Template {
            voice: "piper".to_owned(),
            reason,
        })?;
        let model = model.to_string_lossy().into_owned();
        Ok(Self::new([
            "piper".to_owned(),
            "--model".to_owned(),
            model,
            "--output_raw".to_owned(),
        ])?
        .raw(rate_hz))
    }

    /// The first that is installed: piper if a model lies in one of the usual folders (or
    /// `PIPER_MODEL` names one), espeak-ng, flite.
    ///
    /// # Errors
    /// None is installed; the error tells what to install.
    pub fn discover() -> Result<Self, SpeechError> {
        if let Some(model) = discover::piper_model()
            && let Ok(voice) = Self::piper(&model)
        {
            return Ok(voice);
        }
        Self::espeak_ng()
            .or_else(|_| Self::flite())
            .map_err(|_| SpeechError::NotInstalled {
                program: "a voice (piper, espeak-ng or flite)".to_owned(),
                hint: "install one, for instance `apt-get install espeak-ng`, or set speech.voice"
                    .to_owned(),
            })
    }

    /// The voice that the configuration names; `None` if it names none.
    ///
    /// # Errors
    /// The voice is missing or not usable.
    pub fn from_settings(settings: &SpeechSettings) -> Result<Option<Self>, SpeechError> {
        let voice = match &settings.voice {
            VoiceSettings::None => return Ok(None),
            VoiceSettings::Auto => Self::discover()?,
            VoiceSettings::EspeakNg => Self::espeak_ng()?,
            VoiceSettings::Flite => Self::flite()?,
            VoiceSettings::Piper { model } => Self::piper(model)?,
            VoiceSettings::Command { argv, raw_hz } => {
                let voice = Self::new(argv.iter().cloned())?;
                raw_hz.map_or(voice.clone(), |rate_hz| voice.raw(rate_hz))
            }
        };
        let inherited = settings.inherit_env.iter().cloned();
        Ok(Some(voice.timeout(settings.timeout).inherit(inherited)))
    }
}

impl TextToSpeech for CommandVoice {
    fn name(&self) -> &str {
        &self.name
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let voice = self.clone();
        text_by_text(texts, move |text| {
            let voice = voice.clone();
            Parts::made_by(|out| async move { Ok(run::speak(&voice, &text, &out).await?) })
        })
    }
}

/// Environment variables that a program sees besides the locale: paths.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "ESPEAK_DATA_PATH",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
