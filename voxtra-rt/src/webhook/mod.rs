//! Webhooks: every event of every call, POSTed as exactly the JSON of the contract, off the media
//! path. Delivery itself is `voxtra-webhook`, which knows nothing of calls.

pub(crate) mod filter;
mod lost;
mod routing;
mod store;

use tokio::time::Instant;

use crate::app::{EventSink, Published};
use crate::session::Event;
use crate::speech::BoxFuture;

pub(crate) use self::lost::end_left_open;
pub use self::store::WebhookStore;
pub use voxtra_webhook::*;

impl EventSink for Webhooks {
    fn wants(&self, wire: &str) -> bool {
        !self.ignores(wire)
    }

    fn publish(&self, published: &Published<'_>) {
        self.deliver(&outgoing(published.event(), published.json()));
    }

    fn drain(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // The webhook logs what it gave up.
            self.drain(deadline).await;
        })
    }

    fn queued(&self) -> u64 {
        self.queued()
    }

    fn give_up(&self) {
        self.give_up();
    }
}

/// The event as the webhooks send it.
fn outgoing(event: &Event, body: bytes::Bytes) -> OutgoingEvent {
    OutgoingEvent {
        wire: event.wire_name(),
        id: event.id.simple().to_string(),
        session_id: event.session_id.clone(),
        sequence: Some(event.seq),
        body,
    }
}

/// Voxtra's name for receivers. Events of a call's life cycle are delivered even when others are
/// dropped.
pub(crate) fn sender() -> Sender {
    Sender::new("voxtra")
        .version(env!("CARGO_PKG_VERSION"))
        .lifecycle(is_lifecycle)
        .sessions(session_step)
}

/// What tells the next process which calls this one had, should it be killed.
fn session_step(wire: &str) -> Option<SessionStep> {
    match wire {
        "session.created" => Some(SessionStep::Begins),
        "call.ended" | "call.failed" => Some(SessionStep::Concludes),
        "session.destroyed" => Some(SessionStep::Ends),
        _ => None,
    }
}

fn is_lifecycle(wire: &str) -> bool {
    wire.starts_with("call.") || matches!(wire, "session.created" | "session.destroyed")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_events_of_a_calls_life_are_lifecycle_events_and_no_others() {
        for wire in [
            "session.created",
            "call.started",
            "call.transfer.failed",
            "session.destroyed",
        ] {
            assert!(is_lifecycle(wire), "{wire}");
        }
        for wire in [
            "dtmf.received",
            "user.transcript",
            "session.paused",
            "calls.many",
        ] {
            assert!(!is_lifecycle(wire), "{wire}");
        }
    }

    #[tokio::test]
    async fn requests_carry_the_headers_of_the_contract() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") && socket.read_buf(&mut request).await.unwrap() > 0 {}
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let mut hook = WebhookSettings::new(url.parse().unwrap());
        hook.secret = Some("s3cret".into());
        hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        let webhooks = Webhooks::new(&sender(), vec![hook]).unwrap();
        webhooks.deliver(&OutgoingEvent {
            wire: "call.ended".into(),
            id: "1".to_owned(),
            session_id: "s".into(),
            sequence: Some(12),
            body: bytes::Bytes::from_static(b"{}"),
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        assert_eq!(webhooks.drain(deadline).await, 0);
        let request = receiver.await.unwrap();
        let signature = format!(
            "x-voxtra-signature: {}",
            Signer::new(&"s3cret".into()).sign(b"{}")
        );
        for header in [
            "x-voxtra-event: call.ended",
            "x-voxtra-event-id: 1",
            "x-voxtra-session-id: s",
            "webhook-id: 1",
            "webhook-signature: v1,",
            "x-voxtra-sequence: 12",
            concat!("user-agent: voxtra/", env!("CARGO_PKG_VERSION")),
            &signature,
        ] {
            assert!(request.contains(header), "{header}: {request}");
        }
    }
}
