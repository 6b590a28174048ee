//! Where the events of all calls go: webhooks, observers, and whatever an application adds.

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::session::Event;
use crate::webhook::{OutgoingEvent, Webhooks};

/// Events that may wait for a slow observer; one that falls further behind is told how many it
/// missed.
const OBSERVED: usize = 8192;

/// Takes the events of all calls: a webhook, a message broker, a database.
///
/// ```
/// use std::sync::Arc;
/// use tokio::sync::mpsc;
/// use voxtra_rt::app::{Application, EventSink, Published};
/// use voxtra_rt::session::Event;
///
/// /// The ends of calls, for a task that writes them down in its own time.
/// struct Ends(mpsc::Sender<Arc<Event>>);
///
/// impl EventSink for Ends {
///     fn wants(&self, wire: &str) -> bool {
///         wire == "call.ended"
///     }
///
///     fn publish(&self, event: &Published<'_>) {
///         if self.0.try_send(event.event().clone()).is_err() {
///             // Count it: there was no room.
///         }
///     }
/// }
///
/// let (ends, _read_by_a_task) = mpsc::channel(1024);
/// let builder = Application::builder().sink(Ends(ends));
/// ```
pub trait EventSink: Send + Sync + 'static {
    /// Whether it wants events of this wire name. Default: all.
    fn wants(&self, _wire: &str) -> bool {
        true
    }

    /// Takes an event that it wants. Events of one call come in their order. Must not wait: every
    /// call's events pass here. What finds no room in a queue is the sink's to count.
    fn publish(&self, event: &Published<'_>);

    /// Delivers what it has, until `deadline`. Called when the last call is over; no event comes
    /// after that.
    fn drain(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// An event on its way to the sinks.
#[derive(Debug)]
pub struct Published<'a> {
    event: &'a Arc<Event>,
    json: OnceCell<Bytes>,
}

impl<'a> Published<'a> {
    fn new(event: &'a Arc<Event>) -> Self {
        let json = OnceCell::new();
        Self { event, json }
    }

    /// The event.
    pub fn event(&self) -> &'a Arc<Event> {
        self.event
    }

    /// The event as the contract's JSON, made once for all sinks.
    pub fn json(&self) -> Bytes {
        let json = self.json.get_or_init(|| self.event.to_json().into());
        json.clone()
    }
}

/// All sinks of an application.
pub(super) struct Sinks {
    webhooks: Webhooks,
    observers: broadcast::Sender<Arc<Event>>,
    others: Vec<Box<dyn EventSink>>,
}

impl Sinks {
    pub(super) fn new(webhooks: Webhooks, others: Vec<Box<dyn EventSink>>) -> Self {
        let (observers, _) = broadcast::channel(OBSERVED);
        Self {
            webhooks,
            observers,
            others,
        }
    }

    pub(super) fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.observers.subscribe()
    }

    pub(super) fn publish(&self, event: &Arc<Event>) {
        let own: [&dyn EventSink; 2] = [&self.webhooks, &self.observers];
        let others = self.others.iter().map(AsRef::as_ref);
        let event = Published::new(event);
        for sink in own.into_iter().chain(others) {
            if sink.wants(event.event().wire()) {
                sink.publish(&event);
            }
        }
    }

    pub(super) async fn drain(&self, deadline: Instant) {
        let others = self.others.iter().map(|sink| async move {
            // A sink that pays no attention to the deadline.
            if tokio::time::timeout_at(deadline, sink.drain(deadline))
                .await
                .is_err()
            {
                tracing::warn!("an event sink has not delivered everything in time");
            }
        });
        tokio::join!(EventSink::drain(&self.webhooks, deadline), join_all(others));
    }
}

impl EventSink for Webhooks {
    fn wants(&self, wire: &str) -> bool {
        !self.ignores(wire)
    }

    fn publish(&self, published: &Published<'_>) {
        let event = published.event();
        self.deliver(&OutgoingEvent {
            wire: event.wire_name(),
            id: event.id.simple().to_string(),
            session_id: event.session_id.clone(),
            body: published.json(),
        });
    }

    fn drain(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // It tells what it gave up.
            self.drain(deadline).await;
        })
    }
}

impl EventSink for broadcast::Sender<Arc<Event>> {
    fn publish(&self, event: &Published<'_>) {
        // Without observers there is nobody to tell.
        let _ = self.send(event.event().clone());
    }
}
