//! Who an event comes from, and that nobody changed it: our own header, and Standard Webhooks.

#[cfg(feature = "axum")]
mod extractor;
mod key;
mod standard;
mod verify;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

#[cfg(feature = "axum")]
pub use self::extractor::{Delivery, RejectedDelivery};
pub use self::key::{KeyError, WebhookKey};
pub use self::standard::{StandardHeaders, StandardSigner};
pub use self::verify::{Refusal, SignedRequest, Verifier};

type HmacSha256 = Hmac<Sha256>;

/// Makes and checks the `X-NAME-Signature` header: lower-case hex of HMAC-SHA256(secret, body) (RFC
/// 2104, FIPS 180-4) over the exact bytes sent.
///
/// A receiver written in Rust can use [`Signer::verify`]:
///
/// ```
/// use voxtra_webhook::Signer;
///
/// let signer = Signer::new(&"s3cret".into());
/// let header = signer.sign(b"{}");
/// assert!(signer.verify(b"{}", &header));
/// assert!(!signer.verify(b"{ }", &header));
/// ```
#[derive(Clone)]
pub struct Signer {
    keyed: HmacSha256,
}

impl Signer {
    /// Takes the secret's UTF-8 bytes as the key, of any length.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        Self {
            keyed: keyed(secret.expose_secret().as_bytes()),
        }
    }

    /// The header's value for `body`.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    /// Whether `header` is the signature of `body`, compared in constant time.
    #[must_use]
    pub fn verify(&self, body: &[u8], header: &str) -> bool {
        let Ok(tag) = hex::decode(header) else {
            return false;
        };
        let mut mac = self.keyed.clone();
        mac.update(body);
        mac.verify_slice(&tag).is_ok()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104); its error cannot happen"
)]
fn keyed(key: &[u8]) -> HmacSha256 {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_test_vectors_of_rfc_4231_say() {
        let signer = Signer::new(&"Jefe".into());
        assert_eq!(
            signer.sign(b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn refuses_a_signature_that_is_wrong_cut_or_not_hex() {
        let signer = Signer::new(&"k".into());
        let good = signer.sign(b"body");
        assert!(signer.verify(b"body", &good));
        assert!(!signer.verify(b"body", &good[..62]));
        assert!(!signer.verify(b"body", ""));
        assert!(!signer.verify(b"body", "zz"));
        assert!(!Signer::new(&"other".into()).verify(b"body", &good));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(
            format!("{:?}", Signer::new(&"hunter2".into())),
            "Signer(..)"
        );
    }
}
