//! One HTTP request to Asterisk, and its possible outcomes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Certificate, Response, StatusCode, Upgraded};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::Url;

use super::error::root_cause;
use super::read::Json;
use super::request::{MAX_ANSWER, Request};
use super::socket::rest::{Unanswered, Wire};
use super::text::clean;
use super::{AriError, AriSettings};

/// Gives orders to Asterisk over REST. Clones share their connections.
///
/// Every operation of ARI is a method of one of its handles: [`channels`](Self::channels) for all
/// of them, [`channel`](Self::channel) for one. Each is an [`Order`](crate::Order): one request,
/// sent when it is awaited, which ends within its time limit (5 s unless set with
/// [`AriClient::with_timeout`] or [`Order::timeout`](crate::Order::timeout)). It may return any
/// [`AriError`]: `Unauthorized`, `NotFound` when the channel has gone meanwhile, `Conflict` when it
/// is not in Stasis, `Timeout`, `Transport` …
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use voxtra_ari::channels::HangupOptions;
/// use voxtra_ari::{AriClient, AriSettings};
///
/// let url = "http://127.0.0.1:8088/ari".parse()?;
/// let password = std::env::var("ARI_PASSWORD")?;
/// let ari = AriClient::new(AriSettings::new(url, "acme", "acme", password))?;
/// let asterisk = ari.asterisk().ping().await?;
/// println!("{} at {}", asterisk.ping, asterisk.timestamp);
/// for channel in ari.channels().list().await? {
///     ari.channel(channel.id).hangup(&HangupOptions::default()).await?;
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
    /// An event websocket that takes orders.
    wire: Mutex<Option<Wire>>,
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
        let authorities = authorities(&settings)?;
        let http = http_client(&settings, authorities, timeout).map_err(unusable)?;
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
                wire: Mutex::default(),
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

    /// Sends a request and returns the body of its answer, of at most `most` bytes.
    pub(super) async fn exchange(
        &self,
        request: Request,
        timeout: Duration,
        most: usize,
    ) -> Result<Vec<u8>, AriError> {
        let label = request.label();
        if most <= MAX_ANSWER
            && let Some(wire) = self.wire()
            && let Some(message) = self.message(&request, &label)?
        {
            let module = request.module();
            let answered = self.over_websocket(wire, message, &label, &module, timeout);
            if let Some(body) = answered.await? {
                return Ok(body);
            }
        }
        let asked = self.ask(&label, request, timeout).await?;
        if most > 0 {
            return self.body(&label, asked.answer, most, timeout).await;
        }
        // Read so that the connection can be reused. Whatever comes, the order was carried out.
        let _ = self.body(&label, asked.answer, MAX_ANSWER, timeout).await;
        Ok(Vec::new())
    }

    /// Sends a request over the event websocket. `None` if it was not sent.
    async fn over_websocket(
        &self,
        wire: Wire,
        message: Json,
        label: &str,
        module: &str,
        timeout: Duration,
    ) -> Result<Option<Vec<u8>>, AriError> {
        let answer = match tokio::time::timeout(timeout, wire.exchange(message)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Unanswered::NotSent)) => return Ok(None),
            Ok(Err(Unanswered::Lost)) => {
                return Err(AriError::Transport {
                    request: label.to_owned(),
                    host: self.inner.host.clone(),
                    reason: "the event websocket was lost before the answer came".to_owned(),
                });
            }
            Err(_) => {
                return Err(AriError::Timeout {
                    request: label.to_owned(),
                    after: timeout,
                });
            }
        };
        let body = answer.body.into_bytes();
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
        if status.is_success() {
            return Ok(Some(body));
        }
        Err(self.refused(label.to_owned(), module, status, &body))
    }

    /// A request as a `RESTRequest` without an id; `None` if it is too long for the websocket.
    fn message(&self, request: &Request, label: &str) -> Result<Option<Json>, AriError> {
        let url = self.url(request, label)?;
        let base = self.inner.settings.url.path().trim_end_matches('/');
        let path = url.path().strip_prefix(base).unwrap_or_default();
        let mut uri = path.trim_start_matches('/').to_owned();
        if let Some(query) = url.query() {
            uri.push('?');
            uri.push_str(query);
        }
        let body = request
            .json()
            .map(|body| Value::Object(body.clone()).to_string());
        let mut message = Json::from_iter([
            ("method".to_owned(), request.method.as_str().into()),
            ("uri".to_owned(), uri.into()),
        ]);
        if let Some(body) = body {
            if body.len() > MAX_WIRED {
                return Ok(None);
            }
            message.insert("content_type".to_owned(), "application/json".into());
            message.insert("message_body".to_owned(), body.into());
        }
        Ok(Some(message))
    }

    fn wire(&self) -> Option<Wire> {
        let wire = self.inner.wire.lock();
        wire.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on orders go over this websocket, where they are short.
    pub(super) fn attach(&self, wire: Wire) {
        let here = self.inner.wire.lock();
        *here.unwrap_or_else(PoisonError::into_inner) = Some(wire);
    }

    /// This websocket takes no more orders.
    pub(super) fn detach(&self, wire: &Wire) {
        let here = self.inner.wire.lock();
        let mut here = here.unwrap_or_else(PoisonError::into_inner);
        if here.as_ref().is_some_and(|here| here.is_same(wire)) {
            *here = None;
        }
    }

    /// Sends a request and returns the answer if it is a success.
    async fn ask(
        &self,
        label: &str,
        request: Request,
        timeout: Duration,
    ) -> Result<Asked<'_>, AriError> {
        let url = self.url(&request, label)?;
        let module = request.module();
        let asked = Instant::now();
        let turn = tokio::time::timeout(timeout, self.inner.turns.acquire()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(AriError::Timeout {
                request: label.to_owned(),
                after: timeout,
            });
        };
        let left = timeout.saturating_sub(asked.elapsed());
        let mut builder = self.inner.http.request(request.method.clone(), url);
        builder = builder.timeout(left);
        builder = builder.header(AUTHORIZATION, self.inner.authorization.clone());
        if let Some(body) = request.json() {
            builder = builder.json(body);
        }
        let answer = builder
            .send()
            .await
            .map_err(|error| self.failed(label, error, timeout))?;
        let status = answer.status();
        if status.is_success() {
            tracing::trace!(request = label, status = status.as_u16(), "ari");
            Ok(Asked {
                answer,
                _turn: turn,
            })
        } else {
            tracing::debug!(request = label, status = status.as_u16(), "ari refused");
            let body = self.body(label, answer, MAX_ANSWER, timeout).await?;
            Err(self.refused(label.to_owned(), &module, status, &body))
        }
    }

    /// Reads an answer of at most `most` bytes to its end.
    async fn body(
        &self,
        label: &str,
        mut answer: Response,
        most: usize,
        timeout: Duration,
    ) -> Result<Vec<u8>, AriError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.failed(label, error, timeout))?
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
        let request = Request::get("events", &["events"])
            .set("app", self.app())
            .set("subscribeAll", &false);
        let timeout = self.inner.timeout;
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
            .map_err(|error| self.failed(LABEL, error, timeout))?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let body = self.body(LABEL, answer, MAX_ANSWER, timeout).await?;
            return Err(self.refused(LABEL.to_owned(), &request.module(), status, &body));
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
    pub(super) fn refused(
        &self,
        request: String,
        module: &str,
        status: StatusCode,
        body: &[u8],
    ) -> AriError {
        let explained = message_of(body);
        if status == StatusCode::NOT_FOUND && explained.is_none() {
            let host = self.inner.host.clone();
            return AriError::NoAri { request, host };
        }
        let message = explained
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
            // What ARI says when no module has the path.
            StatusCode::NOT_FOUND if message == "Resource not found" => AriError::NotServed {
                request,
                module: module.to_owned(),
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

    pub(super) fn url(&self, request: &Request, label: &str) -> Result<Url, AriError> {
        let invalid = |reason| AriError::InvalidRequest {
            request: label.to_owned(),
            reason,
        };
        // The URL standard drops these segments however they are written; the path would then
        // address another resource.
        if request
            .path
            .iter()
            .any(|segment| matches!(segment.as_str(), "" | "." | ".."))
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
        // The URL standard leaves a plus as it is, and Asterisk reads one in a path as a space.
        let base = self.inner.settings.url.path().trim_end_matches('/').len();
        if let Some((base, rest)) = url.path().split_at_checked(base)
            && rest.contains('+')
        {
            let path = format!("{base}{}", rest.replace('+', "%2B"));
            url.set_path(&path);
        }
        let query = request.query();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// What to do about an error of TLS, if it is one.
    fn advice(&self, reason: &str) -> &'static str {
        let is_tls = self.inner.settings.url.scheme() == "https";
        if reason.contains("UnknownIssuer") {
            "; if this is your Asterisk, name the file with its authority's certificate: `ca_file`"
        } else if reason.contains("not valid for name") {
            "; let the url have a name that the certificate has, or give it another certificate"
        } else if is_tls && reason.contains("InvalidContentType") {
            "; this port has no TLS: the url of ARI with TLS has the port of `tlsbindaddr` in http.conf"
        } else {
            ""
        }
    }

    fn failed(&self, label: &str, error: reqwest::Error, after: Duration) -> AriError {
        let request = label.to_owned();
        if error.is_timeout() {
            AriError::Timeout { request, after }
        } else {
            // The URL may contain the user's ids and query values; the label says enough.
            let reason = root_cause(&error.without_url());
            // The server may have chosen part of it: the names in its certificate.
            let reason = clean(&reason) + self.advice(&reason);
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
    /// Held until the answer has been read.
    _turn: tokio::sync::SemaphorePermit<'a>,
}

/// Most bytes of a body that goes over the event websocket.
const MAX_WIRED: usize = 16 << 10;
/// Most requests under way at the same time: each takes a socket, and calls need those too.
const MAX_REQUESTS: usize = 64;

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

/// The authorities that are trusted beside the machine's.
fn authorities(settings: &AriSettings) -> Result<Vec<Certificate>, AriError> {
    let Some(path) = &settings.ca_file else {
        return Ok(Vec::new());
    };
    let unusable = |reason| AriError::Settings {
        key: "ca_file",
        reason,
    };
    let pem = std::fs::read(path).map_err(|_| unusable("cannot be read"))?;
    let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if found.is_empty() {
        return Err(unusable("has no certificates (PEM)"));
    }
    Ok(found)
}

fn http_client(
    settings: &AriSettings,
    authorities: Vec<Certificate>,
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
        return builder.tls_certs_merge(authorities).build();
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
