//! Turn-taking: from frame-by-frame probabilities to what happened in the conversation.
//!
//! [`TurnTaking`] takes one probability per 20 ms of the caller's audio, whether the agent is
//! speaking, and the time. It reports when the caller started and stopped speaking, talked over the
//! agent or ended a turn, and when both sides have been silent for a while. It has no clock: the
//! same inputs at the same times give the same events. [`TurnSettings`] are its thresholds and
//! times; a [`Preset`] is a set of them.

mod likely;
mod overlap;
mod pauses;
mod preset;
mod recent;
mod settings;
mod taking;
mod units;

pub use overlap::Meaning;
pub use pauses::Patience;
pub use preset::Preset;
pub use settings::{TurnSettings, TurnSettingsError};
pub use taking::{TurnEvent, TurnTaking};
