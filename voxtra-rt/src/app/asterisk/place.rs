//! Calls that Asterisk places for us.

use std::sync::Arc;

use voxtra_core::event::EndReason;

use super::Asterisk;
use crate::app::route::Handler;
use crate::app::{Inner, NewSession, Originator, Outbound};
use crate::ari::AriError;
use crate::carrier::{AsteriskCarrier, hang_up, originate_to};
use crate::session::{Call, CallInfo, Direction, Report};

impl Originator for Asterisk {
    fn place(&self, app: &Arc<Inner>, outbound: Outbound, handler: Handler) -> Call {
        let id = format!("voxtra-call-{}", uuid::Uuid::new_v4());
        let info = CallInfo {
            caller_id: outbound.caller_id.clone(),
            called_number: outbound.endpoint.clone(),
            redirecting_number: String::new(),
            direction: Direction::Outbound,
            args: Vec::new(),
        };
        let mut expected = self.expected().expect(&id);
        let session = NewSession::new(id.as_str().into(), info, app.services());
        let carrier = AsteriskCarrier::to_be_placed(self.link.clone(), &id, session.reports());
        let carrier = Arc::new(carrier);
        let ari = self.ari().clone();
        let mut options = originate_to(ari.app(), outbound.timeout);
        options.caller_id = (!outbound.caller_id.is_empty()).then_some(outbound.caller_id);
        options.formats = outbound.formats;
        for (name, value) in outbound.variables {
            options = options.variable(name, value);
        }
        app.open(session, carrier.clone(), move |call| async move {
            if let Err(error) = carrier.place(&outbound.endpoint, &options).await {
                let reason = refusal(&error);
                call.emit_error("originate", error.to_string()).await;
                call.report(Report::Gone(reason)).await;
                return Ok(());
            }
            tokio::select! {
                biased;
                () = call.ended() => {
                    // The call may have been hung up before there was a channel.
                    hang_up(&ari, call.id()).await;
                    return Ok(());
                }
                entered = expected.entered() => if entered.is_err() {
                    return Ok(());
                }
            }
            // From now on the session gets the channel's news, and another channel may replace it.
            drop(expected);
            call.answer().await?;
            handler.call(call).await
        })
    }
}

/// Why Asterisk would not even try to call.
fn refusal(error: &AriError) -> EndReason {
    match error {
        AriError::Status { .. } | AriError::NotFound { .. } => EndReason::NoSuchEndpoint,
        AriError::Unauthorized { .. } | AriError::Forbidden { .. } => EndReason::NotAuthorized,
        _ => EndReason::AsteriskUnreachable,
    }
}
