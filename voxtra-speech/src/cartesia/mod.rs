//! Cartesia: voices with word times.

mod utterance;
mod voice;

pub use self::voice::Voice;

/// The code of the provider's page.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/cartesia.md")]
struct Page;
