//! One request by hand.

use jiff::Timestamp;
use tokio::time::Instant;

use super::attempt::{HttpPost, Post as _};
use super::{Attempt, OutgoingEvent, Sender, StoredEvent, WebhookError, WebhookSettings};

/// Sends an event once, as a delivery would: signed, to where it may go, and without following a
/// redirect. Nothing is stored and nothing is tried again. Needs a tokio runtime.
///
/// ```no_run
/// use voxtra_webhook::{AttemptResult, OutgoingEvent, Sender, WebhookSettings, send_once};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let hook = WebhookSettings::new("https://example.com/orders".parse()?);
/// let event = OutgoingEvent {
///     wire: "order.created".into(),
///     id: "1".into(),
///     session_id: "order 17".into(),
///     sequence: None,
///     body: "{}".into(),
/// };
/// let attempt = send_once(&Sender::new("acme"), &hook, &event).await?;
/// assert_eq!(attempt.result, AttemptResult::Delivered, "{:?}", attempt.reason);
/// # Ok(()) }
/// ```
///
/// # Errors
/// It may not be sent there, or the secret, a certificate or a header cannot be used. What the
/// receiver does is no error: [`Attempt`] tells it.
pub async fn send_once(
    sender: &Sender,
    settings: &WebhookSettings,
    event: &OutgoingEvent,
) -> Result<Attempt, WebhookError> {
    let post = HttpPost::new(sender, settings)?;
    let began = Instant::now();
    let outcome = post.post(&[event]).await;
    let took = began.elapsed();
    let now = Timestamp::now().as_millisecond();
    let event = StoredEvent {
        seq: 0,
        accepted: now,
        lifecycle: false,
        event: event.clone(),
    };
    Ok(Attempt {
        endpoint: settings.key(),
        url: settings.origin(),
        ..Attempt::new(&event, 0, &outcome, now, took)
    })
}
