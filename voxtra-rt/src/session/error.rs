//! What can go wrong on a call, as a handler sees it.

use voxtra_core::event::EndReason;

use super::conversation::VariableError;
use super::status::{Action, CallStatus};
use crate::media::TicketError;
use crate::speech::ProviderError;
use crate::speech::wav::WavError;
use voxtra_core::audio::ResampleError;

/// The error of a handler, of any type. It becomes an `error` event.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// An order to a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call is over.
    #[error("the call is over")]
    Ended,
    /// The call has no media yet.
    #[error("the call has no media yet: answer it first (`call.answer().await?`)")]
    NotAnswered,
    /// The order makes no sense where the call stands.
    #[error("{action} is not possible while the call is {now}: {why}")]
    NotNow {
        /// The order.
        action: Action,
        /// Where the call stands.
        now: CallStatus,
        /// Why it makes no sense.
        why: &'static str,
    },
    /// `say` without a voice.
    #[error(
        "no voice is configured: install piper, espeak-ng or flite, set [speech] voice in the configuration, \
         give the application a TextToSpeech, or register a prompt with this text"
    )]
    NoVoice,
    /// `listen` without speech-to-text.
    #[error(
        "no speech-to-text is configured: give the application a SpeechToText provider before using `listen`"
    )]
    NoSpeechToText,
    /// `agent()` without a language model.
    #[error(
        "no language model is configured: give the application a LanguageModel before using `agent()`"
    )]
    NoLanguageModel,
    /// `run_agents` names an agent that is not among them.
    #[error("there is no agent {name:?}: add it with `Agents::agent`")]
    NoAgent {
        /// The requested name.
        name: String,
    },
    /// `state` of a type that the application was not given.
    #[error("the application has no state of type `{name}`: give it one with `Builder::state`")]
    NoState {
        /// The type.
        name: &'static str,
    },
    /// `play` of a prompt or file that does not exist.
    #[error(
        "there is no prompt named {name:?}: name one of [[prompt]] in the configuration, or a WAV file"
    )]
    NoPrompt {
        /// The requested name.
        name: String,
    },
    /// The call can't do this because Asterisk's ARI does not control it.
    #[error("this call came over AudioSocket alone, without ARI: {what} is not possible")]
    NoControl {
        /// The requested action.
        what: &'static str,
    },
    /// The application is about to stop, and places no further calls.
    #[error("the application is about to stop: it places no further calls")]
    Draining,
    /// The other party of a transfer could not be reached.
    #[error("the transfer to {target} failed: {reason}")]
    TransferFailed {
        /// The endpoint.
        target: String,
        /// The reason.
        reason: EndReason,
    },
    /// The caller was transferred before, and is out of the agent's reach.
    #[error("the caller was transferred to {target} already: only a hang-up is possible now")]
    AlreadyTransferred {
        /// The endpoint.
        target: String,
    },
    /// A WAV file can't be played.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// Speech of this rate can't be converted to the line's.
    #[error(transparent)]
    Rate(#[from] ResampleError),
    /// The carrier of the call, such as Asterisk, refused an order or could not be reached.
    #[error(transparent)]
    Carrier(Box<dyn std::error::Error + Send + Sync>),
    /// Asterisk can't connect the call's audio.
    #[error(
        "Asterisk cannot connect the call's audio to {address}: check that it reaches this address ([media] advertise in \
         the configuration); `voxtra check --online` tells if a module is missing, Asterisk's own log why it failed ({error})"
    )]
    Unreachable {
        /// The address that Asterisk was to connect to.
        address: String,
        /// Asterisk's error.
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Asterisk did not connect the call's audio.
    #[error(transparent)]
    Media(#[from] TicketError),
    /// A text of an agent has a variable that there is not.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A speech or language provider failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}
