//! Channels that are sent away: callers for whom there is no room, and channels of ours for which
//! nobody waits any more. However many come at once, Asterisk gets few orders at a time, and a
//! limited number of the others wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use crate::ari::channels::{ContinueInDialplanOptions, HangupOptions};
use crate::ari::{AriClient, HangupReason};

/// Channels that may wait to be sent away.
const WAITING: usize = 1024;
/// Orders at a time.
const ORDERS: usize = 32;

/// Where a channel is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// The dialplan may have another destination for the call.
    Dialplan,
    HangUp,
}

/// Sends channels away.
#[derive(Debug)]
pub(super) struct Refusals {
    waiting: Arc<Semaphore>,
    ordering: Arc<Semaphore>,
    left: AtomicU64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING)),
            ordering: Arc::new(Semaphore::new(ORDERS)),
            left: AtomicU64::new(0),
        }
    }
}

impl Refusals {
    /// Sends a channel away, soon. Without room to wait the channel stays; the next comparison with
    /// Asterisk finds it.
    pub(super) fn send_away(&self, ari: &AriClient, channel: String, destination: Destination) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            let left = self.left.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            if left.is_power_of_two() {
                tracing::warn!(left, "too many channels are to be sent away at once");
            }
            return;
        };
        let (ari, ordering) = (ari.clone(), self.ordering.clone());
        tokio::spawn(async move {
            let _place = place;
            // The semaphore is never closed.
            let _turn = ordering.acquire_owned().await;
            let channel = ari.channel(channel);
            let mut options = HangupOptions::default();
            if destination == Destination::Dialplan {
                let next = ContinueInDialplanOptions::default();
                if channel.continue_in_dialplan(&next).await.is_ok() {
                    return;
                }
                options = options.reason(HangupReason::Congestion);
            }
            let _ = channel.hangup(&options).await;
        });
    }
}
