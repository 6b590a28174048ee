//! A carrier that leads to a phone in memory.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use voxtra_core::event::EndReason;
use voxtra_core::leg::LegSettings;

use super::chaos::{Chaos, Provider};
use super::phone::{Phone, PhoneAction};
use super::simulation::Simulation;
use super::speech_to_text::Spoken;
use crate::lock::lock;
use crate::media::{Connection, MediaLink, MediaServer, Shared, link};
use crate::session::{CallError, Carrier, Music, Order, Report, Reports, TransferTo};

/// Replaces Asterisk's channel.
#[derive(Debug)]
pub(crate) struct RehearsedCarrier {
    simulation: Arc<Simulation>,
    media: MediaServer,
    leg: LegSettings,
    /// Actions of the far end, until its phone is connected.
    actions: Mutex<Option<mpsc::UnboundedReceiver<PhoneAction>>>,
    spoken: Arc<Spoken>,
    reports: Reports,
    /// Keys that the agent pressed.
    sent: Mutex<String>,
}

impl RehearsedCarrier {
    pub(crate) fn new(
        simulation: Arc<Simulation>,
        media: MediaServer,
        leg: LegSettings,
        actions: mpsc::UnboundedReceiver<PhoneAction>,
        spoken: Arc<Spoken>,
        reports: Reports,
    ) -> Self {
        Self {
            simulation,
            media,
            leg,
            actions: Mutex::new(Some(actions)),
            spoken,
            reports,
            sent: Mutex::default(),
        }
    }

    /// The keys that the agent has pressed so far.
    pub(super) fn sent_dtmf(&self) -> String {
        lock(&self.sent).clone()
    }

    /// Lets something go wrong with a provider, or nothing any more.
    pub(super) fn disturb(&self, provider: Provider, chaos: Option<Chaos>) {
        self.simulation.cast().disturbance.set(provider, chaos);
    }

    fn connect(&self) -> Result<MediaLink, CallError> {
        let actions = lock(&self.actions).take().ok_or(CallError::Ended)?;
        let settings = self.media.settings();
        let (end, link) = link(&self.leg, settings, Shared::new(self.leg.rate));
        let wire = super::phone::Wire::default();
        let connection = Connection::new(wire, self.leg, end, settings);
        let phone = Phone::new(
            connection,
            self.media.clock(),
            self.leg.rate,
            self.spoken.clone(),
        );
        tokio::spawn(phone.run(actions));
        Ok(link)
    }

    fn is_connected(&self) -> bool {
        lock(&self.actions).is_none()
    }
}

impl Carrier for RehearsedCarrier {
    fn name(&self) -> &'static str {
        "rehearsal"
    }

    fn answer(&self) -> Order<'_, MediaLink> {
        Box::pin(async {
            self.reports.send(Report::Answered).await;
            self.connect()
        })
    }

    fn ring(&self) -> Order<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn progress(&self) -> Order<'_, MediaLink> {
        Box::pin(async { self.connect() })
    }

    fn answer_connected(&self) -> Order<'_> {
        Box::pin(async {
            self.reports.send(Report::Answered).await;
            Ok(())
        })
    }

    fn hang_up(&self, reason: EndReason) -> Order<'_> {
        Box::pin(async move {
            self.reports.send(Report::Gone(reason)).await;
            Ok(())
        })
    }

    fn transfer(&self, to: TransferTo) -> Order<'_> {
        Box::pin(async move {
            if !self.is_connected() {
                return Err(CallError::NotAnswered);
            }
            let rung = self.simulation.far_end(&to.target).rings(to.ring);
            rung.await.map_err(|reason| CallError::TransferFailed {
                target: to.target.clone(),
                reason,
            })?;
            self.reports.transferred(&to.target).await;
            Ok(())
        })
    }

    fn music(&self, _music: Option<Music>) -> Order<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn variable(&self, name: String) -> Order<'_, Option<String>> {
        Box::pin(async move { Ok(self.simulation.variable(&name)) })
    }

    fn send_dtmf(&self, digits: String) -> Order<'_> {
        Box::pin(async move {
            lock(&self.sent).push_str(&digits);
            Ok(())
        })
    }
}
