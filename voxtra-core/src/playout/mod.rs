//! Playout: the agent's audio on its way to the caller, one 20 ms frame at a time.
//!
//! AudioSocket cannot take audio back, so no frame is sent before its time: a barge-in cannot stop
//! what was sent ahead. While the caller may be interrupting, the audio is held back, and later
//! goes on where it stopped. Without agent audio, silence goes out, because Asterisk ends a call
//! after two seconds without a frame.

mod edges;
mod hold;
mod player;
mod settings;
mod source;

pub(crate) use hold::KEPT;
pub use player::{Playout, PlayoutCounters, PlayoutEvent};
pub use settings::PlayoutSettings;
pub use source::{AgentAudio, Chunk, Clip};
