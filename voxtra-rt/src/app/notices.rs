//! Tells the calls that are up what happened to their webhooks.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use crate::webhook::{Notice, PutOutReason, Webhooks};

/// The `error_type` of these errors.
const WEBHOOK: &str = "webhook";
/// How long one trouble is told once: the errors are webhook events too.
const ONCE_IN: Duration = Duration::from_secs(60);

/// Emits an `error` in each call that is up for what its operator should know.
async fn tell(inner: Weak<Inner>, webhooks: Webhooks) {
    let mut told = Told::default();
    loop {
        let due = told.due();
        let held = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let notices = tokio::select! {
            notice = webhooks.next_notice() => match notice {
                Some(notice) => Vec::from_iter(told.takes(notice, Instant::now())),
                None => return,
            },
            () = held => told.held(Instant::now()),
        };
        let Some(inner) = inner.upgrade() else {
            return;
        };
        for message in notices.iter().filter_map(message) {
            for call in inner.sessions.calls() {
                call.emit_error(WEBHOOK, message.clone()).await;
            }
        }
    }
}

/// What was told. A trouble that comes and goes is told once a minute, and that it is over whenever
/// it was told: what was told last is how things are.
#[derive(Debug, Default)]
struct Told {
    /// By the endpoint; the outbox has no name.
    troubles: BTreeMap<Option<String>, Trouble>,
    dropped: BTreeMap<String, Instant>,
}

#[derive(Debug, Default)]
struct Trouble {
    /// When it was told last.
    told: Option<Instant>,
    /// Whether it was not told yet that it is over.
    is_open: bool,
    /// It came back too soon to be told.
    held: Option<Notice>,
}

impl Told {
    /// The notice, if it is to be told now.
    fn takes(&mut self, notice: Notice, now: Instant) -> Option<Notice> {
        let (place, is_over) = match &notice {
            Notice::OutboxLost { .. } => (None, false),
            Notice::OutboxBack => (None, true),
            Notice::EndpointDown { endpoint, .. } => (Some(endpoint.clone()), false),
            Notice::EndpointUp { endpoint } => (Some(endpoint.clone()), true),
            Notice::Dropped { endpoint, .. } => {
                let last = self.dropped.get(endpoint);
                if last.is_some_and(|last| now.duration_since(*last) < ONCE_IN) {
                    return None;
                }
                self.dropped.insert(endpoint.clone(), now);
                return Some(notice);
            }
            _ => return Some(notice),
        };
        let trouble = self.troubles.entry(place).or_default();
        if is_over {
            trouble.held = None;
            return std::mem::take(&mut trouble.is_open).then_some(notice);
        }
        if trouble.is_open {
            return None;
        }
        if trouble.due().is_some_and(|due| now < due) {
            trouble.held = Some(notice);
            return None;
        }
        trouble.open(now);
        Some(notice)
    }

    /// When something that was held back is to be told.
    fn due(&self) -> Option<Instant> {
        let held = self.troubles.values().filter(|one| one.held.is_some());
        held.filter_map(Trouble::due).min()
    }

    /// What was held back, and still is so.
    fn held(&mut self, now: Instant) -> Vec<Notice> {
        let mut notices = Vec::new();
        for trouble in self.troubles.values_mut() {
            if trouble.due().is_none_or(|due| due <= now)
                && let Some(notice) = trouble.held.take()
            {
                trouble.open(now);
                notices.push(notice);
            }
        }
        notices
    }
}

impl Trouble {
    fn open(&mut self, now: Instant) {
        self.told = Some(now);
        self.is_open = true;
    }

    /// When it may be told again.
    fn due(&self) -> Option<Instant> {
        self.told.map(|told| told + ONCE_IN)
    }
}

/// The notice in words; nothing for one that this version does not know.
fn message(notice: &Notice) -> Option<String> {
    let message = match notice {
        Notice::OutboxLost { error } => format!(
            "webhook events are kept in memory alone, and lost if the process ends: {error}"
        ),
        Notice::OutboxBack => "webhook events are kept on the disk again".to_owned(),
        Notice::Dropped {
            endpoint,
            events,
            reason,
        } => {
            let why = match reason {
                PutOutReason::TooOld => "they were too old",
                _ => "there was no room for them",
            };
            format!("{events} events for the webhook {endpoint} were dropped: {why}")
        }
        Notice::EndpointDown { endpoint, reason } => {
            format!("the webhook {endpoint} does not take events, and they wait: {reason}")
        }
        Notice::EndpointUp { endpoint } => format!("the webhook {endpoint} takes events again"),
        Notice::EndpointGone { endpoint } => format!(
            "the webhook {endpoint} answered 410: it gets no more events until the next start"
        ),
        _ => return None,
    };
    Some(message)
}

/// Listens for as long as the application lives.
pub(super) fn listen(inner: &Arc<Inner>) {
    let tell = tell(Arc::downgrade(inner), inner.webhooks.clone());
    tokio::spawn(inner.stop.clone().run_until_cancelled_owned(tell));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(endpoint: &str) -> Notice {
        let endpoint = endpoint.to_owned();
        let reason = "it answered 503".to_owned();
        Notice::EndpointDown { endpoint, reason }
    }

    fn up(endpoint: &str) -> Notice {
        let endpoint = endpoint.to_owned();
        Notice::EndpointUp { endpoint }
    }

    #[test]
    fn that_an_endpoint_is_well_again_is_told_whenever_it_was_told_that_it_is_down() {
        let start = Instant::now();
        let mut told = Told::default();
        // It flaps: the second time is within a minute of the first, and the third is not.
        for (second, notice, is_told) in [
            (0, down("a"), true),
            (10, up("a"), true),
            (20, down("a"), false),
            (30, up("a"), false),
            (65, down("a"), true),
            (68, up("a"), true),
        ] {
            let now = start + Duration::from_secs(second);
            let tells = told.takes(notice.clone(), now);
            assert_eq!(tells, is_told.then_some(notice), "after {second} s");
            assert_eq!(told.due().is_some(), second == 20, "after {second} s");
        }
    }

    #[test]
    fn what_was_held_back_and_stays_is_told_a_minute_after_the_last_time() {
        let start = Instant::now();
        let mut told = Told::default();
        let at = |second| start + Duration::from_secs(second);
        told.takes(down("a"), at(0));
        told.takes(up("a"), at(1));
        assert_eq!(told.takes(down("a"), at(2)), None);
        assert_eq!(told.due(), Some(at(60)));
        assert_eq!(told.held(at(59)), []);
        assert_eq!(told.held(at(60)), [down("a")]);
        assert_eq!((told.due(), told.held(at(200))), (None, vec![]));
        assert_eq!(told.takes(up("a"), at(201)), Some(up("a")));
    }

    #[test]
    fn endpoints_and_the_outbox_are_told_apart() {
        let now = Instant::now();
        let mut told = Told::default();
        let lost = Notice::OutboxLost {
            error: String::new(),
        };
        for notice in [down("a"), down("b"), lost, up("b"), Notice::OutboxBack] {
            assert_eq!(told.takes(notice.clone(), now), Some(notice));
        }
        // Nobody was told that it was down.
        assert_eq!(told.takes(up("c"), now), None);
    }
}
