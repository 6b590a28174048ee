use super::{Feed, Parts};

/// What speech-to-text is given: the caller's utterances, as turn-taking cuts them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpeechInput {
    /// The caller began to speak.
    Started,
    /// Mono samples at [`ListenOptions::rate_hz`], in order, without gaps inside an utterance. The
    /// first ones are from before the detected start, so that no syllable is missing.
    Audio(Vec<i16>),
    /// The caller stopped speaking.
    Ended,
}

/// How to listen to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenOptions {
    /// Samples per second of the caller's audio: 8,000 mostly.
    pub rate_hz: u32,
    /// The language to expect, as a tag such as `en-GB`. Default: the provider's own choice.
    pub language: Option<String>,
}

impl ListenOptions {
    /// For audio of this rate, in samples per second.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            language: None,
        }
    }
}

/// What speech-to-text has understood.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Recognition {
    /// The words so far, from the utterance's beginning. The next part replaces them.
    Partial {
        /// The words.
        text: String,
    },
    /// The words of the whole utterance.
    Final {
        /// The words.
        text: String,
        /// How sure the provider is, 0 to 1; 1 where it does not tell.
        confidence: f32,
    },
    /// The words so far may be all of the turn, though the provider is not sure. The next part with
    /// words takes it back. Only from providers with an end of turn of their own.
    LikelyEnd {
        /// The words, as in [`Partial`](Self::Partial).
        text: String,
    },
    /// The provider heard that the caller has finished, though turn-taking has not said so. Only
    /// from providers with an end of turn of their own.
    EndOfTurn,
}

/// Turns speech into text.
///
/// ```
/// use voxtra_speech::{Feed, ListenOptions, Parts, Recognition, SpeechInput, SpeechToText};
///
/// /// Tells how many samples it heard.
/// struct Counter;
///
/// impl SpeechToText for Counter {
///     fn name(&self) -> &str {
///         "counter"
///     }
///
///     fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
///         Parts::made_by(|out| async move {
///             let mut samples = 0;
///             while let Some(part) = input.next().await {
///                 match part {
///                     SpeechInput::Audio(audio) => samples += audio.len(),
///                     SpeechInput::Ended => {
///                         let text = format!("{samples} samples");
///                         out.send(Recognition::Final { text, confidence: 1.0 }).await;
///                     }
///                     _ => {}
///                 }
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait SpeechToText: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Listens to one call until `input` ends. Each utterance in which speech was recognised gets
    /// exactly one [`Recognition::Final`]. Dropping the parts stops the work.
    ///
    /// An error ends the recognition for this call; the call itself goes on.
    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition>;
}
