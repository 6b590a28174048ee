//! Tells the calls that are up what happened to their webhooks.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use crate::webhook::{Notice, PutOutReason, Webhooks};

/// The `error_type` of these errors.
const WEBHOOK: &str = "webhook";
/// How long one kind of notice is told once: the errors are webhook events too.
const ONCE_IN: Duration = Duration::from_secs(60);

/// Emits an `error` in each call that is up for what its operator should know.
async fn tell(inner: Weak<Inner>, webhooks: Webhooks) {
    let mut told: Vec<(std::mem::Discriminant<Notice>, Instant)> = Vec::new();
    while let Some(notice) = webhooks.next_notice().await {
        let Some(message) = message(&notice) else {
            continue;
        };
        let now = Instant::now();
        told.retain(|(_, at)| now.duration_since(*at) < ONCE_IN);
        let kind = std::mem::discriminant(&notice);
        if told.iter().any(|(other, _)| *other == kind) {
            continue;
        }
        told.push((kind, now));
        let Some(inner) = inner.upgrade() else {
            return;
        };
        for call in inner.sessions.calls() {
            call.emit_error(WEBHOOK, message.clone()).await;
        }
    }
}

/// The notice in words; nothing for one that this version does not know.
fn message(notice: &Notice) -> Option<String> {
    let message = match notice {
        Notice::OutboxLost { error } => format!(
            "webhook events are kept in memory alone, and lost if the process ends: {error}"
        ),
        Notice::OutboxBack => "webhook events are kept on the disk again".to_owned(),
        Notice::Dropped {
            endpoint,
            events,
            reason,
        } => {
            let why = match reason {
                PutOutReason::TooOld => "they were too old",
                _ => "there was no room for them",
            };
            format!("{events} events for the webhook {endpoint} were dropped: {why}")
        }
        Notice::EndpointDown { endpoint, reason } => {
            format!("the webhook {endpoint} does not take events, and they wait: {reason}")
        }
        Notice::EndpointUp { endpoint } => format!("the webhook {endpoint} takes events again"),
        Notice::EndpointGone { endpoint } => format!(
            "the webhook {endpoint} answered 410: it gets no more events until the next start"
        ),
        _ => return None,
    };
    Some(message)
}

/// Listens for as long as the application lives.
pub(super) fn listen(inner: &Arc<Inner>) {
    let tell = tell(Arc::downgrade(inner), inner.webhooks.clone());
    tokio::spawn(inner.stop.clone().run_until_cancelled_owned(tell));
}
