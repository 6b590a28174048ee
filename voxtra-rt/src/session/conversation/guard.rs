//! A conversation's guard against dead air. The media thread keeps it; here it is made, and here a
//! program that is alive learns that the caller has waited too long.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use voxtra_core::audio::SampleRate;
use voxtra_core::event::BuiltIn;
use voxtra_core::leg::{Awaited, Command, GuardSettings};

use super::super::call::Call;
use super::super::clips;
use super::super::event::EventBody;
use super::super::log::Events;
use super::super::request::Request;
use super::settings::AgentSettings;
use crate::media::GuardPlan;

/// The type of the error that tells of dead air.
pub(in super::super) const DEAD_AIR: &str = "dead_air";

/// A guarded conversation. When it is dropped, nobody watches any more.
pub(super) struct Guard<'a> {
    call: &'a Call,
    plan: GuardPlan,
    making: Option<JoinHandle<()>>,
}

impl<'a> Guard<'a> {
    /// Has the media thread watch from now on, with the clips that earlier calls have left. The
    /// call must be answered.
    pub(super) async fn begin(call: &'a Call, settings: &AgentSettings) -> Self {
        let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
        let (filler, dead_air) = (settings.filler.as_ref(), &settings.dead_air);
        let rate = SampleRate::from_hz(call.line_hz()).unwrap_or_default();
        let mut plan = GuardPlan {
            settings: GuardSettings::default().with(|guard| {
                guard.filler = filler.map(|filler| filler.after);
                guard.apology = some(dead_air.after);
                guard.give_up = some(dead_air.give_up_after);
            }),
            rate,
            filler_text: filler.map(|filler| filler.say.clone()).unwrap_or_default(),
            apology_text: dead_air.say.clone(),
            ..GuardPlan::default()
        };
        plan.filler = clips::ready(call, &plan.filler_text, rate);
        plan.apology = clips::ready(call, &plan.apology_text, rate);
        let making = None;
        call.send(Request::Guard(Some(Arc::new(plan.clone()))))
            .await;
        Self { call, plan, making }
    }

    /// Makes the clips that are missing.
    pub(super) fn make_clips(&mut self) {
        let is_missing = |text: &str, clip: &[i16]| !text.is_empty() && clip.is_empty();
        let plan = &self.plan;
        if self.making.is_some()
            || !is_missing(&plan.filler_text, &plan.filler)
                && !is_missing(&plan.apology_text, &plan.apology)
        {
            return;
        }
        let (call, mut plan) = (self.call.clone(), plan.clone());
        self.making = Some(tokio::spawn(async move {
            (plan.filler, plan.apology) = tokio::join!(
                clips::of(&call, &plan.filler_text, plan.rate),
                clips::of(&call, &plan.apology_text, plan.rate)
            );
            call.send(Request::Guard(Some(Arc::new(plan)))).await;
        }));
    }
}

/// Resolves when the caller has heard nothing for as long as the agent may take.
pub(super) async fn dead_air(mut events: Events) {
    let found = events.find(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::Error(error)) => (error.error_type == DEAD_AIR).then_some(()),
        _ => None,
    });
    if found.await.is_none() {
        std::future::pending::<()>().await;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(making) = &self.making {
            making.abort();
        }
        if !self.call.session().try_send(Request::Guard(None)) {
            let call = self.call.clone();
            tokio::spawn(async move { call.send(Request::Guard(None)).await });
        }
    }
}

impl Call {
    /// Tells the guard whose turn it is to be heard.
    pub(in super::super) async fn awaits(&self, awaited: Awaited) {
        self.send(Request::Leg(Command::Await(awaited))).await;
    }
}

/// The agent is awaited, no longer than its settings say.
pub(super) const AGENT: Awaited = Awaited::Agent { patience_ms: 0 };
