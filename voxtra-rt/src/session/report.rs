//! Reports about a call, on their way to the session's owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use crate::media::MediaLink;

/// Reports that may wait for the owner. Requests have a queue of their own: an agent with many
/// requests can't cost the call its end.
const REPORTS: usize = 256;

/// A carrier's report about its call.
pub(crate) enum Report {
    /// The far end is alerting.
    Ringing,
    /// The remote party picked up, or we answered.
    Answered,
    /// The call's audio is connected.
    Media(Box<MediaLink>),
    /// Signalling reports a key press.
    Key(char),
    /// The far end holds the call, or no longer.
    Held(bool),
    /// Another channel has replaced the call's, with this caller.
    Replaced(String),
    /// The caller talks to another party now, at this endpoint, and no longer to the agent.
    Transferred(String),
    /// Somebody hung up, for this reason.
    HangupRequested(EndReason, EndedBy),
    /// The far end did not take our call, for this reason. Its channel ends with another cause, or
    /// none.
    NotTaken(EndReason),
    /// The call is given up for this reason. Its channel may still be there.
    GiveUp(EndReason),
    /// The application ends. This conversation, in which no agent takes part, goes on without us.
    Leave,
    /// The channel left the application.
    Left,
    /// The call is gone, for this reason.
    Gone(EndReason),
}

/// Where a carrier, and any other task that learns about its call, reports. Every clone reports to
/// the same owner.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    /// Boxed: a channel takes room for 32 at once, and a call has few.
    to: mpsc::Sender<Box<Report>>,
    /// Set before the report is sent: the end of a transferred call's audio must surprise nobody.
    transferred: Arc<AtomicBool>,
}

impl Reports {
    /// For a new session; the receiver is its owner's.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Box<Report>>) {
        let (to, reported) = mpsc::channel(REPORTS);
        let transferred = Arc::default();
        (Self { to, transferred }, reported)
    }

    /// Reports, as soon as there is room. Reports after the session's end are ignored.
    pub(crate) async fn send(&self, report: Report) {
        let _ = self.to.send(Box::new(report)).await;
    }

    /// Reports at once; false if there is no room, or the session is over.
    pub(crate) fn try_send(&self, report: Report) -> bool {
        self.to.try_send(Box::new(report)).is_ok()
    }

    /// Reports that the caller talks to another party now.
    pub(crate) async fn transferred(&self, target: &str) {
        self.transferred.store(true, Ordering::Release);
        self.send(Report::Transferred(target.to_owned())).await;
    }

    /// Waits until the session is over, and nobody reads reports any more.
    pub(crate) async fn closed(&self) {
        self.to.closed().await;
    }

    /// Whether the call goes on without the agent: after a transfer.
    pub(crate) fn is_transferred(&self) -> bool {
        self.transferred.load(Ordering::Acquire)
    }
}

/// Why a call was not taken: its own cause or, if that says nothing, the reason reported during
/// dialling.
pub(crate) fn why_not_taken(reason: EndReason, while_dialled: Option<EndReason>) -> EndReason {
    match (reason, while_dialled) {
        (
            EndReason::NormalClearing | EndReason::NoSuchEndpoint | EndReason::Unknown,
            Some(told),
        ) => told,
        _ => reason,
    }
}
