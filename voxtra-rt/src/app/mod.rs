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
#[cfg(feature = "ari")]
mod asterisk;
mod builder;
#[cfg(feature = "webhooks")]
mod notices;
mod outbound;
mod route;
mod routing;
mod sessions;
mod shutdown;
mod signals;
mod sink;
mod sockets;

pub use crate::session::{DeclaredRoute, OnHandlerEnd, Route};
pub use admission::{CallLimits, CallRefusal};
#[cfg(feature = "config")]
pub(crate) use builder::OLD_ATTEMPTS;
pub use builder::{Builder, StartError};
pub(crate) use outbound::Originator;
pub use outbound::Outbound;
pub use route::{Failure, Handler, HandlerOutcome, RouteError};
pub use routing::{Routing, RoutingAnswer};
pub(crate) use sessions::NewSession;
pub use signals::{Stop, StopSignals};
pub use sink::{EventSink, Published};

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};
use voxtra_core::leg::LegSettings;

use crate::catalogue::Catalogue;
use crate::media::{MediaServer, MediaStats};
use crate::session::{Call, Carrier, Event, HandlerError, Hook, Services};
#[cfg(feature = "webhooks")]
use crate::webhook::{WebhookCounters, Webhooks};
#[cfg(feature = "ari")]
use asterisk::Asterisk;
use route::Routes;
use routing::Routed;
use sessions::Sessions;
use sink::Sinks;
use sockets::Sockets;

/// A running application. Cheap to clone.
///
/// End it with [`run`](Self::run) or [`shutdown`](Self::shutdown). When the last clone is dropped
/// without either, it takes no more calls, and stops listening when the running calls are over.
#[derive(Clone)]
pub struct Application {
    pub(crate) inner: Arc<Inner>,
    _stop: Arc<DropGuard>,
}

pub(crate) struct Inner {
    routes: Routes,
    routing: Option<Routing>,
    /// The handlers that routing may name.
    agents: Vec<(String, Handler)>,
    catalogue: Catalogue,
    services: Services,
    media: MediaServer,
    leg: LegSettings,
    sessions: Sessions,
    sinks: Sinks,
    #[cfg(feature = "webhooks")]
    webhooks: Webhooks,
    admission: admission::Admission,
    /// Calls that come over AudioSocket alone.
    sockets: Sockets,
    #[cfg(feature = "ari")]
    asterisk: Option<Arc<Asterisk>>,
    /// Places calls, if the application can.
    originator: Option<Arc<dyn Originator>>,
    drain: Duration,
    stop: CancellationToken,
    shutdown: Mutex<Vec<Hook>>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application")
            .field("media", &self.inner.media)
            .finish_non_exhaustive()
    }
}

impl Application {
    /// A builder of an application.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where the AudioSocket server listens.
    pub fn media_address(&self) -> std::net::SocketAddr {
        self.inner.media.address()
    }

    /// Counters of the media plane.
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

    /// The same, by reason; reasons without a refusal are left out.
    pub fn call_refusals(&self) -> Vec<(CallRefusal, u64)> {
        let refused = self.inner.admission.refused().into_iter();
        refused.filter(|(_, count)| *count > 0).collect()
    }

    /// Counters of each webhook.
    #[cfg(feature = "webhooks")]
    pub fn webhook_counters(&self) -> Vec<WebhookCounters> {
        self.inner.webhooks.counters()
    }

    /// The events that the application knows: the built-in ones, those of its sessions, and named
    /// ones.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// The calls that are up.
    pub fn calls(&self) -> Vec<Call> {
        self.inner.sessions.calls()
    }

    /// The events of all calls from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.inner.sinks.subscribe()
    }

    /// Waits until ARI's events arrive: Asterisk knows the application and calls can come.
    pub async fn online(&self) {
        #[cfg(feature = "ari")]
        if let Some(asterisk) = &self.inner.asterisk {
            return asterisk.online().await;
        }
        std::future::pending().await
    }
}

impl Inner {
    /// The voice, speech-to-text and language model of calls.
    pub(crate) fn services(&self) -> Services {
        self.services.clone()
    }

    pub(crate) fn media(&self) -> &MediaServer {
        &self.media
    }

    pub(crate) fn leg(&self) -> LegSettings {
        self.leg
    }

    /// Opens a session. `start` runs its handler.
    pub(crate) fn open<F>(
        self: &Arc<Self>,
        session: NewSession,
        carrier: Arc<dyn Carrier>,
        start: impl FnOnce(Call) -> F + Send + 'static,
    ) -> Call
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let inner = self.clone();
        let publish = Arc::new(move |event: &Arc<Event>| inner.sinks.publish(event));
        let clock = self.media.clock();
        let (call, owner) = self.sessions.open(session, carrier, publish, clock);
        let (inner, ended) = (self.clone(), call.clone());
        self.sessions.run(async move {
            owner.run(start).await;
            inner.sessions.remove(&ended);
        });
        call
    }

    /// Finds the handler of a call and runs it.
    pub(crate) async fn handle(self: Arc<Self>, call: Call) -> Result<(), HandlerError> {
        let routed = match &self.routing {
            Some(routing) => routing.route(&call, &self.agents).await?,
            None => Routed::AsEver,
        };
        let handler = match routed {
            Routed::To(handler) => Some(handler),
            Routed::AsEver => self.routes.find(call.session().facts().info()).await,
            Routed::Rejected => return Ok(()),
        };
        match handler {
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
                call.hangup_by(EndReason::UnallocatedNumber, EndedBy::System)
                    .await?;
                Ok(())
            }
        }
    }
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
