//! The end: no new calls, time for those that are up, then everything that is still to be told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use super::signals::{Stop, StopSignals};
use super::{Application, lock};
use crate::audit;
use crate::session::deadlines::FINISH;
use crate::session::{Call, Report};

/// How long webhooks may take over what is left to deliver.
const DELIVER: Duration = Duration::from_secs(10);

impl Application {
    /// Runs until Ctrl-C or SIGTERM, then drains: calls that are up may go on for the drain time,
    /// new ones go on in the dialplan. A second signal hangs up at once, and a further one gives up
    /// what is waited for after that: sessions that end, and webhook events, which are counted and
    /// told. Returns what it was told first.
    ///
    /// Calls that were transferred are neither waited for nor cut: no agent takes part in them.
    /// Asterisk can't end them when one party hangs up, so an application of the same name does
    /// that when it runs again.
    pub async fn run(&self) -> Stop {
        match StopSignals::listen() {
            Ok(signals) => self.run_until(signals).await,
            Err(error) => {
                tracing::error!(%error, "cannot listen for Ctrl-C: it will end the program without a farewell");
                std::future::pending().await
            }
        }
    }

    /// As [`run`](Self::run), with signals that have been listened for since before the application
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
            // A person may take the wait for a program that hangs.
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
            // The first that comes now ends what is waited for; once everything is told, nothing is
            // waited for any more.
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

    /// Stops now: hangs up, lets sessions finish, delivers what webhooks still have, runs the
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
        if !end.allows(FINISH, inner.sessions.ended()).await {
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

/// What tells to stop. A future that waits for it may be sent to another thread, which one of an
/// async closure may not.
trait Stops: Send {
    fn next(&mut self) -> impl Future<Output = Stop> + Send;
}

impl Stops for StopSignals {
    fn next(&mut self) -> impl Future<Output = Stop> + Send {
        Self::next(self)
    }
}

/// How far the end is, and whether somebody has lost patience.
#[derive(Debug, Default)]
struct ShutdownProgress {
    hurry: CancellationToken,
    /// Whether the last event was delivered or given up.
    is_told: AtomicBool,
}

impl ShutdownProgress {
    /// Waits for something for a while, or until it is to hurry; whether it came.
    async fn allows(&self, time: Duration, what: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = what => true,
            () = self.hurry.cancelled() => false,
            () = tokio::time::sleep(time) => false,
        }
    }
}

/// What a program that ends still does.
fn delivers(waiting: u64) -> String {
    let events = match waiting {
        1 => "1 event is".to_owned(),
        waiting => format!("{waiting} events are"),
    };
    let seconds = DELIVER.as_secs();
    format!("{events} not delivered yet; waiting up to {seconds} s; Ctrl-C again gives up")
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
            .webhook(WebhookSettings::new(url.parse().unwrap()))
            .start()
            .await
            .unwrap();
        application.inner.webhooks.deliver(&OutgoingEvent {
            wire: "call.ended".into(),
            id: "1".to_owned(),
            session_id: "s".into(),
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
            // Nobody hears that no more will come.
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
