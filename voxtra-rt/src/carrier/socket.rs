//! An AudioSocket connection from the dialplan, and nothing else.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use uuid::Uuid;
use voxtra_core::event::EndReason;

use crate::media::MediaLink;
use crate::session::{CallError, Carrier, Order, Report, Reports};

/// A call whose audio is all there is of it.
pub(crate) struct SocketCarrier {
    /// The id that the connection presented.
    id: Uuid,
    /// Until the call is answered.
    link: Mutex<Option<MediaLink>>,
    reports: Reports,
}

impl SocketCarrier {
    pub(crate) fn new(id: Uuid, link: MediaLink, reports: Reports) -> Self {
        let link = Mutex::new(Some(link));
        Self { id, link, reports }
    }

    fn take(&self) -> Option<MediaLink> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.take()
    }
}

impl Carrier for SocketCarrier {
    fn name(&self) -> &'static str {
        "audiosocket"
    }

    fn answer(&self) -> Order<'_, MediaLink> {
        Box::pin(async {
            // Asterisk's `AudioSocket()` answers before it connects.
            self.reports.send(Report::Answered).await;
            // From here on nothing waits: the link is never on its way where it can get lost.
            self.take().ok_or(CallError::Ended)
        })
    }

    fn hang_up(&self, reason: EndReason) -> Order<'_> {
        Box::pin(async move {
            // The session closes audio that it has; what it was not given yet is closed here.
            if self.take().is_some() {
                self.reports.send(Report::Gone(reason)).await;
            }
            Ok(())
        })
    }

    fn take_down(&self) -> BoxFuture<'_, ()> {
        // Dropped, it closes the connection.
        drop(self.take());
        Box::pin(std::future::ready(()))
    }

    fn ends_with_media(&self) -> bool {
        true
    }

    fn audio_id(&self) -> Option<Uuid> {
        Some(self.id)
    }
}
