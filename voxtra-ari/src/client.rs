//! One HTTP request to Asterisk, and its possible outcomes.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Method, Response, StatusCode, Upgraded};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::Url;

use super::error::root_cause;
use super::text::clean;
use super::{AriError, AriSettings, AsteriskInfo, AsteriskModule};

/// Gives orders to Asterisk over REST. Clones share their connections.
///
/// Every method is one request and ends within the time limit (5 s unless set with
/// [`AriClient::with_timeout`]). It may return any [`AriError`]: `Unauthorized`, `NotFound` when
/// the channel has gone meanwhile, `Conflict` when it is not in Stasis, `Timeout`, `Transport` …
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use voxtra_ari::{AriClient, AriSettings, HangupReason};
///
/// let url = "http://127.0.0.1:8088/ari".parse()?;
/// let password = std::env::var("ARI_PASSWORD")?;
/// let ari = AriClient::new(AriSettings::new(url, "acme", "acme", password))?;
/// println!("Asterisk {}", ari.asterisk_info().await?.version);
/// for channel in ari.channels().await? {
///     ari.hangup(&channel.id, HangupReason::Normal).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AriClient {
    inner: Arc<Inner>,
}

struct Inner {
    settings: AriSettings,
    http: reqwest::Client,
    authorization: HeaderValue,
    host: String,
    timeout: Duration,
    /// Permits for requests under way.
    turns: Semaphore,
}

impl std::fmt::Debug for AriClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AriClient")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

impl AriClient {
    /// Time limit of a request, from connecting to the last byte of the answer.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

    /// A client with the default time limit. It does not connect yet.
    ///
    /// # Errors
    /// [`AriError::Settings`].
    pub fn new(settings: AriSettings) -> Result<Self, AriError> {
        Self::with_timeout(settings, Self::DEFAULT_TIMEOUT)
    }

    /// A client whose requests end after `timeout`.
    ///
    /// # Errors
    /// [`AriError::Settings`].
    pub fn with_timeout(settings: AriSettings, timeout: Duration) -> Result<Self, AriError> {
        settings.check()?;
        let unusable = |_| AriError::Settings {
            key: "url",
            reason: "cannot be used for TLS on this machine",
        };
        let http = http_client(&settings, timeout).map_err(unusable)?;
        let authorization = basic_authorization(&http, &settings)?;
        let host = match (
            settings.url.host_str(),
            settings.url.port_or_known_default(),
        ) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => String::new(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                http,
                authorization,
                host,
                timeout,
                turns: Semaphore::new(MAX_REQUESTS),
            }),
        })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &AriSettings {
        &self.inner.settings
    }

    /// Name of the Stasis application.
    pub fn app(&self) -> &str {
        &self.inner.settings.app
    }

    /// `GET /asterisk/info`: version and start time. Also the cheapest test of the login.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn asterisk_info(&self) -> Result<AsteriskInfo, AriError> {
        self.send(Request::get(["asterisk", "info"])).await
    }

    /// `GET /asterisk/modules`: the loaded modules. [`missing_modules`](super::missing_modules)
    /// returns the required ones that are not running.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn modules(&self) -> Result<Vec<AsteriskModule>, AriError> {
        self.send(Request::get(["asterisk", "modules"]).list())
            .await
    }

    /// Whether this user may give orders, not only read. It sends a harmless order.
    ///
    /// # Errors
    /// [`AriError::Forbidden`] if it may only read; otherwise see [`AriClient`].
    pub async fn may_order(&self) -> Result<(), AriError> {
        // Asterisk refuses a read-only user before it looks for the channel.
        match self.answer("no-such-channel").await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends a request and parses the answer as `T`.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<T, AriError> {
        let (label, body) = self.exchange(request).await?;
        serde_json::from_slice(&body).map_err(|error| AriError::Decode {
            request: label,
            reason: error.to_string(),
        })
    }

    /// Sends an order whose answer carries only a status.
    pub(super) async fn order(&self, request: Request<'_>) -> Result<(), AriError> {
        let label = request.label();
        let asked = self.ask(&label, request).await?;
        // Read so that the connection can be reused. Whatever comes, the order was carried out.
        let _ = self.body(&label, asked.answer, MAX_ANSWER).await;
        Ok(())
    }

    async fn exchange(&self, request: Request<'_>) -> Result<(String, Vec<u8>), AriError> {
        let label = request.label();
        let asked = self.ask(&label, request).await?;
        let body = self.body(&label, asked.answer, asked.most).await?;
        Ok((label, body))
    }

    /// Sends a request and returns the answer if it is a success.
    async fn ask(&self, label: &str, request: Request<'_>) -> Result<Asked<'_>, AriError> {
        let most = request.most;
        let url = self.url(&request, label)?;
        let asked = Instant::now();
        let turn = tokio::time::timeout(self.inner.timeout, self.inner.turns.acquire()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(AriError::Timeout {
                request: label.to_owned(),
                after: self.inner.timeout,
            });
        };
        let left = self.inner.timeout.saturating_sub(asked.elapsed());
        let mut builder = self.inner.http.request(request.method.clone(), url);
        builder = builder.timeout(left);
        builder = builder.header(AUTHORIZATION, self.inner.authorization.clone());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let answer = builder
            .send()
            .await
            .map_err(|error| self.failed(label, error))?;
        let status = answer.status();
        if status.is_success() {
            tracing::trace!(request = label, status = status.as_u16(), "ari");
            Ok(Asked {
                most,
                answer,
                _turn: turn,
            })
        } else {
            tracing::debug!(request = label, status = status.as_u16(), "ari refused");
            let body = self.body(label, answer, MAX_ANSWER).await?;
            Err(self.refused(label.to_owned(), status, &body))
        }
    }

    /// Reads an answer of at most `most` bytes to its end.
    async fn body(
        &self,
        label: &str,
        mut answer: Response,
        most: usize,
    ) -> Result<Vec<u8>, AriError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.failed(label, error))?
        {
            if body.len().saturating_add(chunk.len()) > most {
                return Err(AriError::Decode {
                    request: label.to_owned(),
                    reason: format!("it is longer than {} KiB", most >> 10),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Opens the event websocket (RFC 6455, 4.1). This client writes the request, as it writes all
    /// others: a websocket library would log it, including the password.
    pub(super) async fn open_events(&self) -> Result<Upgraded, AriError> {
        const LABEL: &str = "GET /events";
        let broken = |reason: &str| AriError::Transport {
            request: LABEL.to_owned(),
            host: self.inner.host.clone(),
            reason: reason.to_owned(),
        };
        let request = Request::get(["events"])
            .query("app", self.app())
            .query("subscribeAll", "false");
        let key = generate_key();
        let answer = self
            .inner
            .http
            .get(self.url(&request, LABEL)?)
            .header(AUTHORIZATION, self.inner.authorization.clone())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key)
            .send()
            .await
            .map_err(|error| self.failed(LABEL, error))?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let body = self.body(LABEL, answer, MAX_ANSWER).await?;
            return Err(self.refused(LABEL.to_owned(), status, &body));
        }
        let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.map(HeaderValue::as_bytes) != Some(derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err(broken("what answers there is no websocket"));
        }
        answer
            .upgrade()
            .await
            .map_err(|error| broken(&root_cause(&error)))
    }

    /// The time limit of a request.
    pub(super) fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    /// The error for an answer that is not a success.
    pub(super) fn refused(&self, request: String, status: StatusCode, body: &[u8]) -> AriError {
        let message = message_of(body)
            .unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason").to_owned());
        let username = || self.inner.settings.username.clone();
        match status {
            StatusCode::UNAUTHORIZED => AriError::Unauthorized {
                request,
                username: username(),
            },
            StatusCode::FORBIDDEN => AriError::Forbidden {
                request,
                username: username(),
                message,
            },
            StatusCode::NOT_FOUND => AriError::NotFound { request, message },
            StatusCode::CONFLICT => AriError::Conflict { request, message },
            _ => AriError::Status {
                request,
                status: status.as_u16(),
                message,
            },
        }
    }

    pub(super) fn url(&self, request: &Request<'_>, label: &str) -> Result<Url, AriError> {
        let invalid = |reason| AriError::InvalidRequest {
            request: label.to_owned(),
            reason,
        };
        // The URL standard drops these segments however they are written; the path would then
        // address another resource.
        if request
            .path
            .iter()
            .any(|segment| matches!(*segment, "" | "." | ".."))
        {
            return Err(invalid("an id must not be empty, `.` or `..`"));
        }
        // It also drops tabs and line ends.
        if request
            .path
            .iter()
            .any(|segment| segment.contains(char::is_control))
        {
            return Err(invalid("an id must not hold control characters"));
        }
        let mut url = self.inner.settings.url.clone();
        url.path_segments_mut()
            .map_err(|()| invalid("the ARI url cannot be extended"))?
            .pop_if_empty()
            .extend(&request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    fn failed(&self, label: &str, error: reqwest::Error) -> AriError {
        let request = label.to_owned();
        if error.is_timeout() {
            AriError::Timeout {
                request,
                after: self.inner.timeout,
            }
        } else {
            // The URL may contain the user's ids and query values; the label says enough.
            let reason = root_cause(&error.without_url());
            AriError::Transport {
                request,
                host: self.inner.host.clone(),
                reason,
            }
        }
    }
}

/// An answer with a successful status.
struct Asked<'a> {
    answer: Response,
    /// Most bytes that the answer may have.
    most: usize,
    /// Held until the answer has been read.
    _turn: tokio::sync::SemaphorePermit<'a>,
}

/// Most requests under way at the same time: each takes a socket, and calls need those too.
const MAX_REQUESTS: usize = 64;
/// Most bytes of an answer about one thing: as many calls as are up may be waiting for theirs.
const MAX_ANSWER: usize = 64 << 10;
/// Most bytes of a list. A list of 20,000 channels is shorter.
const MAX_LIST: usize = 16 << 20;

/// A request, built by the methods of [`AriClient`], one per operation.
pub(super) struct Request<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// Most bytes of its answer.
    most: usize,
}

impl<'a> Request<'a> {
    pub(super) fn get<const N: usize>(path: [&'a str; N]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post<const N: usize>(path: [&'a str; N]) -> Self {
        Self::new(Method::POST, path)
    }

    pub(super) fn delete<const N: usize>(path: [&'a str; N]) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Declares that the answer is a list.
    pub(super) fn list(mut self) -> Self {
        self.most = MAX_LIST;
        self
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Method and path, for errors and logs. Query and body are left out: they may hold private
    /// data.
    pub(super) fn label(&self) -> String {
        let mut label = self.method.as_str().to_owned();
        label.push(' ');
        for segment in &self.path {
            label.push('/');
            label.push_str(segment);
        }
        label
    }

    fn new<const N: usize>(method: Method, path: [&'a str; N]) -> Self {
        Self {
            method,
            path: path.to_vec(),
            query: Vec::new(),
            body: None,
            most: MAX_ANSWER,
        }
    }
}

/// Asterisk's explanation in `{"message": "…"}`; some errors come from its web server, as plain
/// text.
fn message_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Message {
        #[serde(alias = "error")]
        message: String,
    }
    let Message { message } = serde_json::from_slice(body).ok()?;
    (!message.is_empty()).then(|| clean(&message))
}

fn http_client(
    settings: &AriSettings,
    timeout: Duration,
) -> Result<reqwest::Client, reqwest::Error> {
    // Another part of the program may have installed a provider; either works.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(timeout)
        // A proxy from the environment is meant for the web, not for a telephone exchange nearby.
        // The event websocket would not use it either.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        // Asterisk closes idle connections after 15 s (`session_keep_alive`). We close them first,
        // or an order could meet a connection that is just closing.
        .pool_idle_timeout(Duration::from_secs(8))
        .pool_max_idle_per_host(MAX_REQUESTS);
    if settings.url.scheme() == "https" {
        return builder.build();
    }
    // Plain HTTP needs no certificates, so a machine without any must work too.
    let no_roots = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder.tls_backend_preconfigured(no_roots).build()
}

/// Lets reqwest write the header once, so that the websocket can use the same one.
fn basic_authorization(
    http: &reqwest::Client,
    settings: &AriSettings,
) -> Result<HeaderValue, AriError> {
    let request = http
        .get(settings.url.clone())
        .basic_auth(&settings.username, Some(settings.password.expose_secret()))
        .build();
    let headers: HeaderMap = request
        .map(|mut request| std::mem::take(request.headers_mut()))
        .unwrap_or_default();
    let mut value = headers
        .get(AUTHORIZATION)
        .cloned()
        .ok_or(AriError::Settings {
            key: "password",
            reason: "cannot be put into a header",
        })?;
    value.set_sensitive(true);
    Ok(value)
}
