//! Calls of a rehearsal: opened as others are, over lines that lead nowhere.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::outbound::Outbound;
use super::route::Handler;
use super::{Application, Inner};
use crate::rehearsal::{FarEnd, Placed, RehearsedLine, Stage};
use crate::session::{Call, CallInfo, Direction, Input, Line, Services};

impl Application {
    /// Somebody calls `to`.
    pub(crate) fn rehearse_inbound(&self, stage: &Arc<Stage>, from: &str, to: &str) -> Placed {
        let info = CallInfo {
            caller_id: from.to_owned(),
            called_number: to.to_owned(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let inner = self.inner.clone();
        self.inner.rehearse(stage, info, |call| inner.handle(call))
    }
}

impl Inner {
    /// We call somebody.
    pub(super) fn rehearse_outbound(
        self: &Arc<Self>,
        stage: &Arc<Stage>,
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
        let far_end = stage.far_end(&outbound.endpoint);
        let voicemail = match &far_end {
            FarEnd::Voicemail(greeting) => Some(greeting.clone()),
            _ => None,
        };
        let placed = self.rehearse(stage, info, move |call| async move {
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
                        call.emit_error("originate", reason.to_owned()).await;
                    }
                    call.send(Input::Gone(reason.to_owned())).await;
                    Ok(())
                }
            }
        });
        if let Some(greeting) = voicemail {
            placed.speak(greeting);
        }
        let call = placed.call.clone();
        stage.placed(placed);
        call
    }

    fn rehearse<F>(
        self: &Arc<Self>,
        stage: &Arc<Stage>,
        info: CallInfo,
        start: impl FnOnce(Call) -> F + Send + 'static,
    ) -> Placed
    where
        F: Future<Output = Result<(), crate::session::HandlerError>> + Send + 'static,
    {
        let (deeds, phone) = mpsc::unbounded_channel();
        let spoken = Arc::default();
        let services = Services {
            voice: Some(stage.voice()),
            speech_to_text: Some(stage.speech_to_text(&spoken)),
            ..self.services.clone()
        };
        let line = RehearsedLine::new(stage.clone(), self.media.clone(), self.leg, phone, spoken);
        let line = Line::Rehearsed(Box::new(line));
        let (call, _) = self.open(stage.next_id(), info, line, services, start);
        Placed { call, deeds }
    }
}
