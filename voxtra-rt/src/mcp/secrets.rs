//! What a server was given in confidence and must not come back.

use std::cmp::Reverse;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::settings::{McpPlace, McpSettings};

/// Fewest characters of a secret that is looked for: a shorter one would be found anywhere.
const SHORTEST: usize = 4;

/// Fewest characters of a line of a secret that has several: a key in PEM is logged line by line.
const SHORTEST_LINE: usize = 8;

/// Most characters of what a server says that are quoted in an error.
const QUOTED: usize = 400;

/// The secrets of a server, in all forms in which they may come back, the longest first: one that
/// is a part of another would leave the rest of that.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(settings: &McpSettings) -> Self {
        let (values, url) = match &settings.place {
            McpPlace::Command { environment, .. } => (environment, None),
            // A path or a query may hold a key.
            McpPlace::Url { headers, url } => (headers, Some(url.as_str())),
        };
        let values = values.iter().map(|(_, value)| value.expose_secret());
        let mut forms: Vec<String> = values.chain(url).flat_map(forms).collect();
        forms.retain(|form| form.chars().count() >= SHORTEST);
        forms.sort_by_key(|form| Reverse(form.len()));
        forms.dedup();
        Self(forms.into_iter().map(SecretString::from).collect())
    }

    /// Bytes of the longest.
    pub(super) fn longest(&self) -> usize {
        let first = self.0.first();
        first.map_or(0, |secret| secret.expose_secret().len())
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

    /// The same for the texts and the names of a JSON value.
    pub(super) fn hide_in(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.hide(&text).into(),
            Value::Array(all) => all.into_iter().map(|one| self.hide_in(one)).collect(),
            Value::Object(all) => {
                let hidden = all
                    .into_iter()
                    .map(|(name, one)| (self.hide(&name), self.hide_in(one)));
                Value::Object(hidden.collect())
            }
            other => other,
        }
    }

    /// What a server says, for an error: without secrets, and not without end.
    pub(super) fn quote(&self, text: &str) -> String {
        let text = self.hide(text);
        match text.char_indices().nth(QUOTED) {
            Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
            None => text,
        }
    }
}

/// A secret as a server may repeat it: whole, without the beginning of `Bearer abc`, within JSON,
/// and line by line.
fn forms(secret: &str) -> Vec<String> {
    let end = secret.rsplit(' ').next().unwrap_or_default();
    let json = Value::from(secret).to_string();
    // Without the quotation marks around it.
    let json = json.get(1..json.len().saturating_sub(1));
    let mut forms = vec![
        secret.to_owned(),
        end.to_owned(),
        json.unwrap_or_default().to_owned(),
    ];
    let lines = secret.lines().map(str::trim);
    let lines = lines.filter(|line| line.chars().count() >= SHORTEST_LINE);
    forms.extend(lines.map(str::to_owned));
    forms
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets<const N: usize>(values: [&str; N]) -> Secrets {
        let settings = McpSettings::command("crm", [""; 0]);
        Secrets::of(
            &values
                .into_iter()
                .fold(settings, |settings, value| settings.secret("KEY", value)),
        )
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        let secrets = secrets(["acme", "acme-prod-77", "Bearer acme-prod"]);
        assert_eq!(
            secrets.hide("acme-prod-77, acme-prod, acme"),
            "***, ***, ***"
        );
    }

    #[test]
    fn a_secret_of_several_lines_is_hidden_in_each_and_in_json() {
        let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nend\n-----END KEY-----\n";
        let secrets = secrets([pem, "say \"aha\""]);
        assert_eq!(secrets.hide("key MIIEvQIBADANBg"), "key ***");
        assert_eq!(
            secrets.hide(&json!({ "a": pem }).to_string()),
            r#"{"a":"***"}"#
        );
        assert_eq!(secrets.hide(r#"{"a":"say \"aha\""}"#), r#"{"a":"***"}"#);
        assert_eq!(secrets.hide("the end"), "the end");
        let value = json!([{ "say \"aha\"": ["say \"aha\"", 7] }]);
        assert_eq!(secrets.hide_in(value), json!([{ "***": ["***", 7] }]));
    }

    #[test]
    fn a_quotation_is_cut_where_no_secret_is() {
        let secrets = secrets(["s3cret-key"]);
        let quoted = secrets.quote(&format!("{}s3cret-key", "x".repeat(395)));
        assert!(
            quoted.ends_with("x***") && !quoted.contains("s3c"),
            "{quoted}"
        );
        let quoted = secrets.quote(&"ä".repeat(1_000));
        assert_eq!(quoted.chars().count(), 401);
    }
}
