//! Valid but unsafe settings of a configuration.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ipnet::IpNet;
use url::{Host, Url};
use uuid::Uuid;

use super::document::Section;
use super::settings::UuidRule;
use super::{Place, Problem};
use crate::media::MediaSettings;

/// A setting that lets a stranger in, or lets a stranger read private data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The kind, by which `voxtra check --accept` accepts it: `uuid`, `allow_peers`, `cleartext` or
    /// `permissions`.
    pub kind: &'static str,
    /// Its place, and what to do about it.
    pub problem: Problem,
}

/// The kinds of risks.
pub const KINDS: [&str; 4] = ["uuid", "allow_peers", "cleartext", "permissions"];

/// Ids from documentation: ours and Asterisk's.
const DOCUMENTED: [u128; 1] = [0x40325ec2_5efd_4bd3_805f_53576e581d13];
/// A random id has this few different digits only once in 10^13 times.
const FEW_DIGITS: usize = 6;
/// A network of more addresses than these contains more than an Asterisk.
const WIDEST: (u8, u8) = (24, 64);

/// Whether packets to this host stay on the machine, as far as its name tells.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>()
        .map_or(host == "localhost", |address| address.is_loopback())
}

/// Checks `[media]`.
pub(super) fn look_at_media(section: &Section<'_>, media: &MediaSettings, advertise: &str) {
    let host = advertise.rsplit_once(':').map_or("", |(host, _)| host);
    if !media.listen.ip().is_loopback() && !is_this_machine(host) {
        section.warn(
            "listen",
            "cleartext",
            "AudioSocket has no encryption: what callers say and the ids of their calls can be read on the way from Asterisk; \
             keep it on a network of your own, or in a tunnel such as WireGuard",
        );
    }
    if media.listen.ip().is_loopback() {
        return;
    }
    for network in &media.allow_peers {
        let widest = match network {
            IpNet::V4(_) => WIDEST.0,
            IpNet::V6(_) => WIDEST.1,
        };
        if network.prefix_len() < widest && !network.addr().is_loopback() {
            section.warn(
                "allow_peers",
                "allow_peers",
                format!("{network} holds more than Asterisk: name its address alone"),
            );
        }
    }
}

/// Checks the id of an `[[audiosocket]]`.
pub(super) fn look_at_id(section: &Section<'_>, rule: UuidRule, media: &MediaSettings) {
    let reason = match rule {
        UuidRule::Any if media.listen.ip().is_loopback() => return,
        UuidRule::Any => {
            "any id is let in, from any address in media.allow_peers: give the call an id of its own"
        }
        UuidRule::Only(uuid) if uuid.is_nil() || uuid.is_max() => {
            "is the first id that anybody tries: make one of your own with `uuidgen`"
        }
        UuidRule::Only(uuid) if DOCUMENTED.contains(&uuid.as_u128()) => {
            "stands in the documentation, where everybody can read it: make one of your own with `uuidgen`"
        }
        UuidRule::Only(uuid) if matches!(uuid.get_version_num(), 1 | 2 | 6) => {
            "is made of a time and an address, which can be guessed: make a random one with `uuidgen -r`"
        }
        UuidRule::Only(uuid) if different_digits(uuid) <= FEW_DIGITS => {
            "can be guessed: make one of your own with `uuidgen`"
        }
        UuidRule::Only(_) => return,
    };
    section.warn("uuid", "uuid", reason);
}

fn different_digits(uuid: Uuid) -> usize {
    let seen = uuid.into_bytes().into_iter().fold(0_u16, |seen, byte| {
        seen | 1 << (byte >> 4) | 1 << (byte & 15)
    });
    seen.count_ones().try_into().unwrap_or(usize::MAX)
}

/// Checks an address to which we connect.
pub(super) fn look_at_url(section: &Section<'_>, key: &str, url: &Url, what: &str) {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => is_this_machine(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    };
    if url.scheme() != "https" && !is_local {
        section.warn(
            key,
            "cleartext",
            format!("{what} can be read on the way to another machine: use https"),
        );
    }
}

/// Checks which users may read a file with a secret. If its mode can't be read, neither was the
/// file.
pub(super) fn look_at_file(path: &Path, place: &Place) -> Option<Risk> {
    const EVERYBODY: u32 = 0o004;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & EVERYBODY != 0).then(|| Risk {
        kind: "permissions",
        problem: Problem {
            line: place.line,
            key: place.key.clone(),
            value: None,
            reason: format!(
                "every user of this machine may read this secret: `chmod o-r {}`",
                path.display()
            ),
        },
    })
}
