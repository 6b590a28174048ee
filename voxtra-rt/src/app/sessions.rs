//! The sessions that are up, each under its channel, from their start to their end.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::lock::lock;
use crate::media::Clock;
use crate::session::{
    Call, CallInfo, Carrier, OnHandlerEnd, Owner, Publish, Report, Reports, Services,
};

/// Requests of async code that may wait for a session's owner.
const REQUESTS: usize = 1024;

/// A session that is about to be opened.
pub(crate) struct NewSession {
    id: Arc<str>,
    info: CallInfo,
    services: Services,
    reports: Reports,
    reported: mpsc::Receiver<Box<Report>>,
}

impl NewSession {
    pub(crate) fn new(id: Arc<str>, info: CallInfo, services: Services) -> Self {
        let (reports, reported) = Reports::new();
        Self {
            id,
            info,
            services,
            reports,
            reported,
        }
    }

    /// Where its carrier reports.
    pub(crate) fn reports(&self) -> Reports {
        self.reports.clone()
    }
}

/// The sessions that are up. A call without ARI has no channel and stands under its id.
pub(super) struct Sessions {
    by_channel: Mutex<HashMap<Arc<str>, Call>>,
    on_handler_end: OnHandlerEnd,
    /// The application takes no further calls.
    draining: AtomicBool,
    /// All sessions.
    up: TaskTracker,
    /// Those in which an agent takes part: all except transferred ones.
    attended: TaskTracker,
}

impl Sessions {
    pub(super) fn new(on_handler_end: OnHandlerEnd) -> Self {
        Self {
            by_channel: Mutex::default(),
            on_handler_end,
            draining: AtomicBool::new(false),
            up: TaskTracker::new(),
            attended: TaskTracker::new(),
        }
    }

    /// Registers a session. The caller of this function runs its owner.
    pub(super) fn open(
        &self,
        session: NewSession,
        carrier: Arc<dyn Carrier>,
        publish: Publish,
        clock: Clock,
    ) -> (Call, Box<Owner>) {
        let NewSession {
            id,
            info,
            services,
            reports,
            reported,
        } = session;
        tracing::debug!(call = &*id, carrier = carrier.name(), "a session begins");
        let (requests, requested) = mpsc::channel(REQUESTS);
        let call = Call::new(id, info, carrier, services, reports, requests);
        // Under the lock, so that a channel that is replaced meanwhile is not left behind.
        lock(&self.by_channel).insert(call.channel(), call.clone());
        let owner = Owner::new(
            call.clone(),
            reported,
            requested,
            publish,
            clock,
            self.on_handler_end,
            Some(self.attended.token()),
        );
        (call, owner)
    }

    /// Runs a session's owner.
    pub(super) fn run(&self, owner: impl Future<Output = ()> + Send + 'static) {
        self.up.spawn(owner);
    }

    pub(super) fn remove(&self, call: &Call) {
        let mut sessions = lock(&self.by_channel);
        sessions.remove(&call.channel());
    }

    /// The session of this channel.
    pub(super) fn find(&self, channel: &str) -> Option<Call> {
        lock(&self.by_channel).get(channel).cloned()
    }

    /// The channel `new` replaces the channel `old` in the session of `old`. Returns that session,
    /// if there is one.
    pub(super) fn replace(&self, old: &str, new: &str) -> Option<Call> {
        let mut sessions = lock(&self.by_channel);
        let call = sessions.remove(old)?;
        call.session().carrier().replaced_by(new);
        sessions.insert(call.channel(), call.clone());
        Some(call)
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.by_channel).len()
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        lock(&self.by_channel).values().cloned().collect()
    }

    /// Takes no further calls.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Waits until every session is over.
    pub(super) async fn ended(&self) {
        self.up.close();
        self.up.wait().await;
    }

    /// Waits until no agent takes part in a call any more.
    pub(super) async fn unattended(&self) {
        self.attended.close();
        self.attended.wait().await;
    }
}
