use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Where one webhook goes and how hard it is tried.
///
/// ```
/// use voxtra_rt::webhook::WebhookSettings;
///
/// let mut hook = WebhookSettings::new("https://example.com/calls".parse()?);
/// hook.secret = Some("shared with the receiver".into());
/// hook.events = Some(vec!["call.started".into(), "call.ended".into()]);
/// assert!(hook.wants("call.ended") && !hook.wants("barge_in"));
/// # Ok::<(), url::ParseError>(())
/// ```
/// `Debug` shows no secret, and nothing of `url` but scheme, host and port.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Where events are POSTed; `http` or `https`.
    pub url: Url,
    /// Signs every body when given (`X-Voxtra-Signature`). Never logged.
    pub secret: Option<SecretString>,
    /// The wire names to send, user-declared ones included; `None` sends all.
    pub events: Option<Vec<String>>,
    /// Longest wait for one answer, from connecting to its last header. Default 10 s.
    pub timeout: Duration,
    /// Most attempts at one event, the first included. Default 6.
    pub max_attempts: u32,
    /// Wait after the first failed attempt; it doubles with every further one, and up to as much again is added at random.
    /// Default 500 ms.
    pub first_backoff: Duration,
    /// Longest wait between two attempts before the random part is added; also bounds a receiver's `Retry-After`.
    /// Default 30 s.
    pub max_backoff: Duration,
    /// Most events waiting over all sessions; further ones are dropped. Default 10,000.
    pub queue: usize,
    /// Most events waiting of one session; further ones are dropped. Default 1,000.
    pub session_queue: usize,
    /// Most requests under way at the same time. Default 16.
    pub max_in_flight: usize,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("url", &self.origin())
            .field("signed", &self.secret.is_some())
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .field("max_attempts", &self.max_attempts)
            .finish_non_exhaustive()
    }
}

impl WebhookSettings {
    /// The defaults: every event, unsigned.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            secret: None,
            events: None,
            timeout: Duration::from_secs(10),
            max_attempts: 6,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            queue: 10_000,
            session_queue: 1_000,
            max_in_flight: 16,
        }
    }

    /// Whether events named `wire` are sent to this hook.
    #[must_use]
    pub fn wants(&self, wire: &str) -> bool {
        self.events
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name == wire))
    }

    /// Scheme, host and port. Paths and queries of webhooks often carry a token, so nothing else is ever logged.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}
