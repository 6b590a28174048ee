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
        match self.calls().len() {
            0 => tracing::info!("stopping: no call is up"),
            // A person may take the wait for a program that hangs.
            calls => tracing::warn!("{}", waits_for(calls, self.inner.drain)),
        }
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
        let waiting = inner.webhooks.queued();
        if waiting > 0 {
            tracing::warn!(
                "{waiting} webhook event(s) are not delivered yet; waiting up to {} s",
                DELIVER.as_secs()
            );
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

/// What a program that was told to stop waits for.
fn waits_for(calls: usize, drain: Duration) -> String {
    let up = match calls {
        1 => "1 call is up".to_owned(),
        calls => format!("{calls} calls are up"),
    };
    let seconds = drain.as_secs_f64();
    format!("stopping: {up}; waiting up to {seconds} s; Ctrl-C again hangs up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_with_its_length_and_its_way_out() {
        for (calls, drain, told) in [
            (
                1,
                Duration::from_secs(30),
                "stopping: 1 call is up; waiting up to 30 s; Ctrl-C again hangs up",
            ),
            (
                2,
                Duration::from_millis(500),
                "stopping: 2 calls are up; waiting up to 0.5 s; Ctrl-C again hangs up",
            ),
        ] {
            assert_eq!(waits_for(calls, drain), told);
        }
    }
}
