//! OpenAI, and what is compatible with it: the feature `openai`.

mod chunks;
mod model;
mod realtime;
mod thoughts;
mod transcriber;
mod voice;

use secrecy::SecretString;

pub use self::model::Model;
pub use self::realtime::RealtimeTranscriber;
pub use self::transcriber::Transcriber;
pub use self::voice::{Voice, VoiceFormat};
use super::{Endpoint, ProviderError, Timeouts};

/// OpenAI itself, with this key.
fn endpoint(key: &SecretString) -> Result<Endpoint, ProviderError> {
    let timeouts = Timeouts::default();
    Endpoint::new("openai", "https://api.openai.com/v1", timeouts)?.with_key(
        "authorization",
        "Bearer ",
        key,
    )
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/openai.md")]
struct Page;
