use reqwest::header::HeaderName;

use super::{SessionStep, WebhookError};

/// The sender of all webhooks of a service: what they have in common.
///
/// ```
/// use voxtra_webhook::Sender;
///
/// // Sends `X-Acme-Event`, `X-Acme-Signature` … and `User-Agent: acme/1.2`.
/// let sender = Sender::new("acme")
///     .version("1.2")
///     .lifecycle(|wire| wire == "order.created" || wire == "order.closed");
/// ```
#[derive(Clone, Debug)]
pub struct Sender {
    name: String,
    version: Option<String>,
    lifecycle: Option<Lifecycle>,
    sessions: Option<Sessions>,
}

/// Whether events of a wire name are lifecycle events.
pub(super) type Lifecycle = fn(&str) -> bool;

/// What events of a wire name mean for their session.
pub(super) type Sessions = fn(&str) -> Option<SessionStep>;

impl Sender {
    /// `name` goes into the headers: `X-NAME-Event`, `X-NAME-Event-Id`, `X-NAME-Session-Id`,
    /// `X-NAME-Sequence`, `X-NAME-Batch-Id` and `X-NAME-Signature`. It is also the `User-Agent`.
    /// Letters, digits and `-`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            lifecycle: None,
            sessions: None,
        }
    }

    /// The version, which follows the name in `User-Agent`. Default: none.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Tells by the wire name which events are of a session's life: few per session, and receivers
    /// rely on them. Room in the queue and requests are reserved for them. Default: none are, and
    /// nothing is reserved.
    #[must_use]
    pub fn lifecycle(mut self, is_lifecycle: fn(&str) -> bool) -> Self {
        self.lifecycle = Some(is_lifecycle);
        self
    }

    /// Tells by the wire name which events begin a session, conclude it and end it. An outbox that
    /// outlives the process then knows which sessions a killed process left
    /// ([`Webhooks::left_open`](super::Webhooks::left_open)). Default: none do.
    #[must_use]
    pub fn sessions(mut self, step: fn(&str) -> Option<SessionStep>) -> Self {
        self.sessions = Some(step);
        self
    }

    pub(super) fn session_steps(&self) -> Option<Sessions> {
        self.sessions
    }

    pub(super) fn lifecycle_events(&self) -> Option<Lifecycle> {
        self.lifecycle
    }

    pub(super) fn user_agent(&self) -> String {
        match &self.version {
            Some(version) => format!("{}/{version}", self.name),
            None => self.name.clone(),
        }
    }

    pub(super) fn headers(&self) -> Result<Headers, WebhookError> {
        let is_usable = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let header = |what: &str| {
            Some(format!("x-{}-{what}", self.name.to_ascii_lowercase()))
                .filter(|_| is_usable(&self.name))
                .and_then(|header| HeaderName::try_from(header).ok())
                .ok_or_else(|| WebhookError::Name(self.name.clone()))
        };
        Ok(Headers {
            event: header("event")?,
            event_id: header("event-id")?,
            session_id: header("session-id")?,
            batch_id: header("batch-id")?,
            sequence: header("sequence")?,
            signature: header("signature")?,
        })
    }
}

/// The names of the headers that every request carries.
#[derive(Clone, Debug)]
pub(super) struct Headers {
    pub(super) event: HeaderName,
    pub(super) event_id: HeaderName,
    pub(super) session_id: HeaderName,
    pub(super) batch_id: HeaderName,
    pub(super) sequence: HeaderName,
    pub(super) signature: HeaderName,
}

impl Headers {
    /// Whether every request carries a header of this name.
    pub(super) fn has(&self, name: &HeaderName) -> bool {
        let all = [
            &self.event,
            &self.event_id,
            &self.session_id,
            &self.batch_id,
            &self.sequence,
            &self.signature,
        ];
        all.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_in_the_headers() {
        let headers = Sender::new("Acme-2").headers().unwrap();
        assert_eq!(headers.event, "x-acme-2-event");
        assert_eq!(headers.event_id, "x-acme-2-event-id");
        assert_eq!(headers.session_id, "x-acme-2-session-id");
        assert_eq!(headers.sequence, "x-acme-2-sequence");
        assert_eq!(headers.signature, "x-acme-2-signature");
    }

    #[test]
    fn a_name_that_no_header_can_carry_is_refused() {
        for name in ["", "a b", "a:b", "é", "a\r\nx-evil: 1"] {
            let refused = Sender::new(name).headers();
            assert!(matches!(refused, Err(WebhookError::Name(_))), "{name:?}");
        }
    }

    #[test]
    fn the_version_follows_the_name() {
        assert_eq!(Sender::new("acme").user_agent(), "acme");
        assert_eq!(Sender::new("acme").version("1.2").user_agent(), "acme/1.2");
    }
}
