//! One function per section of the file. A value that is missing or wrong is replaced by its default so that reading
//! goes on; what was wrong has been noted by then, and the result is thrown away.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;
use uuid::Uuid;
use voxtra_core::turn::TurnSettings;

use super::Config;
use super::document::{Document, Section};
use crate::ari::MediaFormat;
use voxtra_core::leg::MulawPolicy;

use super::settings::{
    AudioSocketSettings, LogFormat, LogSettings, MediaSettings, PromptSettings, RouteRule,
    RouteSettings, SpeechSettings, UuidRule, VoiceSettings,
};
use crate::ari::{AriError, AriSettings};
use crate::webhook::WebhookSettings;

/// Reads the whole file.
pub(super) fn read(document: &Document<'_>) -> Config {
    let root = document.root();
    let defaults = Config::default();
    let routes = read_routes(&root);
    let config = Config {
        asterisk: read_asterisk(root.section("asterisk")),
        media: read_media(root.section("media")),
        audiosockets: read_audiosockets(&root),
        turn: read_turn(root.section("turn")),
        speech: read_speech(root.section("speech")),
        prompts: read_prompts(&root),
        webhooks: root
            .sections("webhook")
            .into_iter()
            .filter_map(read_webhook)
            .collect(),
        routes: if routes.is_empty() {
            defaults.routes
        } else {
            routes
        },
        log: read_log(root.section("log")),
    };
    root.finish();
    config
}

fn read_asterisk(section: Section<'_>) -> Option<AriSettings> {
    let url = section.parsed::<Url>("url", "must be a URL such as http://127.0.0.1:8088/ari");
    let app = section.text("app");
    let username = section.text("username");
    let password = section.secret("password");
    let mut settings = None;
    if section.is_present() {
        section.require(
            "password",
            "the password of the ari.conf section that `username` names",
        );
        if let (Some(password), true) = (password, section.is_sound()) {
            let asked = AriSettings {
                url: url.or_else(|| Url::parse("http://127.0.0.1:8088/ari").ok())?,
                app: app.unwrap_or_else(|| "voxtra".to_owned()),
                username: username.unwrap_or_else(|| "voxtra".to_owned()),
                password,
            };
            match asked.check() {
                Err(AriError::Settings { key, reason }) => section.refuse(key, reason),
                Err(other) => section.refuse("url", other.to_string()),
                Ok(()) => settings = Some(asked),
            }
        }
    }
    section.finish();
    settings
}

fn read_media(section: Section<'_>) -> MediaSettings {
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
    let settings = MediaSettings {
        listen,
        advertise: advertise.unwrap_or_else(|| listen.to_string()),
        threads: section
            .integer::<u16>("threads", 1..=64)
            .map_or(defaults.threads, usize::from),
        tick_ms: section
            .integer("tick_ms", 0..=2)
            .unwrap_or(defaults.tick_ms),
        format: section
            .choice(
                "format",
                &[("slin", MediaFormat::Slin), ("slin16", MediaFormat::Slin16)],
            )
            .unwrap_or_default(),
        allow_peers: allow_peers.unwrap_or(defaults.allow_peers),
        max_calls: read_size(&section, "max_calls", 100_000, defaults.max_calls),
        max_pending: read_size(&section, "max_pending", 10_000, defaults.max_pending),
        handshake_timeout: read_time(
            &section,
            "handshake_timeout_ms",
            100,
            60_000,
            defaults.handshake_timeout,
        ),
        mulaw: section
            .choice(
                "mulaw",
                &[
                    ("refuse", MulawPolicy::Refuse),
                    ("decode", MulawPolicy::Decode),
                ],
            )
            .unwrap_or_default(),
    };
    section.finish();
    settings
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
        // Asterisk takes its arguments apart at some of these.
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

fn read_audiosockets(root: &Section<'_>) -> Vec<AudioSocketSettings> {
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

fn read_turn(section: Section<'_>) -> TurnSettings {
    let defaults = TurnSettings::default();
    let time = |key, default| {
        section
            .integer::<u32>(key, 0..=3_600_000)
            .unwrap_or(default)
    };
    let settings = TurnSettings {
        start_threshold: section
            .number("start_threshold")
            .unwrap_or(defaults.start_threshold),
        stop_threshold: section
            .number("stop_threshold")
            .unwrap_or(defaults.stop_threshold),
        start_frames: section
            .integer("start_frames", 1..=50)
            .unwrap_or(defaults.start_frames),
        start_window: section
            .integer("start_window", 1..=50)
            .unwrap_or(defaults.start_window),
        min_speech_ms: time("min_speech_ms", defaults.min_speech_ms),
        hangover_ms: time("hangover_ms", defaults.hangover_ms),
        end_of_turn_ms: time("end_of_turn_ms", defaults.end_of_turn_ms),
        silence_ms: time("silence_ms", defaults.silence_ms),
        barge_in: section.boolean("barge_in").unwrap_or(defaults.barge_in),
        barge_in_min_speech_ms: time("barge_in_min_speech_ms", defaults.barge_in_min_speech_ms),
    };
    if section.is_sound()
        && let Err(error) = settings.check()
    {
        section.refuse(error.key, error.reason);
    }
    section.finish();
    settings
}

fn read_speech(section: Section<'_>) -> SpeechSettings {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Auto,
        None,
        EspeakNg,
        Flite,
        Piper,
        Command,
    }
    let defaults = SpeechSettings::default();
    let kind = section
        .choice(
            "voice",
            &[
                ("auto", Kind::Auto),
                ("none", Kind::None),
                ("espeak-ng", Kind::EspeakNg),
                ("flite", Kind::Flite),
                ("piper", Kind::Piper),
                ("command", Kind::Command),
            ],
        )
        .unwrap_or(Kind::Auto);
    let model = section.text("piper_model").map(PathBuf::from);
    let command = section.texts("command");
    let raw_hz = section.integer::<u32>("raw_hz", 4_000..=192_000);
    if kind != Kind::Piper && model.is_some() {
        section.refuse("piper_model", "only goes with voice = \"piper\"");
    }
    if kind != Kind::Command && command.is_some() {
        section.refuse("command", "only goes with voice = \"command\"");
    }
    if kind != Kind::Command && raw_hz.is_some() {
        section.refuse("raw_hz", "only goes with voice = \"command\"");
    }
    let voice = match kind {
        Kind::Auto => VoiceSettings::Auto,
        Kind::None => VoiceSettings::None,
        Kind::EspeakNg => VoiceSettings::EspeakNg,
        Kind::Flite => VoiceSettings::Flite,
        Kind::Piper => {
            section.require("piper_model", "the .onnx file of the voice");
            VoiceSettings::Piper {
                model: model.unwrap_or_default(),
            }
        }
        Kind::Command => {
            section.require(
                "command",
                "the program and its arguments, such as [\"espeak-ng\", \"--stdin\", \"--stdout\"]",
            );
            let argv = command.unwrap_or_default();
            if section.is_sound() && argv.first().is_none_or(String::is_empty) {
                section.refuse("command", "must begin with the program");
            }
            if raw_hz.is_some() && argv.iter().any(|argument| argument.contains("{out}")) {
                section.refuse(
                    "raw_hz",
                    "does not go with {out}: the file is WAV, and says its rate itself",
                );
            }
            VoiceSettings::Command { argv, raw_hz }
        }
    };
    let settings = SpeechSettings {
        voice,
        timeout: read_time(&section, "timeout_ms", 100, 600_000, defaults.timeout),
        prompts_dir: section.text("prompts_dir").map(PathBuf::from),
    };
    section.finish();
    settings
}

fn read_prompts(root: &Section<'_>) -> Vec<PromptSettings> {
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for section in root.sections("prompt") {
        section.require("name", "what the agent calls it");
        section.require("file", "a PCM WAV file");
        let name = read_word(&section, "name");
        let file = read_word(&section, "file").map(PathBuf::from);
        let text = section.text("text");
        if let (Some(name), Some(file)) = (name, file) {
            if names.insert(name.clone()) {
                all.push(PromptSettings { name, file, text });
            } else {
                section.refuse("name", "is already the name of an earlier [[prompt]]");
            }
        }
        section.finish();
    }
    all
}

fn read_webhook(section: Section<'_>) -> Option<WebhookSettings> {
    section.require("url", "where the events are sent");
    let url = section.parsed::<Url>("url", "must be a URL such as https://example.com/calls");
    if let Some(url) = &url
        && (!matches!(url.scheme(), "http" | "https") || !url.has_host())
    {
        section.refuse("url", "must start with http:// or https://");
    }
    // Reading goes on without a URL, so that all that is wrong is found.
    let mut settings = WebhookSettings::new(url.or_else(|| Url::parse("http://localhost/").ok())?);
    settings.secret = section.secret("secret");
    settings.events = section.texts("events");
    if let Some(events) = &settings.events {
        if events.is_empty() {
            section.refuse(
                "events",
                "is empty, so that nothing would be sent; leave it out for all events",
            );
        }
        for event in events.iter().filter(|event| !is_wire_name(event)) {
            section.refuse(
                "events",
                format!("{event:?} is not a wire name such as \"call.started\""),
            );
        }
    }
    settings.timeout = read_time(&section, "timeout_ms", 100, 120_000, settings.timeout);
    settings.max_attempts = section
        .integer("max_attempts", 1..=100)
        .unwrap_or(settings.max_attempts);
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
    section.finish();
    Some(settings)
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

fn read_routes(root: &Section<'_>) -> Vec<RouteSettings> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for section in root.sections("route") {
        section.require("agent", "the name of the agent that takes these calls");
        let agent = read_word(&section, "agent");
        let extension = read_word(&section, "extension");
        let number = read_word(&section, "number");
        let default = section.boolean("default");
        if let Some(number) = &number
            && let Err(reason) = check_number(number)
        {
            section.refuse("number", reason);
        }
        if default == Some(false) {
            section.refuse("default", "can only be true; leave it out otherwise");
        }
        let rule = match (extension, number, default) {
            (Some(extension), None, None) => Some(RouteRule::Extension(extension)),
            (None, Some(number), None) => Some(RouteRule::Number(number)),
            (None, None, Some(_)) => Some(RouteRule::Default),
            _ => {
                if section.is_sound() {
                    section.refuse(
                        "",
                        "must have exactly one of extension, number and default = true",
                    );
                }
                None
            }
        };
        if let (Some(rule), Some(agent)) = (rule, agent) {
            if seen.insert(format!("{rule:?}")) {
                all.push(RouteSettings { rule, agent });
            } else {
                section.refuse("agent", "an earlier [[route]] already takes these calls");
            }
        }
        section.finish();
    }
    all
}

fn check_number(number: &str) -> Result<(), &'static str> {
    let digits = number.strip_suffix('*').unwrap_or(number);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.contains('*') {
        return Err("may have `*` only at its end");
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(
            "must be digits after an optional +, with or without `*` at the end, such as +265*",
        );
    }
    Ok(())
}

fn read_log(section: Section<'_>) -> LogSettings {
    let defaults = LogSettings::default();
    let settings = LogSettings {
        filter: read_word(&section, "filter").unwrap_or(defaults.filter),
        format: section
            .choice(
                "format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )
            .unwrap_or_default(),
    };
    section.finish();
    settings
}

/// A string that is not empty.
fn read_word(section: &Section<'_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    if text.trim().is_empty() {
        section.refuse(key, "is empty");
        return None;
    }
    Some(text)
}

fn read_size(section: &Section<'_>, key: &'static str, most: u32, default: usize) -> usize {
    section
        .integer::<u32>(key, 1..=most)
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(default)
}

fn read_time(
    section: &Section<'_>,
    key: &'static str,
    least: u64,
    most: u64,
    default: Duration,
) -> Duration {
    section
        .integer::<u64>(key, least..=most)
        .map_or(default, Duration::from_millis)
}
