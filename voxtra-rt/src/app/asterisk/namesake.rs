//! Another program has connected to Asterisk under our application's name, and gets its calls until
//! it leaves.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Asterisk, leftovers};
use crate::app::Inner;
use crate::ari::{AriClient, AriError, AriEvents, AriEventsOptions};

/// How often Asterisk is asked which calls are still up while its events don't reach us.
const AUDIT: Duration = Duration::from_secs(5);

impl Asterisk {
    /// Waits until nobody is connected under our name; `false` when it is time to end. Nobody tells
    /// us meanwhile when a call ends, and those that are up must not stay for ever.
    ///
    /// Notes in `withdrawn` the channels of our calls of which Asterisk doesn't tell any more.
    pub(super) async fn name_is_free(
        self: &Arc<Self>,
        app: &Arc<Inner>,
        withdrawn: &mut HashSet<String>,
    ) -> bool {
        let ari = self.ari();
        let waiting = async {
            loop {
                tokio::time::sleep(AUDIT).await;
                self.compare(app).await;
                match ari.has_application().await {
                    Ok(false) => return,
                    Ok(true) => {
                        // A bridge of one who crashed keeps the application known, with nobody
                        // behind it.
                        leftovers::clear(ari.clone(), self.expected().clone(), leftovers::LATER)
                            .await;
                        // And so do our own calls.
                        if let Err(error) = self.withdraw(app, withdrawn).await {
                            tracing::error!(%error, "cannot take our calls out of the application");
                        }
                        self.sweep(app).await;
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot ask Asterisk whether our application's name is free");
                    }
                }
            }
        };
        app.stop.run_until_cancelled(waiting).await.is_some()
    }

    /// Has Asterisk (22 at least) forget the applications that are over. It looks for them only
    /// when a websocket's application comes or goes: one that had channels at that moment stays
    /// known, though nobody is connected and the channels have gone. So we come and go, under a
    /// name that nobody else has.
    async fn sweep(&self, app: &Inner) {
        let mut settings = self.ari().settings().clone();
        // Not made from our own name: Asterisk refuses one of more than 73 bytes.
        settings.app = format!("voxtra-sweep-{}", uuid::Uuid::new_v4().simple());
        if let Ok(passer_by) = AriClient::with_timeout(settings, AUDIT) {
            let mut events = AriEvents::start(&passer_by, AriEventsOptions::default(), &app.stop);
            events.recv().await;
            events.stop().await;
        }
    }

    /// Has Asterisk no longer tell of our calls under our name, so that it knows the application by
    /// others alone. Nothing is lost: whoever has the name would be told, not us. The calls go on.
    async fn withdraw(&self, app: &Inner, withdrawn: &mut HashSet<String>) -> Result<(), AriError> {
        let ari = self.ari();
        let channels = match ari.application_channels().await {
            Err(error) if error.is_not_found() => return Ok(()),
            channels => channels?,
        };
        let known = self.known(app);
        let awaited = known.awaited.into_iter().map(|(channel, _)| channel);
        let ours: HashSet<_> = known.sessions.into_iter().chain(awaited).collect();
        // The other half of a `Local` channel of ours is subscribed to as well.
        let is_a_partys = |channel: &String| {
            let whole = channel.strip_suffix(";2").unwrap_or(channel);
            ours.contains(channel) || ours.contains(whole)
        };
        // A call's bridge and its audio have one name.
        let is_audio = |channel: &String| {
            let name = channel.strip_prefix("voxtra-media-");
            name.is_some_and(|name| {
                self.expected()
                    .uses_bridge(&format!("voxtra-bridge-{name}"))
            })
        };
        // Calls of the other program keep the application known, whatever we do.
        if !channels.iter().all(|id| is_a_partys(id) || is_audio(id)) {
            return Ok(());
        }
        for channel in channels {
            ari.unsubscribe(&format!("channel:{channel}")).await?;
            if is_a_partys(&channel) {
                withdrawn.insert(channel);
            }
        }
        for bridge in self.expected().bridges() {
            ari.unsubscribe(&format!("bridge:{bridge}")).await?;
        }
        Ok(())
    }
}
