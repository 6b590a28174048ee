//! Patterns in a webhook's `events` that no event has.

use std::fmt;

use super::{WebhookSettings, takes};

/// A pattern that takes no event that is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) pattern: String,
    /// What was most likely meant, if something is close enough.
    pub(crate) nearest: Option<String>,
}

/// The patterns of `webhook` that take none of `events`.
pub(crate) fn unknown(webhook: &WebhookSettings, events: &[&str]) -> Vec<Unknown> {
    let patterns = webhook.events.iter().flatten();
    let unknown = patterns.filter(|pattern| !events.iter().any(|event| takes(pattern, event)));
    unknown
        .map(|pattern| Unknown {
            pattern: pattern.clone(),
            nearest: nearest(pattern, events),
        })
        .collect()
}

/// A name for a name, and a beginning for a beginning.
fn nearest(pattern: &str, events: &[&str]) -> Option<String> {
    let is_beginning = pattern.ends_with('*');
    let named = events.iter().map(|event| (*event).to_owned());
    let begun = events.iter().flat_map(|event| beginnings(event));
    let known: Vec<String> = match is_beginning {
        true => begun.collect(),
        false => named.collect(),
    };
    let near = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(pattern, &known), known))
        .filter(|(distance, _)| *distance <= (pattern.len() / 3).max(2))
        .min_by_key(|(distance, _)| *distance);
    near.map(|(_, known)| known)
}

/// `call.*` and `call.transfer.*` for `call.transfer.started`.
fn beginnings(event: &str) -> impl Iterator<Item = String> {
    let dots = event.match_indices('.');
    dots.filter_map(|(at, _)| Some(format!("{}.*", event.get(..at)?)))
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pattern.strip_suffix('*') {
            Some(beginning) => write!(f, "no event's name begins with {beginning:?}")?,
            None => write!(f, "no event is named {:?}", self.pattern)?,
        }
        match &self.nearest {
            Some(near) => write!(f, "; did you mean {near:?}?"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_no_event_is_told_with_the_nearest_of_its_kind() {
        let mut webhook = WebhookSettings::new("https://example.com/".parse().unwrap());
        let patterns = [
            "*",
            "call.*",
            "call.transfer.*",
            "payment.confirmed",
            "cal.*",
            "call.strated",
            "call.transfre.*",
            "orders.*",
        ];
        webhook.events = Some(patterns.map(str::to_owned).to_vec());
        let events = ["call.started", "call.transfer.started", "payment.confirmed"];
        let told: Vec<_> = unknown(&webhook, &events)
            .iter()
            .map(Unknown::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "no event's name begins with \"cal.\"; did you mean \"call.*\"?",
                "no event is named \"call.strated\"; did you mean \"call.started\"?",
                "no event's name begins with \"call.transfre.\"; did you mean \"call.transfer.*\"?",
                "no event's name begins with \"orders.\"",
            ]
        );
        webhook.events = Some(vec!["*".to_owned()]);
        assert_eq!(unknown(&webhook, &[]).len(), 1, "there is no event at all");
    }
}
