//! Google's Gemini: the feature `gemini`.

mod live;
mod model;
mod signatures;

use secrecy::SecretString;

pub use self::live::LiveAgent;
pub use self::model::Model;
use super::{Endpoint, ProviderError, Timeouts};

/// Google itself, with this key.
fn endpoint(key: &SecretString) -> Result<Endpoint, ProviderError> {
    let base = "https://generativelanguage.googleapis.com/v1beta";
    let timeouts = Timeouts::default();
    Endpoint::new("gemini", base, timeouts)?.with_key("x-goog-api-key", "", key)
}
