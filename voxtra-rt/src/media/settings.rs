//! How the media plane behaves.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::detector::Detector;

/// Allocations and frees that the calling thread has made since it started, as a counting allocator
/// saw them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Calls of alloc and realloc.
    pub allocated: u64,
    /// Calls of dealloc.
    pub freed: u64,
}

/// How the media plane behaves.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// Where Asterisk connects to. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Media threads. One carries many hundreds of calls.
    pub threads: usize,
    /// How long a media thread that has much to do gathers what arrives, to handle it together: 0
    /// to 2 ms. What arrives meanwhile waits, and costs as little as half the CPU of handling each
    /// frame as it comes. No frame that is due waits, but those are due on the grid of the batches,
    /// so that a thread wakes for many at once.
    pub batch: Duration,
    /// From which share of its time on a media thread has much to do, 0 to 1: from there it gathers
    /// longer and longer, and for whole batches from half way to 1. 0: it gathers always, for the
    /// least CPU.
    pub batch_above_load: f32,
    /// Peers that may connect; an id alone does not let a stranger in.
    pub allow_peers: Vec<IpNet>,
    /// Calls at the same time; a further one is refused.
    pub max_calls: usize,
    /// Calls of one peer at the same time: of an IPv4 address, or of the /64 network of an IPv6
    /// one. `None`: as many as there are.
    pub max_calls_per_peer: Option<usize>,
    /// Whether a peer's audio comes in at 1.5 times real time at most, after a burst of 5 s, and a
    /// peer that floods is disconnected. Not for tools and tests that send recordings as fast as
    /// they are read.
    pub pace_input: bool,
    /// A call is ended after this long. `None`: never.
    pub longest_call: Option<Duration>,
    /// A call whose peer has sent no audio for this long is ended. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// Connections that have not presented their id yet, but at most a quarter of the files that
    /// the process may open. A further one takes the place of the one that has waited longest,
    /// among those of the address with most of them.
    pub max_pending: usize,
    /// How long a connection has to present its id; 1 s at most if it comes while more than half of
    /// `max_pending` are waiting.
    pub handshake_timeout: Duration,
    /// A peer that takes nothing for this long is disconnected.
    pub write_timeout: Duration,
    /// Audio that the agent may queue on the media thread, beyond which `say` and `send_audio`
    /// wait.
    pub agent_queue: Duration,
    /// Audio that may wait for a slow agent, beyond which the caller's audio is dropped (for that
    /// agent) and counted.
    pub caller_queue: Duration,
    /// What becomes of a caller whose audio was lost and can't be connected again.
    pub on_loss: OnLoss,
    /// What hears whether the caller speaks.
    pub detector: Detector,
    /// What a counting allocator knows of the calling thread; with it, allocations on the media
    /// path are counted.
    pub allocations: Option<fn() -> Allocations>,
}

/// What becomes of a caller whose session ended and whose channel did not, such as when the audio
/// was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLoss {
    /// The call goes on with the dialplan's next step after `Stasis()`.
    #[default]
    Continue,
    /// The call is hung up.
    HangUp,
}

impl MediaSettings {
    /// Whether a connection from `peer` may come in. An IPv4 address that arrived over an IPv6
    /// socket counts as IPv4.
    pub(crate) fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.allow_peers
            .iter()
            .any(|network| network.contains(&peer))
    }
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9092)),
            threads: 1,
            batch: Duration::from_millis(1),
            batch_above_load: 0.75,
            allow_peers: vec![
                IpNet::from(IpAddr::from([127, 0, 0, 1])),
                IpNet::from(IpAddr::from(std::net::Ipv6Addr::LOCALHOST)),
            ],
            max_calls: 1000,
            max_calls_per_peer: None,
            pace_input: true,
            longest_call: None,
            idle_timeout: None,
            max_pending: 1024,
            handshake_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(5),
            agent_queue: Duration::from_millis(1000),
            caller_queue: Duration::from_millis(1000),
            on_loss: OnLoss::default(),
            detector: Detector::default(),
            allocations: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_peer_is_the_same_over_an_ipv6_socket() {
        let settings = MediaSettings::default();
        for (peer, allowed) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(settings.allows(peer.parse().unwrap()), allowed, "{peer}");
        }
    }
}
