//! What is known about a call: the facts of its start, and notes of the application.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::call::CallInfo;
use crate::lock::lock;

/// What is known about a call.
#[derive(Debug)]
pub(crate) struct Facts {
    id: Arc<str>,
    /// As it was at the call's start.
    info: CallInfo,
    /// The caller's number, after the far end has handed the call over.
    party: Mutex<Option<String>>,
    notes: Mutex<BTreeMap<String, String>>,
}

impl Facts {
    pub(super) fn new(id: Arc<str>, info: CallInfo) -> Self {
        Self {
            id,
            info,
            party: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(crate) fn info(&self) -> &CallInfo {
        &self.info
    }

    /// The caller's number now.
    pub(super) fn caller_id(&self) -> String {
        let party = lock(&self.party).clone();
        party.unwrap_or_else(|| self.info.caller_id.clone())
    }

    pub(super) fn set_caller_id(&self, caller_id: String) {
        *lock(&self.party) = Some(caller_id);
    }

    pub(super) fn note(&self, key: &str) -> Option<String> {
        lock(&self.notes).get(key).cloned()
    }

    pub(super) fn set_note(&self, key: String, value: String) {
        lock(&self.notes).insert(key, value);
    }
}
