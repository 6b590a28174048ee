//! What carries a call: Asterisk, an AudioSocket connection, a rehearsal.
//!
//! Orders go in here; what happens comes back as [`Report`](super::Report)s. A carrier never sees a
//! call, and a session never sees what is behind its carrier.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;
use voxtra_core::event::EndReason;

use super::error::CallError;
use crate::media::{MediaLink, OnLoss};

/// An order under way. If it is dropped, nobody waits for it; the carrier removes at the call's end
/// what the order has begun to make.
pub(crate) type Order<'a, T = ()> = BoxFuture<'a, Result<T, CallError>>;

/// The target of a transfer, and how to reach it.
#[derive(Clone, Debug)]
pub(crate) struct TransferTo {
    /// The endpoint, such as `PJSIP/200`.
    pub(crate) target: String,
    /// How long it may ring, in whole seconds.
    pub(crate) ring: Duration,
    /// The caller id that the other party sees.
    pub(crate) caller_id: String,
}

/// Music on hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Music {
    /// The class; the channel's own if there is none.
    pub(crate) class: Option<String>,
}

/// What carries a call.
pub(crate) trait Carrier: Send + Sync {
    /// For the log.
    fn name(&self) -> &'static str;

    /// Connects the call's audio, reports that the call is answered, and lets caller and audio hear
    /// each other. Called once.
    fn answer(&self) -> Order<'_, MediaLink>;

    /// Tells the caller that it rings here.
    fn ring(&self) -> Order<'_> {
        cannot("ringing")
    }

    /// Connects the call's audio, and lets caller and audio hear each other before the call is
    /// answered. Called once, before [`answer_connected`](Self::answer_connected) and instead of
    /// [`answer`](Self::answer).
    fn progress(&self) -> Order<'_, MediaLink> {
        cannot("early media")
    }

    /// Answers a call whose audio is connected, and reports it. Called once, after
    /// [`progress`](Self::progress).
    fn answer_connected(&self) -> Order<'_> {
        cannot("early media")
    }

    /// Hangs up. The request was reported before.
    fn hang_up(&self, reason: EndReason) -> Order<'_>;

    /// Transfers the caller to another party, and reports when that is done.
    fn transfer(&self, _to: TransferTo) -> Order<'_> {
        cannot("a transfer")
    }

    /// Lets the caller hear this music instead of the call's audio, or the audio again.
    fn music(&self, music: Option<Music>) -> Order<'_> {
        match music {
            Some(_) => cannot("music on hold"),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    /// Plays these DTMF digits to the other side.
    fn send_dtmf(&self, _digits: String) -> Order<'_> {
        cannot("sending DTMF")
    }

    /// The value of a channel variable or a dialplan function; `None` if it was never set.
    fn variable(&self, _name: String) -> Order<'_, Option<String>> {
        cannot("reading a channel variable")
    }

    /// Connects the audio again after it was lost. `None` where that is impossible.
    fn reconnect(&self) -> Option<Order<'_, MediaLink>> {
        None
    }

    /// Whether the audio is the call: one ends with the other.
    fn ends_with_media(&self) -> bool {
        false
    }

    /// The channel that Asterisk must have for this call, if it must have one.
    fn channel(&self) -> Option<Arc<str>> {
        None
    }

    /// Another channel has taken the place of the call's.
    fn replaced_by(&self, _channel: &str) {}

    /// The id that an AudioSocket connection presented, if the call consists of nothing else.
    fn audio_id(&self) -> Option<Uuid> {
        None
    }

    /// Releases a caller whose session is over, if nobody has reported that the caller is gone: in
    /// this way, or as configured.
    fn let_go(&self, _way: Option<OnLoss>) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Removes everything made for the call. The carrier makes nothing more after that.
    fn take_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn cannot<T: Send + 'static>(what: &'static str) -> Order<'static, T> {
    Box::pin(std::future::ready(Err(CallError::NoControl { what })))
}

/// A carrier without a line: nobody can be heard, and a hang-up is the end.
#[cfg(test)]
pub(crate) struct Nowhere;

#[cfg(test)]
impl Carrier for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }

    fn answer(&self) -> Order<'_, MediaLink> {
        Box::pin(std::future::ready(Err(CallError::Ended)))
    }

    fn hang_up(&self, _: EndReason) -> Order<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use voxtra_core::event::CallEndedEndedBy as EndedBy;

    use super::*;
    use crate::media::Clock;
    use crate::session::{
        Call, CallInfo, Direction, Event, HandlerError, OnHandlerEnd, Owner, Report, Reports,
        Services,
    };

    /// A trunk that has two parties and only the required orders.
    struct Trunk(Reports);

    impl Carrier for Trunk {
        fn name(&self) -> &'static str {
            "trunk"
        }

        fn answer(&self) -> Order<'_, MediaLink> {
            Box::pin(std::future::ready(Err(CallError::Ended)))
        }

        fn hang_up(&self, reason: EndReason) -> Order<'_> {
            Box::pin(async move {
                self.0.send(Report::Gone(reason)).await;
                Ok(())
            })
        }

        fn transfer(&self, to: TransferTo) -> Order<'_> {
            Box::pin(async move {
                self.0.transferred(&to.target).await;
                Ok(())
            })
        }
    }

    /// The events of a call on this trunk with this agent.
    async fn events<F, R>(agent: F) -> Vec<String>
    where
        F: FnOnce(Call) -> R + Send + 'static,
        R: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let (reports, reported) = Reports::new();
        let (requests, requested) = mpsc::channel(64);
        let info = CallInfo {
            caller_id: "100".into(),
            called_number: "200".into(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        };
        let carrier = Arc::new(Trunk(reports.clone()));
        let services = Services::default();
        let call = Call::new("1".into(), info, carrier, services, reports, requests);
        let (tell, mut told) = mpsc::unbounded_channel();
        let publish = move |event: &Arc<Event>| drop(tell.send(event.to_string()));
        let owner = Owner::new(
            call,
            reported,
            requested,
            Arc::new(publish),
            Clock::start(),
            OnHandlerEnd::Nothing,
            None,
        );
        owner.run(agent).await;
        let mut events = Vec::new();
        while let Some(event) = told.recv().await {
            events.push(event);
        }
        events
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_needs_no_more_than_a_carriers_reports() {
        let events = events(|call| async move {
            call.report(Report::Answered).await;
            call.session().requests_taken().await;
            call.transfer("trunk/300").without_ringback().await?;
            call.hangup_by(EndReason::UserBusy, EndedBy::OtherParty)
                .await?;
            Ok(())
        })
        .await;
        let told: Vec<_> = events.iter().map(String::as_str).collect();
        assert!(
            matches!(
                told.as_slice(),
                [
                    "session.created",
                    _started,
                    "call.answered",
                    "call.transfer.started target=\"trunk/300\"",
                    "call.transferred target=\"trunk/300\"",
                    ended,
                    "session.destroyed",
                ] if ended.starts_with("call.ended reason=\"user_busy\"")
                    && ended.ends_with("ended_by=other_party")
            ),
            "{told:#?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_carrier_cannot_do_says_so_and_the_call_goes_on() {
        let events = events(|call| async move {
            let refused = call.send_dtmf("1").await.unwrap_err();
            assert!(matches!(refused, CallError::NoControl { .. }), "{refused}");
            call.emit_error("still_here", refused.to_string()).await;
            call.hangup().await?;
            Ok(())
        })
        .await;
        let place = |name: &str| events.iter().position(|event| event.contains(name));
        // Events from before an order precede the effects of the order.
        assert!(place("still_here").is_some_and(|at| Some(at) < place("call.ended")));
    }
}
