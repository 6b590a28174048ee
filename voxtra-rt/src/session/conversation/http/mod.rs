//! What an agent asks servers of others: how they are reached, and what they are told.

mod address;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

pub(crate) use self::address::Address;
use super::super::call::{Call, Direction};
use super::super::error::HandlerError;
use super::variables::{self, KnownNames, Lookup};
use crate::speech::{Endpoint, ProviderError, ProviderErrorKind, Timeouts, WebAnswer, WebRequest};

/// How long a look-up may take, unless its settings say otherwise: the telephone rings meanwhile.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Most bytes of what a look-up finds.
const MAX_FOUND: usize = 64 << 10;

/// How a server is asked: by a tool, or by a look-up before the call. `Debug` shows no header.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpSettings {
    /// The address. Its path and its query may have `{{variables}}`, whose values are encoded.
    pub url: String,
    /// The method. Default `GET`.
    pub method: String,
    /// Headers of each request. Their values are secrets: they reach no log, no event and no model.
    pub headers: Vec<(String, SecretString)>,
    /// How long an answer may take. Default 10 s, for a look-up 2 s.
    pub timeout: Option<Duration>,
}

impl HttpSettings {
    /// `GET` from this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            timeout: None,
        }
    }

    /// Sets the method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// Adds a header, such as `authorization` with `Bearer …`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = SecretString::from(value.into());
        self.headers.push((name.into(), value));
        self
    }

    /// Sets how long an answer may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        // A path or a query may hold a key.
        let address = Address::parse(&self.url);
        let origin = address.as_ref().map_or("", Address::origin);
        f.debug_struct("HttpSettings")
            .field("url", &origin)
            .field("method", &self.method)
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A server that can be asked.
pub(super) struct Server {
    endpoint: Endpoint,
    address: Address,
    method: String,
    timeout: Duration,
}

impl Server {
    /// The server of `name`. Its address may have variables that `known` has.
    pub(super) fn new(
        name: &str,
        settings: &HttpSettings,
        timeout: Duration,
        known: &KnownNames,
    ) -> Result<Self, ProviderError> {
        let refuse = |why: String| ProviderError::new(name, ProviderErrorKind::Rejected, why);
        let address = Address::parse(&settings.url);
        let address = address.map_err(|why| refuse(format!("its url {why}")))?;
        known
            .read(&settings.url)
            .map_err(|error| refuse(error.to_string()))?;
        let timeout = settings.timeout.unwrap_or(timeout);
        let mut timeouts = Timeouts::default();
        timeouts.connect = timeout.min(CONNECT);
        timeouts.first = timeout;
        timeouts.idle = timeout;
        let mut endpoint = Endpoint::new(name, address.origin(), timeouts)?;
        for (name, value) in &settings.headers {
            endpoint = endpoint.with_key(name, "", value)?;
        }
        Ok(Self {
            endpoint,
            address,
            method: settings.method.clone(),
            timeout,
        })
    }

    /// How long it may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether what it is told stands in a body.
    pub(super) fn takes_body(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")
    }

    /// The names of the variables in its address.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.address.names()
    }

    /// Asks it: `own` values go before those of the call, and `more` to the query's end.
    pub(super) async fn ask(
        &self,
        call: &Call,
        own: &BTreeMap<String, String>,
        more: &[(String, String)],
        body: Option<&Value>,
        most: usize,
    ) -> Result<WebAnswer, HandlerError> {
        let names = self.names().filter(|name| !own.contains_key(*name));
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        let facts = match names.is_empty() {
            true => BTreeMap::new(),
            false => variables::of_call(call, &names).await,
        };
        let value = |name: &str| own.get(name).or_else(|| facts.get(name));
        let path = self
            .address
            .fill(|name| value(name).map(String::as_str), more)?;
        let headers = [("x-voxtra-session-id", call.id())];
        let request = WebRequest::new(&self.method, &path).with(|request| {
            request.json = body;
            request.headers = &headers;
            request.most = most;
        });
        Ok(self.endpoint.exchange(request).await?)
    }
}

impl Lookup {
    /// A look-up over HTTP. The address may have variables of the call, such as `{{caller_id}}`;
    /// with `POST`, the call's facts are sent as a JSON object too. The answer is a flat JSON
    /// object of at most 64 KiB.
    ///
    /// ```
    /// use voxtra_rt::session::{HttpSettings, Lookup};
    ///
    /// let crm = HttpSettings::new("https://crm.example.com/callers/{{caller_id}}");
    /// let lookup = Lookup::http([("name", "dear customer")], &crm).unwrap();
    /// ```
    ///
    /// # Errors
    /// The address or a header is wrong.
    pub fn http<N: Into<String>, V: Into<String>>(
        defaults: impl IntoIterator<Item = (N, V)>,
        settings: &HttpSettings,
    ) -> Result<Self, ProviderError> {
        let known = KnownNames::default();
        let server = Server::new("lookup", settings, LOOKUP_TIMEOUT, &known)?;
        let limit = server.timeout();
        let server = std::sync::Arc::new(server);
        let lookup = Self::new(defaults, move |call: Call| {
            let server = server.clone();
            async move { server.look_up(&call).await }
        });
        Ok(lookup.time_limit(limit))
    }
}

impl Server {
    async fn look_up(&self, call: &Call) -> Result<BTreeMap<String, String>, HandlerError> {
        let direction = match call.direction() {
            Direction::Outbound => "outbound",
            _ => "inbound",
        };
        let facts = serde_json::json!({
            "session_id": call.id(),
            "caller_id": call.caller_id(),
            "called_number": call.called_number(),
            "redirecting_number": call.redirecting_number(),
            "direction": direction,
        });
        let body = self.takes_body().then_some(&facts);
        let answer = self
            .ask(call, &BTreeMap::new(), &[], body, MAX_FOUND)
            .await?;
        if answer.cut {
            return Err("its answer is longer than 64 KiB".into());
        }
        let found: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("its answer is no JSON: {error}"))?;
        let found = found.as_object().ok_or("its answer is no JSON object")?;
        let values = found.iter().filter_map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(yes) => yes.to_string(),
                // What is nested is no value of a variable.
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), value))
        });
        Ok(values.collect())
    }
}

#[cfg(test)]
pub(super) mod tests;
