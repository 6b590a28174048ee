use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use super::destination::{DestinationError, Destinations};
use super::{BatchSettings, Compression, takes};

/// Where one webhook's events go, and how long they are retried.
///
/// ```
/// use voxtra_webhook::WebhookSettings;
///
/// let mut hook = WebhookSettings::new("https://example.com/orders".parse()?);
/// hook.secret = Some("shared with the receiver".into());
/// hook.events = Some(vec!["order.closed".into(), "payment.*".into()]);
/// assert!(hook.wants("payment.made") && !hook.wants("order.viewed"));
/// # Ok::<(), url::ParseError>(())
/// ```
/// `Debug` shows no secret, and nothing of `url` but scheme, host and port.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// Where events are POSTed; `http` or `https`.
    pub url: Url,
    /// Key that signs every request, if set: `X-NAME-Signature` ([`Signer`](super::Signer)) and
    /// `webhook-signature` ([`StandardSigner`](super::StandardSigner)). Best is `whsec_` and 24 to
    /// 64 random bytes in base64, which libraries of others take as it is. Never logged.
    pub secret: Option<SecretString>,
    /// Other secrets and private keys that sign as well, as [`WebhookKey`](super::WebhookKey)
    /// reads them: the older one, while receivers take over a new one. Each has its signature in
    /// `webhook-signature`. Never logged.
    pub more_secrets: Vec<SecretString>,
    /// Networks of the sender's own that may be reached: private, loopback and link-local ones.
    /// Default: none.
    pub allowed_networks: Vec<IpNet>,
    /// A file with certificates (PEM) of authorities that are trusted beside the machine's.
    /// Default: none.
    pub ca_file: Option<PathBuf>,
    /// The certificate that this client shows, and its private key: two files (PEM). Default: none.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// What the outbox knows this endpoint by: events that an earlier process left wait for the
    /// endpoint of the same name. Default: a hash of `url`.
    pub name: Option<String>,
    /// What to send, by wire names (`order.closed`) and beginnings of such (`order.*`, `*`), as
    /// [`takes`] reads them; `None` sends all.
    pub events: Option<Vec<String>>,
    /// Headers that every request carries, such as `authorization`: names and values. Those that
    /// the sender or the HTTP client sets are refused ([`HeaderError`](super::HeaderError)). The
    /// values are never logged.
    pub headers: Vec<(String, SecretString)>,
    /// How bodies are compressed. Default: not at all.
    pub compression: Option<Compression>,
    /// Whether several events go in one request. Default: each event in its own.
    pub batch: Option<BatchSettings>,
    /// Longest wait for one answer, from connecting to its last header. Default 10 s.
    pub timeout: Duration,
    /// Longest wait for a connection, TLS included; a part of `timeout`. Default 5 s.
    pub connect_timeout: Duration,
    /// The HTTP proxy (`http://host:port`) for requests. Default: none; proxies of the environment
    /// are not used.
    pub proxy: Option<Url>,
    /// How long an event is retried, counted from when it was accepted. Each event is tried at
    /// least once. Default 3 days.
    pub give_up_after: Duration,
    /// Most attempts at one event, including the first, whatever `give_up_after` is. Default: no
    /// limit.
    ///
    /// A receiver that is away for a minute uses up a few attempts: better leave this unset.
    pub max_attempts: Option<u32>,
    /// Longest wait after the first failed attempt. It doubles with every further one, and the wait
    /// is a random part of it. Default 500 ms.
    pub first_backoff: Duration,
    /// Longest wait between two attempts; it also limits a receiver's `Retry-After`. Default
    /// 10 min.
    pub max_backoff: Duration,
    /// Most events waiting in memory over all sessions; further ones are dropped. It does not limit
    /// an outbox on a disk. Half of the room is kept
    /// for lifecycle events, if [`Sender::lifecycle`](super::Sender::lifecycle) names some. Default
    /// 20,000.
    pub queue: usize,
    /// Most events waiting in memory of one session; further ones are dropped. When `queue` is
    /// full, the session with the most loses its newest ones to a session with fewer. Lifecycle
    /// events are counted separately. Default 1,000.
    pub session_queue: usize,
    /// Most requests under way at the same time. A quarter of them is kept for lifecycle events, if
    /// [`Sender::lifecycle`](super::Sender::lifecycle) names some. Default 16.
    pub max_in_flight: usize,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers = self.headers.iter().map(|(name, _)| name);
        f.debug_struct("WebhookSettings")
            .field("url", &self.origin())
            .field("name", &self.name)
            .field("signed", &self.secret.is_some())
            .field("more_secrets", &self.more_secrets.len())
            .field("allowed_networks", &self.allowed_networks)
            .field("ca_file", &self.ca_file)
            .field("client_certificate", &self.client_certificate)
            .field("events", &self.events)
            .field("headers", &headers.collect::<Vec<_>>())
            .field("compression", &self.compression)
            .field("batch", &self.batch)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
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
            more_secrets: Vec::new(),
            allowed_networks: Vec::new(),
            ca_file: None,
            client_certificate: None,
            name: None,
            events: None,
            headers: Vec::new(),
            compression: None,
            batch: None,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            proxy: None,
            give_up_after: Duration::from_secs(3 * 24 * 3_600),
            max_attempts: None,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(600),
            queue: 20_000,
            session_queue: 1_000,
            max_in_flight: 16,
        }
    }

    /// Sets what else is to be set.
    ///
    /// ```
    /// use voxtra_webhook::WebhookSettings;
    ///
    /// let hook = WebhookSettings::new("http://10.0.0.5/orders".parse()?)
    ///     .with(|hook| hook.allowed_networks = vec!["10.0.0.0/8".parse().unwrap()]);
    /// assert!(hook.judge_destination().is_ok());
    /// # Ok::<(), url::ParseError>(())
    /// ```
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }

    /// Whether events named `wire` are sent to this hook.
    #[must_use]
    pub fn wants(&self, wire: &str) -> bool {
        self.events
            .as_ref()
            .is_none_or(|patterns| patterns.iter().any(|pattern| takes(pattern, wire)))
    }

    /// Judges where the events go, as far as it can be without resolving a name.
    ///
    /// # Errors
    /// They may not go there.
    pub fn judge_destination(&self) -> Result<(), DestinationError> {
        self.destinations().judge(&self.url)
    }

    pub(super) fn destinations(&self) -> Destinations {
        Destinations::new(&self.allowed_networks)
    }

    /// What the outbox knows this endpoint by. The URL may hold a token, which stays out of it.
    pub(super) fn key(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let hash = || hex::encode(Sha256::digest(self.url.as_str()).split_at(8).0);
        self.name.clone().unwrap_or_else(hash)
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
