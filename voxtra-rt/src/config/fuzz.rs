//! The configuration file: any text.

use std::collections::HashSet;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{Config, ConfigError};

/// A text is either accepted or refused. If accepted, everything in it is within its limits and
/// means the same the next time. If refused, there is at least one problem, in the order of the
/// lines, each with an existing line and a key, and none shows a secret.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Config::parse(text, environment) {
        Ok(config) => {
            assert_sound(&config);
            for same in [text.to_owned(), format!("{text}\n# the end\n")] {
                let again = Config::parse(&same, environment)
                    .unwrap_or_else(|error| panic!("refused the second time: {error}"));
                assert_eq!(format!("{again:?}"), format!("{config:?}"));
            }
        }
        Err(error) => assert_helpful(text, &error),
    }
    // Secrets above, any text below: problems in that text show none of the secrets.
    if !text.contains(SECRET) {
        let text = format!(
            "webhook = [{{ url = \"http://x/\", secret = \"{SECRET}\" }}]\nasterisk.password = \"{SECRET}\"\n{text}"
        );
        match Config::parse(&text, environment) {
            Ok(config) => assert!(!format!("{config:?}").contains(SECRET)),
            Err(error) => assert!(!error.to_string().contains(SECRET), "{error}"),
        }
    }
}

/// Not part of any other text.
const SECRET: &str = "correct-horse-battery-staple";

fn environment(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("9092".to_owned()),
        "ON" => Some("true".to_owned()),
        "EMPTY" => Some(String::new()),
        "QUOTE" => Some("\"${PORT}\n".to_owned()),
        _ => None,
    }
}

fn assert_helpful(text: &str, error: &ConfigError) {
    let ConfigError::Invalid { path, problems } = error else {
        panic!("nothing was read from a file: {error}");
    };
    assert_eq!(*path, None);
    assert!(!problems.is_empty());
    assert!(problems.is_sorted_by_key(|problem| problem.line));
    let lines = text.split('\n').count();
    for problem in problems {
        assert!((1..=lines).contains(&problem.line), "{problem}");
        assert!(!problem.reason.is_empty());
        let is_toml = !problem.reason.starts_with("not valid TOML: ");
        assert_eq!(is_toml, !problem.key.is_empty(), "{problem}");
    }
    let _ = error.to_string();
}

/// Conditions that the rest of the program takes for granted.
fn assert_sound(config: &Config) {
    if let Some(asterisk) = &config.asterisk {
        assert!(asterisk.check().is_ok());
        assert!(!asterisk.password.expose_secret().is_empty());
    }
    let media = &config.media;
    assert_ne!(media.listen.port(), 0);
    assert!((1..=64).contains(&media.threads) && media.batch <= Duration::from_millis(2));
    assert!(media.max_calls > 0 && media.max_pending > 0 && !media.allow_peers.is_empty());
    assert!(config.advertise.contains(':'));
    assert!(config.leg.turn.check().is_ok());
    assert_eq!(config.routes.len(), config.places.routes.len());
    assert_eq!(config.prompts.len(), config.places.prompts.len());
    assert_eq!(config.webhooks.len(), config.places.webhooks.len());
    assert!(config.routes.iter().all(|route| !route.agent.is_empty()));
    let mut names = HashSet::new();
    assert!(
        config
            .prompts
            .iter()
            .all(|prompt| names.insert(&prompt.name))
    );
    for hook in &config.webhooks {
        assert!(matches!(hook.url.scheme(), "http" | "https") && hook.url.has_host());
        assert!(hook.queue > 0 && hook.session_queue > 0 && hook.max_in_flight > 0);
        assert!(hook.max_attempts != Some(0) && hook.first_backoff <= hook.max_backoff);
        assert!(hook.events.as_ref().is_none_or(|events| !events.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text(text in ".{0,200}") {
            super::config(text.as_bytes());
        }

        #[test]
        fn the_starter_file_with_a_part_replaced(
            at: prop::sample::Index,
            length in 0..12_usize,
            instead in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut data = crate::config::STARTER.as_bytes().to_vec();
            let at = at.index(data.len());
            let end = data.len().min(at + length);
            data.splice(at..end, instead);
            super::config(&data);
        }
    }
}
