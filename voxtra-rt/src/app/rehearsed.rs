//! Calls of a rehearsal: opened as others are, over lines that lead nowhere.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::outbound::Outbound;
use super::route::Handler;
use super::{Application, Inner};
use crate::rehearsal::{FarEnd, RehearsedLine, SimulatedCall, Simulation};
use crate::session::{Call, CallInfo, Direction, Input, Line, Services};

impl Application {
    /// Somebody calls `to`.
    pub(crate) fn rehearse_inbound(
        &self,
        simulation: &Arc<Simulation>,
        from: &str,
        to: &str,
    ) -> SimulatedCall {
        let info = CallInfo {
            caller_id: from.to_owned(),
            called_number: to.to_owned(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let inner = self.inner.clone();
        self.inner
            .rehearse(simulation, info, |call| inner.handle(call))
    }
}

impl Inner {
    /// We call somebody.
    pub(super) fn rehearse_outbound(
        self: &Arc<Self>,
        simulation: &Arc<Simulation>,
        outbound: Outbound,
        handler: Handler,
    ) -> Call {
        let info = CallInfo {
            caller_id: outbound.caller_id,
            called_number: outbound.endpoint.clone(),
            redirecting_number: String::new(),
            direction: Direction::Outbound,
            args: Vec::new(),
        };
        let far_end = simulation.far_end(&outbound.endpoint);
        let voicemail = match &far_end {
            FarEnd::Voicemail(greeting) => Some(greeting.clone()),
            _ => None,
        };
        let simulated = self.rehearse(simulation, info, move |call| async move {
            if far_end.exists() {
                call.send(Input::Ringing).await;
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
                    call.send(Input::Gone(reason)).await;
                    Ok(())
                }
            }
        });
        if let Some(greeting) = voicemail {
            simulated.speak(greeting);
        }
        let call = simulated.call.clone();
        simulation.placed(simulated);
        call
    }

    fn rehearse<F>(
        self: &Arc<Self>,
        simulation: &Arc<Simulation>,
        info: CallInfo,
        start: impl FnOnce(Call) -> F + Send + 'static,
    ) -> SimulatedCall
    where
        F: Future<Output = Result<(), crate::session::HandlerError>> + Send + 'static,
    {
        let (actions, phone) = mpsc::unbounded_channel();
        let spoken = Arc::default();
        let services = Services {
            voice: Some(simulation.voice()),
            speech_to_text: Some(simulation.speech_to_text(&spoken)),
            ..self.services.clone()
        };
        let line = RehearsedLine::new(
            simulation.clone(),
            self.media.clone(),
            self.leg,
            phone,
            spoken,
        );
        let line = Line::Rehearsed(Box::new(line));
        let (call, _) = self.open(simulation.next_id(), info, line, services, start);
        SimulatedCall { call, actions }
    }
}
