//! The agent's voice, speech recognition and language model: the traits that providers implement,
//! and providers that need no network.
//!
//! - [`TextToSpeech`]: `CommandVoice` runs any program that speaks; [`Prompts`] plays recordings.
//! - [`SpeechToText`]: [`ScriptedTranscriber`] for tests.
//! - [`LanguageModel`]: [`ScriptedModel`] for tests.
//!
//! All traits can be used as `Arc<dyn …>`; their futures are boxed once per utterance, never per
//! frame. Their signatures name no runtime.
//!
//! Features: `command-voice` for `CommandVoice`, which needs a tokio runtime.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod audio;
mod bounded;
#[cfg(feature = "command-voice")]
mod command;
mod error;
mod model;
mod prompt;
mod queue;
mod scripted;
mod settings;
mod transcript;
mod voice;
pub mod wav;

use std::future::Future;
use std::pin::Pin;

pub use self::audio::{Speech, SpeechSender};
#[cfg(feature = "command-voice")]
pub use self::command::{AudioOutput, CommandVoice};
pub use self::error::SpeechError;
pub use self::model::{LanguageModel, Message, Reply, Role, ToolCall};
pub use self::prompt::{Prompt, Prompts};
pub use self::queue::{CallerSpeech, CallerSpeechSender, TranscriptSender, Transcripts};
pub use self::scripted::{ScriptedModel, ScriptedTranscriber};
pub use self::settings::{PromptSettings, SpeechSettings, VoiceSettings};
pub use self::transcript::{SpeechInput, SpeechToText, Transcript};
pub use self::voice::TextToSpeech;

/// A boxed future, so that the traits are dyn-compatible.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
