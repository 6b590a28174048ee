//! The sessions that are up, each under its channel.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{SessionHandle, lock};
use crate::session::Call;

/// The sessions that are up. A call without ARI has no channel and stands under its id.
#[derive(Default)]
pub(super) struct Sessions {
    by_channel: Mutex<HashMap<Arc<str>, SessionHandle>>,
}

impl Sessions {
    pub(super) fn insert(&self, session: SessionHandle) {
        // Under the lock, so that a channel that is replaced meanwhile is not left behind.
        let mut sessions = lock(&self.by_channel);
        sessions.insert(session.call.channel(), session);
    }

    pub(super) fn remove(&self, call: &Call) {
        let mut sessions = lock(&self.by_channel);
        sessions.remove(&call.channel());
    }

    /// The session of this channel.
    pub(super) fn find(&self, channel: &str) -> Option<SessionHandle> {
        lock(&self.by_channel).get(channel).cloned()
    }

    /// The session of the channel `old` has the channel `new` from now on. That session, if there
    /// is one.
    pub(super) fn replace(&self, old: &str, new: &str) -> Option<SessionHandle> {
        let mut sessions = lock(&self.by_channel);
        let session = sessions.remove(old)?;
        session.call.inner.line.set_channel(new);
        sessions.insert(session.call.channel(), session.clone());
        Some(session)
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.by_channel).len()
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        let sessions = lock(&self.by_channel);
        sessions
            .values()
            .map(|session| session.call.clone())
            .collect()
    }
}
