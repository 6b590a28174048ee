//! ElevenLabs: voices with word times.

mod message;
mod voice;

pub use self::voice::Voice;

/// The code of the provider's page.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/elevenlabs.md")]
struct Page;
