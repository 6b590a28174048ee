//! The call of `voxtra demo --ai`: an agent of a configuration, and a caller whose words its voice
//! speaks.

mod dialogue;
mod story;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use voxtra_rt::app::{Application, Route};
use voxtra_rt::config::{Config, ProviderSettings, RouteSettings, local_agent_starter};
use voxtra_rt::speech::{Feed, ProviderError, SpeechPart, TextToSpeech};

use super::play::{self, Happening, Played, RATE};
use crate::caller::Cue;
use crate::interrupt::Interrupt;
use crate::recording::{Recording, at_rate};
use crate::stack;
use crate::terminal::Paint;
use crate::{Failure, check};
pub(super) use story::missing;

/// An agent to talk with.
pub(super) struct Conversation {
    config: Config,
    /// Where it comes from, unless it is the agent of the local stack.
    file: Option<PathBuf>,
}

/// Most audio of an utterance: a voice that goes on for longer is none.
const LONGEST_UTTERANCE_S: usize = 30;

impl Conversation {
    /// With the first agent of this file, or with that of `voxtra init --local`.
    pub(super) fn with(file: Option<&Path>) -> Result<Self, Failure> {
        let mut config = match file {
            Some(file) => check::load(file)?,
            // The file names a password for Asterisk, which nobody is asked for here.
            None => Config::parse(&stack::as_it_runs(&local_agent_starter()), |_| {
                Some("none".to_owned())
            })
            .map_err(Failure::usage)?,
        };
        let Some(agent) = config.agents.first() else {
            return Err(Failure::usage("there is no [agent.NAME] to talk with")
                .advise("`voxtra init --agent` writes a file with one"));
        };
        // The call comes from here and from nowhere else, and is nobody else's business.
        config.routes = vec![RouteSettings::new(Route::Default, &agent.name)];
        config.asterisk = None;
        config.audiosockets.clear();
        config.webhooks.clear();
        Ok(Self {
            config,
            file: file.map(Path::to_owned),
        })
    }

    /// Whether everybody is there whom the agent needs.
    pub(super) async fn look(&self) -> Result<(), Failure> {
        let mut failed = Vec::new();
        for provider in self.providers() {
            if let Err(error) = provider.look().await {
                failed.push(format!("provider {error}"));
            }
        }
        match (&self.file, failed.is_empty()) {
            (_, true) => Ok(()),
            (None, false) => Err(stack::absent(&failed)),
            (Some(file), false) => Err(Failure::failed(failed.join("\n")).advise(format_args!(
                "`voxtra check --online -c {}` looks closer",
                file.display()
            ))),
        }
    }

    /// The providers of the agent.
    fn providers(&self) -> impl Iterator<Item = &ProviderSettings> {
        let agent = self.config.agents.first();
        let names = agent.into_iter().flat_map(|agent| {
            let all = [
                &agent.speech_to_text,
                &agent.language_model,
                &agent.text_to_speech,
                &agent.speech_to_speech,
            ];
            all.into_iter().flatten()
        });
        let names: Vec<_> = names.collect();
        let providers = self.config.providers.iter();
        providers.filter(move |provider| names.contains(&&provider.name))
    }

    /// Plays the call, printing what both sides say.
    pub(super) async fn play(
        &self,
        interrupt: &Interrupt,
        paint: Paint,
    ) -> Result<Played, Failure> {
        let voice = self.voice()?;
        let mut said = Vec::new();
        for words in story::WORDS {
            said.push((words, speak(&*voice, words).await?));
        }
        let answers = Cue::default();
        let script = story::caller_script(said, &answers);
        let app = Application::builder()
            .config(&self.config)
            .map_err(Failure::usage)?;
        let dialogue = dialogue::Dialogue::new(paint);
        let mut tell = |happening: Happening<'_>| {
            if let Happening::Event(event) = &happening
                && story::is_answer(event)
            {
                answers.give();
            }
            if let Some(line) = dialogue.line(&happening) {
                // That nobody watches is found out when the figures are written.
                let _ = writeln!(io::stdout(), "{line}");
            }
        };
        play::play(app, script, story::LONGEST, interrupt, &mut tell).await
    }

    /// The voice of the agent, or of `[speech]` where it hears and speaks itself.
    fn voice(&self) -> Result<Arc<dyn TextToSpeech>, Failure> {
        let agent = self.config.agents.first();
        let own = agent.filter(|agent| agent.speech_to_speech.is_empty());
        let voice = match own {
            Some(agent) => self.config.voice_of(agent).map(Some),
            None => self.config.speech.find_voice(),
        };
        let voice = voice.map_err(Failure::usage)?;
        voice.ok_or_else(|| {
            Failure::usage("the caller has no voice").advise("set voice in [speech]")
        })
    }
}

/// These words in this voice, a little higher, so that one can tell the caller from the agent.
async fn speak(voice: &dyn TextToSpeech, words: &str) -> Result<Arc<[i16]>, Failure> {
    let refuse = |error: ProviderError| {
        Failure::failed(format_args!("the caller's words can't be spoken: {error}"))
    };
    let mut parts = voice.speak(Feed::whole([words.to_owned()]), RATE.hz());
    let mut spoken = Recording {
        rate_hz: RATE.hz(),
        samples: Vec::new(),
    };
    while let Some(part) = parts.next().await {
        if let SpeechPart::Audio { rate_hz, samples } = part.map_err(refuse)? {
            spoken.rate_hz = rate_hz;
            spoken.samples.extend_from_slice(&samples);
        }
        if spoken.samples.len() > spoken.rate_hz as usize * LONGEST_UTTERANCE_S {
            return Err(Failure::failed(format_args!(
                "{} speaks “{words}” for more than {LONGEST_UTTERANCE_S} s",
                voice.name()
            )));
        }
    }
    spoken.rate_hz = spoken.rate_hz / 8 * 9;
    let samples = at_rate(spoken, RATE.hz())?.samples;
    if samples.is_empty() {
        return Err(Failure::failed(format_args!(
            "{} gives no audio for “{words}”",
            voice.name()
        )));
    }
    Ok(samples.into())
}
