//! OpenAI, and every server that speaks as it does.

mod voice;

use secrecy::SecretString;

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
