//! Requests of programs: a tool's, or a look-up's. Their answers are read as text.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use super::super::{ProviderError, ProviderErrorKind};
use super::{Body, Endpoint};

/// A request to an [`Endpoint`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WebRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path and the query, relative to the endpoint's base URL.
    pub path: &'a str,
    /// What is sent, as JSON.
    pub json: Option<&'a Value>,
    /// Further headers: names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Most bytes of the answer that are read.
    pub most: usize,
}

impl<'a> WebRequest<'a> {
    /// A request without a body. At most 64 KiB of the answer are read.
    #[must_use]
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            json: None,
            headers: &[],
            most: 64 << 10,
        }
    }

    /// Changes it.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// An answer that is a success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebAnswer {
    /// The type of its content without parameters, in lower case, such as `application/json`; empty
    /// if it has none.
    pub content_type: String,
    /// Its first bytes.
    pub body: Vec<u8>,
    /// Whether it is longer.
    pub cut: bool,
}

impl Endpoint {
    /// Sends a request of a program and reads its answer.
    ///
    /// # Errors
    /// The server can't be reached, is silent for too long, redirects, or refuses: what it said is
    /// quoted, without secrets.
    pub async fn exchange(&self, request: WebRequest<'_>) -> Result<WebAnswer, ProviderError> {
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            let message = format!("{:?} is no method", request.method);
            self.error(ProviderErrorKind::Rejected, &message)
        })?;
        let mut asked = self.request(method, request.path)?;
        asked = asked.header(
            ACCEPT,
            "application/json, text/plain;q=0.9, text/html;q=0.5",
        );
        for (name, value) in request.headers {
            asked = asked.header(*name, *value);
        }
        if let Some(json) = request.json {
            asked = asked.json(json);
        }
        let answer = self.respond(asked).await?;
        let status = answer.status();
        if status.is_redirection() {
            let message = format!(
                "it answered {status}: it is at another address, and redirects are not followed"
            );
            return Err(self.error(ProviderErrorKind::Protocol, &message));
        }
        if !status.is_success() {
            return Err(self.refused(answer).await);
        }
        let body = Body::new(self.clone(), answer);
        let kind = body.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        let content_type = kind.trim().to_ascii_lowercase();
        let (body, cut) = body.beginning(request.most).await?;
        Ok(WebAnswer {
            content_type,
            body,
            cut,
        })
    }
}
