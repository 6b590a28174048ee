use std::sync::Arc;
use std::time::Duration;

use super::{Feed, Message, Parts, StopReason, ToolCall, ToolSpec, Usage};

/// What a speech-to-speech service is told of a conversation when it begins.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TalkOptions {
    /// Samples per second of the caller's audio: 8,000 mostly. A service that can choose its own
    /// rate should choose this one; every other is converted.
    pub rate_hz: u32,
    /// The language to expect, as a tag such as `en-GB`. Default: the service's own choice.
    pub language: Option<String>,
    /// What the agent is and how to behave.
    pub instructions: String,
    /// The tools that it may call.
    pub tools: Vec<ToolSpec>,
    /// What was said before, oldest first, where a conversation goes on over a new connection.
    pub history: Vec<Message>,
}

impl TalkOptions {
    /// For audio of this rate, in samples per second, without tools and history.
    #[must_use]
    pub fn new(rate_hz: u32, instructions: impl Into<String>) -> Self {
        Self {
            rate_hz,
            language: None,
            instructions: instructions.into(),
            tools: Vec::new(),
            history: Vec::new(),
        }
    }
}

/// What a speech-to-speech service is given, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TalkInput {
    /// The caller's speech: mono samples at [`TalkOptions::rate_hz`]. Pauses are left out.
    Audio(Vec<i16>),
    /// The caller's turn is over, or all results of tools were given: it is the agent's turn.
    Respond,
    /// The agent is to say these words of its own.
    Say(String),
    /// What a tool gave back. It asks for no response.
    ToolResult {
        /// [`ToolCall::id`] of the call that this answers.
        id: String,
        /// [`ToolCall::name`] of that call.
        name: String,
        /// The result, or the error, in words or as JSON.
        result: String,
    },
    /// The caller interrupted the latest response. Whatever of it is not done ends, and of its
    /// audio the caller has heard this much.
    Interrupted {
        /// How much of the response's audio was heard.
        heard: Duration,
    },
}

/// What a speech-to-speech service gives back, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TalkPart {
    /// The next audio of the response: mono samples.
    Audio {
        /// Samples per second.
        rate_hz: u32,
        /// The samples.
        samples: Arc<[i16]>,
    },
    /// The next words of the response, as they are spoken: a word or less, mostly.
    Words(String),
    /// A tool to call, complete with its arguments.
    ToolCall(ToolCall),
    /// What the response cost.
    Usage(Usage),
    /// The response has ended, and why. Each [`TalkInput::Respond`] and [`TalkInput::Say`] gets
    /// exactly one, in their order; also a response that was interrupted.
    Done(StopReason),
    /// What the caller said. It belongs to no response, and comes when it comes.
    Caller {
        /// The words.
        text: String,
        /// Whether these are all words of what was said; otherwise the next part replaces them.
        is_final: bool,
    },
}

/// Hears and speaks: speech-to-text, language model and voice in one.
///
/// The call decides when a turn is over and when the caller interrupts, as it does with three
/// providers.
///
/// ```
/// use voxtra_speech::{Feed, Parts, SpeechToSpeech, StopReason, TalkInput, TalkOptions, TalkPart};
///
/// /// Plays back what the caller said.
/// struct Echo;
///
/// impl SpeechToSpeech for Echo {
///     fn name(&self) -> &str {
///         "echo"
///     }
///
///     fn talk(&self, options: TalkOptions, mut input: Feed<TalkInput>) -> Parts<TalkPart> {
///         Parts::made_by(move |out| async move {
///             let mut heard = Vec::new();
///             while let Some(given) = input.next().await {
///                 match given {
///                     TalkInput::Audio(samples) => heard.extend(samples),
///                     TalkInput::Respond | TalkInput::Say(_) => {
///                         let samples = std::mem::take(&mut heard).into();
///                         let rate_hz = options.rate_hz;
///                         out.send(TalkPart::Audio { rate_hz, samples }).await;
///                         out.send(TalkPart::Done(StopReason::End)).await;
///                     }
///                     _ => {}
///                 }
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait SpeechToSpeech: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Conducts one conversation until `input` ends. A response comes as fast as the service makes
    /// it, which is faster than it is heard. Dropping the parts stops the work.
    ///
    /// An error ends the conversation with the service; the call goes on, and may begin another one
    /// with [`TalkOptions::history`].
    fn talk(&self, options: TalkOptions, input: Feed<TalkInput>) -> Parts<TalkPart>;
}
