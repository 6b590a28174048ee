//! The end: no new calls, time for those that are up, then everything that is still to be told.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::signals::{Stop, StopSignals};
use super::{Application, lock};

/// How long sessions may take to finish after they were hung up: longer than their own last call.
const FINISH: Duration = Duration::from_secs(8);
/// How long webhooks may take over what is left to deliver.
const DELIVER: Duration = Duration::from_secs(10);

impl Application {
    /// Runs until Ctrl-C or SIGTERM, then drains: calls that are up may go on for the drain time, new ones are refused. A
    /// second signal hangs up at once. Returns what it was told first.
    pub async fn run(&self) -> Stop {
        match StopSignals::listen() {
            Ok(signals) => self.run_until(signals).await,
            Err(error) => {
                tracing::error!(%error, "cannot listen for Ctrl-C: it will end the program without a farewell");
                std::future::pending().await
            }
        }
    }

    /// As [`run`](Self::run), with signals that have been listened for since before the application started.
    pub async fn run_until(&self, mut signals: StopSignals) -> Stop {
        let stop = signals.next().await;
        let calls = self.calls().len();
        tracing::info!(
            calls,
            "stopping: no new calls; press Ctrl-C again to hang up those that are up"
        );
        self.refuse_calls();
        tokio::select! {
            () = self.drained() => {}
            () = tokio::time::sleep(self.inner.drain) => {}
            _ = signals.next() => {}
        }
        self.shutdown().await;
        stop
    }

    /// Stops now: hangs up, lets sessions finish, delivers what webhooks still have, runs the shutdown hooks.
    pub async fn shutdown(&self) {
        let inner = &self.inner;
        self.refuse_calls();
        for call in self.calls() {
            tokio::spawn(async move {
                if let Err(error) = call.hangup().await {
                    tracing::warn!(call = call.id(), %error, "cannot hang up");
                    call.abandon().await;
                }
            });
        }
        if timeout(FINISH, self.drained()).await.is_err() {
            tracing::warn!(
                calls = self.calls().len(),
                "sessions did not finish in time"
            );
        }
        inner.stop.cancel();
        let ari = lock(&inner.ari_task).take();
        if let Some(ari) = ari {
            let _ = timeout(FINISH, ari).await;
        }
        let undelivered = inner.webhooks.drain(Instant::now() + DELIVER).await;
        if undelivered > 0 {
            tracing::warn!(undelivered, "webhooks did not take all events in time");
        }
        let hooks = std::mem::take(&mut *lock(&inner.shutdown));
        for hook in hooks {
            hook().await;
        }
    }

    fn refuse_calls(&self) {
        self.inner.draining.store(true, Ordering::Release);
    }

    /// Waits until the last session is over.
    async fn drained(&self) {
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }
}
