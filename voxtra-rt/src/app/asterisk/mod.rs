//! Calls that Asterisk brings and places, over ARI.

mod dialled;
mod dispatch;
mod leftovers;
mod namesake;
mod place;
mod reconcile;
mod refusals;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::Inner;
use crate::ari::{AriClient, AriEvents, AriEventsOptions};
use crate::carrier::{AsteriskLink, ExpectedChannels};
use crate::lock::lock;

/// An Asterisk that is connected over ARI.
pub(super) struct Asterisk {
    /// Shared by all its calls.
    link: AsteriskLink,
    /// Whether its events arrive.
    online: watch::Sender<bool>,
    /// The channel variable with the number of a call whose extension takes all calls.
    did_variable: String,
    asking: dialled::Asking,
    /// Held while a new caller is checked.
    doorstep: Mutex<()>,
    refusals: refusals::Refusals,
    /// How often Asterisk's state is compared with ours.
    compare_every: Duration,
    /// The task that reads Asterisk's events, until the end.
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Asterisk {
    pub(super) fn new(link: AsteriskLink, did_variable: String, compare_every: Duration) -> Self {
        let (online, _) = watch::channel(false);
        Self {
            link,
            online,
            did_variable,
            asking: Default::default(),
            doorstep: Mutex::default(),
            refusals: Default::default(),
            compare_every,
            task: Mutex::default(),
        }
    }

    fn ari(&self) -> &AriClient {
        &self.link.ari
    }

    fn expected(&self) -> &Arc<ExpectedChannels> {
        &self.link.expected
    }

    /// Waits until Asterisk's events arrive.
    pub(super) async fn online(&self) {
        let mut online = self.online.subscribe();
        // The sender lives in `self`.
        let _ = online.wait_for(|online| *online).await;
    }

    /// Keeps the connection to Asterisk's events.
    pub(super) fn connect(self: &Arc<Self>, app: &Arc<Inner>) {
        let events = AriEvents::start(self.ari(), AriEventsOptions::default(), &app.stop);
        let comparing = self.clone().keep_comparing(app.clone());
        // A task of its own: the reader of events must not wait for Asterisk's answers.
        tokio::spawn(app.stop.clone().run_until_cancelled_owned(comparing));
        let reading = self.clone().take_signals(app.clone(), events);
        *lock(&self.task) = Some(tokio::spawn(reading));
    }

    /// Waits until the connection to the events is closed, after the application has stopped.
    pub(super) async fn disconnected(&self) {
        let task = lock(&self.task).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}
