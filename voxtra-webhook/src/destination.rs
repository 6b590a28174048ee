//! Where webhooks may go: not into the sender's own network, unless that is allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Networks that receivers on the Internet are not in: of IANA's registries of special-purpose
/// addresses (RFC 6890; <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// `iana-ipv6-special-registry`, read 2026-11-30) those that aren't globally reachable, and
/// multicast. The metadata services of clouds are in `169.254.0.0/16` and `fc00::/7`.
const SPECIAL_V4: [(Ipv4Addr, u8, &str); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a provider's own network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "the link itself, with a cloud's metadata",
    ),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (
        Ipv4Addr::new(192, 0, 2, 0),
        24,
        "an example in documentation",
    ),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a network for benchmarks"),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        "an example in documentation",
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        "an example in documentation",
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// As [`SPECIAL_V4`]. What carries an IPv4 address is judged by that ([`embedded`]).
const SPECIAL_V6: [(Ipv6Addr, u8, &str); 13] = [
    (Ipv6Addr::UNSPECIFIED, 128, "this machine"),
    (Ipv6Addr::LOCALHOST, 128, "this machine"),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "a private network",
    ),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "reserved"),
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64, "reserved"),
    // With Teredo, which carries an IPv4 address. The few parts that are reachable have no
    // receivers.
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "for protocols of the network",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "an example in documentation",
    ),
    (
        Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
        16,
        "for protocols of the network",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "an example in documentation",
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "a private network",
    ),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
        "the link itself",
    ),
    (
        Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0),
        10,
        "a private network",
    ),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// Where one hook may send events.
#[derive(Clone, Debug, Default)]
pub(super) struct Destinations {
    allowed: Arc<[IpNet]>,
}

/// Why events are not sent somewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// It is no address of the web.
    #[error("a webhook goes to http:// or https://, and to a host")]
    NotHttp,
    /// It is an address in a network of the sender's own.
    #[error(
        "{address} is {what}: allow it by its network, such as \"{address}/{bits}\", if that is meant"
    )]
    Special {
        /// The address.
        address: IpAddr,
        /// What is there.
        what: &'static str,
        /// Bits of the smallest network that has it.
        bits: u8,
    },
}

impl Destinations {
    pub(super) fn new(allowed: &[IpNet]) -> Self {
        Self {
            allowed: allowed.into(),
        }
    }

    /// Judges a URL as far as it can be without asking for the address of its name.
    pub(super) fn judge(&self, url: &Url) -> Result<(), DestinationError> {
        let is_http = matches!(url.scheme(), "http" | "https");
        match url
            .host()
            .filter(|_| is_http)
            .ok_or(DestinationError::NotHttp)?
        {
            Host::Ipv4(address) => self.judge_address(address.into()),
            Host::Ipv6(address) => self.judge_address(address.into()),
            // RFC 6761, section 6.3: it is this machine, whatever a resolver says.
            Host::Domain(name) if is_localhost(name) => {
                self.judge_address(Ipv4Addr::LOCALHOST.into())
            }
            Host::Domain(_) => Ok(()),
        }
    }

    fn judge_address(&self, address: IpAddr) -> Result<(), DestinationError> {
        let address = embedded(address);
        let is_allowed = self.allowed.iter().any(|net| net.contains(&address));
        match special(address).filter(|_| !is_allowed) {
            Some(what) => Err(DestinationError::Special {
                address,
                what,
                bits: if address.is_ipv4() { 32 } else { 128 },
            }),
            None => Ok(()),
        }
    }
}

/// Asks the machine for a name's addresses. Those that are returned are those that are connected
/// to, so a name that means another address the next time leads nowhere else.
impl Resolve for Destinations {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            // The port is set by whoever connects.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut refused = None;
            let mut addresses = Vec::new();
            for address in found {
                match this.judge_address(address.ip()) {
                    Ok(()) => addresses.push(address),
                    Err(error) => refused = Some(error),
                }
            }
            match (addresses.is_empty(), refused) {
                (true, Some(error)) => Err(error.into()),
                _ => Ok(Box::new(addresses.into_iter()) as Addrs),
            }
        })
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291, section 2.5.5), translated
/// (RFC 2765), by NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        // "Compatible" addresses, which are no longer used.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => v4(high, low),
        _ => address,
    }
}

/// What is at an address that isn't on the Internet.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => {
            let inside = |(net, bits, _): &&(Ipv4Addr, u8, &str)| {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub((*bits).into()));
                u32::from(v4) & mask.unwrap_or(0) == u32::from(*net)
            };
            SPECIAL_V4.iter().find(inside).map(|(_, _, what)| *what)
        }
        IpAddr::V6(v6) => {
            let inside = |(net, bits, _): &&(Ipv6Addr, u8, &str)| {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub((*bits).into()));
                u128::from(v6) & mask.unwrap_or(0) == u128::from(*net)
            };
            SPECIAL_V6.iter().find(inside).map(|(_, _, what)| *what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(url: &str, allowed: &[&str]) -> Result<(), DestinationError> {
        let allowed: Vec<IpNet> = allowed.iter().map(|net| net.parse().unwrap()).collect();
        Destinations::new(&allowed).judge(&url.parse().unwrap())
    }

    #[test]
    fn the_senders_own_networks_are_refused_however_they_are_written() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0/",
            "http://localhost:8080/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://10.1.2.3/",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://100.127.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://255.255.255.255/",
            "http://239.1.1.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://127.0.0.1./",
            "http://0177.0.0.1/",
            "http://127\u{3002}0\u{3002}0\u{3002}1/",
            "http://\u{ff11}\u{ff10}.1.2.3/",
            "http://%6cocalhost/",
            "http://ann:secret@10.1.2.3/",
            "http://[::2]/",
            "http://[::ffff:0:10.0.0.1]/",
            "http://[64:ff9b:1::1]/",
            "http://[100:0:0:1::1]/",
            "http://[2001::1]/",
            "http://[2001:2::1]/",
            "http://[3fff::1]/",
            "http://[5f00::1]/",
        ] {
            let refused = judged(url, &[]).unwrap_err();
            let special = matches!(refused, DestinationError::Special { .. });
            assert!(special, "{url}: {refused}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert_eq!(judged(url, &["0.0.0.0/0"]), Err(DestinationError::NotHttp));
        }
    }

    #[test]
    fn the_internet_and_what_is_allowed_may_be_reached() {
        for (url, allowed) in [
            ("https://example.com/", &[][..]),
            ("https://93.184.215.14/", &[]),
            ("https://172.32.0.1/", &[]),
            ("https://100.128.0.1/", &[]),
            ("https://[2606:2800:21f::1]/", &[]),
            ("http://localhost/", &["127.0.0.0/8"]),
            ("http://10.1.2.3/", &["192.168.0.0/16", "10.0.0.0/8"]),
            ("http://[::ffff:10.1.2.3]/", &["10.0.0.0/8"]),
            ("http://[fd00::1]/", &["fd00::/16"]),
        ] {
            assert_eq!(judged(url, allowed), Ok(()), "{url}");
        }
        let error = judged("http://10.1.2.3/", &["10.1.2.4/32"]).unwrap_err();
        assert!(error.to_string().contains("\"10.1.2.3/32\""), "{error}");
    }

    /// Every machine's resolver knows this one.
    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_when_it_is_resolved() {
        let resolve = |allowed: &[IpNet]| {
            let name: Name = "localhost".parse().unwrap();
            Destinations::new(allowed).resolve(name)
        };
        let refused = resolve(&[]).await.err().unwrap().to_string();
        assert!(refused.contains("this machine"), "{refused}");
        let allowed = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert!(resolve(&allowed).await.unwrap().count() > 0);
    }
}
