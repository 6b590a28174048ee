use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use super::PutOutReason;

/// Something that the service's operator should know, and that its other events may tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The outbox cannot be written: events are kept in memory alone.
    OutboxLost {
        /// Why.
        error: String,
    },
    /// The outbox can be written again, and has what it missed.
    OutboxBack,
    /// Events were dropped for an endpoint.
    Dropped {
        /// Scheme, host and port.
        endpoint: String,
        /// How many.
        events: u64,
        /// Why.
        reason: PutOutReason,
    },
    /// An endpoint does not answer, or answers with errors. Its events wait.
    EndpointDown {
        /// Scheme, host and port.
        endpoint: String,
        /// What it did last.
        reason: String,
    },
    /// An endpoint answers again.
    EndpointUp {
        /// Scheme, host and port.
        endpoint: String,
    },
    /// An endpoint answered 410: it gets nothing more until the next start.
    EndpointGone {
        /// Scheme, host and port.
        endpoint: String,
    },
}

/// Where notices go: to whoever takes them, if he keeps up.
#[derive(Clone, Debug)]
pub(super) struct Notices {
    sender: mpsc::Sender<Notice>,
    receiver: Arc<Mutex<mpsc::Receiver<Notice>>>,
}

/// Most notices that wait; further ones are in the log alone.
const WAITING: usize = 256;

impl Notices {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
        }
    }

    pub(super) fn send(&self, notice: Notice) {
        let _ = self.sender.try_send(notice);
    }

    /// Waits for the next one.
    pub(super) async fn next(&self) -> Option<Notice> {
        self.receiver.lock().await.recv().await
    }
}
