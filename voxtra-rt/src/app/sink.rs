//! Destinations of all calls' events: webhooks, observers, and sinks that an application adds.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{FutureExt as _, join_all};
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::session::Event;
use crate::speech::BoxFuture;

/// Events that may wait for a slow observer; an observer that falls further behind learns how many
/// it missed.
const OBSERVED: usize = 8192;
/// How long a sink may take to give up.
const GIVES_UP: Duration = Duration::from_millis(500);
const PANICKED: &str = "an event sink panicked; its event is lost, the call goes on";

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
    /// Whether the sink wants events of this wire name. Default: all.
    fn wants(&self, _wire: &str) -> bool {
        true
    }

    /// Takes an event that the sink wants. Events of one call come in their order. Must not wait:
    /// every call's events pass here. The sink counts the events for which its queue has no room. A
    /// panic costs the sink this event, and no call anything.
    fn publish(&self, event: &Published<'_>);

    /// Delivers the remaining events, until `deadline`. Called once, at the end of the application
    /// ([`run`](super::Application::run), [`shutdown`](super::Application::shutdown)); no event
    /// comes after that. Never called if the application is dropped without either.
    fn drain(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Number of events still to deliver, for the operator who waits for the end. Default: 0.
    fn queued(&self) -> u64 {
        0
    }

    /// Gives up the remaining events, so that [`drain`](Self::drain) returns at once. Called at the
    /// deadline, or when the operator has lost patience. Default: nothing; `drain` is dropped.
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
    drained: AtomicBool,
}

impl Sinks {
    pub(super) fn new(sinks: Vec<Box<dyn EventSink>>) -> Self {
        let (observers, _) = broadcast::channel(OBSERVED);
        Self {
            observers,
            sinks,
            drained: AtomicBool::new(false),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.observers.subscribe()
    }

    pub(super) fn publish(&self, event: &Arc<Event>) {
        let published = Published::new(event);
        // A session that did not end in time still publishes.
        if !self.drained.load(Ordering::Acquire) {
            for sink in &self.sinks {
                guarded(|| {
                    if sink.wants(event.wire()) {
                        sink.publish(&published);
                    }
                });
            }
        }
        // Without observers the send fails, which is fine.
        let _ = self.observers.send(event.clone());
    }

    /// Number of events still to deliver.
    pub(super) fn queued(&self) -> u64 {
        let sinks = self.sinks.iter();
        sinks.filter_map(|sink| guarded(|| sink.queued())).sum()
    }

    /// Lets all sinks deliver their remaining events at the same time: until `deadline`, or until
    /// `hurry`.
    pub(super) async fn drain(&self, deadline: Instant, hurry: &CancellationToken) {
        if self.drained.swap(true, Ordering::AcqRel) {
            return;
        }
        let sinks = self.sinks.iter().map(|sink| async move {
            let Some(drain) = guarded(|| sink.drain(deadline)) else {
                return;
            };
            let mut drain = pin!(AssertUnwindSafe(drain).catch_unwind());
            tokio::select! {
                result = &mut drain => return panicked(result),
                () = tokio::time::sleep_until(deadline) => {}
                () = hurry.cancelled() => {}
            }
            guarded(|| sink.give_up());
            // Some sinks count what they give up.
            match tokio::time::timeout(GIVES_UP, drain).await {
                Ok(result) => panicked(result),
                Err(_) => tracing::warn!("an event sink has not delivered everything in time"),
            }
        });
        join_all(sinks).await;
    }
}

/// Runs a sink's code: a panic affects that sink alone.
fn guarded<T>(code: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(code));
    result.inspect_err(|_| tracing::error!("{PANICKED}")).ok()
}

fn panicked(result: std::thread::Result<()>) {
    if result.is_err() {
        tracing::error!("{PANICKED}");
    }
}
