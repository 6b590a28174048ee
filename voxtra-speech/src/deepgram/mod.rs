//! Deepgram: <https://developers.deepgram.com>.

mod flux;
mod transcriber;
mod utterance;
mod voice;

use std::time::Duration;

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

/// How long to wait behind the end of an utterance for which nothing has come, if it is so short
/// that the end may not be answered: "You may receive a response", says
/// <https://developers.deepgram.com/docs/finalize>.
const UNANSWERED: Duration = Duration::from_secs(2);

/// Whether an utterance of so many seconds may stay without an answer.
fn is_short(seconds: f64) -> bool {
    seconds < 1.0
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/deepgram.md")]
struct Page;
