//! The file that `voxtra init` writes, the defaults, and the reference.

use super::*;
use crate::webhook::{BatchFormat, BatchSettings, Compression};

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(
        format!("{:?}", parse("")),
        format!("{:?}", Config::default())
    );
}

#[test]
fn the_starter_file_states_the_defaults() {
    let mut starter = parse(STARTER);
    let asterisk = starter.asterisk.take().unwrap();
    assert_eq!(format!("{starter:?}"), format!("{:?}", Config::default()));
    assert_eq!(asterisk.password.expose_secret(), "hunter2");
    let minimal = parse("[asterisk]\npassword = \"x\"\n").asterisk.unwrap();
    assert_eq!(format!("{asterisk:?}"), format!("{minimal:?}"));
}

#[test]
fn the_examples_in_the_starter_file_are_right_too() {
    let config = parse(&starter_with_examples());
    assert_eq!(config.audiosockets.len(), 1);
    assert_eq!(config.prompts.len(), 1);
    assert_eq!(config.routes.len(), 3);
    assert_eq!((config.providers.len(), config.agents.len()), (1, 1));
    let mut hook = config.webhooks[0].clone();
    assert_eq!(hook.secret.take().unwrap().expose_secret(), "s3cret");
    assert_eq!(hook.events.take().unwrap(), ["call.started", "call.ended"]);
    assert_eq!(hook.name.take().unwrap(), "billing");
    assert_eq!(std::mem::take(&mut hook.headers)[0].0, "X-Tenant");
    assert_eq!(hook.compression.take(), Some(Compression::Gzip));
    let batch = BatchSettings::new(BatchFormat::Ndjson);
    assert_eq!(hook.batch.take(), Some(batch));
    let proxy = hook.proxy.take().unwrap();
    assert_eq!(proxy.as_str(), "http://proxy.example.com:3128/");
    assert_eq!(std::mem::take(&mut hook.allowed_networks).len(), 2);
    // The other values are the defaults.
    assert_eq!(
        format!("{hook:?}"),
        format!("{:?}", WebhookSettings::new(hook.url.clone()))
    );
}

/// The starter file with its examples switched on: lines that begin with `#` and no space.
fn starter_with_examples() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') && !example.is_empty() => format!("{example}\n"),
        _ => format!("{line}\n"),
    };
    STARTER.lines().map(on).collect()
}

#[test]
fn every_key_is_in_the_starter_file_and_in_the_reference() {
    let reference = include_str!("../../../../docs/configuration.md");
    let text = starter_with_examples();
    let none = |_: &std::path::Path| Err(String::new());
    let document = Document::new(&text, &env, &none);
    sections::read(&document);
    let offered = document.offered();
    assert!(offered.len() > 50, "the keys were collected");
    for key in offered {
        let word = key.rsplit('.').next().unwrap_or(&key);
        assert!(STARTER.contains(word), "{key} is missing in starter.toml");
        // A section is a heading, a key a row of the table under it.
        let (section, key) = key
            .split_once('.')
            .map_or((key.as_str(), None), |(s, k)| (s, Some(k)));
        let section = section
            .trim_end_matches("[1]")
            .trim_end_matches("[2]")
            .trim_end_matches("[3]");
        // The key behind the name.
        let (section, key) = match (section, key) {
            ("provider" | "agent" | "tool" | "mcp", Some(key)) => (
                format!("{section}.NAME"),
                key.split_once('.').map(|(_, key)| key),
            ),
            ("provider" | "agent" | "tool" | "mcp", None) => (format!("{section}.NAME"), None),
            (section, key) => (section.to_owned(), key),
        };
        let body = reference
            .split("\n## ")
            .find(|body| {
                body.starts_with(&format!("`[{section}]`"))
                    || body.starts_with(&format!("`[[{section}]]`"))
            })
            .unwrap_or_else(|| panic!("docs/configuration.md has no section {section}"));
        if let Some(key) = key {
            assert!(
                body.contains(&format!("\n| `{key}` |")),
                "{section}.{key} is missing in docs/configuration.md"
            );
        }
    }
}
