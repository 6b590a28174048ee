//! What becomes of callers over ARI when the whole program stands still: Asterisk itself takes them
//! back.
//!
//! A channel whose `TIMEOUT(absolute)` runs out leaves our application, wherever it is there, and
//! goes on at the extension `T` of its dialplan, or is hung up if there is none. A program that is
//! alive sets it anew in time. Source: Asterisk's documentation of the function `TIMEOUT` and of
//! the extension `T`, read on 2026-11-30; tried with Asterisk 22.10, with and without audio of the
//! caller.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::channel::ChannelId;
use super::orders::twice;
use crate::ari::channels::SetVariableOptions;
use crate::ari::{AriClient, AriError, Order};

/// The function of Asterisk that does it.
const TIMEOUT: &str = "TIMEOUT(absolute)";

/// How often it is set within its time: two orders may fail.
const TIMES: u32 = 3;

/// One call's.
pub(super) struct Lifeline {
    ari: AriClient,
    channel: ChannelId,
    /// How long the program may stand still. `None`: for ever.
    longest: Option<Duration>,
    /// Locked while Asterisk is being told.
    held: Arc<tokio::sync::Mutex<Hold>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hold {
    /// Nobody has told Asterisk anything.
    #[default]
    Not,
    Held,
    /// The caller needs this program no longer.
    Released,
}

impl Lifeline {
    pub(super) fn new(ari: &AriClient, channel: &ChannelId, longest: Option<Duration>) -> Self {
        Self {
            ari: ari.clone(),
            channel: channel.clone(),
            longest,
            held: Arc::default(),
        }
    }

    /// Holds the caller from now on, until it is released or the call is taken `down`.
    pub(super) fn hold(&self, down: &CancellationToken) {
        let Some(longest) = self.longest else {
            return;
        };
        let (ari, channel, held) = (self.ari.clone(), self.channel.clone(), self.held.clone());
        let holding = async move {
            loop {
                {
                    let mut held = held.lock().await;
                    if *held == Hold::Released {
                        return;
                    }
                    let is_first = std::mem::replace(&mut *held, Hold::Held) == Hold::Not;
                    let channel = channel.get();
                    match set(&ari, &channel, &seconds(longest)).await {
                        // Asterisk takes the order also if it does not know the function.
                        Ok(()) if is_first && !is_known(&ari, &channel).await => return,
                        Ok(()) => {}
                        Err(error) if error.is_transient() => {
                            tracing::debug!(%error, %channel, "a caller is not held for a moment");
                        }
                        Err(AriError::NotFound { .. } | AriError::Conflict { .. }) => return,
                        Err(error) => {
                            tracing::warn!(%error, %channel, "{UNHELD}");
                            return;
                        }
                    }
                }
                tokio::time::sleep(longest / TIMES).await;
            }
        };
        tokio::spawn(down.clone().run_until_cancelled_owned(holding));
    }

    /// The caller stays in Asterisk without this program.
    pub(super) async fn release(&self) {
        let mut held = self.held.lock().await;
        if std::mem::replace(&mut *held, Hold::Released) != Hold::Held {
            return;
        }
        let channel = self.channel.get();
        let released = twice(|| set(&self.ari, &channel, "0")).await;
        if let Err(error) = released
            && !error.is_not_found()
        {
            tracing::warn!(%error, %channel, "Asterisk may end this call when its time is over");
        }
    }
}

/// In how many seconds Asterisk takes the channel back; 0 is never.
fn set(ari: &AriClient, channel: &str, seconds: &str) -> Order<()> {
    let options = SetVariableOptions::default();
    ari.channel(channel)
        .set_variable(TIMEOUT, seconds, &options)
}

/// Whether Asterisk knows the function; if not, says so.
async fn is_known(ari: &AriClient, channel: &str) -> bool {
    match ari.channel(channel).variable(TIMEOUT).await {
        Err(error @ AriError::Status { .. }) => {
            tracing::warn!(%error, channel, "{UNHELD}: is its module func_timeout loaded?");
            false
        }
        _ => true,
    }
}

const UNHELD: &str = "Asterisk would not take this caller back if this program stood still";

fn seconds(time: Duration) -> String {
    time.as_secs().max(1).to_string()
}
