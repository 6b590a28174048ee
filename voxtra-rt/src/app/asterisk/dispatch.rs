//! ARI's events, and the sessions that they are for.

use std::collections::HashSet;
use std::sync::Arc;

use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use super::refusals::Destination;
use super::{Asterisk, dialled};
use crate::app::{Inner, NewSession};
use crate::ari::{
    AriError, AriEvent, AriEvents, AriEventsOptions, AriSignal, Channel, ChannelState, Dial,
};
use crate::carrier::{AsteriskCarrier, ChannelNews};
use crate::lock::lock;
use crate::session::{Call, CallInfo, Direction, Report};

impl Asterisk {
    pub(super) async fn take_signals(self: Arc<Self>, app: Arc<Inner>, mut events: AriEvents) {
        // Failures since the last connection. There is one a second, so only some are logged.
        let mut failures = 0_u64;
        // The channels of our calls whose events Asterisk is to send again.
        let mut withdrawn = HashSet::<String>::new();
        while let Some(signal) = events.recv().await {
            match signal {
                AriSignal::Connected => {
                    tracing::info!(app = self.ari().app(), "connected to Asterisk");
                    failures = 0;
                    self.online.send_replace(true);
                    for channel in withdrawn.drain() {
                        self.watch(&app, &channel);
                    }
                }
                AriSignal::Disconnected { error, retry_in } => {
                    self.online.send_replace(false);
                    failures = failures.saturating_add(1);
                    if !failures.is_power_of_two() {
                        continue;
                    }
                    let retry_in_ms = retry_in.as_millis();
                    tracing::error!(%error, retry_in_ms, "no events from Asterisk, so no new calls; those that are up go on");
                }
                AriSignal::Replaced => {
                    self.online.send_replace(false);
                    tracing::error!(
                        app = self.ari().app(),
                        "another program connected to Asterisk under our application's name and gets its calls: give each its own asterisk.app; this one takes calls again when the other has left"
                    );
                    if !self.name_is_free(&app, &mut withdrawn).await {
                        return;
                    }
                    tracing::info!(
                        app = self.ari().app(),
                        "the other program has left; connecting to Asterisk again"
                    );
                    events = AriEvents::start(self.ari(), AriEventsOptions::default(), &app.stop);
                }
                AriSignal::Event(event) => self.take_event(&app, event),
            }
        }
    }

    fn take_event(self: &Arc<Self>, app: &Arc<Inner>, event: AriEvent) {
        match event {
            AriEvent::StasisStart(start) => {
                let channel = start.channel;
                if let Some(replaced) = start.replace_channel
                    && self.replaced(app, &replaced.id, &channel)
                {
                    return;
                }
                // External media and outbound calls enter the application too; they are not new
                // calls.
                if self.expected().report(&channel.id, ChannelNews::Entered) {
                    return;
                }
                if is_ours(&channel.id) {
                    // Nobody waits for the channel any more: its call has ended in the meantime.
                    self.refusals
                        .send_away(self.ari(), channel.id, Destination::HangUp);
                } else if app.sessions.find(&channel.id).is_none() {
                    self.arrived(app, channel, start.args);
                }
            }
            AriEvent::StasisEnd(end) => {
                self.report(app, &end.channel.id, Report::Left);
            }
            AriEvent::ChannelHangupRequest(request) => {
                let soft = request.soft.unwrap_or_default();
                let reason = match request.cause {
                    // In this case not a cause, but one of Asterisk's AST_SOFTHANGUP_ flags
                    // (`channel.h`): an explicit order.
                    Some(32) if soft => Some((EndReason::NormalClearing, EndedBy::System)),
                    Some(cause) if !soft => from_q850(cause).map(|why| (why, EndedBy::FarEnd)),
                    // The BYE of a SIP telephone.
                    None if !soft => Some((EndReason::NormalClearing, EndedBy::FarEnd)),
                    _ => None,
                };
                if let Some((reason, by)) = reason {
                    self.report(
                        app,
                        &request.channel.id,
                        Report::HangupRequested(reason, by),
                    );
                }
            }
            AriEvent::ChannelDestroyed(destroyed) => {
                let reason = match from_q850(destroyed.cause) {
                    Some(reason) => reason,
                    // The channel was made but never dialled, and Asterisk has no word for that.
                    None if destroyed.cause == 0
                        && destroyed.channel.state == ChannelState::Down =>
                    {
                        EndReason::NoSuchEndpoint
                    }
                    None => EndReason::from_words(&destroyed.cause_txt),
                };
                self.expected()
                    .report(&destroyed.channel.id, ChannelNews::Gone(reason));
                self.report(app, &destroyed.channel.id, Report::Gone(reason));
            }
            AriEvent::ChannelHold(held) => self.report(app, &held.channel.id, Report::Held(true)),
            AriEvent::ChannelUnhold(held) => {
                self.report(app, &held.channel.id, Report::Held(false))
            }
            AriEvent::ChannelDtmfReceived(press) => {
                if let Some(digit) = press.key() {
                    self.report(app, &press.channel.id, Report::Key(digit));
                }
            }
            AriEvent::ChannelStateChange(change)
                if change.channel.state == ChannelState::Ringing =>
            {
                self.report(app, &change.channel.id, Report::Ringing);
            }
            AriEvent::Dial(dial) => self.dialled(app, &dial),
            _ => {}
        }
    }

    /// Another channel has replaced `old`: a SIP telephone transferred its call, to us or away.
    /// False if `old` belonged to no call.
    fn replaced(self: &Arc<Self>, app: &Arc<Inner>, old: &str, new: &Channel) -> bool {
        if let Some(call) = app.sessions.replace(old, &new.id) {
            forward(&call, Report::Replaced(new.caller.number.clone()));
        } else if !self.expected().replace(old, &new.id) {
            return false;
        }
        self.watch(app, &new.id);
        // After a blind transfer Asterisk leaves the old channel in our application, without
        // another party.
        self.refusals
            .send_away(self.ari(), old.to_owned(), Destination::HangUp);
        true
    }

    /// The outcome of dialling: of a channel that we had Asterisk make, or of one that its dialplan
    /// dials further.
    fn dialled(&self, app: &Inner, dial: &Dial) {
        // The other half of our `Local` channel runs the dialplan, and perhaps `Dial()` there.
        let caller = dial.caller.as_ref();
        let ours = caller.and_then(|caller| caller.id.strip_suffix(";2"));
        let channel = ours.unwrap_or(&dial.peer.id);
        let reason = match dial.dialstatus.as_str() {
            // Many trunks have early media (183) instead of ringing (180).
            "RINGING" | "PROGRESS" => return self.report(app, channel, Report::Ringing),
            "BUSY" => EndReason::UserBusy,
            "NOANSWER" => EndReason::NoAnswer,
            "CONGESTION" => EndReason::Congestion,
            "CHANUNAVAIL" => EndReason::ChannelUnavailable,
            _ => return,
        };
        self.report(app, channel, Report::NotTaken(reason));
        self.expected()
            .report(channel, ChannelNews::NotTaken(reason));
    }

    /// A new call, whose number we may have to ask for.
    pub(super) fn arrived(self: &Arc<Self>, app: &Arc<Inner>, channel: Channel, args: Vec<String>) {
        if let Some(number) = dialled::told(&channel, &args) {
            self.inbound(app, channel, args, number);
        } else if !self.asking.knows(&channel.id)
            && !self.has_room_to_ask(app, &channel.caller.number)
        {
            self.refusals
                .send_away(self.ari(), channel.id, Destination::Dialplan);
        } else if self.asking.begin(&channel.id) {
            let (this, app) = (self.clone(), app.clone());
            tokio::spawn(async move {
                let number = dialled::asked(this.ari(), &channel, &this.did_variable).await;
                let id = channel.id.clone();
                this.asking.end(&id, |happened| {
                    this.inbound(&app, channel, args, number);
                    if let Some(call) = app.sessions.find(&id) {
                        happened
                            .into_iter()
                            .for_each(|report| forward(&call, report));
                    }
                });
            });
        }
    }

    /// A new call to this number.
    fn inbound(
        self: &Arc<Self>,
        app: &Arc<Inner>,
        channel: Channel,
        args: Vec<String>,
        called_number: String,
    ) {
        // An event and a comparison may find the same caller at once.
        let _one_at_a_time = lock(&self.doorstep);
        if app.sessions.find(&channel.id).is_some() {
            return;
        }
        if app.sessions.is_draining() || !app.admits(&channel.caller.number) {
            return self
                .refusals
                .send_away(self.ari(), channel.id, Destination::Dialplan);
        }
        let info = CallInfo {
            caller_id: channel.caller.number,
            called_number,
            redirecting_number: channel.caller_rdnis.unwrap_or_default(),
            direction: Direction::Inbound,
            args,
        };
        self.watch(app, &channel.id);
        let session = NewSession::new(channel.id.as_str().into(), info, app.services());
        let is_up = channel.state == ChannelState::Up;
        let carrier =
            AsteriskCarrier::new(self.link.clone(), &channel.id, is_up, session.reports());
        let inner = app.clone();
        app.open(session, Arc::new(carrier), |call| inner.handle(call));
    }

    /// Whether there is room for this caller's call beside those whose number is being asked for.
    /// Counts only refused calls: the others are admitted or refused when their number is known.
    fn has_room_to_ask(&self, app: &Inner, caller: &str) -> bool {
        let calls = app.sessions.len().saturating_add(self.asking.len());
        calls < app.media.settings().max_calls || app.admission.admit(caller, calls, || 0).is_ok()
    }

    /// Subscribes to the channel's end. Otherwise Asterisk reports nothing more about a channel
    /// from the dialplan once it leaves our application, as when a caller hangs up who was not
    /// answered.
    fn watch(self: &Arc<Self>, app: &Arc<Inner>, channel: &str) {
        let (this, app, channel) = (self.clone(), app.clone(), channel.to_owned());
        tokio::spawn(async move {
            let ours = this.ari().application(this.ari().app());
            match ours.subscribe(format!("channel:{channel}")).await {
                Ok(_) => {}
                // The channel has ended already.
                Err(AriError::Status { status: 422, .. }) => {
                    let reason = EndReason::NormalClearing;
                    this.expected().report(&channel, ChannelNews::Gone(reason));
                    this.report(&app, &channel, Report::Gone(reason));
                }
                Err(error) => tracing::debug!(call = channel, %error, "cannot watch a channel"),
            }
        });
    }

    /// Forwards a report to the session of this channel, if there is one.
    pub(super) fn report(&self, app: &Inner, channel: &str, report: Report) {
        let Some(report) = self.asking.keep(channel, report) else {
            return;
        };
        if let Some(call) = app.sessions.find(channel) {
            forward(&call, report);
        }
    }
}

impl Inner {
    /// Whether one more call of this caller is admitted.
    fn admits(&self, caller: &str) -> bool {
        let of_caller = || {
            let calls = self.sessions.calls();
            let inbound = calls
                .iter()
                .filter(|call| call.direction() == Direction::Inbound);
            inbound.filter(|call| call.caller_id() == caller).count()
        };
        let admitted = self.admission.admit(caller, self.sessions.len(), of_caller);
        admitted.is_ok()
    }
}

/// A Q.850 cause as ARI writes it.
fn from_q850(cause: i64) -> Option<EndReason> {
    EndReason::from_q850(i32::try_from(cause).ok()?)
}

fn forward(call: &Call, report: Report) {
    if !call.session().try_report(report) && !call.is_over() {
        tracing::error!(
            call = call.id(),
            "a session has too much to do; an ARI event of its call was lost"
        );
    }
}

/// Whether we had Asterisk make this channel. Asterisk's own ids may begin with `voxtra-` too: with
/// its `systemname`.
pub(super) fn is_ours(channel: &str) -> bool {
    ["voxtra-call-", "voxtra-media-", "voxtra-transfer-"]
        .iter()
        .filter_map(|prefix| channel.strip_prefix(prefix))
        .any(|id| uuid::Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use voxtra_core::event::{AgentThinking, EventKind};

    use super::*;
    use crate::app::Application;
    use crate::ari::AriSettings;
    use crate::media::MediaSettings;
    use crate::session::Request;

    /// An application with an Asterisk that answers who it is, and nothing more.
    async fn application() -> Application {
        let info = axum::routing::get(|| async { "{}" });
        let asterisk = axum::Router::new().route("/ari/asterisk/info", info);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, asterisk).await });
        Application::builder()
            .asterisk(AriSettings::new(
                format!("http://{address}/ari").parse().unwrap(),
                "voxtra",
                "voxtra",
                "x",
            ))
            .media(MediaSettings::default().with(|media| media.listen = ([127, 0, 0, 1], 0).into()))
            .default(|call: Call| async move { call.ended().await })
            .start()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_agent_with_much_to_tell_does_not_cost_the_call_its_end() {
        let app = application().await;
        let asterisk = app.inner.asterisk.clone().unwrap();
        let happens = |kind: &str| {
            let json = format!(
                r#"{{"type":"{kind}","channel":{{"id":"1714.1","dialplan":{{"exten":"1000"}}}},"cause":17}}"#
            );
            let event = AriEvent::parse(&json).unwrap();
            asterisk.take_event(&app.inner, event);
        };
        happens("StasisStart");
        let call = app.calls().pop().unwrap();
        let more = || Request::Emit(AgentThinking::default().into());
        while call.session().try_send(more()) {}
        happens("ChannelDestroyed");

        let mut events = call.events();
        let ended = events
            .find(|event| (event.kind() == Some(EventKind::CallEnded)).then(|| event.to_json()));
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.unwrap().unwrap().contains(r#""reason":"user_busy""#));
    }

    #[test]
    fn our_own_channels_are_told_from_those_of_an_asterisk_called_voxtra() {
        for ours in ["call", "media", "transfer"] {
            assert!(is_ours(&format!(
                "voxtra-{ours}-40325ec2-5efd-4bd3-805f-53576e581d13"
            )));
        }
        // `systemname = voxtra-call` in asterisk.conf.
        assert!(!is_ours("voxtra-call-1795365780.22"));
        assert!(!is_ours("voxtra-1795365780.22"));
        assert!(!is_ours("1795365780.22"));
    }
}
