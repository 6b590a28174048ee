//! `[media]` and `[[audiosocket]]`.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use uuid::Uuid;
use voxtra_core::audio::SampleRate;
use voxtra_core::leg::{
    BackgroundPolicy, DtmfPolicy, EchoPolicy, G711Policy, LegSettings, WhileHeld,
};

use super::super::OlderKey;
use super::super::document::Section;
use super::super::risk;
use super::super::settings::{AudioSocketSettings, UuidRule};
use super::{read_networks, read_size, read_time, read_word};
use crate::app::CallLimits;
use crate::media::{Detector, MediaSettings, OnLoss};

/// `[media]`: what is about all calls, and what is about each call's audio.
pub(super) struct Media {
    pub(super) server: MediaSettings,
    pub(super) advertise: String,
    pub(super) limits: CallLimits,
    pub(super) leg: LegSettings,
}

pub(super) fn read_media(section: Section<'_>, older: &mut Vec<OlderKey>) -> Media {
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
    let listen = listen.unwrap_or(MediaSettings::default().listen);
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
    let server = MediaSettings::default().with(|media| {
        media.listen = listen;
        read_server(&section, media, older);
    });
    let media = Media {
        advertise: advertise.unwrap_or_else(|| listen.to_string()),
        limits: read_limits(&section),
        leg: read_leg(&section),
        server,
    };
    risk::look_at_media(&section, &media.server, &media.advertise);
    section.finish();
    media
}

/// What is about all calls, but for the address.
fn read_server(section: &Section<'_>, media: &mut MediaSettings, older: &mut Vec<OlderKey>) {
    if let Some(texts) = section.texts("allow_peers") {
        if texts.is_empty() {
            section.refuse(
                "allow_peers",
                "is empty, so that nobody could connect; leave it out for this machine only",
            );
        }
        media.allow_peers = read_networks(section, "allow_peers", &texts);
    }
    if let Some(threads) = section.integer::<u16>("threads", 1..=64) {
        media.threads = threads.into();
    }
    let batch_ms = renamed(section, ["batch_ms", "tick_ms"], older, |key| {
        section.integer(key, 0..=2)
    });
    media.batch = batch_ms.map_or(media.batch, Duration::from_millis);
    let batch_above_load = renamed(section, ["batch_above_load", "tick_load"], older, |key| {
        read_share(section, key)
    });
    media.batch_above_load = batch_above_load.unwrap_or(media.batch_above_load);
    media.max_calls = read_size(section, "max_calls", 100_000, media.max_calls);
    media.max_calls_per_peer = read_most(section, "max_calls_per_peer");
    media.longest_call = read_limit(section, "longest_call_s", 7 * 86_400);
    media.idle_timeout = read_limit(section, "idle_timeout_s", 86_400);
    media.max_pending = read_size(section, "max_pending", 10_000, media.max_pending);
    media.handshake_timeout = read_time(
        section,
        "handshake_timeout_ms",
        100,
        60_000,
        media.handshake_timeout,
    );
    let on_loss = [("continue", OnLoss::Continue), ("hang_up", OnLoss::HangUp)];
    media.on_loss = section.choice("on_loss", &on_loss).unwrap_or_default();
    let detectors = [
        ("telephone", Detector::Telephone),
        ("energy", Detector::Energy),
    ];
    media.detector = section.choice("detector", &detectors).unwrap_or_default();
}

fn read_limits(section: &Section<'_>) -> CallLimits {
    CallLimits {
        per_second: section
            .integer::<u32>("max_calls_per_second", 0..=10_000)
            .filter(|n| *n > 0),
        per_caller: read_most(section, "max_calls_per_caller"),
    }
}

/// What is about each call's audio.
fn read_leg(section: &Section<'_>) -> LegSettings {
    let formats = [
        ("slin", SampleRate::Hz8000),
        ("slin16", SampleRate::Hz16000),
    ];
    let rate = section.choice("format", &formats).unwrap_or_default();
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
    let echo = [
        ("discount", EchoPolicy::Discount),
        ("ignore", EchoPolicy::Ignore),
    ];
    let background = [
        ("discount", BackgroundPolicy::Discount),
        ("ignore", BackgroundPolicy::Ignore),
    ];
    let dtmf = [
        ("both", DtmfPolicy::Both),
        ("signalled", DtmfPolicy::Signalled),
    ];
    let while_held = [("pause", WhileHeld::Pause), ("drop", WhileHeld::Drop)];
    LegSettings::default().with(|leg| {
        leg.rate = rate;
        leg.g711 = g711.or(mulaw).unwrap_or_default();
        leg.echo = section.choice("echo", &echo).unwrap_or_default();
        leg.background = section
            .choice("background", &background)
            .unwrap_or_default();
        leg.dtmf = section.choice("dtmf", &dtmf).unwrap_or_default();
        leg.while_held = section
            .choice("while_held", &while_held)
            .unwrap_or_default();
    })
}

/// Most calls of one origin at the same time; 0 means no limit.
fn read_most(section: &Section<'_>, key: &'static str) -> Option<usize> {
    section
        .integer::<u32>(key, 0..=100_000)
        .filter(|most| *most > 0)
        .and_then(|most| usize::try_from(most).ok())
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
