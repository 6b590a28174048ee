//! Orders to Asterisk that must not get lost.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use crate::ari::channels::HangupOptions;
use crate::ari::{AriClient, AriError};
use crate::session::deadlines::GONE;

/// Wait before an order that failed while a call was taken down is given again; it doubles with
/// each further failure.
const AGAIN: Duration = Duration::from_millis(250);
/// How often such an order is given: for about a minute.
const ORDERS: u32 = 9;

/// Asterisk refused an order because the channel is gone; the event that reports this is on its way
/// too. Waits for that event, which ends the call and this wait, before it returns the order's
/// failure.
pub(super) async fn gone_or(result: Result<(), AriError>) -> Result<(), AriError> {
    if let Err(AriError::NotFound { .. } | AriError::Conflict { .. } | AriError::Status { .. }) =
        &result
    {
        tokio::time::sleep(GONE).await;
    }
    result
}

/// Gives an order that may be given twice, and repeats it if Asterisk was slow or not there.
pub(super) async fn twice<R, T>(order: impl Fn() -> R) -> Result<(), AriError>
where
    R: IntoFuture<Output = Result<T, AriError>>,
{
    match order().await {
        Err(error) if error.is_transient() => {
            tracing::warn!(%error, "an order to Asterisk failed; giving it again");
        }
        result => return result.map(drop),
    }
    tokio::time::sleep(AGAIN).await;
    match order().await {
        // Asterisk carried out the first order after all.
        Err(AriError::Conflict { .. }) => Ok(()),
        result => result.map(drop),
    }
}

/// Hangs up a channel that may be gone already.
pub(crate) async fn hang_up(ari: &AriClient, channel: &str) {
    let _ = ari.channel(channel).hangup(&HangupOptions::default()).await;
}

pub(super) async fn hang_up_for_sure(ari: &AriClient, channel: String) {
    for_sure(ari, channel, |ari, channel| async move {
        match ari.channel(channel).hangup(&HangupOptions::default()).await {
            // The channel has left our application.
            Err(AriError::Conflict { .. }) => Ok(()),
            result => result,
        }
    })
    .await;
}

/// Gives an order to take something down; if it fails, repeats it in the background.
pub(super) async fn for_sure<R>(
    ari: &AriClient,
    what: String,
    order: impl Fn(AriClient, String) -> R + Send + 'static,
) where
    R: Future<Output = Result<(), AriError>> + Send,
{
    match order(ari.clone(), what.clone()).await {
        Err(error) if !error.is_not_found() => {
            tracing::debug!(%error, what, "cannot take down after a call; trying again");
        }
        _ => return,
    }
    let ari = ari.clone();
    tokio::spawn(async move {
        let mut wait = AGAIN;
        for attempt in 2..=ORDERS {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
            match order(ari.clone(), what.clone()).await {
                Err(error) if !error.is_not_found() && attempt < ORDERS => {}
                result => return report(result, &what),
            }
        }
    });
}

/// A resource that is gone needs no taking down; one that remains is logged.
pub(super) fn report(result: Result<(), AriError>, what: &str) {
    match result {
        Err(error @ AriError::Transport { .. }) => {
            // An Asterisk that is gone has taken down everything of every call.
            tracing::debug!(%error, what, "cannot take down after a call");
        }
        Err(error) if !error.is_not_found() => {
            tracing::warn!(%error, what, "cannot take down after a call; `core show channels` and `bridge show all` in Asterisk tell what is left");
        }
        _ => {}
    }
}
