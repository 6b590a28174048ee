//! What the language models on the network share: conversations in the form that they take, and
//! replies as they stream them.

mod conversation;
mod draft;
#[cfg(test)]
pub(crate) mod fuzz;

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::net::{Endpoint, Sse, kind, message_of};
use super::{Parts, ProviderError, ProviderErrorKind, ReplyPart};

#[cfg(feature = "gemini")]
pub(crate) use self::conversation::SILENCE;
pub(crate) use self::conversation::{Conversation, ToolResult, Turn, arguments, new_id};
pub(crate) use self::draft::Draft;

/// How long a reply may be by default, in tokens: five minutes of speech.
pub(crate) const MAX_TOKENS: u32 = 1_024;

/// How long to wait for the figures behind a reply that is complete.
const TAIL: Duration = Duration::from_millis(500);

/// Reads the events of one provider.
pub(crate) trait Events: Send + 'static {
    /// Reads the data of one event into the draft.
    fn read(&mut self, data: &str, draft: &mut Draft) -> Result<(), Fault>;
}

/// What is wrong with an event.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It makes no sense.
    Nonsense(String),
    /// It tells an error: the value of its `error`.
    Told(Value),
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Nonsense(format!("one of its events is no JSON: {error}"))
    }
}

/// Sends a request and streams the reply.
pub(crate) fn reply(
    endpoint: Endpoint,
    request: Result<RequestBuilder, ProviderError>,
    mut events: impl Events,
) -> Parts<ReplyPart> {
    let request = match request {
        Ok(request) => request,
        Err(error) => return Parts::failed(error),
    };
    Parts::made_by(|out| async move {
        let body = endpoint.send(request).await?;
        let content = body.header("content-type").unwrap_or_default();
        if content.starts_with("application/json") || content.starts_with("text/html") {
            return Err(no_stream(&endpoint, body).await);
        }
        let mut stream = Sse::new(endpoint.clone(), body);
        let mut draft = Draft::default();
        let idle = endpoint.timeouts().idle;
        let mut deadline = within(idle);
        while !draft.has_ended() {
            let data = match timeout_at(deadline, stream.next()).await {
                Ok(Ok(Some(data))) => data,
                // The reply is complete; only its figures are missing.
                _ if draft.stopped().is_some() => break,
                Ok(Ok(None)) => {
                    let what = "its reply broke off in the middle";
                    return Err(endpoint.error(ProviderErrorKind::Unavailable, what));
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(endpoint.timed_out("no more of its reply came", idle)),
            };
            let before = draft.progress();
            events
                .read(&data, &mut draft)
                .map_err(|fault| told(&endpoint, fault))?;
            for part in draft.ready.drain(..) {
                if matches!(&part, ReplyPart::ToolCall(call) if call.name.is_empty()) {
                    return Err(endpoint.nonsense("it called a tool without a name"));
                }
                if !out.send(part).await {
                    return Ok(());
                }
            }
            // Pings and thinking are silence for a caller.
            if draft.progress() > before {
                let stopped = draft.stopped().is_some();
                deadline = within(if stopped { TAIL.min(idle) } else { idle });
            }
        }
        for part in draft.finish() {
            out.send(part).await;
        }
        // A connection whose answer was read to its end serves the next turn. Few events are left.
        let rest = async {
            for _ in 0..8 {
                if !matches!(stream.next().await, Ok(Some(_))) {
                    break;
                }
            }
        };
        let _ = timeout(TAIL, rest).await;
        Ok(())
    })
}

/// When this limit is over. A longer one than a day is none.
fn within(limit: Duration) -> Instant {
    Instant::now() + limit.min(Duration::from_secs(86_400))
}

/// The error for an answer that is a success, but no stream.
async fn no_stream(endpoint: &Endpoint, body: super::net::Body) -> ProviderError {
    let body = match body.whole(16 << 10).await {
        Ok(body) => body,
        Err(error) => return error,
    };
    if let Ok(json) = serde_json::from_slice::<Value>(&body)
        && let Some(error) = json.get("error")
    {
        return told(endpoint, Fault::Told(error.clone()));
    }
    endpoint.nonsense("it did not stream its reply; check its base_url")
}

/// The error for an event that makes no sense, or tells one.
fn told(endpoint: &Endpoint, fault: Fault) -> ProviderError {
    match fault {
        Fault::Nonsense(what) => endpoint.nonsense(what),
        Fault::Told(error) => {
            let kind = meaning(&error);
            let wrapped = serde_json::json!({ "error": error }).to_string();
            let said = message_of(wrapped.as_bytes());
            let said = said.unwrap_or_else(|| "without a reason".to_owned());
            endpoint.error(kind, &format!("it failed in its reply: {said}"))
        }
    }
}

/// What an error in mid-stream means. It has no status, but a code or the words for one.
fn meaning(error: &Value) -> ProviderErrorKind {
    let code = error.get("code");
    if let Some(code) = code.and_then(Value::as_u64) {
        let code = u16::try_from(code).unwrap_or(500);
        return kind(code, None);
    }
    let words = [error.get("type"), error.get("status"), code];
    let words = words.into_iter().flatten().filter_map(Value::as_str);
    let words = words.collect::<Vec<_>>().join(" ").to_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    if says(&["rate_limit", "quota", "resource_exhausted", "billing"]) {
        ProviderErrorKind::RateLimited { retry_after: None }
    } else if says(&["authentication", "unauthenticated", "permission", "api_key"]) {
        ProviderErrorKind::Auth
    } else if says(&["timeout", "deadline"]) {
        ProviderErrorKind::Timeout
    } else if says(&[
        "invalid",
        "not_found",
        "too_large",
        "badrequest",
        "content_filter",
    ]) {
        ProviderErrorKind::Rejected
    } else {
        ProviderErrorKind::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_in_mid_stream_has_a_meaning() {
        let limited = ProviderErrorKind::RateLimited { retry_after: None };
        for (error, expected) in [
            (
                json!({"type": "overloaded_error"}),
                ProviderErrorKind::Unavailable,
            ),
            (json!({"type": "rate_limit_error"}), limited),
            (json!({"type": "insufficient_quota", "code": null}), limited),
            (
                json!({"code": 429, "status": "RESOURCE_EXHAUSTED"}),
                limited,
            ),
            (json!({"code": "rate_limit_exceeded"}), limited),
            (
                json!({"type": "server_error"}),
                ProviderErrorKind::Unavailable,
            ),
            (
                json!({"type": "authentication_error"}),
                ProviderErrorKind::Auth,
            ),
            (
                json!({"type": "invalid_request_error"}),
                ProviderErrorKind::Rejected,
            ),
            (
                json!({"type": "BadRequestError", "code": 400}),
                ProviderErrorKind::Rejected,
            ),
            (json!({"type": "timeout_error"}), ProviderErrorKind::Timeout),
            (json!({"code": 1_000_000}), ProviderErrorKind::Unavailable),
            (json!("odd"), ProviderErrorKind::Unavailable),
        ] {
            assert_eq!(meaning(&error), expected, "{error}");
        }
    }
}
