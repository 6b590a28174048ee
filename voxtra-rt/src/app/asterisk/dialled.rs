//! The number that an inbound call is for. If the dialplan has one extension for all calls, such as
//! FreePBX's `s`, the dialled number is elsewhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ari::text::clean;
use crate::ari::{AriClient, Channel};
use crate::session::Report;

/// How long Asterisk may take to return the variable with the number. Then the call goes on without
/// it.
pub(super) const ASK: Duration = Duration::from_secs(1);
/// Reports that are kept for a call while its number is asked for.
const KEPT: usize = 64;
/// Extensions of the dialplan that are not numbers (`extensions.conf`): start, and a transfer's.
const NO_NUMBERS: [&str; 4] = ["", "s", "_attended", "failed"];

/// The number that a call is for, if the channel itself states it. The first of these: the argument
/// `did=…` of `Stasis()`, and the extension if it is a number.
pub(super) fn told(channel: &Channel, args: &[String]) -> Option<String> {
    let argument = args
        .iter()
        .find_map(|argument| argument.strip_prefix("did="));
    let extension = channel.dialplan.exten.as_str();
    argument
        .filter(|number| !number.is_empty())
        .or_else(|| (!NO_NUMBERS.contains(&extension)).then_some(extension))
        .map(str::to_owned)
}

/// The number of a call whose channel does not state it: the variable, the redirecting number, or
/// the extension.
pub(super) async fn asked(ari: &AriClient, channel: &Channel, variable: &str) -> String {
    let value = ari.channel(&channel.id);
    let value = tokio::time::timeout(ASK, value.variable_if_set(variable));
    let value = match value.await {
        Ok(Ok(value)) => value.unwrap_or_default(),
        Ok(Err(error)) => {
            tracing::debug!(call = channel.id, %error, variable, "cannot ask for the number that was dialled");
            String::new()
        }
        Err(_) => {
            tracing::warn!(
                call = channel.id,
                variable,
                "Asterisk does not tell the number that was dialled"
            );
            String::new()
        }
    };
    // A caller can choose it, like SIP headers; it is shown as a number is.
    [
        clean(&value),
        channel.caller_rdnis.clone().unwrap_or_default(),
    ]
    .into_iter()
    .find(|number| !number.is_empty())
    .unwrap_or_else(|| channel.dialplan.exten.clone())
}

/// Calls whose number is being asked for, and the reports about them meanwhile.
#[derive(Default)]
pub(super) struct Asking(Mutex<HashMap<String, Vec<Report>>>);

impl Asking {
    /// Registers that the number of this channel is being asked for; false if it was already.
    pub(super) fn begin(&self, channel: &str) -> bool {
        let mut asking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = !asking.contains_key(channel);
        asking.entry(channel.to_owned()).or_default();
        new
    }

    /// Whether the number of this channel is being asked for.
    pub(super) fn knows(&self, channel: &str) -> bool {
        let asking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asking.contains_key(channel)
    }

    /// The number of these calls.
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Keeps a report about a call until its session is open. Returns it if there is no such call.
    pub(super) fn keep(&self, channel: &str, report: Report) -> Option<Report> {
        let mut asking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match asking.get_mut(channel) {
            Some(kept) if kept.len() < KEPT => kept.push(report),
            Some(_) => tracing::error!(channel, "too much happens to a call that is not open yet"),
            None => return Some(report),
        }
        None
    }

    /// The number is known: `open` opens the session and forwards the kept reports, before anything
    /// newer.
    pub(super) fn end(&self, channel: &str, open: impl FnOnce(Vec<Report>)) {
        let mut asking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open(asking.remove(channel).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(exten: &str) -> Channel {
        let json = format!(r#"{{"id":"1","dialplan":{{"exten":"{exten}"}}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn an_argument_says_more_than_the_extension_and_s_says_nothing() {
        let did = |number: &str| vec!["sales".to_owned(), format!("did={number}")];
        for (exten, args, number) in [
            ("1000", vec![], Some("1000")),
            ("1000", did("+265999000001"), Some("+265999000001")),
            ("1000", did(""), Some("1000")),
            ("s", did("+265999000001"), Some("+265999000001")),
            ("s", vec![], None),
            ("", vec![], None),
            ("_attended", vec![], None),
            ("support", vec![], Some("support")),
        ] {
            assert_eq!(
                told(&channel(exten), &args).as_deref(),
                number,
                "{exten} {args:?}"
            );
        }
    }
}
