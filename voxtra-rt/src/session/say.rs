//! What an agent says, before it says it: text, a prompt or samples, and whether the caller may
//! interrupt it.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use super::call::Call;
use super::error::CallError;
use super::measure::Part;
use super::speak::{Manner, Speech, Spoken, Voiced};
use super::usage;
use super::wording::Wording;
use crate::lock::lock;
use crate::speech::{Feed, Parts, SpeechPart, wav};

/// An utterance that has not begun: await it. Made by [`Call::say`], [`Call::play`] and
/// [`Call::send_audio`].
///
/// ```
/// # use voxtra_rt::session::{Call, CallError};
/// # async fn example(call: Call) -> Result<(), CallError> {
/// call.say("This call is recorded.").uninterruptible().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an utterance begins when it is awaited"]
pub struct Say<'a> {
    call: &'a Call,
    what: What<'a>,
    manner: Manner,
}

#[derive(Debug)]
enum What<'a> {
    Text(&'a str),
    /// A prompt by its name, or a WAV file.
    Prompt(&'a str),
    Samples(&'a [i16], u32),
}

impl<'a> Say<'a> {
    fn new(call: &'a Call, what: What<'a>) -> Self {
        Self {
            call,
            what,
            manner: Manner::default(),
        }
    }

    /// Does not let the caller interrupt this utterance: it is neither held back nor cut when the
    /// caller speaks. What the caller says over it is told, transcribed and a turn all the same.
    /// The caller may interrupt the next one, and [`Call::stop_speaking`] cuts this one too.
    pub fn uninterruptible(mut self) -> Self {
        self.manner.uninterruptible = true;
        self
    }

    async fn run(self) -> Result<Spoken, CallError> {
        let Self { call, what, manner } = self;
        match what {
            What::Text(text) => {
                let result = match speech_of(call, text) {
                    Ok(speech) => call.speak(Wording::new(text), speech, manner).await,
                    Err(error) => Err(error),
                };
                call.emit_failure("text_to_speech", result).await
            }
            What::Prompt(name) => {
                let prompt = call.emit_failure("prompt", prompt(call, name).await).await;
                let (text, speech) = prompt?;
                call.speak(Wording::new(&text), speech, manner).await
            }
            What::Samples(samples, rate_hz) => {
                let speech = Parts::whole([SpeechPart::audio(rate_hz, samples)]);
                call.speak(Wording::default(), speech, manner).await
            }
        }
    }
}

impl<'a> IntoFuture for Say<'a> {
    type Output = Result<Spoken, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The prompt with this text, or the voice that says it.
pub(super) fn speech_of(call: &Call, text: &str) -> Result<Speech, CallError> {
    let services = call.session().services();
    if let Some(prompt) = services.prompts.by_text(text) {
        return Ok(prompt.speech().into());
    }
    let voice = services.voice.ok_or(CallError::NoVoice)?;
    let texts = Feed::whole([text.to_owned()]);
    let (parts, meter) = usage::speak(call, &voice, texts, call.line_hz());
    meter.text(text);
    Ok(Speech::metered(parts, meter))
}

/// The prompt of this name, or the WAV file, and its text.
async fn prompt(call: &Call, name: &str) -> Result<(String, Parts<SpeechPart>), CallError> {
    if let Some(prompt) = call.session().services().prompts.by_name(name) {
        let text = prompt.text.as_deref().unwrap_or(name);
        return Ok((text.to_owned(), prompt.speech()));
    }
    let none = || CallError::NoPrompt {
        name: name.to_owned(),
    };
    if !name.to_ascii_lowercase().ends_with(".wav") {
        return Err(none());
    }
    let path = PathBuf::from(name);
    let read = tokio::task::spawn_blocking(move || wav::read(&path));
    let audio = read.await.map_err(|_| none())??;
    let speech = SpeechPart::audio(audio.rate_hz, audio.samples);
    Ok((name.to_owned(), Parts::whole([speech])))
}

impl Call {
    /// Says `text`, with the prompt that has it as its transcript or with the configured voice.
    /// Await it: it returns when the caller has heard it, or it was cut. Dropping the future cuts
    /// it as well.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// let spoken = call.say("We are open from eight to six.").await?;
    /// if spoken.is_interrupted() {
    ///     call.say("Yes?").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No voice is configured, the voice fails, the call has no media yet or is over.
    pub fn say<'a>(&'a self, text: &'a str) -> Say<'a> {
        Say::new(self, What::Text(text))
    }

    /// Plays a prompt by its name, or a WAV file. As [`say`](Self::say) otherwise.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.play("welcome").await?;
    /// call.play("prompts/terms.wav").uninterruptible().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such prompt or file, the call has no media yet or is over.
    pub fn play<'a>(&'a self, name: &'a str) -> Say<'a> {
        Say::new(self, What::Prompt(name))
    }

    /// Plays samples (mono, `rate_hz` Hz), paced like everything else. As [`say`](Self::say)
    /// otherwise.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// // A beep of half a second, at 400 Hz.
    /// let beep = [[4_000; 10], [-4_000; 10]].concat().repeat(200);
    /// call.send_audio(&beep, 8_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rate can't be converted, the call has no media yet or is over.
    pub fn send_audio<'a>(&'a self, samples: &'a [i16], rate_hz: u32) -> Say<'a> {
        Say::new(self, What::Samples(samples, rate_hz))
    }

    /// Says `text` of the agent's own accord, and tells which words were heard and whether it was
    /// cut.
    pub(super) async fn say_aloud(&self, text: &str) -> Result<(String, bool), CallError> {
        let wording = Arc::new(Mutex::new(Wording::new(text)));
        let spoken = match speech_of(self, text) {
            Ok(speech) => {
                let voiced = Voiced::new(speech, Some(wording.clone()));
                let manner = Manner {
                    part: Part::Aside,
                    ..Manner::default()
                };
                self.utter(voiced, manner).await
            }
            Err(error) => Err(error),
        };
        let spoken = self.emit_failure("text_to_speech", spoken).await?;
        let wording = lock(&wording);
        let heard = wording.heard_of(spoken);
        Ok((heard.to_owned(), spoken.is_interrupted()))
    }

    /// A provider's failure is an event too.
    async fn emit_failure<T>(
        &self,
        error_type: &str,
        result: Result<T, CallError>,
    ) -> Result<T, CallError> {
        if let Err(error) = &result
            && !matches!(error, CallError::Ended)
        {
            self.emit_error(error_type, error.to_string()).await;
        }
        result
    }
}
