//! ElevenLabs: voices with word times.

mod message;
mod voice;

pub use self::voice::Voice;
