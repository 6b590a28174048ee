//! Providers that follow a script, for tests.

mod model;
mod transcriber;

pub use self::model::{ScriptedModel, ScriptedReply};
pub use self::transcriber::ScriptedTranscriber;
