//! An AudioSocket connection from the dialplan, and nothing else.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use uuid::Uuid;
use voxtra_core::event::EndReason;

use crate::media::MediaLink;
use crate::session::{CallError, Carrier, Order, Report, Reports};

/// A call that consists of its audio alone.
pub(crate) struct SocketCarrier {
    /// The id that the connection presented.
    id: Uuid,
    /// Held until the call is answered.
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
            // No await from here on: the link can't get lost on its way.
            self.take().ok_or(CallError::Ended)
        })
    }

    fn hang_up(&self, reason: EndReason) -> Order<'_> {
        Box::pin(async move {
            // The session closes audio that it has; audio that it never got is closed here.
            if self.take().is_some() {
                self.reports.send(Report::Gone(reason)).await;
            }
            Ok(())
        })
    }

    fn take_down(&self) -> BoxFuture<'_, ()> {
        // Dropping the link closes the connection.
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
