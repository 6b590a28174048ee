//! One function per section of the file. A missing or wrong value is replaced by its default so
//! that reading goes on. A wrong value's problem was noted by then, and the result is thrown away.

mod media;
mod route;
mod speech;
mod webhook;

use std::time::Duration;

use url::Url;
use voxtra_core::turn::{Preset, TurnSettings};

use self::media::{read_audiosockets, read_media};
use self::route::read_routes;
use self::speech::{read_prompts, read_speech};
use self::webhook::read_webhook;
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
    let (asterisk, did_variable) = read_asterisk(root.section("asterisk"));
    let media = read_media(root.section("media"), &mut places.older);
    let config = Config {
        asterisk,
        did_variable: did_variable.unwrap_or(defaults.did_variable),
        calls: read_calls(root.section("calls")),
        audiosockets: read_audiosockets(&root, &media),
        media,
        turn: read_turn(root.section("turn")),
        speech: read_speech(root.section("speech")),
        prompts: read_prompts(&root, &mut places.prompts),
        webhooks: root
            .sections("webhook")
            .into_iter()
            .filter_map(|section| read_webhook(section, &mut places.webhooks))
            .collect(),
        routes: read_routes(&root, &mut places.routes),
        log: read_log(root.section("log")),
        places,
        risks: defaults.risks,
    };
    root.finish();
    config
}

fn read_asterisk(section: Section<'_>) -> (Option<AriSettings>, Option<String>) {
    let url = section.parsed::<Url>("url", "must be a URL such as http://127.0.0.1:8088/ari");
    let app = section.text("app");
    let username = section.text("username");
    let password = section.secret_or_file("password", "password_file");
    let did_variable = read_word(&section, "did_variable");
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
            let asked = AriSettings {
                url: url.unwrap_or(here),
                app: app.unwrap_or_else(|| "voxtra".to_owned()),
                username: username.unwrap_or_else(|| "voxtra".to_owned()),
                password,
            };
            match asked.check() {
                Err(AriError::Settings { key, reason }) => section.refuse(key, reason),
                Err(other) => section.refuse("url", other.to_string()),
                Ok(()) => {
                    risk::look_at_url(&section, &asked.url, "ARI's password");
                    settings = Some(asked);
                }
            }
        }
    }
    section.finish();
    (settings, did_variable)
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
    let defaults = preset.unwrap_or_default().settings();
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
        end_of_turn_range: section
            .number("end_of_turn_range")
            .unwrap_or(defaults.end_of_turn_range),
        silence_ms: time("silence_ms", defaults.silence_ms),
        longest_utterance_ms: time("longest_utterance_ms", defaults.longest_utterance_ms),
        longest_turn_ms: time("longest_turn_ms", defaults.longest_turn_ms),
        barge_in: section.boolean("barge_in").unwrap_or(defaults.barge_in),
        barge_in_threshold: section
            .number("barge_in_threshold")
            .unwrap_or(defaults.barge_in_threshold),
        barge_in_min_speech_ms: time("barge_in_min_speech_ms", defaults.barge_in_min_speech_ms),
        pause: section.boolean("pause").unwrap_or(defaults.pause),
        pause_threshold: section
            .number("pause_threshold")
            .unwrap_or(defaults.pause_threshold),
        pause_frames: section
            .integer("pause_frames", 1..=50)
            .unwrap_or(defaults.pause_frames),
        pause_window: section
            .integer("pause_window", 1..=50)
            .unwrap_or(defaults.pause_window),
        pause_resume_ms: time("pause_resume_ms", defaults.pause_resume_ms),
        pause_max_ms: time("pause_max_ms", defaults.pause_max_ms),
    };
    if section.is_sound()
        && let Err(error) = settings.check()
    {
        section.refuse(error.key, error.reason);
    }
    section.finish();
    settings
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
