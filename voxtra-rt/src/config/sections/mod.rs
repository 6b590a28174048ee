//! One function per section of the file. A missing or wrong value is replaced by its default so
//! that reading goes on. A wrong value's problem was noted by then, and the result is thrown away.

mod agent;
mod http;
mod mcp;
mod media;
mod provider;
mod route;
mod speech;
mod tool;
mod transcripts;
mod webhook;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;
use voxtra_core::turn::{Preset, TurnSettings};

use self::agent::read_agents;
use self::mcp::read_servers;
use self::media::{read_audiosockets, read_media};
use self::provider::read_providers;
use self::route::read_routes;
use self::speech::{read_prompts, read_speech};
use self::tool::{DeclaredTools, read_tools};
use self::transcripts::read_transcripts;
use self::webhook::{read_routing, read_store, read_webhook};
use super::document::{Document, Section};
use super::settings::{CallSettings, LogFormat, LogSettings};
use super::{Config, Places, risk};
use crate::ari::{AriError, AriSettings};
use crate::session::OnHandlerEnd;

/// Reads the whole file.
pub(super) fn read(document: &Document<'_>) -> Config {
    let root = document.root();
    let defaults = Config::default();
    let mut places = Places::default();
    let (asterisk, did_variable, lifeline) = read_asterisk(root.section("asterisk"));
    let media = read_media(root.section("media"), &mut places.older);
    let audiosockets = read_audiosockets(&root, &media.server);
    let turn = read_turn(root.section("turn"));
    let speech = read_speech(root.section("speech"));
    let (mut providers, names) = read_providers(&root, &mut places.providers);
    let (tools, tool_names) = read_tools(&root);
    let (mcp, server_names) = read_servers(&root);
    let declared = DeclaredTools {
        tools: &tools,
        names: &tool_names,
        servers: &mcp,
        server_names: &server_names,
    };
    let agents = read_agents(
        &root,
        &mut providers,
        &names,
        &speech,
        asterisk.is_some() || audiosockets.is_empty(),
        &declared,
        &mut places.agents,
    );
    let transcripts = read_transcripts(root.section("transcripts"), &providers, &names);
    let config = Config {
        transcripts,
        asterisk,
        did_variable: did_variable.unwrap_or(defaults.did_variable),
        lifeline,
        calls: read_calls(root.section("calls")),
        audiosockets,
        media: media.server,
        advertise: media.advertise,
        limits: media.limits,
        leg: media.leg.with(|leg| leg.turn = turn),
        speech,
        prompts: read_prompts(&root, &mut places.prompts),
        webhooks: root
            .sections("webhook")
            .into_iter()
            .filter_map(|section| read_webhook(section, &mut places.webhooks))
            .collect(),
        webhook_store: read_store(root.section("webhooks")),
        providers,
        agents,
        routing: read_routing(root.section("routing")),
        routes: read_routes(&root, &mut places.routes),
        log: read_log(root.section("log")),
        places,
        tools,
        mcp,
        risks: defaults.risks,
    };
    root.finish();
    config
}

fn read_asterisk(section: Section<'_>) -> (Option<AriSettings>, Option<String>, Option<Duration>) {
    let url = section.parsed::<Url>("url", "must be a URL such as http://127.0.0.1:8088/ari");
    let app = section.text("app");
    let username = section.text("username");
    let password = section.secret_or_file("password", "password_file");
    let ca_file = section.text("ca_file").map(PathBuf::from);
    let did_variable = read_word(&section, "did_variable");
    let lifeline = section.integer::<u64>("lifeline_s", 0..=3_600);
    if let Some(1..=14) = lifeline {
        section.refuse(
            "lifeline_s",
            "must be 0, or 15 to 3600: orders to Asterisk may take 5 s",
        );
    }
    let lifeline = lifeline.filter(|lifeline| *lifeline > 0);
    let mut settings = None;
    if section.is_present() {
        if !section.has("password_file") {
            section.require(
                "password",
                "the password of the ari.conf section that `username` names; or `password_file`, a file with it",
            );
        }
        // It is a URL; the type system also needs the other case.
        let here = Url::parse("http://127.0.0.1:8088/ari").ok();
        if let (Some(password), Some(here), true) = (password, here, section.is_sound()) {
            let asked = AriSettings::new(
                url.unwrap_or(here),
                app.unwrap_or_else(|| "voxtra".to_owned()),
                username.unwrap_or_else(|| "voxtra".to_owned()),
                password,
            )
            .with(|ari| ari.ca_file = ca_file);
            match asked.check() {
                Err(AriError::Settings { key, reason }) => section.refuse(key, reason),
                Err(other) => section.refuse("url", other.to_string()),
                Ok(()) => {
                    risk::look_at_url(&section, "url", &asked.url, "ARI's password");
                    settings = Some(asked);
                }
            }
        }
    }
    section.finish();
    (settings, did_variable, lifeline.map(Duration::from_secs))
}

fn read_calls(section: Section<'_>) -> CallSettings {
    let defaults = CallSettings::default();
    let settings = CallSettings {
        on_handler_end: section
            .choice(
                "on_handler_end",
                &[
                    ("hang_up", OnHandlerEnd::HangUp),
                    ("continue", OnHandlerEnd::Continue),
                    ("nothing", OnHandlerEnd::Nothing),
                ],
            )
            .unwrap_or_default(),
        drain: section
            .integer::<u64>("drain_s", 0..=86_400)
            .map_or(defaults.drain, Duration::from_secs),
    };
    section.finish();
    settings
}

fn read_turn(section: Section<'_>) -> TurnSettings {
    let preset = section.choice(
        "preset",
        &[
            ("responsive", Preset::Responsive),
            ("balanced", Preset::Balanced),
            ("patient", Preset::Patient),
        ],
    );
    let mut turn = preset.unwrap_or_default().settings();
    let share = |key, value: &mut f32| *value = section.number(key).unwrap_or(*value);
    let frames = |key, value: &mut u8| *value = section.integer(key, 1..=50).unwrap_or(*value);
    let time = |key, value: &mut u32| {
        *value = section.integer(key, 0..=3_600_000).unwrap_or(*value);
    };
    let switch = |key, value: &mut bool| *value = section.boolean(key).unwrap_or(*value);
    share("start_threshold", &mut turn.start_threshold);
    share("stop_threshold", &mut turn.stop_threshold);
    frames("start_frames", &mut turn.start_frames);
    frames("start_window", &mut turn.start_window);
    time("min_speech_ms", &mut turn.min_speech_ms);
    time("hangover_ms", &mut turn.hangover_ms);
    time("end_of_turn_ms", &mut turn.end_of_turn_ms);
    share("end_of_turn_range", &mut turn.end_of_turn_range);
    time("silence_ms", &mut turn.silence_ms);
    time("longest_utterance_ms", &mut turn.longest_utterance_ms);
    time("longest_turn_ms", &mut turn.longest_turn_ms);
    switch("barge_in", &mut turn.barge_in);
    share("barge_in_threshold", &mut turn.barge_in_threshold);
    time("barge_in_min_speech_ms", &mut turn.barge_in_min_speech_ms);
    time("barge_in_words_ms", &mut turn.barge_in_words_ms);
    switch("pause", &mut turn.pause);
    share("pause_threshold", &mut turn.pause_threshold);
    frames("pause_frames", &mut turn.pause_frames);
    frames("pause_window", &mut turn.pause_window);
    time("pause_resume_ms", &mut turn.pause_resume_ms);
    time("pause_max_ms", &mut turn.pause_max_ms);
    if section.is_sound()
        && let Err(error) = turn.check()
    {
        section.refuse(error.key, error.reason);
    }
    section.finish();
    turn
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

/// Networks, or single addresses.
fn read_networks(section: &Section<'_>, key: &'static str, texts: &[String]) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for text in texts {
        let network = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            Some(network) => networks.push(network.trunc()),
            None => section.refuse(
                key,
                format!("{text:?} is neither an IP address nor a network such as 10.0.0.0/8"),
            ),
        }
    }
    networks
}
