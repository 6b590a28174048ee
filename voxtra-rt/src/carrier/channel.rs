//! The id of a channel, which may change.

use std::sync::{Arc, Mutex, PoisonError};

/// The id of a call's channel, shared by all clones: when another channel replaces it (a SIP
/// telephone transferred its call), all learn the new id.
#[derive(Clone, Debug)]
pub(crate) struct ChannelId(Arc<Mutex<Arc<str>>>);

impl ChannelId {
    pub(crate) fn new(id: &str) -> Self {
        Self(Arc::new(Mutex::new(id.into())))
    }

    pub(crate) fn get(&self) -> Arc<str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set(&self, id: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id.into();
    }
}
