//! The end: no new calls, time for running calls, then delivery of all remaining events.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use super::Application;
use super::signals::{Stop, StopSignals};
use crate::audit;
use crate::lock::lock;
use crate::session::deadlines::FINISH;
use crate::session::{Call, Report};

/// How long webhooks may take to deliver the remaining events.
const DELIVER: Duration = Duration::from_secs(10);

impl Application {
    /// Runs until Ctrl-C or SIGTERM, then drains: running calls may go on for the drain time, new
    /// ones go on in the dialplan. A second signal hangs up at once. A further one gives up the
    /// waits that follow: for sessions that end, and for webhook events, which are counted and
    /// reported. Returns the first signal.
    ///
    /// The application neither waits for transferred calls nor cuts them: no agent takes part in
    /// them. Asterisk can't end them when one party hangs up, so an application of the same name
    /// does that when it runs again.
    pub async fn run(&self) -> Stop {
        match StopSignals::listen() {
            Ok(signals) => self.run_until(signals).await,
            Err(error) => {
                tracing::error!(%error, "cannot listen for Ctrl-C: it will end the program without a farewell");
                std::future::pending().await
            }
        }
    }

    /// As [`run`](Self::run), with a listener for signals that was made before the application
    /// started.
    pub async fn run_until(&self, mut signals: StopSignals) -> Stop {
        self.run_by(&mut signals).await
    }

    async fn run_by(&self, stops: &mut impl Stops) -> Stop {
        let stop = stops.next().await;
        let (transferred, attended): (Vec<_>, Vec<_>) =
            self.calls().into_iter().partition(Call::is_transferred);
        if !transferred.is_empty() {
            tracing::info!(
                calls = transferred.len(),
                "transferred calls go on without us"
            );
        }
        match attended.len() {
            0 => tracing::info!("stopping: no call is up"),
            // The wait may look like a program that hangs.
            calls => tracing::warn!("{}", waits_for(calls, self.inner.drain)),
        }
        self.refuse_calls();
        tokio::select! {
            () = self.inner.sessions.unattended() => {}
            () = tokio::time::sleep(self.inner.drain) => {}
            _ = stops.next() => {}
        }
        let end = ShutdownProgress::default();
        tokio::select! {
            () = self.end(&end) => {}
            // The first signal cancels the waits. A signal after every event was delivered or given
            // up cuts the shutdown hooks too.
            () = async {
                loop {
                    stops.next().await;
                    if end.is_told.load(Ordering::Acquire) {
                        tracing::warn!("the shutdown hooks were not waited for");
                        return;
                    }
                    end.hurry.cancel();
                }
            } => {}
        }
        stop
    }

    /// Stops now: hangs up, lets sessions finish, delivers the webhooks' remaining events, runs the
    /// shutdown hooks. Calls that were transferred are not hung up.
    pub async fn shutdown(&self) {
        self.end(&ShutdownProgress::default()).await;
    }

    async fn end(&self, end: &ShutdownProgress) {
        let inner = &self.inner;
        self.refuse_calls();
        for call in self.calls() {
            tokio::spawn(async move {
                if call.is_transferred() {
                    return call.report(Report::Leave).await;
                }
                let hung_up = call.hangup_by(EndReason::NormalClearing, EndedBy::System);
                if let Err(error) = hung_up.await {
                    tracing::warn!(call = call.id(), %error, "cannot hang up");
                    call.abandon().await;
                }
            });
        }
        // Their transcripts may be summarised.
        let transcripts = inner.services().transcripts.clone();
        let finish = FINISH + transcripts.map_or(Duration::ZERO, |settings| settings.takes());
        if !end.allows(finish, inner.sessions.ended()).await {
            tracing::warn!(
                calls = self.calls().len(),
                "sessions did not finish in time"
            );
        }
        inner.stop.cancel();
        #[cfg(feature = "ari")]
        if let Some(asterisk) = &inner.asterisk {
            end.allows(FINISH, asterisk.disconnected()).await;
        }
        let waiting = inner.sinks.queued();
        if waiting > 0 {
            tracing::warn!("{}", delivers(waiting));
        }
        inner
            .sinks
            .drain(Instant::now() + DELIVER, &end.hurry)
            .await;
        for (reason, refused) in self.call_refusals() {
            tracing::info!(target: audit::TARGET, reason = reason.name(), refused, "refused calls since the start");
        }
        for (reason, refused) in inner.media.stats().refusals() {
            tracing::info!(target: audit::TARGET, reason = reason.name(), refused, "refused AudioSocket connections since the start");
        }
        end.is_told.store(true, Ordering::Release);
        let hooks = std::mem::take(&mut *lock(&inner.shutdown));
        for hook in hooks {
            hook().await;
        }
    }

    fn refuse_calls(&self) {
        self.inner.sessions.drain();
    }
}

/// A source of orders to stop. A future that waits for it may be sent to another thread; the future
/// of an async closure may not.
trait Stops: Send {
    fn next(&mut self) -> impl Future<Output = Stop> + Send;
}

impl Stops for StopSignals {
    fn next(&mut self) -> impl Future<Output = Stop> + Send {
        Self::next(self)
    }
}

/// How far the end is, and whether the operator has lost patience.
#[derive(Debug, Default)]
struct ShutdownProgress {
    hurry: CancellationToken,
    /// Whether the last event was delivered or given up.
    is_told: AtomicBool,
}

impl ShutdownProgress {
    /// Waits for `what` for a while, or until the end is to hurry; returns whether `what` finished.
    async fn allows(&self, time: Duration, what: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = what => true,
            () = self.hurry.cancelled() => false,
            () = tokio::time::sleep(time) => false,
        }
    }
}

/// The log line about events that a stopping program still delivers.
fn delivers(waiting: u64) -> String {
    let events = match waiting {
        1 => "1 event is".to_owned(),
        waiting => format!("{waiting} events are"),
    };
    let seconds = DELIVER.as_secs();
    format!("{events} not delivered yet; waiting up to {seconds} s; Ctrl-C again gives up")
}

/// The log line about calls for which a stopping program waits.
fn waits_for(calls: usize, drain: Duration) -> String {
    let up = match calls {
        1 => "1 call is up".to_owned(),
        calls => format!("{calls} calls are up"),
    };
    let seconds = drain.as_secs_f64();
    format!("stopping: {up}; waiting up to {seconds} s; Ctrl-C again hangs up")
}

#[cfg(all(test, feature = "webhooks"))]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::media::MediaSettings;
    use crate::webhook::{OutgoingEvent, WebhookSettings};

    /// An application with one webhook event for a receiver that connects and says nothing, and the
    /// receiver.
    async fn with_a_mute_receiver() -> (Application, std::net::TcpListener) {
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", mute.local_addr().unwrap());
        let application = Application::builder()
            .media(MediaSettings {
                listen: "127.0.0.1:0".parse().unwrap(),
                ..MediaSettings::default()
            })
            .webhook(
                WebhookSettings::new(url.parse().unwrap())
                    .with(|hook| hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()]),
            )
            .start()
            .await
            .unwrap();
        application.inner.webhooks.deliver(&OutgoingEvent {
            wire: "call.ended".into(),
            id: "1".to_owned(),
            session_id: "s".into(),
            sequence: None,
            body: Bytes::from_static(b"{}"),
        });
        (application, mute)
    }

    /// Ctrl-C at these times, and then no more.
    fn presses<const N: usize>(after: [Duration; N]) -> Presses {
        let (press, pressed) = tokio::sync::mpsc::channel(N);
        let begun = Instant::now();
        tokio::spawn(async move {
            for after in after {
                tokio::time::sleep_until(begun + after).await;
                let _ = press.send(Stop::Interrupt).await;
            }
            // Nobody learns that no more will come.
            std::future::pending::<()>().await;
        });
        Presses(pressed)
    }

    struct Presses(tokio::sync::mpsc::Receiver<Stop>);

    impl Stops for Presses {
        async fn next(&mut self) -> Stop {
            self.0.recv().await.unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ctrl_c_during_the_last_delivery_gives_it_up_and_counts_it() {
        let (application, _mute) = with_a_mute_receiver().await;
        let (began, at) = (Instant::now(), Duration::from_secs(3));
        let stop = application.run_by(&mut presses([Duration::ZERO, at])).await;
        assert_eq!((stop, began.elapsed()), (Stop::Interrupt, at));
        let counters = application.webhook_counters()[0];
        assert_eq!((counters.abandoned, counters.queued), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn without_it_the_last_delivery_has_its_time() {
        let (application, _mute) = with_a_mute_receiver().await;
        let began = Instant::now();
        application.run_by(&mut presses([Duration::ZERO])).await;
        assert_eq!(began.elapsed(), DELIVER);
        let counters = application.webhook_counters()[0];
        assert_eq!((counters.abandoned, counters.queued), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn ctrl_c_ends_a_shutdown_hook_too() {
        let ran = Arc::new(AtomicBool::new(false));
        let hook = {
            let ran = Arc::clone(&ran);
            move || async move {
                ran.store(true, Ordering::Release);
                std::future::pending().await
            }
        };
        let application = Application::builder()
            .media(MediaSettings {
                listen: "127.0.0.1:0".parse().unwrap(),
                ..MediaSettings::default()
            })
            .on_shutdown(hook)
            .start()
            .await
            .unwrap();
        let began = Instant::now();
        let at = Duration::from_secs(5);
        application.run_by(&mut presses([Duration::ZERO, at])).await;
        assert_eq!(began.elapsed(), at);
        assert!(ran.load(Ordering::Acquire));
    }

    #[test]
    fn what_is_not_delivered_is_told_with_its_number() {
        assert_eq!(
            delivers(2),
            "2 events are not delivered yet; waiting up to 10 s; Ctrl-C again gives up"
        );
        assert!(delivers(1).starts_with("1 event is not"));
    }

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
