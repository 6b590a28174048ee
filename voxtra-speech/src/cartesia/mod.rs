//! Cartesia: voices with word times.

mod utterance;
mod voice;

pub use self::voice::Voice;
