//! Leftovers in Asterisk of a process that ended without cleaning up: callers who hear nothing,
//! alone in a bridge.

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::is_ours;
use crate::ari::channels::{ContinueInDialplanOptions, HangupOptions};
use crate::ari::{AriClient, AriError, Bridge};
use crate::carrier::ExpectedChannels;

/// At the start: how long after the first look the second one is.
pub(super) const AT_START: Duration = Duration::from_secs(2);
/// Later: longer than another process may take to connect a call's audio, whose bridge lacks its
/// agent until then.
pub(super) const LATER: Duration = Duration::from_secs(6);

/// Sends such callers on in the dialplan and removes their bridges, if they are there now and still
/// after a while. A bridge of another, live process has its media or a second party in it, and is
/// left alone.
pub(super) async fn clear(ari: AriClient, expected: Arc<ExpectedChannels>, second_look: Duration) {
    let first = left(&ari, &expected).await;
    if first.is_empty() {
        return;
    }
    tokio::time::sleep(second_look).await;
    let mut bridges = left(&ari, &expected).await;
    bridges.retain(|bridge| first.iter().any(|known| known.id == bridge.id));
    for bridge in bridges {
        let mut results = Vec::new();
        for channel in &bridge.channels {
            // No dialplan has sent us the channels that we made: the other party of a transfer
            // whose caller has gone.
            let party = ari.channel(channel);
            results.push(if is_ours(channel) {
                party.hangup(&HangupOptions::default()).await
            } else {
                let next = ContinueInDialplanOptions::default();
                party.continue_in_dialplan(&next).await
            });
            // A subscription to a channel in the dialplan keeps the application known.
            let source = format!("channel:{channel}");
            results.push(ari.application(ari.app()).unsubscribe_all(&source).await);
        }
        results.push(ari.bridge(&bridge.id).destroy().await);
        let failed =
            |result: Result<(), AriError>| result.err().filter(|error| !error.is_not_found());
        match results.into_iter().find_map(failed) {
            None => tracing::warn!(
                bridge = bridge.id,
                callers = bridge.channels.len(),
                "an earlier process ended in the middle of a call; its caller goes on in the dialplan"
            ),
            Some(error) => {
                tracing::warn!(%error, bridge = bridge.id, "cannot clear what an earlier process has left in Asterisk")
            }
        }
    }
}

async fn left(ari: &AriClient, expected: &ExpectedChannels) -> Vec<Bridge> {
    let mut bridges = ari.bridges().list().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot see whether an earlier process has left calls in Asterisk");
        Vec::new()
    });
    bridges.retain(|bridge| is_left(bridge) && !expected.uses_bridge(&bridge.id));
    bridges
}

/// Whether this is a call of ours without an agent.
fn is_left(bridge: &Bridge) -> bool {
    bridge
        .id
        .strip_prefix("voxtra-bridge-")
        .is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
        && bridge.channels.len() < 2
        && !bridge
            .channels
            .iter()
            .any(|channel| channel.starts_with("voxtra-media-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge(id: &str, channels: &[&str]) -> Bridge {
        let json = serde_json::json!({ "id": id, "channels": channels });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_a_call_of_ours_that_has_lost_its_agent_is_cleared() {
        const OURS: &str = "voxtra-bridge-40325ec2-5efd-4bd3-805f-53576e581d13";
        const MEDIA: &str = "voxtra-media-40325ec2-5efd-4bd3-805f-53576e581d13";
        assert!(is_left(&bridge(OURS, &["1795366408.2848"])));
        assert!(is_left(&bridge(OURS, &[])));
        assert!(
            !is_left(&bridge(OURS, &["1795366408.2848", MEDIA])),
            "a call of another process"
        );
        assert!(
            !is_left(&bridge(OURS, &[MEDIA])),
            "a call of another process, about to begin"
        );
        assert!(
            !is_left(&bridge(OURS, &["1795366408.2848", "1795366409.1"])),
            "a transferred call"
        );
        assert!(
            !is_left(&bridge("voxtra-bridge-lobby", &["1795366408.2848"])),
            "somebody else's"
        );
    }
}
