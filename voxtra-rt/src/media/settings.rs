//! Settings of the media plane.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::detector::Detector;

/// Allocations and frees of the calling thread since it started, as counted by an allocator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Calls of alloc and realloc.
    pub allocated: u64,
    /// Calls of dealloc.
    pub freed: u64,
}

/// Settings of the media plane: `[media]` of the configuration file, as far as it is about all
/// calls together. What it says of one call's audio is
/// [`LegSettings`](voxtra_core::leg::LegSettings).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MediaSettings {
    /// The address that Asterisk connects to. Port 0 takes any free one. Default `127.0.0.1:9092`.
    pub listen: SocketAddr,
    /// Media threads. One carries many hundreds of calls. Default 1.
    pub threads: usize,
    /// How long a busy media thread gathers what arrives, to handle it together: 0 to 2 ms. What
    /// arrives meanwhile waits, and costs as little as half the CPU of handling each frame as it
    /// comes. Due frames never wait, but their deadlines are aligned to the grid of the batches, so
    /// that a thread wakes for many at once.
    pub batch: Duration,
    /// CPU load (0–1) above which a media thread batches. It gathers longer with more load, and for
    /// whole batches from half way to 1. 0: it always gathers, for the least CPU.
    pub batch_above_load: f32,
    /// Peers that may connect. An id alone does not admit another address. Default: this machine
    /// only (`127.0.0.0/8`, `::1/128`).
    pub allow_peers: Vec<IpNet>,
    /// Most calls at the same time; further ones are refused.
    pub max_calls: usize,
    /// Most calls of one peer at the same time: of an IPv4 address, or of the /64 network of an
    /// IPv6 one. `None`: no limit for one peer.
    pub max_calls_per_peer: Option<usize>,
    /// Whether a peer's audio is limited to 1.5 times real time, after a burst of 5 s, and a peer
    /// that floods is disconnected. Turn it off for tools and tests that send recordings as fast as
    /// they are read.
    pub pace_input: bool,
    /// A call is ended after this long. `None`: never.
    pub longest_call: Option<Duration>,
    /// A call whose peer has sent no audio for this long is ended. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// Most connections that have not presented their id yet, but at most a quarter of the files
    /// that the process may open. A further one evicts the connection that has waited longest,
    /// among those of the address with the most of them.
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
    /// What happens to a caller whose audio was lost and can't be connected again.
    pub on_loss: OnLoss,
    /// Which voice detector listens to the caller.
    pub detector: Detector,
    /// Reads the calling thread's counts from a counting allocator. With it, allocations on the
    /// media path are counted.
    pub allocations: Option<fn() -> Allocations>,
}

/// What happens to a caller whose session ended while the channel is still up, for example because
/// the audio was lost.
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
    /// The port of the default address.
    pub const DEFAULT_PORT: u16 = 9092;

    /// These settings with changes:
    ///
    /// ```
    /// use voxtra_rt::media::MediaSettings;
    ///
    /// let media = MediaSettings::default().with(|media| {
    ///     media.threads = 2;
    ///     media.max_calls = 5_000;
    /// });
    /// assert_eq!(media.threads, 2);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

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
            listen: SocketAddr::from(([127, 0, 0, 1], Self::DEFAULT_PORT)),
            threads: 1,
            batch: Duration::from_millis(1),
            batch_above_load: 0.75,
            allow_peers: vec![
                IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
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
            ("127.3.2.1", true),
            ("::ffff:127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(settings.allows(peer.parse().unwrap()), allowed, "{peer}");
        }
    }
}
