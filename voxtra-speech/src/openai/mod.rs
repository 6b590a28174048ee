//! OpenAI, and what is compatible with it: the feature `openai`.

mod chunks;
mod model;
mod realtime;
mod talk;
mod thoughts;
mod transcriber;
mod voice;

use secrecy::SecretString;
use serde_json::{Value, json};

pub use self::model::Model;
pub use self::realtime::RealtimeTranscriber;
pub use self::talk::RealtimeAgent;
pub use self::transcriber::Transcriber;
pub use self::voice::{Voice, VoiceFormat};
use super::listening::text;
use super::{Endpoint, ProviderError, ProviderErrorKind, Timeouts};

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

/// The model that writes down what is said in realtime sessions.
const REALTIME_TRANSCRIPTION: &str = "gpt-live-transcribe";

/// How a realtime session is to write down what the caller says.
fn transcription(model: &str, language: Option<&str>) -> Value {
    let mut transcription = json!({ "model": model });
    // ISO 639-1, so without a region.
    if let Some(language) = language.and_then(|tag| tag.split(['-', '_']).next()) {
        if takes_languages(model) {
            transcription["languages"] = json!([language]);
        } else {
            transcription["language"] = language.into();
        }
    }
    transcription
}

/// What an error of a realtime session means.
fn realtime_failure(endpoint: &Endpoint, message: &Value) -> ProviderError {
    let code = text(message, "/error/code");
    let kind = match (text(message, "/error/type"), code) {
        (_, "invalid_api_key") => ProviderErrorKind::Auth,
        (_, "rate_limit_exceeded" | "insufficient_quota") => {
            ProviderErrorKind::RateLimited { retry_after: None }
        }
        // After 60 minutes; the next session goes on.
        ("server_error", _) | (_, "session_expired") => ProviderErrorKind::Unavailable,
        _ => ProviderErrorKind::Rejected,
    };
    endpoint.error(kind, text(message, "/error/message"))
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/openai.md")]
struct Page;
