//! Deliveries as arguments of axum's handlers.

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::verify::{Refusal, SignedRequest, Verifier};

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(30);

/// A delivery that is signed, recent and new: an argument of axum's handlers, whose state is an
/// `Arc<Verifier>` or gives one ([`FromRef`]).
///
/// Other requests do not reach the handler; [`RejectedDelivery`] has their answers. The body may
/// have as many bytes as axum's `DefaultBodyLimit` allows, 2 MB unless it is set, and 30 s to
/// arrive.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::http::StatusCode;
/// use voxtra_webhook::{Delivery, Verifier};
///
/// async fn take(delivery: Delivery) -> StatusCode {
///     println!("{} bytes of {}", delivery.body().len(), delivery.id());
///     // Handle the event here. On a 5xx it comes again.
///     delivery.done();
///     StatusCode::NO_CONTENT
/// }
///
/// let verifier = Verifier::new(&"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into())?;
/// let app: axum::Router = axum::Router::new()
///     .route("/webhooks", axum::routing::post(take))
///     .with_state(Arc::new(verifier));
/// # Ok::<(), voxtra_webhook::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Delivery {
    verifier: Arc<Verifier>,
    signed: Signed,
    headers: HeaderMap,
    body: Bytes,
}

/// The headers of Standard Webhooks.
#[derive(Clone, Debug)]
struct Signed {
    id: String,
    timestamp: String,
    signature: String,
}

/// Why a request is no [`Delivery`], as the answer that its sender gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectedDelivery {
    /// 400: a header is missing or no text.
    #[error("there is no {0}")]
    NoHeader(&'static str),
    /// 413: the body is longer than the receiver takes.
    #[error("the body is too long")]
    TooLong,
    /// 408: the body did not arrive in time. The sender tries again.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// 400: the body broke off.
    #[error("the body broke off")]
    BrokenOff,
    /// 401 if no signature fits, 400 for a timestamp that is none or too far away, and 200 for an
    /// event that was handled before: another answer would make the sender try again.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Delivery {
    /// The event's id, `webhook-id`: the same each time that it comes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.signed.id
    }

    /// The exact bytes of the event.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// All headers. The signature covers `webhook-id` and `webhook-timestamp` alone: what must be
    /// believed has to come from the body.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The event was handled: should it come again, no handler sees it ([`Verifier::done`]). Call
    /// it before answering with 2xx, and not when handling failed.
    pub fn done(&self) {
        self.verifier.done(&self.signed.request(&self.body));
    }
}

impl Signed {
    fn of(headers: &HeaderMap) -> Result<Self, RejectedDelivery> {
        let text = |name: &'static str| -> Result<String, RejectedDelivery> {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            let value = value.ok_or(RejectedDelivery::NoHeader(name))?;
            Ok(value.to_owned())
        };
        Ok(Self {
            id: text("webhook-id")?,
            timestamp: text("webhook-timestamp")?,
            signature: text("webhook-signature")?,
        })
    }

    fn request<'a>(&'a self, body: &'a [u8]) -> SignedRequest<'a> {
        SignedRequest {
            id: &self.id,
            timestamp: &self.timestamp,
            signature: &self.signature,
            body,
        }
    }
}

impl<S> FromRequest<S> for Delivery
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = RejectedDelivery;

    async fn from_request(request: Request, state: &S) -> Result<Self, RejectedDelivery> {
        let headers = request.headers().clone();
        // A request without a signature is not worth its body.
        let signed = Signed::of(&headers)?;
        let body = tokio::time::timeout(BODY, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| RejectedDelivery::TooSlow)?;
        let body = body.map_err(|rejected| match rejected.status() {
            StatusCode::PAYLOAD_TOO_LARGE => RejectedDelivery::TooLong,
            _ => RejectedDelivery::BrokenOff,
        })?;
        let verifier = Arc::<Verifier>::from_ref(state);
        verifier.verify(&signed.request(&body))?;
        Ok(Self {
            verifier,
            signed,
            headers,
            body,
        })
    }
}

impl RejectedDelivery {
    /// The answer's status.
    #[must_use]
    fn status(self) -> StatusCode {
        match self {
            Self::NoHeader(_) | Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Refused(Refusal::Signature) => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::NoTimestamp | Refusal::TooOld | Refusal::TooNew) => {
                StatusCode::BAD_REQUEST
            }
            Self::Refused(Refusal::Repeated) => StatusCode::OK,
        }
    }
}

impl IntoResponse for RejectedDelivery {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_string()));
        *response.status_mut() = self.status();
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::DefaultBodyLimit;
    use jiff::Timestamp;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::StandardSigner;
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    /// Fails to handle `fails`, and says of others how long their names are.
    async fn take(delivery: Delivery) -> Result<String, StatusCode> {
        if delivery.body() == "fails" {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        delivery.done();
        let name = &delivery.headers()["x-acme-event"];
        Ok(format!("{} {}", delivery.id(), name.len()))
    }

    async fn receiver() -> String {
        let verifier = Arc::new(Verifier::new(&SECRET.into()).unwrap());
        let router = Router::new()
            .fallback(axum::routing::post(take))
            .layer(DefaultBodyLimit::max(100))
            .with_state(verifier);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async { axum::serve(listener, router).await });
        address
    }

    fn signed(id: &str, ago: i64, body: &str) -> Signed {
        let signer = StandardSigner::new([&SECRET.into()]).unwrap();
        let at = Timestamp::now().as_second() - ago;
        let headers = signer.sign(id, Timestamp::from_second(at).unwrap(), body.as_bytes());
        Signed {
            id: headers.id,
            timestamp: headers.timestamp,
            signature: headers.signature,
        }
    }

    async fn post(address: &str, signed: &Signed, body: &str) -> (u16, String) {
        let Signed {
            id,
            timestamp,
            signature,
        } = signed;
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n\
             x-acme-event: order.created\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = send(address, &request).await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.to_owned())
    }

    /// Sends bytes, and returns the answer.
    async fn send(address: &str, bytes: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn what_is_signed_reaches_the_handler_once_it_was_handled_never_again() {
        let address = receiver().await;
        let one = signed("1", 0, "{}");
        assert_eq!(post(&address, &one, "{}").await, (200, "1 13".to_owned()));
        let again = (200, "it was handled before".to_owned());
        assert_eq!(post(&address, &one, "{}").await, again);
        let fails = signed("2", 0, "fails");
        for _ in 0..2 {
            assert_eq!(post(&address, &fails, "fails").await.0, 503);
        }
    }

    #[tokio::test]
    async fn other_requests_get_an_answer_that_says_why() {
        let address = receiver().await;
        let good = signed("1", 0, "{}");
        let altered = |change: fn(&mut Signed)| {
            let mut altered = good.clone();
            change(&mut altered);
            altered
        };
        let long = "x".repeat(101);
        for (signed, body, status, says) in [
            (good.clone(), "{ }", 401, "no signature fits"),
            (
                altered(|it| it.id = "2".into()),
                "{}",
                401,
                "no signature fits",
            ),
            (signed("1", 360, "{}"), "{}", 400, "too long ago"),
            (signed("1", -360, "{}"), "{}", 400, "in the future"),
            (
                altered(|it| it.timestamp = "now".into()),
                "{}",
                400,
                "no number",
            ),
            (signed("1", 0, &long), &long, 413, "too long"),
        ] {
            let (answered, text) = post(&address, &signed, body).await;
            assert_eq!(answered, status, "{text}");
            assert!(text.contains(says), "{text}");
        }
        assert_eq!(post(&address, &good, "{}").await.0, 200);
    }

    #[tokio::test]
    async fn a_request_without_a_signature_is_refused_before_its_body() {
        let address = receiver().await;
        let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5000\r\n";
        let answer = send(&address, &format!("{head}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.ends_with("there is no webhook-id"), "{answer}");
        let odd = "webhook-id: 1\r\nwebhook-timestamp: 1\r\nwebhook-signature: \u{fc}\r\n";
        let answer = send(&address, &format!("{head}{odd}\r\n")).await;
        assert!(
            answer.ends_with("there is no webhook-signature"),
            "{answer}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_waited_for_half_a_minute() {
        let body = Body::from_stream(futures_util::stream::pending::<
            Result<Bytes, std::fmt::Error>,
        >());
        let signed = signed("1", 0, "");
        let request = Request::builder()
            .header("webhook-id", &signed.id)
            .header("webhook-timestamp", &signed.timestamp)
            .header("webhook-signature", &signed.signature)
            .body(body)
            .unwrap();
        let verifier = Arc::new(Verifier::new(&SECRET.into()).unwrap());
        let began = tokio::time::Instant::now();
        let rejected = Delivery::from_request(request, &verifier)
            .await
            .unwrap_err();
        assert_eq!(rejected, RejectedDelivery::TooSlow);
        assert_eq!(rejected.into_response().status(), 408);
        assert_eq!(began.elapsed(), BODY);
    }
}
