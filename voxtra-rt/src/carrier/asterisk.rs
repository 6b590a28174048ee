//! A call that Asterisk carries: a channel in our Stasis application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voxtra_core::audio::SampleRate;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};
use voxtra_core::leg::LegSettings;

use super::channel::ChannelId;
use super::expected::ExpectedChannels;
use super::lifeline::Lifeline;
use super::orders::{for_sure, gone_or, hang_up, hang_up_for_sure, report, twice};
use crate::ari::bridges::CreateOptions;
use crate::ari::channels::{
    ChannelOriginateOptions, ContinueInDialplanOptions, ExternalMediaOptions, HangupOptions,
    StartMohOptions,
};
use crate::ari::{AriClient, AriError, HangupReason};
use crate::audit;
use crate::lock::lock;
use crate::media::{MediaLink, MediaServer, OnLoss, TicketError};
use crate::session::deadlines::CONNECT;
use crate::session::{CallError, Carrier, Music, Order, Report, Reports, TransferTo};

/// Shared by all calls of one Asterisk.
#[derive(Clone)]
pub(crate) struct AsteriskLink {
    pub(crate) ari: AriClient,
    pub(crate) expected: Arc<ExpectedChannels>,
    pub(crate) media: MediaServer,
    /// The address at which Asterisk reaches the media server.
    pub(crate) address: String,
    pub(crate) leg: LegSettings,
    /// How long this program may stand still before Asterisk takes its callers back.
    pub(crate) lifeline: Option<Duration>,
}

/// A channel in our Stasis application.
pub(crate) struct AsteriskCarrier {
    link: AsteriskLink,
    channel: ChannelId,
    reports: Reports,
    lifeline: Lifeline,
    /// The channel is up already: the far end has answered our call, or the dialplan has answered
    /// an inbound one.
    up: bool,
    /// Asterisk has a channel for the call: an inbound call from the start, a call that we place
    /// once Asterisk took the order.
    placed: AtomicBool,
    /// The music on hold that the caller may be hearing.
    music: Mutex<Option<Music>>,
    /// Held while a resource is being made, so that taking down begins only when that resource
    /// exists.
    made: Arc<tokio::sync::Mutex<Made>>,
    /// Cancelled when the call is taken down.
    down: CancellationToken,
}

/// Resources made in Asterisk for the call.
#[derive(Debug, Default)]
struct Made {
    bridge: Option<String>,
    media: Option<String>,
    /// The other party, after a transfer.
    other: Option<ChannelId>,
}

/// Audio that is connected to us but not yet to the caller.
struct Connected {
    /// Id of the empty bridge.
    bridge: String,
    /// Id of the external-media channel.
    media: String,
    link: MediaLink,
}

impl AsteriskCarrier {
    /// For a channel that is `up`, or that we must answer.
    pub(crate) fn new(link: AsteriskLink, channel: &str, up: bool, reports: Reports) -> Self {
        let channel = ChannelId::new(channel);
        let lifeline = Lifeline::new(&link.ari, &channel, link.lifeline);
        Self {
            link,
            channel,
            reports,
            lifeline,
            up,
            placed: AtomicBool::new(true),
            music: Mutex::default(),
            made: Arc::default(),
            down: CancellationToken::new(),
        }
    }

    /// For a channel that Asterisk has yet to make. The far end answers it, not we.
    pub(crate) fn to_be_placed(link: AsteriskLink, channel: &str, reports: Reports) -> Self {
        Self {
            placed: AtomicBool::new(false),
            ..Self::new(link, channel, true, reports)
        }
    }

    /// Has Asterisk place the call.
    pub(crate) async fn place(
        &self,
        endpoint: &str,
        options: &ChannelOriginateOptions,
    ) -> Result<(), AriError> {
        let channel = self.link.ari.channel(&*self.channel.get());
        channel.originate(endpoint, options).await?;
        self.placed.store(true, Ordering::Release);
        Ok(())
    }

    fn is_placed(&self) -> bool {
        self.placed.load(Ordering::Acquire)
    }

    async fn answer_channel(&self) -> Result<MediaLink, CallError> {
        // The audio first: we do not answer a caller whose audio can't be connected, and the caller
        // pays for nothing.
        let connected = self.connect().await?;
        if !self.up {
            let channel = self.link.ari.channel(&*self.channel.get());
            gone_or(twice(|| channel.answer()).await).await?;
        }
        self.reports.send(Report::Answered).await;
        self.lifeline.hold(&self.down);
        self.bridge(connected).await
    }

    /// Early media: the caller is told that there is audio, and hears it.
    async fn connect_early(&self) -> Result<MediaLink, CallError> {
        let connected = self.connect().await?;
        let channel = self.link.ari.channel(&*self.channel.get());
        gone_or(channel.progress().await).await?;
        self.bridge(connected).await
    }

    async fn answer_early(&self) -> Result<(), CallError> {
        if !self.up {
            let channel = self.link.ari.channel(&*self.channel.get());
            gone_or(twice(|| channel.answer()).await).await?;
        }
        self.reports.send(Report::Answered).await;
        self.lifeline.hold(&self.down);
        Ok(())
    }

    async fn connect_again(&self) -> Result<MediaLink, CallError> {
        match self.link.ari.channel(&*self.channel.get()).get().await {
            // The event of its end was missed.
            Err(error) if error.is_not_found() => {
                self.reports.send(Report::Left).await;
                return Err(CallError::Ended);
            }
            result => drop(result?),
        }
        let connected = self.connect().await?;
        self.bridge(connected).await
    }

    /// Lets the caller and the audio hear each other.
    async fn bridge(&self, connected: Connected) -> Result<MediaLink, CallError> {
        let Connected {
            bridge,
            media,
            link,
        } = connected;
        let channel = self.channel.get();
        let both = [&*channel, &*media];
        let bridge = self.link.ari.bridge(bridge);
        gone_or(twice(|| bridge.add_channel(both, &Default::default())).await).await?;
        Ok(link)
    }

    /// Lets Asterisk connect audio to us, and makes the bridge for it.
    async fn connect(&self) -> Result<Connected, CallError> {
        // The leftovers of an earlier attempt.
        {
            let mut made = self.made.lock().await;
            if made.other.is_some() {
                // The caller talks to another party, in this bridge.
                return Err(CallError::Ended);
            }
            self.remove(std::mem::take(&mut *made)).await;
        }
        let ticket = self.link.media.issue(self.link.leg);
        // Many see these names, and the ticket's id is a password.
        let name = Uuid::new_v4();
        let bridge = format!("voxtra-bridge-{name}");
        let media = format!("voxtra-media-{name}");
        let audio_id = audit::short(ticket.uuid());
        tracing::debug!(
            channel = &*self.channel.get(),
            media,
            audio_id,
            "connecting a call's audio"
        );
        let mut expected = self.link.expected.expect(&media);
        // Asterisk's names for signed 16-bit mono.
        let format = match self.link.leg.rate {
            SampleRate::Hz16000 => "slin16",
            _ => "slin",
        };
        let external =
            ExternalMediaOptions::audiosocket(&self.link.address, ticket.uuid()).channel_id(&media);
        let mut made = self.made.clone().lock_owned().await;
        if self.down.is_cancelled() {
            return Err(CallError::Ended);
        }
        self.link.expected.use_bridge(&bridge, true);
        made.bridge = Some(bridge.clone());
        made.media = Some(media.clone());
        let ari = self.link.ari.clone();
        // A task of its own: an order under way can't be taken back, so we must wait for it even
        // when the call ends.
        let making = tokio::spawn(async move {
            let _made = made;
            if let Some(bridge) = &_made.bridge {
                let mixing = CreateOptions::default().kind("mixing").bridge_id(bridge);
                twice(|| ari.bridges().create(&mixing)).await?;
            }
            twice(|| ari.channels().external_media(ari.app(), format, &external)).await
        });
        match making.await {
            Ok(Ok(())) => {}
            // Asterisk connects while it makes the channel, and reports only that it failed. An
            // address that doesn't answer keeps Asterisk waiting.
            Ok(Err(error @ (AriError::Status { .. } | AriError::Timeout { .. }))) => {
                return Err(CallError::Unreachable {
                    address: self.link.address.clone(),
                    error: error.into(),
                });
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(CallError::Ended),
        }
        // A channel can be bridged only once it has entered the application.
        match tokio::time::timeout(CONNECT, expected.entered()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(TicketError::Timeout.into()),
        }
        let link = ticket.connected(CONNECT).await?;
        Ok(Connected {
            bridge,
            media,
            link,
        })
    }

    async fn start_music(&self, music: Music) -> Result<(), CallError> {
        // Before the order: it may be carried out though its answer is lost.
        *lock(&self.music) = Some(music.clone());
        let channel = self.link.ari.channel(&*self.channel.get());
        let started = channel.start_moh(&options_of(music)).await;
        if started.as_ref().is_err_and(|error| !error.is_transient()) {
            *lock(&self.music) = None;
        }
        Ok(gone_or(started).await?)
    }

    /// Ends the music on hold, if there may be any.
    async fn stop_music(&self) -> Result<(), AriError> {
        if lock(&self.music).is_none() {
            return Ok(());
        }
        let channel = self.link.ari.channel(&*self.channel.get());
        twice(|| channel.stop_moh()).await?;
        *lock(&self.music) = None;
        Ok(())
    }

    async fn hang_up_channel(&self, reason: HangupReason) -> Result<(), CallError> {
        loop {
            let channel = self.channel.get();
            let options = HangupOptions::default().reason(reason.clone());
            let ours = self.link.ari.channel(&*channel);
            match twice(|| ours.hangup(&options)).await {
                // Another channel has replaced it meanwhile.
                Err(error) if error.is_not_found() && self.channel.get() != channel => {}
                // The event of its end has come or was missed; or Asterisk has not placed our call
                // yet, and the task that places it sees that it is over.
                Err(error) if error.is_not_found() => {
                    self.reports.send(Report::Left).await;
                    return Ok(());
                }
                result => return Ok(result?),
            }
        }
    }

    async fn hand_over(&self, to: TransferTo) -> Result<(), CallError> {
        let endpoint = to.target.as_str();
        let failed = |reason: EndReason| CallError::TransferFailed {
            target: endpoint.into(),
            reason,
        };
        if self.made.lock().await.bridge.is_none() {
            return Err(CallError::NotAnswered);
        }
        let other = format!("voxtra-transfer-{}", Uuid::new_v4());
        let mut expected = self.link.expected.expect(&other);
        let options = originate_to(self.link.ari.app(), to.ring).caller_id(&to.caller_id);
        // If this is dropped before the other party is bridged, the transfer is called off, even
        // while Asterisk is being asked.
        let call_off = CallOff {
            ari: self.link.ari.clone(),
            channel: Some(other.clone()),
        };
        let asked = self.link.ari.channel(&other).originate(endpoint, &options);
        let asking = tokio::spawn(async move { (asked.await, call_off) });
        let Ok((asked, mut call_off)) = asking.await else {
            return Err(CallError::Ended);
        };
        asked.map_err(|error| match error {
            AriError::Status { .. } => failed(EndReason::NoSuchEndpoint),
            error => error.into(),
        })?;
        match tokio::time::timeout(to.ring.saturating_add(CONNECT), expected.entered()).await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(failed(reason)),
            Err(_) => return Err(failed(EndReason::NoAnswer)),
        }
        let media = {
            // Meanwhile the audio may have been lost, and connected again in another bridge.
            let mut made = self.made.lock().await;
            if self.down.is_cancelled() {
                return Err(CallError::Ended);
            }
            let bridge = made.bridge.clone().ok_or(CallError::Ended)?;
            let bridge = self.link.ari.bridge(bridge);
            twice(|| bridge.add_channel(&other, &Default::default())).await?;
            made.other = Some(expected.channel());
            made.media.take()
        };
        call_off.channel = None;
        if let Err(error) = self.stop_music().await {
            tracing::warn!(channel = &*self.channel.get(), %error, "the music on hold goes on for a caller who was transferred");
        }
        self.lifeline.release().await;
        self.reports.transferred(endpoint).await;
        if let Some(media) = media {
            hang_up(&self.link.ari, &media).await;
        }
        // When the other party hangs up, so do we.
        let (ari, channel) = (self.link.ari.clone(), self.channel.clone());
        let reports = self.reports.clone();
        tokio::spawn(self.down.clone().run_until_cancelled_owned(async move {
            tokio::select! {
                () = expected.gone() => {}
                // The call was left to Asterisk.
                () = reports.closed() => return,
            }
            let requested = Report::HangupRequested(EndReason::NormalClearing, EndedBy::OtherParty);
            reports.send(requested).await;
            hang_up(&ari, &channel.get()).await;
        }));
        Ok(())
    }

    async fn leave(&self, way: Option<OnLoss>) {
        if !self.is_placed() {
            return;
        }
        let (ari, channel) = (&self.link.ari, self.channel.get().to_string());
        if way.unwrap_or(self.link.media.settings().on_loss) == OnLoss::HangUp {
            return hang_up_for_sure(ari, channel).await;
        }
        self.lifeline.release().await;
        // A caller who is gone hears none.
        let _ = self.stop_music().await;
        for_sure(ari, channel, |ari, channel| async move {
            let channel = ari.channel(channel);
            let next = ContinueInDialplanOptions::default();
            match channel.continue_in_dialplan(&next).await {
                // It has gone on already, perhaps by an order whose answer was late.
                Ok(()) | Err(AriError::Conflict { .. }) => Ok(()),
                Err(error) if error.is_not_found() || error.is_transient() => Err(error),
                // A caller whom no dialplan takes is hung up.
                Err(_) => channel.hangup(&HangupOptions::default()).await,
            }
        })
        .await;
    }

    /// Removes the resources made so far.
    async fn clear(&self) {
        let made = std::mem::take(&mut *self.made.lock().await);
        self.remove(made).await;
    }

    async fn remove(&self, made: Made) {
        let Made {
            bridge,
            media,
            other,
        } = made;
        let other = other.map(|channel| channel.get().to_string());
        for channel in [media, other].into_iter().flatten() {
            hang_up_for_sure(&self.link.ari, channel).await;
        }
        if let Some(bridge) = bridge {
            self.link.expected.use_bridge(&bridge, false);
            for_sure(&self.link.ari, bridge, |ari, bridge| async move {
                ari.bridge(bridge).destroy().await
            })
            .await;
        }
    }
}

impl Carrier for AsteriskCarrier {
    fn name(&self) -> &'static str {
        "asterisk"
    }

    fn answer(&self) -> Order<'_, MediaLink> {
        Box::pin(self.answer_channel())
    }

    fn ring(&self) -> Order<'_> {
        Box::pin(async move {
            let channel = self.link.ari.channel(&*self.channel.get());
            Ok(gone_or(channel.ring().await).await?)
        })
    }

    fn progress(&self) -> Order<'_, MediaLink> {
        Box::pin(self.connect_early())
    }

    fn answer_connected(&self) -> Order<'_> {
        Box::pin(self.answer_early())
    }

    fn hang_up(&self, reason: EndReason) -> Order<'_> {
        Box::pin(self.hang_up_channel(hangup_reason(reason)))
    }

    fn transfer(&self, to: TransferTo) -> Order<'_> {
        Box::pin(self.hand_over(to))
    }

    fn music(&self, music: Option<Music>) -> Order<'_> {
        Box::pin(async move {
            match music {
                Some(music) => self.start_music(music).await,
                None => Ok(gone_or(self.stop_music().await).await?),
            }
        })
    }

    fn send_dtmf(&self, digits: String) -> Order<'_> {
        Box::pin(async move {
            let channel = self.link.ari.channel(&*self.channel.get());
            let sent = channel.send_dtmf(&digits, &Default::default()).await;
            Ok(gone_or(sent).await?)
        })
    }

    fn variable(&self, name: String) -> Order<'_, Option<String>> {
        Box::pin(async move {
            let channel = self.link.ari.channel(&*self.channel.get());
            Ok(channel.variable_if_set(&name).await?)
        })
    }

    fn reconnect(&self) -> Option<Order<'_, MediaLink>> {
        Some(Box::pin(self.connect_again()))
    }

    fn channel(&self) -> Option<Arc<str>> {
        self.is_placed().then(|| self.channel.get())
    }

    fn replaced_by(&self, channel: &str) {
        // A replaced channel exists, whatever Asterisk's answer to our order was.
        self.placed.store(true, Ordering::Release);
        self.channel.set(channel);
        // The agent still holds the call: the new party hears the music too.
        if let Some(music) = lock(&self.music).clone() {
            let channel = self.link.ari.channel(channel);
            tokio::spawn(async move {
                if let Err(error) = channel.start_moh(&options_of(music)).await {
                    tracing::debug!(%error, "no music on hold for the party that took the call over");
                }
            });
        }
    }

    fn let_go(&self, way: Option<OnLoss>) -> BoxFuture<'_, ()> {
        Box::pin(self.leave(way))
    }

    fn take_down(&self) -> BoxFuture<'_, ()> {
        self.down.cancel();
        Box::pin(self.clear())
    }
}

/// Options of a call to somebody who then enters our application.
pub(crate) fn originate_to(app: &str, ring: Duration) -> ChannelOriginateOptions {
    // 0 would mean "for ever" to some technologies.
    let seconds = i64::try_from(ring.as_secs()).unwrap_or(i64::MAX).max(1);
    ChannelOriginateOptions::default().app(app).timeout(seconds)
}

fn options_of(music: Music) -> StartMohOptions {
    let options = StartMohOptions::default();
    match music.class {
        Some(class) => options.moh_class(class),
        None => options,
    }
}

/// ARI's closest reason for an end.
fn hangup_reason(reason: EndReason) -> HangupReason {
    match reason {
        EndReason::UserBusy => HangupReason::Busy,
        EndReason::Congestion => HangupReason::Congestion,
        EndReason::NoAnswer => HangupReason::NoAnswer,
        EndReason::CallRejected => HangupReason::Rejected,
        EndReason::UnallocatedNumber => HangupReason::Unallocated,
        EndReason::NetworkOutOfOrder => HangupReason::Failure,
        _ => HangupReason::Normal,
    }
}

impl From<AriError> for CallError {
    fn from(error: AriError) -> Self {
        Self::Carrier(error.into())
    }
}

/// Hangs up a channel when dropped, unless disarmed.
struct CallOff {
    ari: AriClient,
    channel: Option<String>,
}

impl Drop for CallOff {
    fn drop(&mut self) {
        if let Some(channel) = self.channel.take() {
            let ari = self.ari.clone();
            tokio::spawn(async move {
                let ours = ari.channel(&channel);
                report(ours.hangup(&HangupOptions::default()).await, &channel)
            });
        }
    }
}
