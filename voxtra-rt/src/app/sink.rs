//! Where the events of all calls go: webhooks, observers, and whatever an application adds.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::session::Event;

/// Events that may wait for a slow observer; one that falls further behind is told how many it
/// missed.
const OBSERVED: usize = 8192;
/// How long after the deadline a sink may still take.
const GRACE: Duration = Duration::from_secs(1);

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

    /// How many events it has still to deliver, for the person who waits for the end. Default: 0.
    fn queued(&self) -> u64 {
        0
    }

    /// Gives up what it has still to deliver: [`drain`](Self::drain) returns at once. Somebody has
    /// lost patience. Default: nothing; the deadline ends it.
    fn give_up(&self) {}
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
    observers: broadcast::Sender<Arc<Event>>,
    sinks: Vec<Box<dyn EventSink>>,
}

impl Sinks {
    pub(super) fn new(sinks: Vec<Box<dyn EventSink>>) -> Self {
        let (observers, _) = broadcast::channel(OBSERVED);
        Self { observers, sinks }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.observers.subscribe()
    }

    pub(super) fn publish(&self, event: &Arc<Event>) {
        let published = Published::new(event);
        for sink in &self.sinks {
            if sink.wants(event.wire()) {
                sink.publish(&published);
            }
        }
        // Without observers there is nobody to tell.
        let _ = self.observers.send(event.clone());
    }

    pub(super) fn queued(&self) -> u64 {
        self.sinks.iter().map(|sink| sink.queued()).sum()
    }

    pub(super) fn give_up(&self) {
        self.sinks.iter().for_each(|sink| sink.give_up());
    }

    /// Has all of them deliver what they have, at the same time.
    pub(super) async fn drain(&self, deadline: Instant) {
        let sinks = self.sinks.iter().map(|sink| async move {
            // One that ignores its deadline.
            let grace = deadline + GRACE;
            if tokio::time::timeout_at(grace, sink.drain(deadline))
                .await
                .is_err()
            {
                tracing::warn!("an event sink has not delivered everything in time");
            }
        });
        join_all(sinks).await;
    }
}
