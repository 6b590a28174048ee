//! The agent's voice, speech recognition and language model: the traits that providers implement,
//! and providers that need no network.
//!
//! - [`TextToSpeech`]: `CommandVoice` runs any program that speaks; [`Prompts`] plays recordings.
//! - [`SpeechToText`]: [`ScriptedTranscriber`] for tests.
//! - [`LanguageModel`]: [`ScriptedModel`] for tests.
//! - [`SpeechToSpeech`] is all three in one; [`ScriptedSpeechToSpeech`] for tests.
//!
//! All of them stream in both directions. What a provider makes is [`Parts`]: they come while it
//! works, an error is the last of them, and dropping them cancels the work. What it is given piece
//! by piece is a [`Feed`]. A failure is a [`ProviderError`], which says what a program can do about
//! it.
//!
//! Between a model and a voice stand [`Sentences`] and [`speakable`]. `FallbackModel`,
//! `FallbackTranscriber`, `FallbackVoice` and `FallbackAgent` make one provider of several.
//!
//! All traits can be used as `Arc<dyn …>`, and their signatures name no runtime.
//!
//! Features: `command-voice` for `CommandVoice` and `fallback` for the four of several providers,
//! which need a tokio runtime. Each provider on the network has a module and a feature of the same
//! name, and needs a tokio runtime too. With `conformance` comes a suite that a provider of your
//! own can be tested with.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

#[cfg(feature = "anthropic")]
pub mod anthropic;
#[cfg(feature = "assemblyai")]
pub mod assemblyai;
mod bounded;
#[cfg(feature = "cartesia")]
pub mod cartesia;
#[cfg(any(feature = "anthropic", feature = "gemini", feature = "openai"))]
#[cfg_attr(
    not(all(feature = "anthropic", feature = "gemini", feature = "openai")),
    allow(dead_code, unused_imports)
)]
mod chat;
#[cfg(feature = "command-voice")]
mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(any(feature = "gemini", feature = "openai"))]
mod conversing;
#[cfg(feature = "deepgram")]
pub mod deepgram;
#[cfg(feature = "elevenlabs")]
pub mod elevenlabs;
mod error;
#[cfg(feature = "fallback")]
mod fallback;
#[cfg(feature = "gemini")]
pub mod gemini;
#[cfg(any(
    feature = "assemblyai",
    feature = "deepgram",
    feature = "gemini",
    feature = "openai",
    feature = "vosk",
    feature = "wyoming"
))]
// Each provider uses a part of it.
#[allow(dead_code, unused_imports)]
mod listening;
mod model;
// Each provider uses a part of it.
#[cfg(feature = "net")]
#[allow(dead_code, unused_imports)]
mod net;
#[cfg(feature = "openai")]
pub mod openai;
mod parts;
mod prompt;
mod provider;
mod scripted;
mod settings;
mod speech_to_speech;
mod speech_to_text;
mod text;
mod timeouts;
mod voice;
#[cfg(feature = "vosk")]
pub mod vosk;
pub mod wav;
#[cfg(feature = "wyoming")]
pub mod wyoming;

use std::future::Future;
use std::pin::Pin;

#[cfg(feature = "command-voice")]
pub use self::command::{AudioOutput, CommandVoice};
pub use self::error::SpeechError;
#[cfg(feature = "fallback")]
pub use self::fallback::{FallbackAgent, FallbackModel, FallbackTranscriber, FallbackVoice};
pub use self::model::{
    LanguageModel, Message, ModelRequest, Reply, ReplyPart, StopReason, ToolCall, ToolSpec, Usage,
};
#[cfg(feature = "net")]
pub use self::net::{Endpoint, WebAnswer, WebRequest};
pub use self::parts::{AtWork, Feed, PartSender, Parts};
pub use self::prompt::{Prompt, Prompts};
pub use self::provider::{ProviderError, ProviderErrorKind};
pub use self::scripted::{
    ScriptedModel, ScriptedReply, ScriptedSpeechToSpeech, ScriptedTranscriber, ScriptedTurn,
};
pub use self::settings::{PromptSettings, SpeechSettings, VoiceSettings};
pub use self::speech_to_speech::{SpeechToSpeech, TalkInput, TalkOptions, TalkPart};
pub use self::speech_to_text::{ListenOptions, Recognition, SpeechInput, SpeechToText};
pub use self::text::{Sentences, speakable};
pub use self::timeouts::Timeouts;
pub use self::voice::{SpeechPart, TextToSpeech, text_by_text};

/// A boxed future, so that the traits are dyn-compatible.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
