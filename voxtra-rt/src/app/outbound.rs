//! Calls that we place.

use std::collections::BTreeMap;
use std::time::Duration;
use voxtra_core::event::EndReason;

use super::Application;
use super::route::Handler;
use crate::ari::{AriError, HangupReason, Originate};
use crate::session::{Call, CallError, CallInfo, Direction, Input, Line};

/// A call to place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outbound {
    /// Whom to call: `PJSIP/200`, `Local/100@internal` …
    pub endpoint: String,
    /// What the called party sees.
    pub caller_id: String,
    /// How long to ring, in whole seconds.
    pub timeout: Duration,
    /// Channel variables.
    pub variables: BTreeMap<String, String>,
    /// Codecs to offer, `ulaw,slin16`; without it Asterisk decides. It decides on 192 kHz for
    /// `Local/` endpoints, which costs time and half of the level: name one for those.
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

    /// What the called party sees.
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
    /// Places a call. Its session begins at once (`call.started`, `call.ringing`); `handler` runs
    /// when the far end has answered and the audio is connected. If it does not answer, the session
    /// ends with `call.failed`.
    ///
    /// # Errors
    /// There is no ARI to place calls with.
    pub fn originate(&self, outbound: Outbound, handler: Handler) -> Result<Call, CallError> {
        if let Some(simulation) = &self.inner.simulation {
            return Ok(self.inner.rehearse_outbound(simulation, outbound, handler));
        }
        let ari = self.inner.ari.clone().ok_or(CallError::NoControl {
            what: "placing a call",
        })?;
        let id = format!("voxtra-call-{}", uuid::Uuid::new_v4());
        let info = CallInfo {
            caller_id: outbound.caller_id.clone(),
            called_number: outbound.endpoint.clone(),
            redirecting_number: String::new(),
            direction: Direction::Outbound,
            args: Vec::new(),
        };
        let mut expected = self.inner.expected.expect(&id);
        // The far end answers, not we.
        let line = self.inner.ari_line(&ari, &id, true);
        line.set_placed(false);
        let line = Line::Ari(Box::new(line));
        let originate = Originate {
            caller_id: (!outbound.caller_id.is_empty()).then_some(outbound.caller_id),
            timeout: Some(outbound.timeout),
            channel_id: Some(id.clone()),
            variables: outbound.variables,
            formats: outbound.formats,
            ..Originate::to_stasis(outbound.endpoint)
        };
        let services = self.inner.services.clone();
        let (call, _) = self
            .inner
            .open(id.into(), info, line, services, move |call| async move {
                if let Err(error) = ari.originate(originate).await {
                    let reason = refusal(&error);
                    call.emit_error("originate", error.to_string()).await;
                    call.send(Input::Gone(reason)).await;
                    return Ok(());
                }
                if let Line::Ari(line) = &call.inner.line {
                    line.set_placed(true);
                }
                tokio::select! {
                    biased;
                    () = call.ended() => {
                        // Perhaps it was hung up before there was a channel.
                        let _ = ari.hangup(call.id(), HangupReason::Normal).await;
                        return Ok(());
                    }
                    entered = expected.entered() => if entered.is_err() {
                        return Ok(());
                    }
                }
                // From now on its news are the session's, and another channel may replace it.
                drop(expected);
                call.answer().await?;
                handler.call(call).await
            });
        Ok(call)
    }
}

/// Why Asterisk would not even try.
fn refusal(error: &AriError) -> EndReason {
    match error {
        AriError::Status { .. } | AriError::NotFound { .. } => EndReason::NoSuchEndpoint,
        AriError::Unauthorized { .. } | AriError::Forbidden { .. } => EndReason::NotAuthorized,
        _ => EndReason::AsteriskUnreachable,
    }
}
