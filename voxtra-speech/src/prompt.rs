use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{Parts, PromptSettings, SpeechError, SpeechPart, SpeechSettings, bounded, wav};

/// Most samples of a prompt: half an hour at 48 kHz, 172 MB.
const MAX_SAMPLES: usize = 30 * 60 * 48_000;
/// Most bytes of a prompt's text.
const MAX_TEXT: u64 = 64 << 10;

/// A recording that the agent plays by name, or in place of a text.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Its name.
    pub name: String,
    /// The text spoken in it, if known.
    pub text: Option<String>,
    /// Samples per second.
    pub rate_hz: u32,
    /// Mono samples.
    pub samples: Arc<[i16]>,
}

impl Prompt {
    /// Reads a PCM WAV file.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn read(name: &str, path: &Path, text: Option<String>) -> Result<Self, SpeechError> {
        let refuse = |reason: String| SpeechError::Prompt {
            name: name.to_owned(),
            path: path.display().to_string(),
            reason,
        };
        let recording =
            wav::read_up_to(path, MAX_SAMPLES).map_err(|error| refuse(error.to_string()))?;
        if recording.samples.is_empty() {
            return Err(refuse("it holds no samples".to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            text,
            rate_hz: recording.rate_hz,
            samples: recording.samples.into(),
        })
    }

    /// The recording as speech to play.
    #[must_use]
    pub fn speech(&self) -> Parts<SpeechPart> {
        Parts::whole([SpeechPart::audio(self.rate_hz, self.samples.clone())])
    }
}

/// The recordings that agents can play. All are read and checked at the start, so that none fails
/// during a call.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    by_name: HashMap<String, Arc<Prompt>>,
    by_text: HashMap<String, Arc<Prompt>>,
}

impl Prompts {
    /// No prompts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The recordings that the configuration names: those of its folder, then its `[[prompt]]`s,
    /// which replace those of the same name.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn from_settings(
        speech: &SpeechSettings,
        prompts: &[PromptSettings],
    ) -> Result<Self, SpeechError> {
        let mut all = Self::new();
        if let Some(folder) = &speech.prompts_dir {
            all.load_dir(folder)?;
        }
        for prompt in prompts {
            all.insert(Prompt::read(
                &prompt.name,
                &prompt.file,
                prompt.text.clone(),
            )?);
        }
        Ok(all)
    }

    /// Adds a prompt; it replaces those with its name or its text.
    pub fn insert(&mut self, prompt: Prompt) {
        let prompt = Arc::new(prompt);
        if let Some(text) = &prompt.text {
            self.by_text.insert(normal(text), Arc::clone(&prompt));
        }
        self.by_name.insert(prompt.name.clone(), prompt);
    }

    /// Adds every `.wav` file of a folder, named after the file without `.wav`. A `.txt` file of
    /// the same name beside it holds the spoken text.
    ///
    /// # Errors
    /// The folder cannot be read, or the first file that cannot be used, in alphabetical order.
    pub fn load_dir(&mut self, folder: &Path) -> Result<(), SpeechError> {
        let refuse = |name: &str, path: &Path, error: std::io::Error| SpeechError::Prompt {
            name: name.to_owned(),
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let entries = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| refuse("*", folder, error))?;
        let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let is_wav = path
                .extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
            let Some(name) = path
                .file_stem()
                .and_then(|name| name.to_str())
                .filter(|_| is_wav)
            else {
                continue;
            };
            let beside = path.with_extension("txt");
            let text = match bounded::read_text(&beside, MAX_TEXT) {
                Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(refuse(name, &beside, error)),
            };
            self.insert(Prompt::read(name, &path, text)?);
        }
        Ok(())
    }

    /// The prompt of that name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<Prompt>> {
        self.by_name.get(name)
    }

    /// The prompt that says exactly `text`, apart from the amount of white space.
    #[must_use]
    pub fn by_text(&self, text: &str) -> Option<&Arc<Prompt>> {
        // Most installations have none, and this is called before every utterance.
        if self.by_text.is_empty() {
            return None;
        }
        self.by_text.get(&normal(text))
    }

    /// All names, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.by_name.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        wav::write(&folder.path().join("welcome.wav"), 8_000, 1, &[1, 2, 3]).unwrap();
        std::fs::write(
            folder.path().join("welcome.txt"),
            "Welcome to\nthe  shop.\n",
        )
        .unwrap();
        wav::write(&folder.path().join("beep.WAV"), 16_000, 2, &[4, 4]).unwrap();
        std::fs::write(folder.path().join("notes.md"), "not a prompt").unwrap();
        folder
    }

    #[tokio::test]
    async fn a_folder_of_recordings_is_found_by_name_and_by_text() {
        let mut prompts = Prompts::new();
        prompts.load_dir(folder().path()).unwrap();
        assert_eq!(prompts.names(), ["beep", "welcome"]);
        assert_eq!(
            prompts.by_text(" Welcome to the shop.").unwrap().name,
            "welcome"
        );
        assert!(prompts.by_text("Welcome").is_none());
        let beep = prompts.by_name("beep").unwrap();
        assert_eq!(
            (beep.rate_hz, &beep.samples[..], &beep.text),
            (16_000, &[4][..], &None)
        );
        let speech = prompts.by_name("welcome").unwrap().speech();
        let audio = SpeechPart::audio(8_000, vec![1, 2, 3]);
        assert_eq!(speech.collect().await, Ok(vec![audio]));
    }

    #[test]
    fn a_prompt_of_the_configuration_goes_before_a_file_of_its_folder() {
        let folder = folder();
        let speech = SpeechSettings {
            prompts_dir: Some(folder.path().into()),
            ..SpeechSettings::default()
        };
        let welcome = PromptSettings {
            name: "welcome".into(),
            file: folder.path().join("beep.WAV"),
            text: None,
        };
        let prompts = Prompts::from_settings(&speech, &[welcome]).unwrap();
        assert_eq!(prompts.names(), ["beep", "welcome"]);
        assert_eq!(prompts.by_name("welcome").unwrap().rate_hz, 16_000);
    }

    #[test]
    fn a_recording_that_cannot_be_used_is_refused_at_the_start() {
        let folder = folder();
        std::fs::write(folder.path().join("broken.wav"), "RIFF").unwrap();
        let error = Prompts::new()
            .load_dir(folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"broken\"") && error.contains("broken.wav"),
            "{error}"
        );

        wav::write(&folder.path().join("broken.wav"), 8_000, 1, &[]).unwrap();
        let error = Prompts::new()
            .load_dir(folder.path())
            .unwrap_err()
            .to_string();
        assert!(error.contains("no samples"), "{error}");

        let error = Prompts::new()
            .load_dir(&folder.path().join("none"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none"), "{error}");
    }
}
