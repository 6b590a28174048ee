//! `[[webhook]]`, `[webhooks]` and `[routing]`.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::Place;
use super::super::document::Section;
use super::super::risk;
use super::super::settings::RoutingSettings;
use super::{read_networks, read_size, read_time};
use crate::webhook::{
    BatchFormat, BatchSettings, Compression, WebhookKey, WebhookSettings, WebhookStore, sender,
};

/// Where something is POSTed: `url`, and how it is reached, signed and waited for. `what` is sent
/// there.
fn read_destination(section: &Section<'_>, what: &str) -> Option<WebhookSettings> {
    let url = section.parsed::<Url>("url", "must be a URL such as https://example.com/calls");
    if url
        .as_ref()
        .is_some_and(|url| !is_http(url, &["http", "https"]))
    {
        section.refuse("url", "must start with http:// or https://");
    }
    let proxy = section.parsed::<Url>(
        "proxy",
        "must be a URL such as http://proxy.example.com:3128",
    );
    if proxy
        .as_ref()
        .is_some_and(|proxy| !is_http(proxy, &["http"]))
    {
        section.refuse("proxy", "must start with http://");
    }
    if let Some(url) = &url {
        risk::look_at_url(section, "url", url, what);
    }
    // Reading goes on without a URL, to find every problem.
    let mut settings = WebhookSettings::new(url.or_else(|| Url::parse("http://localhost/").ok())?);
    settings.proxy = proxy;
    settings.secret = section.secret_or_file("secret", "secret_file");
    for (key, file_key) in [
        ("previous_secret", "previous_secret_file"),
        ("signing_key", "signing_key_file"),
    ] {
        let secret = section.secret_or_file(key, file_key);
        settings.more_secrets.extend(secret);
    }
    for secret in settings.secret.iter().chain(&settings.more_secrets) {
        if let Err(error) = WebhookKey::parse_signing(secret) {
            section.refuse_secret("secret", error.to_string());
        }
    }
    if let Some(networks) = section.texts("allow_networks") {
        settings.allowed_networks = read_networks(section, "allow_networks", &networks);
    }
    if section.is_sound()
        && let Err(error) = settings.judge_destination()
    {
        section.refuse_secret("url", format!("{error}: see `allow_networks`"));
    }
    settings.ca_file = section.text("ca_file").map(PathBuf::from);
    let certificate = section.text("client_certificate_file").map(PathBuf::from);
    let key = section.text("client_key_file").map(PathBuf::from);
    settings.client_certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            section.require("client_key_file", "the key of the certificate");
            None
        }
        (None, Some(_)) => {
            section.require("client_certificate_file", "the certificate of the key");
            None
        }
    };
    let connect = settings.connect_timeout;
    settings.connect_timeout = read_time(section, "connect_timeout_ms", 100, 120_000, connect);
    settings.headers = section.secrets("headers").unwrap_or_default();
    if let Err((name, error)) = sender().judge_headers(&settings) {
        section.refuse_secret("headers", format!("{name:?} {error}"));
    }
    Some(settings)
}

pub(super) fn read_webhook(
    section: Section<'_>,
    places: &mut Vec<Place>,
) -> Option<WebhookSettings> {
    section.require("url", "where the events are sent");
    let mut settings = read_destination(&section, "the events of your calls")?;
    settings.name = section.text("name");
    settings.events = section.texts("events");
    if let Some(events) = &settings.events {
        if events.is_empty() {
            section.refuse(
                "events",
                "is empty, so that nothing would be sent; leave it out for all events",
            );
        }
        for event in events.iter().filter(|event| !is_pattern(event)) {
            section.refuse(
                "events",
                format!(
                    "{event:?} is not a wire name such as \"call.started\", nor the beginning of some such as \"call.*\""
                ),
            );
        }
    }
    settings.compression = section.choice("compression", &[("gzip", Compression::Gzip)]);
    settings.batch = read_batch(section.section("batch"));
    settings.timeout = read_time(&section, "timeout_ms", 100, 120_000, settings.timeout);
    settings.give_up_after = read_time(
        &section,
        "give_up_after_ms",
        1,
        30 * 24 * 3_600_000,
        settings.give_up_after,
    );
    // The older key: `Config::notes` names the new one.
    settings.max_attempts = section.integer("max_attempts", 1..=100);
    settings.first_backoff = read_time(
        &section,
        "first_backoff_ms",
        1,
        60_000,
        settings.first_backoff,
    );
    settings.max_backoff = read_time(
        &section,
        "max_backoff_ms",
        1,
        3_600_000,
        settings.max_backoff,
    );
    settings.queue = read_size(&section, "queue", 1_000_000, settings.queue);
    settings.session_queue =
        read_size(&section, "session_queue", 1_000_000, settings.session_queue);
    settings.max_in_flight = read_size(&section, "max_in_flight", 1_000, settings.max_in_flight);
    if section.is_sound() && settings.max_backoff < settings.first_backoff {
        section.refuse("max_backoff_ms", "must not be less than first_backoff_ms");
    }
    places.push(section.place("events"));
    section.finish();
    Some(settings)
}

/// `[routing]`.
pub(super) fn read_routing(section: Section<'_>) -> Option<RoutingSettings> {
    if !section.is_present() {
        return None;
    }
    section.require("url", "the server that is asked which agent takes a call");
    let mut webhook = read_destination(&section, "the numbers of your callers")?;
    webhook.timeout = read_time(&section, "timeout_ms", 100, 20_000, ROUTING);
    let mut settings = RoutingSettings::new(webhook);
    settings.channel_variables = section.texts("channel_variables").unwrap_or_default();
    if settings
        .channel_variables
        .iter()
        .any(|name| name.trim().is_empty())
    {
        section.refuse("channel_variables", "has a name that is empty");
    }
    section.finish();
    Some(settings)
}

/// How long `[routing]` waits for an answer.
const ROUTING: Duration = Duration::from_secs(2);

/// `batch` of `[[webhook]]`.
fn read_batch(section: Section<'_>) -> Option<BatchSettings> {
    if !section.is_present() {
        return None;
    }
    section.require("format", "\"ndjson\" or \"json_array\"");
    let formats = [
        ("ndjson", BatchFormat::Ndjson),
        ("json_array", BatchFormat::JsonArray),
    ];
    let format = section.choice("format", &formats);
    let mut batch = BatchSettings::new(format.unwrap_or(BatchFormat::Ndjson));
    let most = u32::try_from(BatchSettings::MOST).unwrap_or(u32::MAX);
    batch.max_events = read_size(&section, "max_events", most, batch.max_events);
    batch.max_bytes = read_size(&section, "max_bytes", 16 << 20, batch.max_bytes);
    batch.wait = read_time(&section, "wait_ms", 0, 60_000, batch.wait);
    section.finish();
    Some(batch)
}

/// `[webhooks]`.
pub(super) fn read_store(section: Section<'_>) -> WebhookStore {
    let mut store = WebhookStore::durable();
    match section.boolean("durable") {
        Some(false) => store.durable = false,
        Some(true) if !store.durable => section.refuse(
            "durable",
            "needs the feature `durable`, which this program was built without",
        ),
        _ => {}
    }
    store.path = section.text("path").map(PathBuf::from);
    if let Some(bytes) = section.integer::<u64>("quota_bytes", 1 << 20..=1 << 40) {
        store.limits.bytes = bytes;
    }
    store.limits.age = read_time(
        &section,
        "keep_ms",
        60_000,
        365 * 24 * 3_600_000,
        store.limits.age,
    );
    if let Some(events) = section.integer("keep_delivered", 0..=100_000) {
        store.limits.delivered = events;
    }
    section.finish();
    store
}

fn is_http(url: &Url, schemes: &[&str]) -> bool {
    schemes.contains(&url.scheme()) && url.has_host()
}

/// A wire name; the beginning of some, with `.*`; or `*`.
fn is_pattern(text: &str) -> bool {
    text == "*" || is_wire_name(text.strip_suffix(".*").unwrap_or(text))
}

/// Lower-case words of letters, digits and `_`, separated by dots.
fn is_wire_name(name: &str) -> bool {
    name.split('.').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}
