//! How providers on the network are reached: one HTTP client, one way to fail, and a limit in bytes
//! and in time for everything that is read.

mod body;
mod exchange;
mod failure;
mod socket;
mod sse;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(crate) use self::body::Body;
pub use self::exchange::{WebAnswer, WebRequest};
pub(crate) use self::failure::{kind, message_of};
pub(crate) use self::socket::{Received, Socket};
pub(crate) use self::sse::Sse;
use super::{ProviderError, ProviderErrorKind, Timeouts};

/// Where a provider is reached, and with which key. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    provider: String,
    http: Client,
    base: Url,
    headers: HeaderMap,
    /// Never to be seen in a message.
    secrets: Vec<SecretString>,
    timeouts: Timeouts,
}

impl Endpoint {
    /// The provider `provider` at `base_url`, such as `https://api.openai.com/v1`. A query of the
    /// URL, such as `?api-version=2024-10-21`, goes with all requests.
    ///
    /// # Errors
    /// The URL is none, is not `http` or `https`, or holds a password; the machine has no
    /// certificates.
    pub fn new(
        provider: impl Into<String>,
        base_url: &str,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        let provider = provider.into();
        let refuse = |message: String| {
            ProviderError::new(provider.as_str(), ProviderErrorKind::Rejected, message)
        };
        let mut base = Url::parse(base_url)
            .map_err(|error| refuse(format!("its base_url is no URL: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(refuse(
                "its base_url must begin with http:// or https://".into(),
            ));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refuse(
                "its base_url holds a user or a password; give a key instead".into(),
            ));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let http = client(&base, timeouts).map_err(|error| refuse(failure::causes(&error)))?;
        Ok(Self {
            inner: Arc::new(Inner {
                provider,
                http,
                base,
                headers: HeaderMap::new(),
                secrets: Vec::new(),
                timeouts,
            }),
        })
    }

    /// Adds a header to all requests: `prefix` and the key. Neither the key nor what stands in it
    /// behind a space, `=` or `:` gets into an error.
    ///
    /// # Errors
    /// The key holds characters that no header can carry, such as a line end; or `header` is no
    /// header's name.
    pub fn with_key(
        self,
        header: &str,
        prefix: &str,
        key: &SecretString,
    ) -> Result<Self, ProviderError> {
        let Ok(header) = HeaderName::from_bytes(header.as_bytes()) else {
            let message = format!("{header:?} is no header's name");
            return Err(self.error(ProviderErrorKind::Rejected, &message));
        };
        let text = format!("{prefix}{}", key.expose_secret());
        let value = HeaderValue::from_str(&text).ok();
        let (Some(mut value), false) = (value, key.expose_secret().is_empty()) else {
            return Err(self.error(
                ProviderErrorKind::Auth,
                "its key is empty, or holds a line end or another character that no key has",
            ));
        };
        value.set_sensitive(true);
        let secrets = in_part(key);
        Ok(self.changed(|inner| {
            inner.headers.insert(header, value);
            inner.secrets.extend(secrets);
            // One that begins with another is looked for first, or its rest would stay.
            let length = |secret: &SecretString| secret.expose_secret().len();
            inner
                .secrets
                .sort_by_key(|secret| std::cmp::Reverse(length(secret)));
        }))
    }

    /// Adds a header to all requests that is no secret.
    #[must_use]
    pub(crate) fn with_header(self, header: &'static str, value: &'static str) -> Self {
        let value = HeaderValue::from_static(value);
        self.changed(|inner| {
            inner.headers.insert(HeaderName::from_static(header), value);
        })
    }

    fn changed(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            provider: self.inner.provider.clone(),
            http: self.inner.http.clone(),
            base: self.inner.base.clone(),
            headers: self.inner.headers.clone(),
            secrets: self.inner.secrets.clone(),
            timeouts: self.inner.timeouts,
        };
        change(&mut inner);
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.inner.provider
    }

    /// The host of the base URL.
    pub(crate) fn host(&self) -> &str {
        self.inner.base.host_str().unwrap_or_default()
    }

    /// The limits in time.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.inner.timeouts
    }

    /// A request to `path`, which is relative to the base URL and may have a query.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<RequestBuilder, ProviderError> {
        let mut url = self.inner.base.join(path).map_err(|error| {
            self.error(
                ProviderErrorKind::Rejected,
                &format!("no such path: {error}"),
            )
        })?;
        // Joining loses the query, except where there is nothing to join.
        if let (Some(query), false) = (self.inner.base.query(), path.is_empty()) {
            let query = match url.query() {
                Some(more) => format!("{query}&{more}"),
                None => query.to_owned(),
            };
            url.set_query(Some(&query));
        }
        let request = self.inner.http.request(method, url);
        Ok(request.headers(self.inner.headers.clone()))
    }

    /// Sends a request and waits for a success; its body is read from what this returns.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Body, ProviderError> {
        let response = self.respond(request).await?;
        if response.status().is_success() {
            return Ok(Body::new(self.clone(), response));
        }
        Err(self.refused(response).await)
    }

    /// Asks for `path`, with these headers too, to find out whether the provider is there and takes
    /// the key. False: it is there, and has no such path.
    ///
    /// # Errors
    /// It can't be reached, or refuses.
    pub async fn look(
        &self,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<bool, ProviderError> {
        let mut request = self.request(Method::GET, path)?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.respond(request).await?;
        match response.status().as_u16() {
            200..=299 => Ok(true),
            404 | 405 => Ok(false),
            _ => Err(self.refused(response).await),
        }
    }

    /// Opens a websocket at `path`, as [`request`](Self::request) has it.
    pub(crate) async fn websocket(&self, path: &str) -> Result<Socket, ProviderError> {
        Socket::open(self, self.request(Method::GET, path)?).await
    }

    /// Opens a connection that later requests use. Errors don't matter: they come again.
    pub(crate) async fn warm_up(&self) {
        if let Ok(request) = self.request(Method::HEAD, "") {
            let _ = self.respond(request).await;
        }
    }

    async fn respond(&self, request: RequestBuilder) -> Result<Response, ProviderError> {
        let first = self.inner.timeouts.first;
        match tokio::time::timeout(first, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.broken(error)),
            Err(_) => Err(self.timed_out("it did not answer", first)),
        }
    }

    /// An error of this provider, in which no secret is left.
    pub(crate) fn error(&self, kind: ProviderErrorKind, message: &str) -> ProviderError {
        ProviderError::new(self.provider(), kind, self.inner.clean(message))
    }

    /// What the provider sent makes no sense.
    pub(crate) fn nonsense(&self, what: impl fmt::Display) -> ProviderError {
        self.error(ProviderErrorKind::Protocol, &what.to_string())
    }

    pub(crate) fn timed_out(&self, what: &str, after: Duration) -> ProviderError {
        let message = format!("{what} within {} s", after.as_secs_f64());
        self.error(ProviderErrorKind::Timeout, &message)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a key.
        let mut base = self.inner.base.clone();
        base.set_query(None);
        f.debug_struct("Endpoint")
            .field("provider", &self.inner.provider)
            .field("base", &base.as_str())
            .finish_non_exhaustive()
    }
}

/// Fewest characters of a part of a key that is a secret too.
const SHORTEST_PART: usize = 4;

/// A key and its ends, longest first: of `Bearer abc` and `token="abc"`, a server may quote `abc`.
fn in_part(key: &SecretString) -> Vec<SecretString> {
    let text = key.expose_secret();
    let ends = text.match_indices([' ', '=', ':']).filter_map(|(at, _)| {
        let end = text.get(at..)?.get(1..)?;
        let end = end.trim_matches([' ', '"']);
        (end.len() >= SHORTEST_PART).then(|| SecretString::from(end.to_owned()))
    });
    std::iter::once(key.clone()).chain(ends).collect()
}

fn client(base: &Url, timeouts: Timeouts) -> Result<Client, reqwest::Error> {
    // Another part of the program may have installed a provider; either works.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(timeouts.connect)
        // Websockets need an upgrade, which HTTP/2 has none of. Without this a program that turns
        // reqwest's feature `http2` on would be offered it.
        .http1_only()
        // A redirect would carry the key to a host that nobody named.
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        // A connection that is kept must not be found dead by the next turn of a conversation.
        .pool_idle_timeout(Duration::from_secs(55))
        .tcp_keepalive(Duration::from_secs(15))
        .user_agent(concat!("voxtra/", env!("CARGO_PKG_VERSION")));
    if base.scheme() == "https" {
        return builder.build();
    }
    // Plain HTTP needs no certificates, so a machine without any must work too.
    let no_roots = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder.tls_backend_preconfigured(no_roots).build()
}

#[cfg(test)]
mod tests;
