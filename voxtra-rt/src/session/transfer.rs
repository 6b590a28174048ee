//! Transferring the caller to another party.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{CallTransferFailed, CallTransferStarted};
use voxtra_core::leg::Awaited;

use super::call::Call;
use super::carrier::TransferTo;
use super::error::CallError;
use super::status::Action;
use crate::speech::{Parts, SpeechPart};

/// How long the other party may ring unless told otherwise.
const RING: Duration = Duration::from_secs(30);
/// The ringback tone, in Hz, and its cadence: 1 s on, 4 s off. Most of Europe hears this one (ITU-T
/// E.180, supplement 2).
const TONE_HZ: f64 = 425.0;
const ON: Duration = Duration::from_secs(1);
const OFF: Duration = Duration::from_secs(4);
/// Samples per second of the tone. The line's own rate is reached by the converter of all speech.
const RATE_HZ: u32 = 8000;
/// Peak of the tone, in sample units: about -19 dBm0, quiet beside a voice.
const PEAK: f64 = 2500.0;

/// A transfer that has not been started: await it. Made by [`Call::transfer`].
///
/// ```
/// # use std::time::Duration;
/// # use voxtra_rt::session::{Call, CallError};
/// # async fn example(call: Call) -> Result<(), CallError> {
/// call.transfer("PJSIP/200").ring(Duration::from_secs(20)).await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a transfer begins when it is awaited"]
pub struct Transfer<'a> {
    call: &'a Call,
    target: String,
    ring: Duration,
    caller_id: String,
    ringback: bool,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(call: &'a Call, target: String) -> Self {
        Self {
            caller_id: call.caller_id(),
            call,
            target,
            ring: RING,
            ringback: true,
        }
    }

    /// How long the other party may ring, in whole seconds. Default: 30 s.
    pub fn ring(mut self, ring: Duration) -> Self {
        self.ring = ring;
        self
    }

    /// The caller id that the other party sees. Default: the caller's number.
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = caller_id.into();
        self
    }

    /// Leaves out the ringback tone, so that the agent may speak while the other party rings.
    pub fn without_ringback(mut self) -> Self {
        self.ringback = false;
        self
    }

    async fn run(self) -> Result<(), CallError> {
        let call = self.call;
        // One transfer at a time: the second waits, and then finds the caller transferred, or tries
        // in its turn.
        let mut transferred = call.session().transferred().await;
        if let Some(target) = &*transferred {
            return Err(CallError::AlreadyTransferred {
                target: target.clone(),
            });
        }
        call.session().status().allows(Action::Transfer)?;
        let started = CallTransferStarted::new(self.target.clone());
        call.emit_body(started.into()).await;
        call.session().requests_taken().await;
        // The caller hears the telephone ring.
        call.awaits(Awaited::Nobody).await;
        let result = {
            let mut transfer = call.session().carrier().transfer(TransferTo {
                target: self.target.clone(),
                ring: self.ring,
                caller_id: self.caller_id,
            });
            tokio::select! {
                biased;
                result = &mut transfer => result,
                // Dropped when the transfer is decided, which cuts the tone.
                never = ringback(call, self.ringback) => match never {},
            }
        };
        match &result {
            Ok(()) => *transferred = Some(self.target),
            Err(CallError::Ended) => {}
            Err(error) => {
                let reason = match error {
                    CallError::TransferFailed { reason, .. } => reason.as_str().into(),
                    error => error.to_string(),
                };
                let failed = CallTransferFailed::new(self.target, reason);
                call.emit_body(failed.into()).await;
                // It is published when the agent learns of it.
                call.session().requests_taken().await;
                call.awaits(Awaited::Caller).await;
            }
        }
        result
    }
}

impl<'a> IntoFuture for Transfer<'a> {
    type Output = Result<(), CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.call.while_up(self.run()).await })
    }
}

/// The caller's ringback tone while the other party rings, until it is dropped.
async fn ringback(call: &Call, on: bool) -> std::convert::Infallible {
    if on {
        let tone: Arc<[i16]> = tone().into();
        loop {
            let ring = Parts::whole([SpeechPart::audio(RATE_HZ, tone.clone())]);
            // An interruption, such as the caller's speech, ends this ring but not the ringing.
            if call.play_untold(ring).await.is_err() {
                break;
            }
            tokio::time::sleep(OFF).await;
        }
    }
    std::future::pending().await
}

fn tone() -> Vec<i16> {
    let samples = u64::from(RATE_HZ) * ON.as_secs();
    (0..samples)
        .map(|n| {
            let angle = std::f64::consts::TAU * TONE_HZ * n as f64 / f64::from(RATE_HZ);
            (angle.sin() * PEAK) as i16
        })
        .collect()
}
