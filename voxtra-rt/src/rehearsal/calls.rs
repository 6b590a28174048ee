//! Calls of a rehearsal: opened like other calls, on carriers that lead nowhere.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::carrier::RehearsedCarrier;
use super::simulation::{FarEnd, SimulatedCall, Simulation};
use crate::app::{Handler, Inner, NewSession, Originator, Outbound};
use crate::session::{Call, CallInfo, Direction, HandlerError, Report};

impl Simulation {
    /// A caller calls `to`.
    pub(super) fn call(self: &Arc<Self>, app: &Arc<Inner>, from: &str, to: &str) -> SimulatedCall {
        let info = CallInfo {
            caller_id: from.to_owned(),
            called_number: to.to_owned(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let inner = app.clone();
        self.open(app, info, |call| inner.handle(call))
    }

    fn open<F>(
        self: &Arc<Self>,
        app: &Arc<Inner>,
        info: CallInfo,
        start: impl FnOnce(Call) -> F + Send + 'static,
    ) -> SimulatedCall
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let (actions, phone) = mpsc::unbounded_channel();
        let spoken = Arc::default();
        let services = self.cast().services(app.services(), &spoken);
        let session = NewSession::new(self.next_id(), info, services);
        let carrier = Arc::new(RehearsedCarrier::new(
            self.clone(),
            app.media().clone(),
            app.leg(),
            phone,
            spoken,
            session.reports(),
        ));
        let call = app.open(session, carrier.clone(), start);
        SimulatedCall {
            call,
            carrier,
            actions,
        }
    }
}

/// The application places a call.
impl Originator for Arc<Simulation> {
    fn place(&self, app: &Arc<Inner>, outbound: Outbound, handler: Handler) -> Call {
        let info = CallInfo {
            caller_id: outbound.caller_id,
            called_number: outbound.endpoint.clone(),
            redirecting_number: String::new(),
            direction: Direction::Outbound,
            args: Vec::new(),
        };
        let far_end = self.far_end(&outbound.endpoint);
        let voicemail = match &far_end {
            FarEnd::Voicemail(greeting) => Some(greeting.clone()),
            _ => None,
        };
        let simulated = self.open(app, info, move |call| async move {
            if far_end.exists() {
                call.report(Report::Ringing).await;
            }
            let rung = far_end.rings(outbound.timeout);
            match call.while_up(async { Ok(rung.await) }).await? {
                Ok(()) => {
                    call.answer().await?;
                    handler.call(call).await
                }
                Err(reason) => {
                    if !far_end.exists() {
                        call.emit_error("originate", reason.to_string()).await;
                    }
                    call.report(Report::Gone(reason)).await;
                    Ok(())
                }
            }
        });
        if let Some(greeting) = voicemail {
            simulated.speak(greeting);
        }
        let call = simulated.call.clone();
        self.placed(simulated);
        call
    }
}
