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

/// The field for the language of a transcription. The newer models take a list, and refuse both.
/// <https://github.com/openai/openai-cookbook/blob/main/examples/migrating_from_whisper_to_gpt_transcribe.ipynb>,
/// read on 2026-11-30.
fn takes_languages(model: &str) -> bool {
    ["gpt-transcribe", "gpt-live-transcribe"]
        .iter()
        .any(|newer| model.starts_with(newer))
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/openai.md")]
struct Page;
