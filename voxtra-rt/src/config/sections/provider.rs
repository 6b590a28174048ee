//! `[provider.NAME]`.

use std::time::Duration;

use url::Url;

use super::super::Place;
use super::super::agent::COMMAND;
use super::super::document::Section;
use super::super::provider::{ProviderKind, ProviderRole, ProviderSettings};
use super::super::risk;
use super::read_word;
use crate::session::{HIGHEST_PRICE, Price};

/// The providers, and the names of all sections, broken ones too.
pub(super) fn read_providers(
    root: &Section<'_>,
    places: &mut Vec<Place>,
) -> (Vec<ProviderSettings>, Vec<String>) {
    let mut all = Vec::new();
    let mut names = Vec::new();
    for (name, section) in root.named("provider") {
        names.push(name.clone());
        let place = section.place("kind");
        if let Some(provider) = read_provider(name, section) {
            all.push(provider);
            places.push(place);
        }
    }
    (all, names)
}

fn read_provider(name: String, section: Section<'_>) -> Option<ProviderSettings> {
    let kinds = ProviderKind::ALL.map(|kind| (kind.word(), kind));
    let named = kinds.iter().find(|(word, _)| *word == name);
    let kind = if section.has("kind") {
        section.choice("kind", &kinds)
    } else {
        if named.is_none() {
            let words = kinds.map(|(word, _)| word).join(", ");
            section.require("kind", &format!("which provider it is: one of {words}"));
        }
        section
            .choice("kind", &kinds)
            .or(named.map(|(_, kind)| *kind))
    };
    if name == COMMAND || name.trim().is_empty() {
        section.refuse(
            "",
            "is no name for a provider: \"command\" is the voice of [speech]",
        );
    }
    // Reading goes on without a kind, to find every problem of the others.
    let mut provider = ProviderSettings::new(name, kind.unwrap_or(ProviderKind::OpenAi));
    provider.key = section.secret_or_file("key", "key_file");
    provider.azure_key = section
        .choice("key_header", &[("authorization", false), ("api-key", true)])
        .unwrap_or_default();
    provider.base_url = read_word(&section, "base_url");
    provider.model = read_word(&section, "model");
    provider.speech_to_text_model = read_word(&section, "speech_to_text_model");
    provider.text_to_speech_model = read_word(&section, "text_to_speech_model");
    provider.speech_to_speech_model = read_word(&section, "speech_to_speech_model");
    provider.voice = read_word(&section, "voice");
    provider.language = read_word(&section, "language");
    provider.timeout = section
        .integer::<u64>("timeout_ms", 100..=120_000)
        .map(Duration::from_millis);
    provider.price = read_price(section.section("price"));
    if let Some(kind) = kind {
        check_key(&section, kind);
        check_address(&section, &provider);
        check_fit(&section, kind);
    }
    section.finish();
    kind.map(|_| provider)
}

fn read_price(section: Section<'_>) -> Option<Price> {
    if !section.is_present() {
        return None;
    }
    section.require("currency", "the currency of these prices, such as \"USD\"");
    let currency = read_word(&section, "currency").unwrap_or_default();
    let mut price = Price::in_currency(currency);
    for (key, set) in AMOUNTS {
        if let Some(amount) = section.amount(key, HIGHEST_PRICE) {
            price = set(price, amount);
        }
    }
    if !AMOUNTS.iter().any(|(key, _)| section.has(key)) {
        section.refuse("", "names no price, such as per_million_input_tokens");
    }
    section.finish();
    Some(price)
}

/// A part of a price, and how it is set.
type Amount = (&'static str, fn(Price, f64) -> Price);

const AMOUNTS: [Amount; 6] = [
    ("per_million_input_tokens", Price::per_million_input_tokens),
    (
        "per_million_cached_tokens",
        Price::per_million_cached_tokens,
    ),
    (
        "per_million_output_tokens",
        Price::per_million_output_tokens,
    ),
    ("per_minute_heard", Price::per_minute_heard),
    ("per_minute_spoken", Price::per_minute_spoken),
    ("per_million_characters", Price::per_million_characters),
];

fn check_key(section: &Section<'_>, kind: ProviderKind) {
    let has = section.has("key") || section.has("key_file");
    match kind.variable() {
        // A server of one's own may need none.
        Some(variable) if !has && !section.has("base_url") => section.require(
            "key",
            &format!(
                "write `key = \"${{{variable}}}\"` and set this environment variable, or name a file with the key in `key_file`"
            ),
        ),
        None if has => {
            let key = if section.has("key") { "key" } else { "key_file" };
            section.refuse_secret(key, format!("leave it out: {} has no keys", kind.word()));
        }
        _ => {}
    }
}

fn check_address(section: &Section<'_>, provider: &ProviderSettings) {
    let kind = provider.kind;
    let Some(base_url) = &provider.base_url else {
        if kind.base_url().is_none() {
            let example = match kind {
                ProviderKind::Wyoming => "tcp://127.0.0.1:10300",
                _ => "http://127.0.0.1:2700",
            };
            section.require(
                "base_url",
                &format!("where the server is, such as {example}"),
            );
        }
        return;
    };
    let url = if kind == ProviderKind::Wyoming {
        let address = base_url.strip_prefix("tcp://").unwrap_or(base_url);
        let url = Url::parse(&format!("tcp://{address}")).ok();
        url.filter(|url| url.has_host() && url.port().is_some() && matches!(url.path(), "" | "/"))
    } else {
        let url = Url::parse(base_url).ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    match url {
        None if kind == ProviderKind::Wyoming => section.refuse(
            "base_url",
            "must be a host and a port, such as tcp://127.0.0.1:10300",
        ),
        None => section.refuse(
            "base_url",
            "must be a URL that begins with http:// or https://",
        ),
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            section.refuse("base_url", "holds a user or a password; set `key` instead");
        }
        Some(url) => {
            let what = match kind {
                ProviderKind::Wyoming | ProviderKind::Vosk => "what is said in your calls",
                _ => "the key, and what is said in your calls,",
            };
            risk::look_at_url(section, "base_url", &url, what);
        }
    }
}

/// Refuses settings that this provider doesn't have.
fn check_fit(section: &Section<'_>, kind: ProviderKind) {
    let does = |role| kind.roles().contains(&role);
    let refuse = |key: &str, fits: bool| {
        if section.has(key) && !fits {
            section.refuse(key, format!("{} has no such setting", kind.word()));
        }
    };
    let speaks = does(ProviderRole::TextToSpeech);
    let talks = does(ProviderRole::SpeechToSpeech);
    refuse("voice", speaks || talks);
    refuse("model", kind != ProviderKind::Vosk);
    refuse(
        "language",
        does(ProviderRole::SpeechToText) && kind != ProviderKind::Vosk || speaks,
    );
    let compatible = matches!(kind, ProviderKind::OpenAi | ProviderKind::OpenAiRealtime);
    refuse("key_header", compatible);
    // Others have one role, or one model.
    refuse("speech_to_text_model", kind == ProviderKind::OpenAi);
    refuse("text_to_speech_model", kind == ProviderKind::OpenAi);
    refuse("speech_to_speech_model", talks);
}
