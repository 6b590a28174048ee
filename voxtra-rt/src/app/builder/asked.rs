//! The events that an application knows, where somebody wants to know them.

use std::io::Write as _;

use crate::catalogue::{Catalogue, Form};
use crate::config::OLD_ATTEMPTS;
use crate::webhook::WebhookSettings;

/// Set by `voxtra events AGENT`.
const VARIABLE: &str = "VOXTRA_EVENTS";

/// Prints the catalogue and ends the process, where that is what it was started for.
pub(super) fn answer(catalogue: &Catalogue) {
    let Ok(form) = std::env::var(VARIABLE) else {
        return;
    };
    let printed = match form.parse::<Form>() {
        Ok(form) => std::io::stdout()
            .write_all(catalogue.written(form).as_bytes())
            .map_err(|error| error.to_string()),
        Err(expected) => Err(format!("{VARIABLE} is {form:?}: {expected}")),
    };
    let status = match printed {
        Ok(()) => 0,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}");
            2
        }
    };
    std::process::exit(status);
}

/// Warns of names in allow-lists that no event has, and of older settings. Others may still be
/// told: handlers needn't name what they emit.
pub(super) fn known(webhooks: &[WebhookSettings], catalogue: &Catalogue) {
    for webhook in webhooks {
        if webhook.max_attempts.is_some() {
            tracing::warn!(webhook = webhook.origin(), "{OLD_ATTEMPTS}");
        }
        let names = webhook.events.iter().flatten();
        for name in names.filter(|name| catalogue.find(name).is_none()) {
            let hint = match catalogue.nearest(name) {
                Some(near) => format!("did you mean {near:?}?"),
                None => {
                    "an event of your own is known when its session or set is, or by `event::<…>()`"
                        .to_owned()
                }
            };
            tracing::warn!(
                webhook = webhook.origin(),
                event = name,
                "no event that is known has the name of one in the webhook's `events`: {hint}"
            );
        }
    }
}
