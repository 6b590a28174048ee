//! A line that leads to a phone in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use voxtra_core::event::CallTransferred;
use voxtra_core::leg::{Command, LegSettings};

use super::phone::{Phone, PhoneAction};
use super::simulation::Simulation;
use super::voice::Spoken;
use crate::media::{Connection, MediaServer, Shared, link};
use crate::session::{Call, CallError, Input, Transfer};

/// What stands in for Asterisk's channel.
pub(crate) struct RehearsedLine {
    simulation: Arc<Simulation>,
    media: MediaServer,
    leg: LegSettings,
    /// What the far end does, until its phone is connected.
    actions: Mutex<Option<mpsc::UnboundedReceiver<PhoneAction>>>,
    spoken: Arc<Spoken>,
    /// Held while the call is being answered, so that it is answered once.
    answered: tokio::sync::Mutex<bool>,
    transferred: AtomicBool,
    /// Keys that the agent pressed.
    sent: Mutex<String>,
}

impl RehearsedLine {
    pub(crate) fn new(
        simulation: Arc<Simulation>,
        media: MediaServer,
        leg: LegSettings,
        actions: mpsc::UnboundedReceiver<PhoneAction>,
        spoken: Arc<Spoken>,
    ) -> Self {
        Self {
            simulation,
            media,
            leg,
            actions: Mutex::new(Some(actions)),
            spoken,
            answered: tokio::sync::Mutex::new(false),
            transferred: AtomicBool::new(false),
            sent: Mutex::default(),
        }
    }

    pub(crate) async fn answer(&self, call: &Call) -> Result<(), CallError> {
        let mut answered = self.answered.lock().await;
        if *answered {
            return Ok(());
        }
        call.send(Input::Answered).await;
        let actions = lock(&self.actions).take().ok_or(CallError::Ended)?;
        let settings = self.media.settings();
        let (end, link) = link(&self.leg, settings, Shared::new(self.leg.rate));
        let wire = super::phone::Wire::default();
        let connection = Connection::new(wire, self.leg, end, settings);
        let phone = Phone::new(
            connection,
            self.media.clock(),
            self.leg.rate,
            self.simulation.ms_per_character(),
            self.spoken.clone(),
        );
        tokio::spawn(phone.run(actions));
        call.send(Input::Media(Box::new(link))).await;
        call.media_attached().await?;
        *answered = true;
        Ok(())
    }

    pub(crate) async fn transfer(&self, call: &Call, to: &Transfer<'_>) -> Result<(), CallError> {
        let endpoint = to.target.as_str();
        if !*self.answered.lock().await {
            return Err(CallError::NotAnswered);
        }
        let rung = self.simulation.far_end(endpoint).rings(to.ring);
        rung.await.map_err(|reason| CallError::TransferFailed {
            target: endpoint.into(),
            reason,
        })?;
        self.transferred.store(true, Ordering::Release);
        let target = endpoint.into();
        call.emit_body(CallTransferred { target }.into()).await;
        call.send(Input::Leg(Command::HangUp)).await;
        Ok(())
    }

    pub(crate) fn send_dtmf(&self, digits: &str) {
        lock(&self.sent).push_str(digits);
    }

    /// The keys that the agent has pressed so far.
    pub(super) fn sent_dtmf(&self) -> String {
        lock(&self.sent).clone()
    }

    pub(crate) fn is_agentless(&self) -> bool {
        self.transferred.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
