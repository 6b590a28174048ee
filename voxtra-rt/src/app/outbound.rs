//! Calls that we place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::route::Handler;
use super::{Application, Inner};
use crate::session::{Call, CallError};

/// A call to place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outbound {
    /// The endpoint to call: `PJSIP/200`, `Local/100@internal` …
    pub endpoint: String,
    /// The caller id that the called party sees.
    pub caller_id: String,
    /// How long to ring, in whole seconds.
    pub timeout: Duration,
    /// Channel variables.
    pub variables: BTreeMap<String, String>,
    /// Codecs to offer, `ulaw,slin16`; without them Asterisk decides. For `Local/` endpoints it
    /// chooses 192 kHz, which costs time and half of the level: name a codec for those.
    pub formats: Option<String>,
}

impl Outbound {
    /// Calls `endpoint` and rings for 30 s.
    pub fn to(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            caller_id: String::new(),
            timeout: Duration::from_secs(30),
            variables: BTreeMap::new(),
            formats: None,
        }
    }

    /// The caller id that the called party sees.
    #[must_use]
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = caller_id.into();
        self
    }

    /// How long to ring.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Which codecs to offer, such as `slin` or `ulaw,slin16`.
    #[must_use]
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }

    /// Sets a channel variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

impl Application {
    /// Places a call. Its session begins at once (`call.started`, `call.ringing`). `handler` runs
    /// when the far end has answered and the audio is connected. If the far end does not answer,
    /// the session ends with `call.failed`.
    ///
    /// # Errors
    /// There is no ARI to place calls with, or the application is about to stop.
    pub fn originate(&self, outbound: Outbound, handler: Handler) -> Result<Call, CallError> {
        let originator = self.inner.originator.as_ref();
        let originator = originator.ok_or(CallError::NoControl {
            what: "placing a call",
        })?;
        if self.inner.sessions.is_draining() {
            return Err(CallError::Draining);
        }
        Ok(originator.place(&self.inner, outbound, handler))
    }
}

/// Places calls.
pub(crate) trait Originator: Send + Sync {
    /// Opens the session of a call that is placed, and runs `handler` once the call is answered.
    fn place(&self, app: &Arc<Inner>, outbound: Outbound, handler: Handler) -> Call;
}
