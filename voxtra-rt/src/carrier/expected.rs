//! Expectations of channels that we have Asterisk make.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, error::TrySendError};
use voxtra_core::event::EndReason;

use super::channel::ChannelId;
use crate::session::why_not_taken;

/// News of an expected channel that may wait to be read. A channel has two or three in its life.
const NEWS: usize = 8;

/// Routes news of channels that we made ourselves: external media, transfers, outbound calls before
/// their answer.
#[derive(Debug, Default)]
pub(crate) struct ExpectedChannels {
    expected: Mutex<HashMap<String, Waiting>>,
    /// Bridges that our calls use.
    bridges: Mutex<HashSet<String>>,
}

#[derive(Debug)]
struct Waiting {
    channel: ChannelId,
    to: mpsc::Sender<ChannelNews>,
    entered: bool,
}

/// News of a channel that we made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChannelNews {
    /// It entered the application.
    Entered,
    /// The far end did not take the call, for this reason: the channel will be gone.
    NotTaken(EndReason),
    /// It is gone, for this reason.
    Gone(EndReason),
}

impl ExpectedChannels {
    /// Sends news of the channel with this id to the returned receiver, as long as that lives.
    pub(crate) fn expect(self: &Arc<Self>, channel: &str) -> Expected {
        let (to, news) = mpsc::channel(NEWS);
        let id = ChannelId::new(channel);
        let waiting = Waiting {
            channel: id.clone(),
            to,
            entered: false,
        };
        self.expected().insert(channel.to_owned(), waiting);
        Expected {
            channels: self.clone(),
            channel: id,
            news,
        }
    }

    /// The expectation of the channel `old` passes to `new`, which has entered; false if nobody
    /// expects `old`.
    pub(crate) fn replace(&self, old: &str, new: &str) -> bool {
        let mut expected = self.expected();
        let Some(mut waiting) = expected.remove(old) else {
            return false;
        };
        waiting.entered = true;
        waiting.channel.set(new);
        expected.insert(new.to_owned(), waiting);
        true
    }

    /// Reports news; false if nobody expects this channel.
    pub(crate) fn report(&self, channel: &str, news: ChannelNews) -> bool {
        self.expected().get_mut(channel).is_some_and(|waiting| {
            waiting.entered |= news == ChannelNews::Entered;
            !matches!(waiting.to.try_send(news), Err(TrySendError::Closed(_)))
        })
    }

    /// The expected channels, each with whether it has entered the application.
    pub(crate) fn awaited(&self) -> Vec<(String, bool)> {
        self.expected()
            .iter()
            .map(|(channel, waiting)| (channel.clone(), waiting.entered))
            .collect()
    }

    /// One of our calls uses this bridge from now on, or no longer.
    pub(crate) fn use_bridge(&self, bridge: &str, in_use: bool) {
        let mut bridges = self.bridges.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use {
            bridges.insert(bridge.to_owned());
        } else {
            bridges.remove(bridge);
        }
    }

    /// The bridges that our calls use.
    pub(crate) fn bridges(&self) -> Vec<String> {
        let bridges = self.bridges.lock().unwrap_or_else(PoisonError::into_inner);
        bridges.iter().cloned().collect()
    }

    /// Whether one of our calls uses this bridge.
    pub(crate) fn uses_bridge(&self, bridge: &str) -> bool {
        self.bridges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(bridge)
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An expected channel.
#[derive(Debug)]
pub(crate) struct Expected {
    channels: Arc<ExpectedChannels>,
    channel: ChannelId,
    news: mpsc::Receiver<ChannelNews>,
}

impl Expected {
    /// The channel's id, which follows a replacement of the channel.
    pub(crate) fn channel(&self) -> ChannelId {
        self.channel.clone()
    }

    /// Waits until the channel has entered the application.
    ///
    /// # Errors
    /// The channel is gone before that; the reason.
    pub(crate) async fn entered(&mut self) -> Result<(), EndReason> {
        let mut not_taken = None;
        loop {
            match self.news.recv().await {
                Some(ChannelNews::Entered) => return Ok(()),
                // The first reason says most, as in the owner of a session.
                Some(ChannelNews::NotTaken(reason)) => {
                    not_taken.get_or_insert(reason);
                }
                Some(ChannelNews::Gone(reason)) => {
                    return Err(why_not_taken(reason, not_taken));
                }
                None => return Err(EndReason::Unknown),
            }
        }
    }

    /// Waits until the channel is gone.
    pub(crate) async fn gone(&mut self) {
        while let Some(news) = self.news.recv().await {
            if matches!(news, ChannelNews::Gone(_)) {
                return;
            }
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut expected = self.channels.expected();
        expected.remove(&*self.channel.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_reach_whoever_expects_the_channel_and_nobody_after_that() {
        let channels = Arc::new(ExpectedChannels::default());
        let (mut one, mut other) = (channels.expect("one"), channels.expect("other"));
        assert!(channels.report("one", ChannelNews::Entered));
        assert!(channels.report("other", ChannelNews::Gone(EndReason::UserBusy)));
        assert!(!channels.report("unknown", ChannelNews::Entered));
        assert_eq!(one.entered().await, Ok(()));
        assert_eq!(other.entered().await, Err(EndReason::UserBusy));

        // News beyond the queue's room is dropped, but its channel stays expected.
        for _ in 0..2 * NEWS {
            assert!(channels.report("one", ChannelNews::Entered));
        }
        drop(one);
        assert!(!channels.report("one", ChannelNews::Entered));
    }

    #[tokio::test]
    async fn a_channel_that_is_replaced_is_expected_under_its_new_name() {
        let channels = Arc::new(ExpectedChannels::default());
        let mut expected = channels.expect("old");
        assert!(channels.replace("old", "new") && !channels.replace("old", "newer"));
        assert_eq!(channels.awaited(), [("new".to_owned(), true)]);
        assert!(!channels.report("old", ChannelNews::Gone(EndReason::NormalClearing)));
        assert!(channels.report("new", ChannelNews::Gone(EndReason::NormalClearing)));
        expected.gone().await;
        assert_eq!(&*expected.channel().get(), "new");
        drop(expected);
        assert!(channels.awaited().is_empty());
    }
}
