//! Checking deliveries, for receivers.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::SecretString;

use super::key::{Content, KeyError, WebhookKey};

/// How far a delivery's time may be from ours, unless told otherwise.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Most ids of deliveries that are remembered.
const REMEMBERED: usize = 100_000;

/// Most signatures of one header that are looked at.
const MOST_SIGNATURES: usize = 16;

/// Checks deliveries: that they come from who has the secret, unchanged, and now.
///
/// ```
/// use voxtra_webhook::{Refusal, SignedRequest, StandardSigner, Verifier};
///
/// let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into();
/// let verifier = Verifier::new(&secret)?;
/// let headers = StandardSigner::new([&secret])?.sign("1", jiff::Timestamp::now(), b"{}");
///
/// let request = SignedRequest {
///     id: &headers.id,
///     timestamp: &headers.timestamp,
///     signature: &headers.signature,
///     body: b"{}",
/// };
/// verifier.verify(&request)?;
/// // The event was handled; should it come again, that is told.
/// verifier.done(&request);
/// assert_eq!(verifier.verify(&request), Err(Refusal::Repeated));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<WebhookKey>,
    tolerance: Duration,
    done: Mutex<Done>,
}

/// What of a request is checked: three headers of Standard Webhooks, and the exact bytes of the
/// body.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "receivers make it")]
pub struct SignedRequest<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
    /// The body as it came. JSON that was read and written again is another body.
    pub body: &'a [u8],
}

/// Why a delivery is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No signature is one of a key that we have.
    #[error("no signature fits: another secret, or a body that was changed")]
    Signature,
    /// The timestamp is no number.
    #[error("the timestamp is no number of seconds since 1970")]
    NoTimestamp,
    /// The timestamp is too old.
    #[error("it was sent too long ago: somebody may be sending it again")]
    TooOld,
    /// The timestamp lies in the future.
    #[error("it was sent in the future: look at this machine's clock")]
    TooNew,
    /// It was handled before: there is nothing to do but to say so by a 2xx, or the sender goes on
    /// trying.
    #[error("it was handled before")]
    Repeated,
}

impl Verifier {
    /// Checks with this secret or public key. The timestamp may differ from this machine's clock
    /// by 5 minutes.
    ///
    /// # Errors
    /// It is no key ([`WebhookKey`]).
    pub fn new(secret: &SecretString) -> Result<Self, KeyError> {
        Ok(Self {
            keys: vec![WebhookKey::parse(secret)?],
            tolerance: TOLERANCE,
            done: Mutex::default(),
        })
    }

    /// Another secret or key is as good: while a secret is being replaced.
    ///
    /// # Errors
    /// It is no key.
    pub fn or(mut self, secret: &SecretString) -> Result<Self, KeyError> {
        self.keys.push(WebhookKey::parse(secret)?);
        Ok(self)
    }

    /// Sets how far the timestamp may be from this machine's clock.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a delivery that arrives now.
    ///
    /// # Errors
    /// [`Refusal`] says why it is not to be believed, or that it was handled before.
    pub fn verify(&self, request: &SignedRequest<'_>) -> Result<(), Refusal> {
        self.verify_at(request, Timestamp::now())
    }

    /// Checks a delivery that arrived at `now`.
    ///
    /// # Errors
    /// As those of [`verify`](Self::verify).
    pub fn verify_at(&self, request: &SignedRequest<'_>, now: Timestamp) -> Result<(), Refusal> {
        let sent: i64 = request
            .timestamp
            .parse()
            .map_err(|_| Refusal::NoTimestamp)?;
        let tolerance = i64::try_from(self.tolerance.as_secs()).unwrap_or(i64::MAX);
        let age = now.as_second().saturating_sub(sent);
        if age > tolerance {
            return Err(Refusal::TooOld);
        }
        if age < tolerance.saturating_neg() {
            return Err(Refusal::TooNew);
        }
        if !self.is_signed(request) {
            return Err(Refusal::Signature);
        }
        match self.lock().ids.contains(request.id) {
            true => Err(Refusal::Repeated),
            false => Ok(()),
        }
    }

    /// The event was handled: from now on it is [`Repeated`](Refusal::Repeated). Call it before
    /// answering with 2xx, and not when handling failed, for the sender tries that event again. The
    /// last 100,000 ids are remembered, in memory.
    pub fn done(&self, request: &SignedRequest<'_>) {
        self.lock().remember(request.id);
    }

    fn is_signed(&self, request: &SignedRequest<'_>) -> bool {
        let content = Content {
            id: request.id,
            timestamp: request.timestamp,
            body: request.body,
        };
        let signatures = request.signature.split(' ').take(MOST_SIGNATURES);
        let signatures = signatures.filter_map(|one| one.split_once(','));
        let mut signatures =
            signatures.filter_map(|(version, text)| Some((version, STANDARD.decode(text).ok()?)));
        signatures.any(|(version, signature)| {
            let mut keys = self.keys.iter();
            keys.any(|key| key.verifies(&content, version, &signature))
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ids of what was handled, oldest first.
#[derive(Debug, Default)]
struct Done {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Done {
    fn remember(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StandardSigner;
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const PRIVATE: &str = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const SENT: i64 = 1_649_367_553;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// What a verifier with `check` says of what was signed with `sign` and came `after` seconds.
    fn judged(sign: &[&str], check: &Verifier, body: &[u8], after: i64) -> Result<(), Refusal> {
        let secrets: Vec<SecretString> = sign.iter().map(|one| (*one).into()).collect();
        let signer = StandardSigner::new(&secrets).unwrap();
        let headers = signer.sign("msg.1", at(SENT), b"{}");
        assert_eq!(headers.id, "msg_1");
        let request = SignedRequest {
            id: &headers.id,
            timestamp: &headers.timestamp,
            signature: &headers.signature,
            body,
        };
        check.verify_at(&request, at(SENT + after))
    }

    fn verifier(secret: &str) -> Verifier {
        Verifier::new(&secret.into()).unwrap()
    }

    #[test]
    fn what_is_wrong_changed_late_or_early_is_refused() {
        let check = verifier(SECRET);
        assert_eq!(judged(&[SECRET], &check, b"{}", 0), Ok(()));
        assert_eq!(judged(&[SECRET], &check, b"{}", 300), Ok(()));
        assert_eq!(judged(&[SECRET], &check, b"{}", -300), Ok(()));
        assert_eq!(judged(&[SECRET], &check, b"{}", 301), Err(Refusal::TooOld));
        assert_eq!(judged(&[SECRET], &check, b"{}", -301), Err(Refusal::TooNew));
        assert_eq!(
            judged(&[SECRET], &check, b"{ }", 0),
            Err(Refusal::Signature)
        );
        assert_eq!(judged(&[OTHER], &check, b"{}", 0), Err(Refusal::Signature));
        let strict = verifier(SECRET).tolerance(Duration::from_secs(10));
        assert_eq!(judged(&[SECRET], &strict, b"{}", 11), Err(Refusal::TooOld));
    }

    #[test]
    fn while_a_secret_is_replaced_either_is_enough() {
        for sign in [
            &[SECRET, OTHER][..],
            &[OTHER, SECRET],
            &[OTHER, PRIVATE, SECRET],
        ] {
            assert_eq!(
                judged(sign, &verifier(SECRET), b"{}", 0),
                Ok(()),
                "{sign:?}"
            );
        }
        let both = verifier(SECRET).or(&OTHER.into()).unwrap();
        assert_eq!(judged(&[OTHER], &both, b"{}", 0), Ok(()));
    }

    #[test]
    fn who_has_the_public_key_can_check_and_a_plain_secret_works_too() {
        assert_eq!(judged(&[PRIVATE], &verifier(PUBLIC), b"{}", 0), Ok(()));
        let changed = judged(&[PRIVATE], &verifier(PUBLIC), b"{ }", 0);
        assert_eq!(changed, Err(Refusal::Signature));
        assert_eq!(judged(&["plain"], &verifier("plain"), b"{}", 0), Ok(()));
    }

    #[test]
    fn an_event_that_was_handled_is_told_and_one_that_was_not_may_come_again() {
        let check = verifier(SECRET);
        assert_eq!(judged(&[SECRET], &check, b"{}", 0), Ok(()));
        assert_eq!(judged(&[SECRET], &check, b"{}", 0), Ok(()));
        check.lock().remember("msg_1");
        assert_eq!(judged(&[SECRET], &check, b"{}", 0), Err(Refusal::Repeated));
        // Nobody learns without the secret what was handled.
        assert_eq!(judged(&[OTHER], &check, b"{}", 0), Err(Refusal::Signature));
    }

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut done = Done::default();
        for id in 0..REMEMBERED + 10 {
            done.remember(&id.to_string());
            done.remember(&id.to_string());
        }
        assert_eq!((done.ids.len(), done.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!done.ids.contains("9") && done.ids.contains("10"));
    }

    #[test]
    fn headers_of_nonsense_are_refused() {
        let check = verifier(SECRET);
        let many = "v1,AAAA ".repeat(100_000);
        for (timestamp, signature) in [
            ("", ""),
            ("now", "v1,AAAA"),
            ("99999999999999999999", "v1,AAAA"),
            ("-9223372036854775808", "v1,AAAA"),
            ("1649367553", ""),
            ("1649367553", "v1"),
            ("1649367553", "v1,"),
            ("1649367553", "v2,AAAA"),
            ("1649367553", "v1,ä"),
            ("1649367553", &many),
        ] {
            let request = SignedRequest {
                id: "1",
                timestamp,
                signature,
                body: b"",
            };
            assert!(check.verify_at(&request, at(SENT)).is_err(), "{timestamp}");
        }
    }
}
