//! What a provider's refusal, and a broken connection, mean.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::super::provider::quoted;
use super::super::{ProviderError, ProviderErrorKind};
use super::{Body, Endpoint, Inner};

/// Most bytes of a refusal that are read.
const MAX_REFUSAL: usize = 16 << 10;

impl Endpoint {
    /// The error for an answer that is no success.
    pub(crate) async fn refused(&self, response: Response) -> ProviderError {
        let status = response.status();
        let mut kind = kind(status.as_u16(), retry_after(response.headers()));
        let body = Body::new(self.clone(), response);
        let body = body.whole(MAX_REFUSAL).await.unwrap_or_default();
        if let Ok(json) = serde_json::from_slice(&body) {
            kind = refined(kind, &json);
        }
        let said = message_of(&body).unwrap_or_else(|| "without a reason".to_owned());
        let advice = match kind {
            ProviderErrorKind::Auth => "; check its key",
            _ => "",
        };
        self.error(kind, &format!("it answered {status}: {said}{advice}"))
    }

    /// The error for a connection that could not be made or broke.
    pub(crate) fn broken(&self, error: reqwest::Error) -> ProviderError {
        let kind = if error.is_timeout() {
            ProviderErrorKind::Timeout
        } else {
            ProviderErrorKind::Unavailable
        };
        // The URL is left out: its query may hold a key.
        let error = error.without_url();
        if !error.is_connect() {
            return self.error(kind, &causes(&error));
        }
        // Each layer says that it can't connect; the innermost says why.
        let (base, why) = (&self.inner.base, innermost(&error));
        let host = base.host_str().unwrap_or_default();
        let port = base.port_or_known_default().unwrap_or_default();
        self.error(kind, &format!("{host}:{port} is not reached: {why}"))
    }
}

impl Inner {
    /// Text in which no secret is left.
    pub(super) fn without_secrets(&self, body: Vec<u8>) -> Vec<u8> {
        let secrets = self.secrets.iter().map(ExposeSecret::expose_secret);
        let secrets: Vec<&str> = secrets.collect();
        let repeats = |secret: &&str| {
            body.windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        if !secrets.iter().any(repeats) {
            return body;
        }
        let mut text = String::from_utf8_lossy(&body).into_owned();
        for secret in secrets {
            text = text.replace(secret, "***");
        }
        text.into_bytes()
    }

    /// On one line, without secrets, and not too long.
    pub(super) fn clean(&self, message: &str) -> String {
        quoted(
            message,
            self.secrets.iter().map(ExposeSecret::expose_secret),
        )
    }
}

/// The meaning of a status. 529 is Anthropic's "overloaded".
pub(crate) fn kind(status: u16, retry_after: Option<Duration>) -> ProviderErrorKind {
    match status {
        401 | 403 => ProviderErrorKind::Auth,
        402 | 429 => ProviderErrorKind::RateLimited { retry_after },
        408 => ProviderErrorKind::Timeout,
        500.. => ProviderErrorKind::Unavailable,
        300..=399 => ProviderErrorKind::Protocol,
        _ => ProviderErrorKind::Rejected,
    }
}

/// What Google says in the details of a refusal
/// (<https://cloud.google.com/apis/design/errors#error_details>): a wrong key answers 400, and the
/// wait is no header.
pub(crate) fn refined(kind: ProviderErrorKind, body: &Value) -> ProviderErrorKind {
    // Gemini wraps its error into a list when it streams.
    let body = body.get(0).unwrap_or(body);
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let find = |name| {
        details?
            .iter()
            .find_map(|detail| detail.get(name)?.as_str())
    };
    match kind {
        ProviderErrorKind::Rejected if find("reason") == Some("API_KEY_INVALID") => {
            ProviderErrorKind::Auth
        }
        ProviderErrorKind::RateLimited { retry_after: None } => {
            let seconds =
                find("retryDelay").and_then(|delay| delay.strip_suffix('s')?.parse().ok());
            let retry_after = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            ProviderErrorKind::RateLimited { retry_after }
        }
        kind => kind,
    }
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3). Providers of speech send no dates.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// The message in a refusal's JSON, wherever the provider puts it; else its text.
pub(crate) fn message_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        let text = text.trim();
        let markup = text.starts_with('<');
        return (!text.is_empty() && !markup).then(|| text.to_owned());
    };
    // Gemini wraps its error into a list when it streams.
    let json = json.get(0).unwrap_or(&json);
    [
        "/error/message",
        "/detail/message",
        "/err_msg",
        "/message",
        "/error",
        "/detail",
        "/reason",
    ]
    .iter()
    .find_map(|path| json.pointer(path)?.as_str())
    .map(str::to_owned)
}

/// An error with its causes: the outermost alone says little more than "error sending request".
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What an error comes from in the end.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_not_reached_is_named_in_a_few_words() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let base = format!("http://127.0.0.1:{port}/v1");
        let endpoint = Endpoint::new("local", &base, crate::Timeouts::default()).unwrap();
        let error = endpoint.look("models", &[]).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Unavailable);
        let begins = format!("127.0.0.1:{port} is not reached: Connection refused");
        assert!(error.message.starts_with(&begins), "{error}");
        assert!(error.message.len() < begins.len() + 20, "{error}");
    }

    #[test]
    fn a_status_says_what_to_do() {
        let kind = |status| kind(status, None);
        let limited = ProviderErrorKind::RateLimited { retry_after: None };
        assert_eq!(kind(401), ProviderErrorKind::Auth);
        assert_eq!(kind(429), limited);
        assert_eq!(kind(402), limited);
        assert_eq!(kind(400), ProviderErrorKind::Rejected);
        assert_eq!(kind(404), ProviderErrorKind::Rejected);
        assert_eq!(kind(302), ProviderErrorKind::Protocol);
        assert_eq!(kind(500), ProviderErrorKind::Unavailable);
        assert_eq!(kind(529), ProviderErrorKind::Unavailable);
    }

    #[test]
    fn the_details_of_google_say_more_than_its_status() {
        let limited = kind(429, None);
        let body = |detail| serde_json::json!([{"error": {"details": [{"@type": "x"}, detail]}}]);
        let wait = body(serde_json::json!({"retryDelay": "1.5s"}));
        let retry_after = Some(Duration::from_millis(1_500));
        assert_eq!(
            refined(limited, &wait),
            ProviderErrorKind::RateLimited { retry_after }
        );
        for odd in ["-1s", "1e300s", "s", "1"] {
            let odd = body(serde_json::json!({ "retryDelay": odd }));
            assert_eq!(refined(limited, &odd), limited, "{odd}");
        }
        let key = body(serde_json::json!({"reason": "API_KEY_INVALID"}));
        assert_eq!(refined(kind(400, None), &key), ProviderErrorKind::Auth);
        assert_eq!(
            refined(kind(500, None), &key),
            ProviderErrorKind::Unavailable
        );
    }

    #[test]
    fn every_providers_message_is_found() {
        for body in [
            r#"{"error":{"message":"no","type":"x"}}"#,
            r#"[{"error":{"code":400,"message":"no"}}]"#,
            r#"{"detail":{"status":"x","message":"no"}}"#,
            r#"{"err_code":"X","err_msg":"no"}"#,
            r#"{"error":"no"}"#,
            r#"{"detail":"no"}"#,
            "no\n",
        ] {
            assert_eq!(message_of(body.as_bytes()).as_deref(), Some("no"), "{body}");
        }
        for body in ["", "<html>…", r#"{"error":{}}"#, "[]"] {
            assert_eq!(message_of(body.as_bytes()), None, "{body}");
        }
    }
}
