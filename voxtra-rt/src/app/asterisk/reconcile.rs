//! Asterisk's state, compared with ours. Events are lost while their connection is down, and now
//! and then while it is up; the comparison finds what they should have reported.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use voxtra_core::event::EndReason;

use super::dispatch::is_ours;
use super::{Asterisk, leftovers};
use crate::app::Inner;
use crate::ari::{AriError, Channel, ChannelState};
use crate::carrier::ChannelNews;
use crate::session::Report;

/// How long after the first look at Asterisk the second one is. We act only on what both show, so
/// that an event on its way comes first.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// How soon we ask again after Asterisk could not be asked.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Our state.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The channels of our sessions. A call that Asterisk was not yet told to place has no channel.
    pub(super) sessions: Vec<String>,
    /// The channels that we wait for, each with whether it has entered the application.
    pub(super) awaited: Vec<(String, bool)>,
}

/// Asterisk's state.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) channels: Vec<Channel>,
    /// The channels in our application.
    pub(super) entered: HashSet<String>,
    /// The channels in any bridge.
    pub(super) bridged: HashSet<String>,
}

/// A difference that no event has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A session's channel is gone.
    Ended(String),
    /// A channel that we wait for has entered the application.
    Entered(String),
    /// A channel that had entered, such as a transfer's other party, is gone.
    Gone(String),
    /// A caller is in our application, without a session and without a bridge.
    Unknown(String),
}

/// Compares the two; `app` is the name of our application.
pub(super) fn diff(app: &str, known: &Known, seen: &Seen) -> Vec<Finding> {
    let up: HashSet<&str> = seen.channels.iter().map(|c| c.id.as_str()).collect();
    let mut findings = Vec::new();
    for session in &known.sessions {
        if !up.contains(session.as_str()) {
            findings.push(Finding::Ended(session.clone()));
        }
    }
    for (channel, entered) in &known.awaited {
        match (entered, up.contains(channel.as_str())) {
            // Asterisk lists it with the application while it rings, too.
            (false, true)
                if seen.entered.contains(channel)
                    && seen
                        .channels
                        .iter()
                        .any(|c| c.id == *channel && c.state == ChannelState::Up) =>
            {
                findings.push(Finding::Entered(channel.clone()));
            }
            (true, false) => findings.push(Finding::Gone(channel.clone())),
            _ => {}
        }
    }
    for channel in &seen.channels {
        let id = &channel.id;
        let is_known =
            known.sessions.contains(id) || known.awaited.iter().any(|(awaited, _)| awaited == id);
        // Asterisk also lists a channel that has gone on in the dialplan.
        let is_here = channel.dialplan.app_name == "Stasis"
            && channel.dialplan.app_data.split(',').next() == Some(app);
        if !is_known
            && !is_ours(id)
            && is_here
            && seen.entered.contains(id)
            && !seen.bridged.contains(id)
        {
            findings.push(Finding::Unknown(id.clone()));
        }
    }
    findings
}

impl Asterisk {
    /// Compares at each connection to Asterisk's events, and regularly while it is up.
    pub(super) async fn keep_comparing(self: Arc<Self>, app: Arc<Inner>) {
        let mut online = self.online.subscribe();
        let mut is_first = true;
        loop {
            // The sender lives in `self`.
            let _ = online.wait_for(|online| *online).await;
            let second_look = if std::mem::take(&mut is_first) {
                leftovers::AT_START
            } else {
                leftovers::LATER
            };
            let clearing =
                leftovers::clear(self.ari().clone(), self.expected().clone(), second_look);
            tokio::spawn(app.stop.clone().run_until_cancelled_owned(clearing));
            let pause = if self.compare(&app).await {
                self.compare_every
            } else {
                ASK_AGAIN.min(self.compare_every)
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Connected again.
                _ = online.changed() => {}
            }
        }
    }

    /// Compares once; false if Asterisk could not be asked.
    pub(super) async fn compare(self: &Arc<Self>, app: &Arc<Inner>) -> bool {
        let looked = async {
            let (first, _) = self.look(app).await?;
            if first.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(SECOND_LOOK).await;
            let (mut findings, seen) = self.look(app).await?;
            findings.retain(|finding| first.contains(finding));
            // While another program has our name, callers unknown to us belong to it.
            let is_online = *self.online.borrow();
            findings.retain(|finding| is_online || !matches!(finding, Finding::Unknown(_)));
            for finding in findings {
                self.act(app, finding, &seen);
            }
            Ok::<_, AriError>(())
        };
        match looked.await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "cannot ask Asterisk which calls are still up");
                false
            }
        }
    }

    async fn look(&self, app: &Inner) -> Result<(Vec<Finding>, Seen), AriError> {
        let ari = self.ari();
        // Our state first: a call that begins meanwhile is then no session without a channel.
        let known = self.known(app);
        let channels = ari.channels().list().await?;
        let mut seen = Seen {
            channels,
            ..Seen::default()
        };
        if !seen.channels.is_empty() {
            seen.entered = match ari.application(ari.app()).get().await {
                Ok(application) => application.channel_ids.into_iter().collect(),
                Err(error) if error.is_not_found() => HashSet::new(),
                Err(error) => return Err(error),
            };
            let bridges = ari.bridges().list().await?;
            seen.bridged = bridges.into_iter().flat_map(|b| b.channels).collect();
        }
        Ok((diff(ari.app(), &known, &seen), seen))
    }

    pub(super) fn known(&self, app: &Inner) -> Known {
        let calls = app.sessions.calls();
        let channels = calls
            .iter()
            .filter_map(|call| call.session().carrier().channel());
        Known {
            sessions: channels.map(|channel| channel.to_string()).collect(),
            awaited: self.expected().awaited(),
        }
    }

    fn act(self: &Arc<Self>, app: &Arc<Inner>, finding: Finding, seen: &Seen) {
        tracing::warn!(?finding, "Asterisk shows what no event has told");
        match finding {
            Finding::Ended(channel) => {
                self.report(app, &channel, Report::Gone(EndReason::LostWithAsterisk));
            }
            Finding::Entered(channel) => {
                self.expected().report(&channel, ChannelNews::Entered);
            }
            Finding::Gone(channel) => {
                let reason = EndReason::LostWithAsterisk;
                self.expected().report(&channel, ChannelNews::Gone(reason));
            }
            Finding::Unknown(id) => {
                let Some(channel) = seen.channels.iter().find(|c| c.id == id) else {
                    return;
                };
                // The arguments of `Stasis(app,…)`, which the channel is in.
                let args = channel.dialplan.app_data.split(',').skip(1);
                let args = args.map(str::to_owned).collect();
                self.arrived(app, channel.clone(), args);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "voxtra-call-40325ec2-5efd-4bd3-805f-53576e581d13";
    const OTHER: &str = "voxtra-transfer-40325ec2-5efd-4bd3-805f-53576e581d13";

    fn seen(channels: &[&str], entered: &[&str], bridged: &[&str]) -> Seen {
        let channel = |id: &&str| {
            let app = if id.starts_with('7') { "" } else { "Stasis" };
            serde_json::from_value(serde_json::json!({
                "id": id,
                "state": if entered.contains(id) { "Up" } else { "Ringing" },
                "dialplan": { "app_name": app, "app_data": "voxtra,sales" },
            }))
            .unwrap()
        };
        Seen {
            channels: channels.iter().map(channel).collect(),
            entered: entered.iter().map(ToString::to_string).collect(),
            bridged: bridged.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_no_event_has_told_is_found_and_nothing_else() {
        let known = |sessions: &[&str], awaited: &[(&str, bool)]| Known {
            sessions: sessions.iter().map(ToString::to_string).collect(),
            awaited: awaited.iter().map(|(id, e)| (id.to_string(), *e)).collect(),
        };
        let table = [
            (known(&[], &[]), seen(&[], &[], &[]), vec![]),
            // A call without a difference.
            (
                known(&["1.1"], &[]),
                seen(&["1.1"], &["1.1"], &["1.1"]),
                vec![],
            ),
            // The event of its end was lost.
            (
                known(&["1.1"], &[]),
                seen(&[], &[], &[]),
                vec![Finding::Ended("1.1".into())],
            ),
            // A caller came without an event: in our application, in another application, and in a
            // bridge.
            (
                known(&[], &[]),
                seen(&["1.2"], &["1.2"], &[]),
                vec![Finding::Unknown("1.2".into())],
            ),
            (known(&[], &[]), seen(&["1.2"], &[], &[]), vec![]),
            (known(&[], &[]), seen(&["1.2"], &["1.2"], &["1.2"]), vec![]),
            // A caller who goes on in the dialplan is not ours any more.
            (known(&[], &[]), seen(&["7.1"], &["7.1"], &[]), vec![]),
            // Channels that we had made are not callers.
            (known(&[], &[]), seen(&[OTHER], &[OTHER], &[]), vec![]),
            // An outbound call rings; was answered; was answered, and an event reported it.
            (
                known(&[CALL], &[(CALL, false)]),
                seen(&[CALL], &[], &[]),
                vec![],
            ),
            (
                known(&[CALL], &[(CALL, false)]),
                seen(&[CALL], &[CALL], &[]),
                vec![Finding::Entered(CALL.into())],
            ),
            (
                known(&[CALL], &[(CALL, true)]),
                seen(&[CALL], &[CALL], &[]),
                vec![],
            ),
            // A transfer's other party is about to be made, and has hung up.
            (known(&[], &[(OTHER, false)]), seen(&[], &[], &[]), vec![]),
            (
                known(&["1.1"], &[(OTHER, true)]),
                seen(&["1.1"], &["1.1"], &["1.1"]),
                vec![Finding::Gone(OTHER.into())],
            ),
        ];
        for (known, seen, expected) in table {
            assert_eq!(
                diff("voxtra", &known, &seen),
                expected,
                "{known:?} {seen:?}"
            );
        }
    }
}
