//! Secrets and keys, as Standard Webhooks writes them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use secrecy::{ExposeSecret as _, SecretString};

use super::{HmacSha256, keyed};

/// What begins a shared secret, a private and a public key in Standard Webhooks.
const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// Bytes of an ed25519 seed and public key (RFC 8032), and of a seed with its public key behind it.
const SEED: usize = 32;
const SEED_AND_PUBLIC: usize = 64;

/// Bytes of a shared secret: what the specification recommends is what is accepted.
const SHORTEST: usize = 24;
const LONGEST: usize = 64;

/// A key that signs webhooks, or checks them. `Debug` shows nothing of it.
///
/// | text | key |
/// |---|---|
/// | `whsec_` and 24 to 64 bytes in base64 | a secret that sender and receiver share: HMAC-SHA256 |
/// | `whsk_` and 32 or 64 bytes in base64 | the sender's private ed25519 key |
/// | `whpk_` and 32 bytes in base64 | the public key of it, for receivers: it can't sign |
/// | anything else | a shared secret, by its UTF-8 bytes |
///
/// The libraries of others take shared secrets in base64. They check deliveries that are signed
/// with a secret of the last kind by `base64(secret)`.
///
/// Source: Standard Webhooks 1.0.0, "Signature scheme"
/// (<https://github.com/standard-webhooks/standard-webhooks>, read 2026-11-30).
///
/// ```
/// use voxtra_webhook::WebhookKey;
///
/// assert!(WebhookKey::parse(&"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into()).is_ok());
/// assert!(WebhookKey::parse(&"whsec_tooshort".into()).is_err());
/// ```
#[derive(Clone)]
pub struct WebhookKey {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Shared(Box<HmacSha256>),
    Private(std::sync::Arc<Ed25519KeyPair>),
    Public([u8; SEED]),
}

/// Why a text is no key. Nothing of the text is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is empty.
    #[error("the secret is empty")]
    Empty,
    /// What follows the prefix is no base64.
    #[error("what follows {0} is no base64: copy the secret again, whole")]
    Base64(&'static str),
    /// It has too few or too many bytes.
    #[error("what follows {prefix} has {bytes} bytes instead of {expected}")]
    Length {
        /// What the text begins with.
        prefix: &'static str,
        /// How many bytes follow.
        bytes: usize,
        /// How many must.
        expected: &'static str,
    },
    /// The public part does not belong to the private one.
    #[error("the public part of the {PRIVATE} key does not belong to its private part")]
    Mismatch,
    /// A public key can't sign.
    #[error("{PUBLIC} keys are for receivers: a sender signs with {PRIVATE} or {SHARED}")]
    CannotSign,
}

impl WebhookKey {
    /// Reads a secret or a key.
    ///
    /// # Errors
    /// The text has a prefix of Standard Webhooks, and what follows is not what must follow.
    pub fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        let kind = if let Some(rest) = text.strip_prefix(SHARED) {
            let bytes = decoded(SHARED, rest)?;
            if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
                return Err(length(SHARED, &bytes, "24 to 64"));
            }
            Kind::Shared(Box::new(keyed(&bytes)))
        } else if let Some(rest) = text.strip_prefix(PRIVATE) {
            Kind::Private(std::sync::Arc::new(pair(&decoded(PRIVATE, rest)?)?))
        } else if let Some(rest) = text.strip_prefix(PUBLIC) {
            let bytes = decoded(PUBLIC, rest)?;
            let key = <[u8; SEED]>::try_from(bytes.as_slice());
            Kind::Public(key.map_err(|_| length(PUBLIC, &bytes, "32"))?)
        } else if text.is_empty() {
            return Err(KeyError::Empty);
        } else {
            Kind::Shared(Box::new(keyed(text.as_bytes())))
        };
        Ok(Self { kind })
    }

    /// As [`parse`](Self::parse), for a key that must be able to sign.
    ///
    /// # Errors
    /// As those of `parse`, and a public key is refused.
    pub fn parse_signing(text: &SecretString) -> Result<Self, KeyError> {
        match Self::parse(text)? {
            Self {
                kind: Kind::Public(_),
            } => Err(KeyError::CannotSign),
            key => Ok(key),
        }
    }

    /// The key for receivers of what a private key signs, as `whpk_…`; `None` of a shared secret.
    #[must_use]
    pub fn public_key(&self) -> Option<String> {
        let bytes = match &self.kind {
            Kind::Shared(_) => return None,
            Kind::Private(pair) => pair.public_key().as_ref(),
            Kind::Public(key) => key,
        };
        Some(format!("{PUBLIC}{}", STANDARD.encode(bytes)))
    }

    /// One signature for `webhook-signature`, such as `v1,…`; `None` of a public key.
    pub(super) fn sign(&self, content: &Content<'_>) -> Option<String> {
        match &self.kind {
            Kind::Shared(keyed) => {
                let tag = content.mac(keyed).finalize().into_bytes();
                Some(format!("{SYMMETRIC},{}", STANDARD.encode(tag)))
            }
            Kind::Private(pair) => {
                let signature = pair.sign(&content.bytes());
                Some(format!("{ASYMMETRIC},{}", STANDARD.encode(signature)))
            }
            Kind::Public(_) => None,
        }
    }

    /// Whether one of the signatures of a header is this key's. Takes as long for a wrong one as
    /// for the right one.
    pub(super) fn verifies(&self, content: &Content<'_>, version: &str, signature: &[u8]) -> bool {
        match (&self.kind, version) {
            (Kind::Shared(keyed), SYMMETRIC) => content.mac(keyed).verify_slice(signature).is_ok(),
            (Kind::Private(pair), ASYMMETRIC) => {
                verifies(pair.public_key().as_ref(), content, signature)
            }
            (Kind::Public(key), ASYMMETRIC) => verifies(key, content, signature),
            _ => false,
        }
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(..)")
    }
}

/// What begins a signature by HMAC-SHA256 and by ed25519.
pub(super) const SYMMETRIC: &str = "v1";
pub(super) const ASYMMETRIC: &str = "v1a";

/// What is signed: `id.timestamp.body`.
pub(super) struct Content<'a> {
    pub(super) id: &'a str,
    /// Seconds since 1970, as the header says them.
    pub(super) timestamp: &'a str,
    pub(super) body: &'a [u8],
}

impl Content<'_> {
    fn mac(&self, keyed: &HmacSha256) -> HmacSha256 {
        let mut mac = keyed.clone();
        for part in self.parts() {
            mac.update(part);
        }
        mac
    }

    fn bytes(&self) -> Vec<u8> {
        self.parts().concat()
    }

    fn parts(&self) -> [&[u8]; 5] {
        let (id, timestamp) = (self.id.as_bytes(), self.timestamp.as_bytes());
        [id, b".", timestamp, b".", self.body]
    }
}

fn verifies(public: &[u8], content: &Content<'_>, signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(&content.bytes(), signature).is_ok()
}

fn decoded(prefix: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD.decode(text).map_err(|_| KeyError::Base64(prefix))
}

fn pair(bytes: &[u8]) -> Result<Ed25519KeyPair, KeyError> {
    let wrong = || length(PRIVATE, bytes, "32 or 64");
    match bytes.len() {
        SEED => Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| wrong()),
        SEED_AND_PUBLIC => {
            let (seed, public) = bytes.split_at_checked(SEED).ok_or_else(wrong)?;
            Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| KeyError::Mismatch)
        }
        _ => Err(wrong()),
    }
}

fn length(prefix: &'static str, bytes: &[u8], expected: &'static str) -> KeyError {
    KeyError::Length {
        prefix,
        bytes: bytes.len(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<WebhookKey, KeyError> {
        WebhookKey::parse(&text.into())
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_with_a_reason_and_without_the_text() {
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        let odd = format!("whsk_{}", STANDARD.encode([7; 33]));
        let mismatch = format!("whsk_{}", STANDARD.encode([7; 64]));
        for (text, says) in [
            ("", "empty"),
            (" \n", "empty"),
            ("whsec_hunter2!", "no base64"),
            (&short, "23 bytes instead of 24 to 64"),
            (&long, "65 bytes instead of 24 to 64"),
            (&odd, "33 bytes instead of 32 or 64"),
            (&mismatch, "does not belong"),
            ("whpk_AAAA", "3 bytes instead of 32"),
        ] {
            let error = key(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_public_key_belongs_to_its_private_key_and_cannot_sign() {
        // RFC 8032, section 7.1, test 1.
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public =
            hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let private = format!("whsk_{}", STANDARD.encode(seed.unwrap()));
        let public = format!("whpk_{}", STANDARD.encode(public.unwrap()));
        let private = key(&private).unwrap();
        assert_eq!(private.public_key().as_deref(), Some(public.as_str()));
        let refused = WebhookKey::parse_signing(&public.as_str().into());
        assert_eq!(refused.unwrap_err(), KeyError::CannotSign);
        assert_eq!(key("plain").unwrap().public_key(), None);
        assert_eq!(format!("{private:?}"), "WebhookKey(..)");
    }
}
