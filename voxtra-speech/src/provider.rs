//! Why a provider failed, in the same few words for all of them.

use std::time::Duration;

/// A voice, speech-to-text or language model gave no answer, or stopped in the middle of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {message}")]
#[non_exhaustive]
pub struct ProviderError {
    /// The provider's name.
    pub provider: String,
    /// What a program can do about it.
    pub kind: ProviderErrorKind,
    /// What is wrong and what to do about it, for a person. It holds no secret.
    pub message: String,
}

impl ProviderError {
    /// An error of this provider.
    #[must_use]
    pub fn new(
        provider: impl Into<String>,
        kind: ProviderErrorKind,
        message: impl Into<String>,
    ) -> Self {
        Self {
            provider: provider.into(),
            kind,
            message: message.into(),
        }
    }
}

impl ProviderError {
    /// A provider that gave nothing for this long.
    #[must_use]
    pub fn silent(provider: impl Into<String>, after: Duration) -> Self {
        let message = format!("nothing came from it for {} s", after.as_secs_f64());
        Self::new(provider, ProviderErrorKind::Timeout, message)
    }
}

/// Most characters of a provider's message that are quoted.
#[cfg(any(feature = "net", feature = "wyoming"))]
const MAX_QUOTED: usize = 400;

/// What a provider said: on one line, without these secrets, and not too long.
#[cfg(any(feature = "net", feature = "wyoming"))]
pub(crate) fn quoted<'a>(message: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut message = message.replace(char::is_control, " ");
    for secret in secrets {
        message = message.replace(secret, "***");
    }
    match message.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message,
    }
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderErrorKind {
    /// The key is missing, wrong, or may not do this.
    Auth,
    /// Too many requests, or no credit left.
    RateLimited {
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// It can't be reached, or says that it can't serve now.
    Unavailable,
    /// It gave nothing for too long.
    Timeout,
    /// It refused this request; the same one will be refused again.
    Rejected,
    /// What it sent makes no sense.
    Protocol,
}

impl ProviderErrorKind {
    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable | Self::Timeout
        )
    }
}
