//! `[media]` and `[[audiosocket]]`.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use uuid::Uuid;
use voxtra_core::leg::{BackgroundPolicy, DtmfPolicy, EchoPolicy, G711Policy};

use super::super::OlderKey;
use super::super::document::Section;
use super::super::risk;
use super::super::settings::{AudioSocketSettings, MediaSettings, UuidRule};
use super::{read_size, read_time, read_word};
use crate::app::CallLimits;
use crate::ari::MediaFormat;
use crate::media::{Detector, OnLoss};

pub(super) fn read_media(section: Section<'_>, older: &mut Vec<OlderKey>) -> MediaSettings {
    let defaults = MediaSettings::default();
    let listen = section.text("listen").and_then(|text| {
        let address = text.parse::<SocketAddr>().ok().or_else(|| {
            let host: IpAddr = text.parse().ok()?;
            Some(SocketAddr::new(host, MediaSettings::DEFAULT_PORT))
        });
        match address {
            None => section.refuse(
                "listen",
                "must be an IP address, with or without a port, such as 127.0.0.1:9092",
            ),
            Some(address) if address.port() == 0 => {
                section.refuse(
                    "listen",
                    "must have a port from 1 to 65535: Asterisk has to know it",
                );
            }
            Some(_) => {}
        }
        address
    });
    let listen = listen.unwrap_or(defaults.listen);
    let advertise = section.text("advertise");
    if let Some(text) = &advertise
        && let Err(reason) = check_host_port(text)
    {
        section.refuse("advertise", reason);
    }
    if advertise.is_none() && listen.ip().is_unspecified() && section.is_sound() {
        section.refuse(
            "listen",
            "needs `advertise`: Asterisk cannot dial an address that means every address; \
             write the host:port under which it reaches this machine",
        );
    }
    let allow_peers = section
        .texts("allow_peers")
        .map(|texts| read_networks(&section, &texts));
    let policies = [
        ("refuse", G711Policy::Refuse),
        ("decode", G711Policy::Decode),
    ];
    // The older name, from before A-law was known.
    let mulaw = section.choice("mulaw", &policies);
    let g711 = section.choice("g711", &policies);
    if mulaw.is_some() && g711.is_some() {
        section.refuse("mulaw", "is the older name of `g711`: leave it out");
    }
    let g711 = g711.or(mulaw).unwrap_or_default();
    let batch_ms = renamed(&section, ["batch_ms", "tick_ms"], older, |key| {
        section.integer(key, 0..=2)
    });
    let batch_above_load = renamed(&section, ["batch_above_load", "tick_load"], older, |key| {
        read_share(&section, key)
    });
    let settings = MediaSettings {
        listen,
        advertise: advertise.unwrap_or_else(|| listen.to_string()),
        threads: section
            .integer::<u16>("threads", 1..=64)
            .map_or(defaults.threads, usize::from),
        batch_ms: batch_ms.unwrap_or(defaults.batch_ms),
        batch_above_load: batch_above_load.unwrap_or(defaults.batch_above_load),
        format: section
            .choice(
                "format",
                &[("slin", MediaFormat::Slin), ("slin16", MediaFormat::Slin16)],
            )
            .unwrap_or_default(),
        allow_peers: allow_peers.unwrap_or(defaults.allow_peers),
        max_calls: read_size(&section, "max_calls", 100_000, defaults.max_calls),
        max_calls_per_peer: section
            .integer::<u32>("max_calls_per_peer", 0..=100_000)
            .filter(|n| *n > 0)
            .and_then(|n| usize::try_from(n).ok()),
        calls: CallLimits {
            per_second: section
                .integer::<u32>("max_calls_per_second", 0..=10_000)
                .filter(|n| *n > 0),
            per_caller: section
                .integer::<u32>("max_calls_per_caller", 0..=100_000)
                .filter(|n| *n > 0)
                .and_then(|n| usize::try_from(n).ok()),
        },
        longest_call: read_limit(&section, "longest_call_s", 7 * 86_400),
        idle_timeout: read_limit(&section, "idle_timeout_s", 86_400),
        max_pending: read_size(&section, "max_pending", 10_000, defaults.max_pending),
        handshake_timeout: read_time(
            &section,
            "handshake_timeout_ms",
            100,
            60_000,
            defaults.handshake_timeout,
        ),
        on_loss: section
            .choice(
                "on_loss",
                &[("continue", OnLoss::Continue), ("hang_up", OnLoss::HangUp)],
            )
            .unwrap_or_default(),
        g711,
        detector: section
            .choice(
                "detector",
                &[
                    ("telephone", Detector::Telephone),
                    ("energy", Detector::Energy),
                ],
            )
            .unwrap_or_default(),
        echo: section
            .choice(
                "echo",
                &[
                    ("discount", EchoPolicy::Discount),
                    ("ignore", EchoPolicy::Ignore),
                ],
            )
            .unwrap_or_default(),
        background: section
            .choice(
                "background",
                &[
                    ("discount", BackgroundPolicy::Discount),
                    ("ignore", BackgroundPolicy::Ignore),
                ],
            )
            .unwrap_or_default(),
        dtmf: section
            .choice(
                "dtmf",
                &[
                    ("both", DtmfPolicy::Both),
                    ("signalled", DtmfPolicy::Signalled),
                ],
            )
            .unwrap_or_default(),
    };
    risk::look_at_media(&section, &settings);
    section.finish();
    settings
}

/// A limit in seconds; 0 means no limit.
fn read_limit(section: &Section<'_>, key: &'static str, most: u64) -> Option<Duration> {
    section
        .integer::<u64>(key, 0..=most)
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

/// A share, from 0 to 1.
fn read_share(section: &Section<'_>, key: &'static str) -> Option<f32> {
    let share = section.number(key)?;
    if !(0.0..=1.0).contains(&share) {
        section.refuse(key, "must be from 0 to 1");
        return None;
    }
    Some(share)
}

/// The value of a key that had another name, which is still read: `Config::notes` names the new
/// one.
fn renamed<T>(
    section: &Section<'_>,
    [new, old]: [&'static str; 2],
    older: &mut Vec<OlderKey>,
    read: impl Fn(&'static str) -> Option<T>,
) -> Option<T> {
    let (value, old_value) = (read(new), read(old));
    if section.has(old) {
        if section.has(new) {
            section.refuse(old, format!("is the older name of `{new}`: leave it out"));
        }
        older.push(OlderKey {
            place: section.place(old),
            new,
        });
    }
    value.or(old_value)
}

fn read_networks(section: &Section<'_>, texts: &[String]) -> Vec<IpNet> {
    if texts.is_empty() {
        section.refuse(
            "allow_peers",
            "is empty, so that nobody could connect; leave it out for this machine only",
        );
    }
    let mut networks = Vec::new();
    for text in texts {
        let network = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            Some(network) => networks.push(network.trunc()),
            None => section.refuse(
                "allow_peers",
                format!("{text:?} is neither an IP address nor a network such as 10.0.0.0/8"),
            ),
        }
    }
    networks
}

/// `host:port`, the host a name, an IPv4 address or an IPv6 address in brackets.
fn check_host_port(text: &str) -> Result<(), String> {
    let example = "must be host:port, such as 10.0.0.5:9092 or [2001:db8::5]:9092";
    let (host, port) = text.rsplit_once(':').ok_or(example)?;
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(format!("{example}, with a port from 1 to 65535"));
    }
    let host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .filter(|v6| v6.parse::<Ipv6Addr>().is_ok())
            .ok_or(example)?,
        // Asterisk splits its arguments at some of these.
        None if host.contains(|c: char| c.is_whitespace() || ":/,()[]".contains(c)) => "",
        None => host,
    };
    if host.is_empty() {
        return Err(example.to_owned());
    }
    if host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified()) {
        return Err("is an address that means every address; Asterisk cannot dial it".to_owned());
    }
    Ok(())
}

pub(super) fn read_audiosockets(
    root: &Section<'_>,
    media: &MediaSettings,
) -> Vec<AudioSocketSettings> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for section in root.sections("audiosocket") {
        section.require(
            "uuid",
            "the UUID that the dialplan passes to AudioSocket(), or \"*\" for any",
        );
        section.require("extension", "the extension under which the call is routed");
        let uuid = section.text("uuid").and_then(|text| match text.as_str() {
            "*" => Some(UuidRule::Any),
            text => match Uuid::try_parse(text) {
                Ok(uuid) => Some(UuidRule::Only(uuid)),
                Err(_) => {
                    section.refuse(
                        "uuid",
                        "must be a UUID such as 40325ec2-5efd-4bd3-805f-53576e581d13, or \"*\"",
                    );
                    None
                }
            },
        });
        let extension = read_word(&section, "extension");
        if let (Some(uuid), Some(extension)) = (uuid, extension) {
            risk::look_at_id(&section, uuid, media);
            if let UuidRule::Only(_) = uuid {
                section.is_secret("uuid");
            }
            if seen.insert(format!("{uuid:?}")) {
                all.push(AudioSocketSettings { uuid, extension });
            } else {
                section.refuse("uuid", "is already the uuid of an earlier [[audiosocket]]");
            }
        }
        section.finish();
    }
    all
}
