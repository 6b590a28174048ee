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
    /// Waits until no other program is connected under our name; `false` when it is time to end.
    /// Meanwhile no event reports the end of a call, and calls that are up must not stay for ever.
    ///
    /// Notes in `withdrawn` the channels of our calls whose events Asterisk no longer sends.
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
                match ari.application(ari.app()).exists().await {
                    Ok(false) => return,
                    Ok(true) => {
                        // The bridge of a crashed program keeps the application known, although the
                        // program is gone.
                        leftovers::clear(ari.clone(), self.expected().clone(), leftovers::LATER)
                            .await;
                        // Our own calls do so too.
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

    /// Makes Asterisk (22 at least) forget applications that are over. Asterisk looks for them only
    /// when a websocket's application comes or goes. An application that had channels at that
    /// moment stays known, though nobody is connected and the channels have gone. So we connect and
    /// leave, under a name that nobody else has.
    async fn sweep(&self, app: &Inner) {
        let mut settings = self.ari().settings().clone();
        // Not derived from our own name: Asterisk refuses names of more than 73 bytes.
        settings.app = format!("voxtra-sweep-{}", uuid::Uuid::new_v4().simple());
        if let Ok(passer_by) = AriClient::with_timeout(settings, AUDIT) {
            let mut events = AriEvents::start(&passer_by, AriEventsOptions::default(), &app.stop);
            events.recv().await;
            events.stop().await;
        }
    }

    /// Stops Asterisk's events about our calls under our name, so that only other programs keep the
    /// application known. Nothing is lost: they would get the events, not we. The calls go on.
    async fn withdraw(&self, app: &Inner, withdrawn: &mut HashSet<String>) -> Result<(), AriError> {
        let ari = self.ari();
        let channels = match ari.application(ari.app()).get().await {
            Err(error) if error.is_not_found() => return Ok(()),
            application => application?.channel_ids,
        };
        let known = self.known(app);
        let awaited = known.awaited.into_iter().map(|(channel, _)| channel);
        let ours: HashSet<_> = known.sessions.into_iter().chain(awaited).collect();
        // Asterisk subscribes to the other half of our `Local` channels as well.
        let is_a_partys = |channel: &String| {
            let whole = channel.strip_suffix(";2").unwrap_or(channel);
            ours.contains(channel) || ours.contains(whole)
        };
        // A call's bridge and its audio share one name.
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
        let ours = ari.application(ari.app());
        for channel in channels {
            ours.unsubscribe_all(&format!("channel:{channel}")).await?;
            if is_a_partys(&channel) {
                withdrawn.insert(channel);
            }
        }
        for bridge in self.expected().bridges() {
            ours.unsubscribe_all(&format!("bridge:{bridge}")).await?;
        }
        Ok(())
    }
}
