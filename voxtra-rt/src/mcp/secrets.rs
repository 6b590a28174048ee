//! What a server was given in confidence and must not come back.

use secrecy::{ExposeSecret as _, SecretString};

use super::settings::{McpPlace, McpSettings};

/// Fewest characters of a secret that is looked for: a shorter one would be found anywhere.
const SHORTEST: usize = 4;

/// The secrets of a server.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(settings: &McpSettings) -> Self {
        let (values, url) = match &settings.place {
            McpPlace::Command { environment, .. } => (environment, None),
            // A path or a query may hold a key.
            McpPlace::Url { headers, url } => (headers, Some(url.clone())),
        };
        let values = values.iter().flat_map(|(_, value)| {
            let text = value.expose_secret();
            // A server may quote the end of `Bearer abc`.
            let end = text.rsplit(' ').next().unwrap_or_default();
            [text.to_owned(), end.to_owned()]
        });
        let values = values.chain(url);
        let values = values.filter(|value| value.chars().count() >= SHORTEST);
        Self(values.map(SecretString::from).collect())
    }

    /// A text with `***` in the place of each secret.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), "***");
            }
        }
        text
    }
}
