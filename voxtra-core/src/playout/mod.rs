//! Playout: the agent's audio on its way to the caller, one 20 ms frame at a time.
//!
//! AudioSocket cannot take audio back, so nothing is sent before its time: what is ahead is what a
//! barge-in cannot stop. While the caller may be interrupting it is held back, and goes on where it
//! stopped. With nothing to say, silence goes out, because Asterisk ends a call after two seconds
//! without a frame.

mod edges;
mod hold;
mod player;
mod settings;
mod source;

pub(crate) use hold::KEPT;
pub use player::{Playout, PlayoutCounters, PlayoutEvent};
pub use settings::PlayoutSettings;
pub use source::{AgentAudio, Chunk};
