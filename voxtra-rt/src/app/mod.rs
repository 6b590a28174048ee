//! The application: routes calls to handlers, from start-up to the last drained call.
//!
//! ```no_run
//! # async fn example() -> Result<(), voxtra_rt::app::StartError> {
//! use voxtra_rt::app::Application;
//! use voxtra_rt::session::{Call, CallError};
//!
//! async fn greet(call: Call) -> Result<(), CallError> {
//!     call.answer().await?;
//!     call.say("Welcome.").await?;
//!     call.hangup().await
//! }
//!
//! let app = Application::builder().extension("1000", greet).start().await?;
//! app.run().await;
//! # Ok(())
//! # }
//! ```

mod admission;
mod builder;
mod dialled;
mod dispatch;
mod leftovers;
mod namesake;
mod outbound;
mod reconcile;
mod refusals;
mod rehearsed;
mod route;
mod sessions;
mod shutdown;
mod signals;

pub use crate::session::OnHandlerEnd;
pub use admission::{CallLimits, CallRefusal};
pub use builder::{Builder, RouteTo, StartError};
pub use outbound::Outbound;
pub use route::{DeclaredRoute, Failure, Handler, HandlerOutcome, Route, RouteError};
pub use signals::{Stop, StopSignals};

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use voxtra_core::audio::SampleRate;
use voxtra_core::event::CallEndedEndedBy as EndedBy;
use voxtra_core::leg::LegSettings;

use crate::ari::{AriClient, HangupReason};
use crate::audit;
use crate::catalogue::Catalogue;
use crate::media::{Arrival, MediaServer, MediaStats};
use crate::rehearsal::Simulation;
use crate::session::{
    Call, CallInfo, Direction, Event, ExpectedChannels, HandlerError, Hook, Input, Line, Owner,
    Publish, Services,
};
use crate::webhook::{OutgoingEvent, WebhookCounters, Webhooks};
use route::Routes;
use sessions::Sessions;

/// Things from async code that may wait for a session's owner; then their senders wait.
const INPUTS: usize = 1024;
/// What ARI may tell of a call before its owner has to look. A queue of its own, so that an agent
/// who has much to tell can't cost the call its end.
const REPORTS: usize = 256;
/// Events that may wait for a slow observer; one that falls further behind is told how many it
/// missed.
const OBSERVED: usize = 8192;

/// A running application. Cheap to clone.
///
/// End it with [`run`](Self::run) or [`shutdown`](Self::shutdown). When the last clone is dropped
/// without either, it takes no more calls, and stops listening when those that are up are over.
#[derive(Clone)]
pub struct Application {
    inner: Arc<Inner>,
    _stop: Arc<DropGuard>,
}

pub(crate) struct Inner {
    routes: Routes,
    catalogue: Catalogue,
    services: Services,
    /// Where calls are rehearsed instead of carried.
    simulation: Option<Arc<Simulation>>,
    media: MediaServer,
    leg: LegSettings,
    /// Where Asterisk reaches the media server.
    address: String,
    /// The extension of calls that come over AudioSocket alone, by their id.
    extensions: HashMap<uuid::Uuid, String>,
    any_extension: Option<String>,
    ari: Option<AriClient>,
    /// Whether ARI's events arrive.
    online: watch::Sender<bool>,
    expected: Arc<ExpectedChannels>,
    sessions: Sessions,
    /// The channel variable with the number of a call that came to an extension for all.
    did_variable: String,
    asking: dialled::Asking,
    tracker: TaskTracker,
    /// Sessions in which an agent takes part: all but those that were transferred.
    attended: TaskTracker,
    webhooks: Webhooks,
    observers: broadcast::Sender<Arc<Event>>,
    /// Held while a new caller is looked at.
    doorstep: Mutex<()>,
    admission: admission::Admission,
    refusals: refusals::Refusals,
    /// How often Asterisk is compared with what we know.
    compare_every: Duration,
    on_handler_end: OnHandlerEnd,
    draining: AtomicBool,
    drain: Duration,
    stop: CancellationToken,
    shutdown: Mutex<Vec<Hook>>,
    /// The task that reads ARI's events, until the end.
    ari_task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// A session that is up.
#[derive(Clone)]
struct SessionHandle {
    call: Call,
    /// What ARI tells of it.
    reports: mpsc::Sender<Input>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application")
            .field("media", &self.inner.media)
            .finish_non_exhaustive()
    }
}

impl Application {
    /// An application to be.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where the AudioSocket server listens.
    pub fn media_address(&self) -> std::net::SocketAddr {
        self.inner.media.address()
    }

    /// What the media plane has counted.
    pub fn media_stats(&self) -> &MediaStats {
        self.inner.media.stats()
    }

    /// Calls that were refused since the start because of
    /// [`MediaSettings::max_calls`](crate::media::MediaSettings::max_calls) or of [`CallLimits`].
    /// Over ARI they go on in the dialplan.
    pub fn refused_calls(&self) -> u64 {
        let refused = self.inner.admission.refused();
        refused.into_iter().map(|(_, count)| count).sum()
    }

    /// The same, by reason; those that were not needed are left out.
    pub fn call_refusals(&self) -> Vec<(CallRefusal, u64)> {
        let refused = self.inner.admission.refused().into_iter();
        refused.filter(|(_, count)| *count > 0).collect()
    }

    /// What each webhook has counted.
    pub fn webhook_counters(&self) -> Vec<WebhookCounters> {
        self.inner.webhooks.counters()
    }

    /// The events that it knows: the built-in ones, those of its sessions, and those that were
    /// named.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// The calls that are up.
    pub fn calls(&self) -> Vec<Call> {
        self.inner.sessions.calls()
    }

    /// The events of all calls from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.inner.observers.subscribe()
    }

    /// Waits until ARI's events arrive: the application is known to Asterisk and calls can come.
    pub async fn online(&self) {
        let mut online = self.inner.online.subscribe();
        // The sender lives in `inner`.
        let _ = online.wait_for(|online| *online).await;
    }

    /// Lets one more connection in over AudioSocket alone, whose call is for `extension`, and
    /// returns the id that it must present. The id is forgotten after 60 s.
    pub fn expect_socket_call(&self, extension: &str) -> uuid::Uuid {
        let ticket = self.inner.media.issue(socket_leg(self.inner.leg));
        let (uuid, inner, extension) = (ticket.uuid(), self.inner.clone(), extension.to_owned());
        tokio::spawn(async move {
            if let Ok(link) = ticket.connected(Duration::from_secs(60)).await {
                inner.socket_call(uuid, extension, link);
            }
        });
        uuid
    }
}

impl Inner {
    fn publisher(self: &Arc<Self>) -> Publish {
        let inner = self.clone();
        Arc::new(move |event| {
            if !inner.webhooks.ignores(event.wire()) {
                inner.webhooks.deliver(&OutgoingEvent {
                    wire: event.wire_name(),
                    id: event.id.simple().to_string(),
                    session_id: event.session_id.clone(),
                    body: Bytes::from(event.to_json()),
                });
            }
            // Without observers there is nobody to tell.
            let _ = inner.observers.send(event.clone());
        })
    }

    /// Opens a session. `start` runs its handler.
    fn open<F>(
        self: &Arc<Self>,
        id: Arc<str>,
        info: CallInfo,
        line: Line,
        services: Services,
        start: impl FnOnce(Call) -> F + Send + 'static,
    ) -> (Call, mpsc::Sender<Input>)
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let (reports, reported) = mpsc::channel(REPORTS);
        let call = Call::new(id, info, line, services, inputs.clone());
        self.sessions.insert(SessionHandle {
            call: call.clone(),
            reports,
        });
        let owner = Owner::new(
            call.clone(),
            reported,
            queue,
            self.publisher(),
            self.media.clock(),
            self.on_handler_end,
            Some(self.attended.token()),
        );
        let (inner, ended) = (self.clone(), call.clone());
        self.tracker.spawn(async move {
            owner.run(start).await;
            inner.sessions.remove(&ended);
        });
        (call, inputs)
    }

    /// Finds the handler of a call and runs it.
    async fn handle(self: Arc<Self>, call: Call) -> Result<(), HandlerError> {
        match self.routes.find(&call.inner.info).await {
            Some(handler) => handler.call(call).await,
            None => {
                let number = call.called_number();
                tracing::error!(
                    call = call.id(),
                    number,
                    "no route for this call: add one, or a default"
                );
                call.emit_error("no_route", format!("no route for {number:?}"))
                    .await;
                call.hangup_by(HangupReason::Unallocated, EndedBy::System)
                    .await?;
                Ok(())
            }
        }
    }

    /// A call that came over AudioSocket alone.
    fn socket_call(
        self: &Arc<Self>,
        uuid: uuid::Uuid,
        extension: String,
        link: crate::media::MediaLink,
    ) {
        if self.draining.load(Ordering::Acquire) {
            // Dropping the link closes the connection.
            return;
        }
        let info = CallInfo {
            caller_id: String::new(),
            called_number: extension,
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let inner = self.clone();
        // Everybody who is told of the call learns its session's id, and the AudioSocket id is a
        // password.
        let id: Arc<str> = uuid::Uuid::new_v4().to_string().into();
        let audio_id = audit::short(uuid);
        tracing::debug!(call = &*id, audio_id, "a call over AudioSocket alone");
        let (_, inputs) = self.open(
            id,
            info,
            Line::Socket(uuid),
            self.services.clone(),
            |call| async move {
                // The audio is connected before the handler may want it.
                call.media_attached().await?;
                inner.handle(call).await
            },
        );
        // The queue is new and empty.
        let _ = inputs.try_send(Input::Answered);
        let _ = inputs.try_send(Input::Media(Box::new(link)));
    }

    async fn take_arrivals(self: Arc<Self>, mut arrivals: mpsc::Receiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            let extension = self
                .extensions
                .get(&arrival.uuid)
                .or(self.any_extension.as_ref());
            let extension = extension.cloned().unwrap_or_default();
            // The media server knows how many are up, and nobody the caller's number. Dropping the
            // link closes the connection.
            if self.admission.admit("", 0, || 0).is_err() {
                continue;
            }
            self.socket_call(arrival.uuid, extension, arrival.link);
        }
    }
}

/// How the leg of a call without ARI begins: the dialplan's `AudioSocket()` is always 8 kHz,
/// whatever ARI is asked for. A first frame at another rate, from `Dial(AudioSocket/…)`, changes
/// it.
fn socket_leg(leg: LegSettings) -> LegSettings {
    LegSettings {
        rate: SampleRate::Hz8000,
        ..leg
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::MediaSettings;

    #[tokio::test]
    async fn an_application_that_is_dropped_listens_no_more() {
        let app = Application::builder()
            .media(MediaSettings {
                listen: ([127, 0, 0, 1], 0).into(),
                ..MediaSettings::default()
            })
            .start()
            .await
            .unwrap();
        let address = app.media_address();
        let other = app.clone();
        drop(app);
        assert!(tokio::net::TcpStream::connect(address).await.is_ok());
        drop(other);
        let refused = async { while tokio::net::TcpStream::connect(address).await.is_ok() {} };
        assert!(
            tokio::time::timeout(Duration::from_secs(10), refused)
                .await
                .is_ok()
        );
    }
}
