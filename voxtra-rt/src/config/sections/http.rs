//! How a server of others is asked: what `[agent.NAME] lookup` and `[tool.NAME]` have in common.

use std::time::Duration;

use url::Url;

use super::super::document::Section;
use super::super::risk;
use super::read_word;
use crate::session::{Address, HttpSettings, KnownNames};

/// Methods that a server can be asked with.
const METHODS: [(&str, &str); 5] = [
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
];

/// Reads `url`, `method`, `headers` and `timeout_ms`. `known` are the variables that the address
/// may have; `what` is sent there.
pub(super) fn read_http(
    section: &Section<'_>,
    known: &KnownNames,
    longest_ms: u64,
    what: &str,
) -> Option<HttpSettings> {
    section.require("url", "the address that is asked");
    let url = read_word(section, "url");
    let method = section.choice("method", &METHODS);
    let headers = section.secrets("headers").unwrap_or_default();
    let timeout = section.integer::<u64>("timeout_ms", 100..=longest_ms);
    let url = url?;
    let address = match Address::parse(&url) {
        Ok(address) => address,
        Err(why) => {
            section.refuse("url", why);
            return None;
        }
    };
    if let Err(error) = known.read(&url) {
        section.refuse("url", error.to_string());
    }
    if let Ok(origin) = Url::parse(address.origin()) {
        risk::look_at_url(section, "url", &origin, what);
    }
    let mut settings = HttpSettings::new(url).method(method.unwrap_or("GET"));
    for (name, value) in headers {
        if is_header_name(&name) {
            settings.headers.push((name, value));
        } else {
            section.refuse_secret("headers", format!("{name:?} is no header's name"));
        }
    }
    settings.timeout = timeout.map(Duration::from_millis);
    Some(settings)
}

/// A token (RFC 9110, section 5.6.2).
fn is_header_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}
