//! Deepgram: <https://developers.deepgram.com>.

mod flux;
mod transcriber;
mod utterance;
mod voice;

use secrecy::SecretString;

pub use self::flux::FluxTranscriber;
pub use self::transcriber::Transcriber;
pub use self::voice::Voice;
use super::{Endpoint, ProviderError, Timeouts};

/// Deepgram itself, with this key.
fn endpoint(key: &SecretString) -> Result<Endpoint, ProviderError> {
    let timeouts = Timeouts::default();
    Endpoint::new("deepgram", "https://api.deepgram.com", timeouts)?.with_key(
        "authorization",
        "Token ",
        key,
    )
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/deepgram.md")]
struct Page;
