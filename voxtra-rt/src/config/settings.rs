//! The sections that belong to no other module.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use uuid::Uuid;
use voxtra_core::leg::{BackgroundPolicy, DtmfPolicy, EchoPolicy, G711Policy};

use crate::app::CallLimits;
use crate::ari::MediaFormat;
use crate::media::{Detector, OnLoss};
use crate::session::{OnHandlerEnd, Route};

/// `[media]`: the AudioSocket server.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaSettings {
    /// The address on which AudioSocket connections are accepted. Default `127.0.0.1:9092`.
    pub listen: SocketAddr,
    /// The `host:port` that Asterisk dials. Default: `listen`.
    pub advertise: String,
    /// Media threads, each with its own share of the calls. 1 to 64, default 1.
    pub threads: usize,
    /// How long a busy media thread batches input before it handles it together, in milliseconds. 0
    /// to 2, default 1; 0: never.
    pub batch_ms: u64,
    /// CPU load (0–1) above which a media thread batches. Default 0.75; 0: always.
    pub batch_above_load: f32,
    /// The audio format requested from Asterisk. Default `slin`.
    pub format: MediaFormat,
    /// Networks from which connections are accepted; only this and the UUID tell a caller from a
    /// stranger. Default: this machine only (`127.0.0.0/8`, `::1/128`).
    pub allow_peers: Vec<IpNet>,
    /// Most calls at the same time. 1 to 100,000, default 1,000.
    pub max_calls: usize,
    /// Most calls of one address at the same time. 1 to 100,000, default 0: no limit.
    pub max_calls_per_peer: Option<usize>,
    /// Most new calls per second, 1 to 10,000, and most calls of one caller at the same time, 1 to
    /// 100,000. Default 0 for both: no limit.
    pub calls: CallLimits,
    /// A call is ended after this long. 1 s to 7 days, default 0: never.
    pub longest_call: Option<Duration>,
    /// A call whose peer has sent no audio for this long is ended. 1 s to 1 day, default 0: never.
    pub idle_timeout: Option<Duration>,
    /// Most connections that have not presented their UUID yet; above that, the oldest of the
    /// busiest address is closed. 1 to 10,000, default 1,024.
    pub max_pending: usize,
    /// What becomes of a caller whose audio was lost and can't be connected again.
    pub on_loss: OnLoss,
    /// How long a connection may take to present its UUID. 100 ms to 60 s, default 5 s.
    pub handshake_timeout: Duration,
    /// Policy for µ-law sent as 8 kHz PCM. Default `refuse`.
    pub g711: G711Policy,
    /// The detector of the caller's speech. Default `telephone`.
    pub detector: Detector,
    /// Policy for the agent's own voice in the line's audio. Default `discount`.
    pub echo: EchoPolicy,
    /// Policy for voices that stay much softer than the caller's. Default `discount`.
    pub background: BackgroundPolicy,
    /// Sources of the caller's digits. Default `both`.
    pub dtmf: DtmfPolicy,
}

impl Default for MediaSettings {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], Self::DEFAULT_PORT));
        Self {
            listen,
            advertise: listen.to_string(),
            threads: 1,
            batch_ms: 1,
            batch_above_load: 0.75,
            format: MediaFormat::Slin,
            allow_peers: vec![
                IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
            ],
            max_calls: 1_000,
            max_calls_per_peer: None,
            calls: CallLimits::default(),
            longest_call: None,
            idle_timeout: None,
            max_pending: 1024,
            on_loss: OnLoss::default(),
            handshake_timeout: Duration::from_secs(5),
            g711: G711Policy::Refuse,
            detector: Detector::Telephone,
            echo: EchoPolicy::Discount,
            background: BackgroundPolicy::Discount,
            dtmf: DtmfPolicy::Both,
        }
    }
}

impl MediaSettings {
    /// The port if none is given.
    pub const DEFAULT_PORT: u16 = 9092;
}

/// `[calls]`: the handling of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSettings {
    /// What becomes of a caller whose handler has returned without hanging up. Default `hang_up`.
    pub on_handler_end: OnHandlerEnd,
    /// How long calls may go on after the program was told to stop. 0 to 1 day, default 30 s.
    pub drain: Duration,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            on_handler_end: OnHandlerEnd::default(),
            drain: Duration::from_secs(30),
        }
    }
}

/// `[[audiosocket]]`: a connection that may come from the dialplan's `AudioSocket()` alone, without
/// ARI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSocketSettings {
    /// Which UUIDs are accepted.
    pub uuid: UuidRule,
    /// The extension under which the call is routed.
    pub extension: String,
}

/// Which UUIDs an `[[audiosocket]]` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidRule {
    /// `"*"`: any, so that only `allow_peers` keeps strangers out.
    Any,
    /// Just this one.
    Only(Uuid),
}

/// `[[route]]`: the agent of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// The calls.
    pub rule: Route<String>,
    /// Name of the agent.
    pub agent: String,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The filter: a level, or directives such as `info,voxtra_ari=debug`. Default `info`.
    pub filter: String,
    /// The format. Default `text`.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
