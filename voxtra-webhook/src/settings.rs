use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Where one webhook's events go, and how long they are retried.
///
/// ```
/// use voxtra_webhook::WebhookSettings;
///
/// let mut hook = WebhookSettings::new("https://example.com/orders".parse()?);
/// hook.secret = Some("shared with the receiver".into());
/// hook.events = Some(vec!["order.created".into(), "order.closed".into()]);
/// assert!(hook.wants("order.closed") && !hook.wants("order.viewed"));
/// # Ok::<(), url::ParseError>(())
/// ```
/// `Debug` shows no secret, and nothing of `url` but scheme, host and port.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// Where events are POSTed; `http` or `https`.
    pub url: Url,
    /// Key that signs every body, if set (`X-NAME-Signature`, see [`Signer`](super::Signer)). Never
    /// logged.
    pub secret: Option<SecretString>,
    /// The wire names to send; `None` sends all.
    pub events: Option<Vec<String>>,
    /// Longest wait for one answer, from connecting to its last header. Default 10 s.
    pub timeout: Duration,
    /// The HTTP proxy (`http://host:port`) for requests. Default: none; proxies of the environment
    /// are not used.
    pub proxy: Option<Url>,
    /// How long an event is retried, counted from when it happened. Each event is tried at least
    /// once. Default 15 min.
    pub give_up_after: Duration,
    /// Most attempts at one event, including the first, whatever `give_up_after` is. Default: no
    /// limit.
    ///
    /// A receiver that is away for a minute uses up a few attempts: better leave this unset.
    pub max_attempts: Option<u32>,
    /// Wait after the first failed attempt. It doubles with every further one, and a random part of
    /// up to the same length is added. Default 500 ms.
    pub first_backoff: Duration,
    /// Longest wait between two attempts before the random part is added; it also limits a
    /// receiver's `Retry-After`. Default 30 s.
    pub max_backoff: Duration,
    /// Most events waiting over all sessions; further ones are dropped. Half of the room is kept
    /// for lifecycle events, if [`Sender::lifecycle`](super::Sender::lifecycle) names some. Default
    /// 20,000.
    pub queue: usize,
    /// Most events waiting of one session; further ones are dropped. When `queue` is full, the
    /// session with the most loses its newest ones to a session with fewer. Lifecycle events are
    /// counted separately. Default 1,000.
    pub session_queue: usize,
    /// Most requests under way at the same time. A quarter of them is kept for lifecycle events, if
    /// [`Sender::lifecycle`](super::Sender::lifecycle) names some. Default 16.
    pub max_in_flight: usize,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("url", &self.origin())
            .field("signed", &self.secret.is_some())
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .field("proxy", &self.proxy.as_ref().map(origin))
            .field("give_up_after", &self.give_up_after)
            .field("max_attempts", &self.max_attempts)
            .field("first_backoff", &self.first_backoff)
            .field("max_backoff", &self.max_backoff)
            .field("queue", &self.queue)
            .field("session_queue", &self.session_queue)
            .field("max_in_flight", &self.max_in_flight)
            .finish()
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
            proxy: None,
            give_up_after: Duration::from_secs(15 * 60),
            max_attempts: None,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            queue: 20_000,
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

    /// Scheme, host and port. Paths and queries of webhooks often carry a token, so they are never
    /// logged.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(&self.url)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
