//! Providers that follow a script, for tests.

mod model;
mod talk;
mod transcriber;

pub use self::model::{ScriptedModel, ScriptedReply};
pub use self::talk::{ScriptedSpeechToSpeech, ScriptedTurn};
pub use self::transcriber::ScriptedTranscriber;
