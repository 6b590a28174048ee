//! Lists the events that an application knows, on request.

use std::io::Write as _;

use super::StartError;
use crate::catalogue::{Catalogue, Form};
#[cfg(feature = "webhooks")]
use crate::webhook::{WebhookSettings, filter};

/// Set by `voxtra events AGENT`.
const VARIABLE: &str = "VOXTRA_EVENTS";
/// The warning about `max_attempts`.
#[cfg(feature = "webhooks")]
pub(crate) const OLD_ATTEMPTS: &str = "max_attempts is an older key: a receiver that is away for a \
    minute uses up few attempts and loses events; leave it out, and set give_up_after_ms if 3 \
    days are not right";

/// Prints the catalogue, if the process was started for that.
pub(super) fn answer(catalogue: &Catalogue) -> Result<(), StartError> {
    let Ok(form) = std::env::var(VARIABLE) else {
        return Ok(());
    };
    let form = form
        .parse::<Form>()
        .map_err(|expected| StartError::Listing(format!("{VARIABLE} is {form:?}: {expected}")))?;
    std::io::stdout()
        .write_all(catalogue.written(form).as_bytes())
        .map_err(|error| StartError::Listing(error.to_string()))?;
    Err(StartError::Listed)
}

/// Warns of names in allow-lists that no known event has, and of older settings. Unknown events may
/// still come: handlers needn't name the events that they emit.
#[cfg(feature = "webhooks")]
pub(super) fn known(webhooks: &[WebhookSettings], catalogue: &Catalogue) {
    let events = catalogue.events().iter();
    let known: Vec<_> = events.map(|event| event.wire).collect();
    for webhook in webhooks {
        if webhook.max_attempts.is_some() {
            tracing::warn!(webhook = webhook.origin(), "{OLD_ATTEMPTS}");
        }
        for unknown in filter::unknown(webhook, &known) {
            let hint = match &unknown.nearest {
                Some(near) => format!("did you mean {near:?}?"),
                None => {
                    "an event of your own is known when its session or set is, or by `event::<…>()`"
                        .to_owned()
                }
            };
            tracing::warn!(
                webhook = webhook.origin(),
                event = unknown.pattern,
                "no event that is known has the name of one in the webhook's `events`: {hint}"
            );
        }
    }
}
