//! Signing as Standard Webhooks has it, so that the libraries of others can check it.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;

use super::super::attempt::header_text;
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
    /// separates the id from what follows in what is signed. An id that no header can carry is
    /// percent-encoded, and what arrives is what is signed.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: Timestamp, body: &[u8]) -> StandardHeaders {
        let id = header_text(id).replace('.', "_");
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

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::super::{SignedRequest, Verifier};
    use super::*;

    /// What a receiver gets of an id is what was signed, whatever the id is; and no two ids become
    /// one, which a receiver would take for a repetition.
    #[test]
    fn any_id_arrives_as_it_was_signed() {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into();
        let signer = StandardSigner::new([&secret]).unwrap();
        let verifier = Verifier::new(&secret).unwrap();
        let ids = [
            "order 17",
            "\u{fc}1",
            "\u{f6}1",
            " 1",
            "1 ",
            "\t1",
            "a\r\nx-evil: 1",
            "a\0",
            "",
        ];
        for id in ids {
            let headers = signer.sign(id, Timestamp::now(), b"{}");
            let header = HeaderValue::from_str(&headers.id).unwrap();
            // A receiver's HTTP library takes spaces from both ends.
            let arrived = header.to_str().unwrap().trim();
            let request = SignedRequest {
                id: arrived,
                timestamp: &headers.timestamp,
                signature: &headers.signature,
                body: b"{}",
            };
            assert_eq!(verifier.verify(&request), Ok(()), "{id:?}: {headers:?}");
            verifier.done(&request);
        }
        assert_eq!(
            signer.sign("order 17", Timestamp::now(), b"").id,
            "order 17"
        );
    }
}
