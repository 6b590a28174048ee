//! Signing as Standard Webhooks has it, so that the libraries of others can check it.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;

use super::key::{Content, KeyError, WebhookKey};

/// Makes the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard
/// Webhooks.
///
/// With several keys it makes several signatures: while a secret is being replaced, receivers that
/// have the new one and receivers that have the old one are both content.
///
/// ```
/// use voxtra_webhook::StandardSigner;
///
/// let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into();
/// let signer = StandardSigner::new([&secret])?;
/// let timestamp = jiff::Timestamp::from_second(1_649_367_553)?;
/// let body = br#"{"email":"test@example.com","username":"test_user"}"#;
/// let headers = signer.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", timestamp, body);
/// assert_eq!(headers.signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StandardSigner {
    keys: Vec<WebhookKey>,
}

/// The values of the three headers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StandardHeaders {
    /// `webhook-id`: the same on every try of an event.
    pub id: String,
    /// `webhook-timestamp`: when it was tried, in seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: one for each key, with a space between them.
    pub signature: String,
}

impl StandardSigner {
    /// Signs with these secrets or private keys.
    ///
    /// # Errors
    /// One of them is no key ([`WebhookKey`]), or can't sign.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s SecretString>) -> Result<Self, KeyError> {
        let keys = secrets.into_iter().map(WebhookKey::parse_signing);
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The headers of a request that is sent at `timestamp`. A dot in `id` becomes `_`, since it
    /// separates the id from what follows in what is signed.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: Timestamp, body: &[u8]) -> StandardHeaders {
        let id = id.replace('.', "_");
        let timestamp = timestamp.as_second().to_string();
        let content = Content {
            id: &id,
            timestamp: &timestamp,
            body,
        };
        let signatures = self.keys.iter().filter_map(|key| key.sign(&content));
        let signature = signatures.collect::<Vec<_>>().join(" ");
        StandardHeaders {
            signature,
            id,
            timestamp,
        }
    }

    /// Whether there is nothing to sign with.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl fmt::Debug for StandardSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardSigner")
            .field("keys", &self.keys.len())
            .finish()
    }
}
