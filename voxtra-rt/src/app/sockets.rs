//! Calls that come over AudioSocket alone, without ARI.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;
use voxtra_core::audio::SampleRate;
use voxtra_core::leg::LegSettings;

use super::sessions::NewSession;
use super::{Application, Inner};
use crate::audit;
use crate::carrier::SocketCarrier;
use crate::media::{Arrival, MediaLink};
use crate::session::{CallInfo, Direction};

/// How long an id that was given out is remembered.
const EXPECTED: Duration = Duration::from_secs(60);

/// The extensions that such calls are for.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// By the id that the connection presents.
    pub(super) extensions: HashMap<Uuid, String>,
    /// For every other id.
    pub(super) any_extension: Option<String>,
}

impl Sockets {
    fn extension(&self, uuid: &Uuid) -> String {
        let extension = self.extensions.get(uuid).or(self.any_extension.as_ref());
        extension.cloned().unwrap_or_default()
    }
}

impl Application {
    /// Accepts one more connection over AudioSocket alone, whose call is for `extension`, and
    /// returns the id that it must present. The id is forgotten after 60 s.
    pub fn expect_socket_call(&self, extension: &str) -> Uuid {
        let ticket = self.inner.media.issue(socket_leg(self.inner.leg));
        let (uuid, inner, extension) = (ticket.uuid(), self.inner.clone(), extension.to_owned());
        tokio::spawn(async move {
            if let Ok(link) = ticket.connected(EXPECTED).await {
                inner.socket_call(uuid, extension, link);
            }
        });
        uuid
    }
}

impl Inner {
    pub(super) async fn take_arrivals(self: Arc<Self>, mut arrivals: mpsc::Receiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            // The media server limits the calls that are up, and the caller's number is unknown.
            // Dropping the link closes the connection.
            if self.admission.admit("", 0, || 0).is_err() {
                continue;
            }
            let extension = self.sockets.extension(&arrival.uuid);
            self.socket_call(arrival.uuid, extension, arrival.link);
        }
    }

    fn socket_call(self: &Arc<Self>, uuid: Uuid, extension: String, link: MediaLink) {
        if self.sessions.is_draining() {
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
        // Every observer of the call learns its session's id, and the AudioSocket id is a password.
        let id: Arc<str> = Uuid::new_v4().to_string().into();
        let audio_id = audit::short(uuid);
        tracing::debug!(call = &*id, audio_id, "a call over AudioSocket alone");
        let session = NewSession::new(id, info, self.services.clone());
        let carrier = SocketCarrier::new(uuid, link, session.reports());
        let inner = self.clone();
        self.open(session, Arc::new(carrier), |call| async move {
            // Asterisk has answered it, and its audio is there. Boxed, to be gone after that.
            Box::pin(call.answer()).await?;
            inner.handle(call).await
        });
    }
}

/// Initial settings of the leg of a call without ARI: the dialplan's `AudioSocket()` is always 8
/// kHz, whatever ARI is asked for. A first frame at another rate, from `Dial(AudioSocket/…)`,
/// changes it.
pub(super) fn socket_leg(leg: LegSettings) -> LegSettings {
    leg.with(|leg| leg.rate = SampleRate::Hz8000)
}
