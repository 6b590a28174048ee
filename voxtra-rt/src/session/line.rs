//! What carries a call: a channel that ARI controls, or the AudioSocket connection alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryFutureExt;
use uuid::Uuid;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, CallTransferred, EndReason};
use voxtra_core::leg::{Command, LegSettings};

use super::call::Call;
use super::channel::ChannelId;
use super::error::CallError;
use super::expected::ExpectedChannels;
use super::input::Input;
use super::transfer::Transfer;
use crate::ari::{
    AriClient, AriError, BridgeKind, ContinueAt, ExternalMedia, HangupReason, MediaFormat,
    Originate,
};
use crate::audit;
use crate::media::{MediaLink, MediaServer, OnLoss, TicketError};
use crate::rehearsal::RehearsedLine;

/// How long Asterisk may take to connect a call's audio.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the news that a channel is gone may be on its way after an order met nothing: longer
/// than the owner waits for the cause.
const NEWS: Duration = Duration::from_millis(500);
/// When an order that failed while a call was taken down is given again; the wait doubles with each
/// further failure.
const AGAIN: Duration = Duration::from_millis(250);
/// How often such an order is given: for about a minute.
const ORDERS: u32 = 9;

/// What carries a call.
pub(crate) enum Line {
    /// A channel in our Stasis application.
    Ari(Box<AriLine>),
    /// An AudioSocket connection from the dialplan, and nothing else. With the id that it
    /// presented.
    Socket(Uuid),
    /// A line in a rehearsal.
    Rehearsed(Box<RehearsedLine>),
}

impl Line {
    pub(crate) async fn answer(&self, call: &Call) -> Result<(), CallError> {
        match self {
            Self::Ari(line) => line.answer(call).await,
            // Asterisk's AudioSocket() answers before it connects.
            Self::Socket(_) => Ok(()),
            Self::Rehearsed(line) => line.answer(call).await,
        }
    }

    pub(crate) async fn hangup(
        &self,
        call: &Call,
        reason: HangupReason,
        by: EndedBy,
    ) -> Result<(), CallError> {
        match self {
            Self::Ari(line) => line.hangup(call, reason, by).await,
            Self::Socket(_) => {
                let requested = Input::HangupRequested(cause(reason), by);
                call.send(requested).await;
                call.send(Input::Leg(Command::HangUp)).await;
                Ok(())
            }
            Self::Rehearsed(_) => {
                let requested = Input::HangupRequested(cause(reason), by);
                call.send(requested).await;
                call.send(Input::Gone(cause(reason))).await;
                Ok(())
            }
        }
    }

    pub(crate) async fn transfer(&self, call: &Call, to: &Transfer<'_>) -> Result<(), CallError> {
        match self {
            Self::Ari(line) => line.transfer(call, to).await,
            Self::Socket(_) => Err(CallError::NoControl { what: "a transfer" }),
            Self::Rehearsed(line) => line.transfer(call, to).await,
        }
    }

    pub(crate) async fn send_dtmf(&self, digits: &str) -> Result<(), CallError> {
        match self {
            Self::Ari(line) => {
                gone_or(line.ari.send_dtmf(&line.channel.get(), digits).await).await?;
                Ok(())
            }
            Self::Socket(_) => Err(CallError::NoControl {
                what: "sending DTMF",
            }),
            Self::Rehearsed(line) => {
                line.send_dtmf(digits);
                Ok(())
            }
        }
    }

    /// Whether the call goes on without the agent's media: after a transfer.
    pub(crate) fn is_agentless(&self) -> bool {
        match self {
            Self::Ari(line) => line.transferred.load(Ordering::Acquire),
            Self::Socket(_) => false,
            Self::Rehearsed(line) => line.is_agentless(),
        }
    }

    /// Whether audio that was lost can be connected again.
    pub(crate) fn can_reconnect(&self) -> bool {
        matches!(self, Self::Ari(_))
    }

    /// Connects the call's audio again, after it was lost.
    pub(crate) async fn reconnect(&self, call: &Call) -> Result<(), CallError> {
        match self {
            Self::Ari(line) => line.reconnect(call).await,
            Self::Socket(_) | Self::Rehearsed(_) => Err(CallError::Ended),
        }
    }

    /// The call's channel in Asterisk, if it has one.
    pub(crate) fn channel(&self) -> Option<Arc<str>> {
        match self {
            Self::Ari(line) => Some(line.channel.get()),
            Self::Socket(_) | Self::Rehearsed(_) => None,
        }
    }

    /// Another channel has replaced the call's.
    pub(crate) fn set_channel(&self, channel: &str) {
        if let Self::Ari(line) = self {
            line.channel.set(channel);
        }
    }

    /// Lets a caller go whose session is over, and of whom Asterisk has not told that it is gone:
    /// in this way, or as configured.
    pub(crate) async fn let_go(&self, way: Option<OnLoss>) {
        if let Self::Ari(line) = self {
            line.let_go(way).await;
        }
    }

    /// Removes from Asterisk whatever was made for the call.
    pub(crate) async fn take_down(&self) {
        if let Self::Ari(line) = self {
            line.take_down().await;
        }
    }
}

/// A channel in our Stasis application.
pub(crate) struct AriLine {
    ari: AriClient,
    channel: ChannelId,
    expected: Arc<ExpectedChannels>,
    media: MediaServer,
    /// Where Asterisk reaches the media server.
    address: String,
    leg: LegSettings,
    /// Held while the call is being answered, so that it is answered once; true once it is.
    answered: tokio::sync::Mutex<bool>,
    /// The channel is up already: the far end has answered our call, or the dialplan has answered
    /// this one.
    up: bool,
    /// Asterisk has a channel for the call. Ours exist from the start, those that we place once
    /// Asterisk took the order.
    placed: AtomicBool,
    transferred: AtomicBool,
    /// Held while something is being made, so that taking down begins only when that is there to be
    /// taken down.
    made: Arc<tokio::sync::Mutex<Made>>,
}

/// Audio that is connected to us and not yet to the caller.
struct Connected {
    /// Id of the empty bridge.
    bridge: String,
    /// Id of the external-media channel.
    media: String,
    link: MediaLink,
}

/// What was made in Asterisk for the call.
#[derive(Debug, Default)]
struct Made {
    bridge: Option<String>,
    media: Option<String>,
    /// The other party, after a transfer.
    other: Option<ChannelId>,
}

impl AriLine {
    pub(crate) fn new(
        ari: AriClient,
        channel: &str,
        up: bool,
        expected: Arc<ExpectedChannels>,
        media: MediaServer,
        address: String,
        leg: LegSettings,
    ) -> Self {
        let answered = tokio::sync::Mutex::new(false);
        Self {
            ari,
            channel: ChannelId::new(channel),
            expected,
            media,
            address,
            leg,
            answered,
            up,
            placed: AtomicBool::new(true),
            transferred: AtomicBool::new(false),
            made: Arc::default(),
        }
    }

    /// Whether Asterisk must have a channel for the call.
    pub(crate) fn is_placed(&self) -> bool {
        self.placed.load(Ordering::Acquire)
    }

    /// Says whether it has.
    pub(crate) fn set_placed(&self, placed: bool) {
        self.placed.store(placed, Ordering::Release);
    }

    async fn hangup(
        &self,
        call: &Call,
        reason: HangupReason,
        by: EndedBy,
    ) -> Result<(), CallError> {
        // Asterisk doesn't tell us why a channel ends that we end.
        call.send(Input::HangupRequested(cause(reason), by)).await;
        loop {
            let channel = self.channel.get();
            match twice(|| self.ari.hangup(&channel, reason)).await {
                // Another has replaced it meanwhile.
                Err(error) if error.is_not_found() && self.channel.get() != channel => {}
                // Its end was told, or was missed; or Asterisk has not placed our call yet, and
                // then whoever places it sees that it is over.
                Err(error) if error.is_not_found() => {
                    call.send(Input::Left).await;
                    return Ok(());
                }
                result => return Ok(result?),
            }
        }
    }

    async fn answer(&self, call: &Call) -> Result<(), CallError> {
        let mut answered = self.answered.lock().await;
        if *answered {
            return Ok(());
        }
        // The audio first: a caller whose audio can't be connected is not answered, and pays for
        // nothing.
        let Connected {
            bridge,
            media,
            link,
        } = self.connect(call).await?;
        if !self.up {
            let channel = self.channel.get();
            gone_or(twice(|| self.ari.answer(&channel)).await).await?;
        }
        call.send(Input::Answered).await;
        self.bridge(call, &bridge, &media, link).await?;
        call.media_attached().await?;
        *answered = true;
        Ok(())
    }

    async fn reconnect(&self, call: &Call) -> Result<(), CallError> {
        let answered = self.answered.lock().await;
        match self.ari.channel(&self.channel.get()).await {
            // Its end was missed.
            Err(error) if error.is_not_found() => {
                call.send(Input::Left).await;
                return Ok(());
            }
            result => drop(result?),
        }
        if !*answered {
            // Who is answering sees that the audio is gone.
            return Err(TicketError::Timeout.into());
        }
        let Connected {
            bridge,
            media,
            link,
        } = self.connect(call).await?;
        self.bridge(call, &bridge, &media, link).await
    }

    /// Lets the caller and the audio hear each other.
    async fn bridge(
        &self,
        call: &Call,
        bridge: &str,
        media: &str,
        link: MediaLink,
    ) -> Result<(), CallError> {
        let channel = self.channel.get();
        let both = [&*channel, media];
        gone_or(twice(|| self.ari.add_to_bridge(bridge, &both)).await).await?;
        call.send(Input::Media(Box::new(link))).await;
        Ok(())
    }

    async fn let_go(&self, way: Option<OnLoss>) {
        if !self.is_placed() {
            return;
        }
        if way.unwrap_or(self.media.settings().on_loss) == OnLoss::HangUp {
            return hang_up_for_sure(&self.ari, self.channel.get().to_string()).await;
        }
        for_sure(
            &self.ari,
            self.channel.get().to_string(),
            |ari, channel| async move {
                let next = ContinueAt::default();
                match ari.continue_in_dialplan(&channel, &next).await {
                    // It has gone on already, perhaps as an order says whose answer was late.
                    Ok(()) | Err(AriError::Conflict { .. }) => Ok(()),
                    Err(error) if error.is_not_found() || error.is_transient() => Err(error),
                    // One whom no dialplan takes is hung up.
                    Err(_) => ari.hangup(&channel, HangupReason::Normal).await,
                }
            },
        )
        .await;
    }

    /// Lets Asterisk connect audio to us, and makes the bridge that it is to go into.
    async fn connect(&self, call: &Call) -> Result<Connected, CallError> {
        // What an earlier attempt has left.
        self.take_down().await;
        let ticket = self.media.issue(self.leg);
        // Many see these names, and the ticket's id is a password.
        let name = Uuid::new_v4();
        let bridge = format!("voxtra-bridge-{name}");
        let media = format!("voxtra-media-{name}");
        let audio_id = audit::short(ticket.uuid());
        tracing::debug!(
            call = call.id(),
            media,
            audio_id,
            "connecting a call's audio"
        );
        let mut expected = self.expected.expect(&media);
        let format = if self.leg.rate.hz() == MediaFormat::Slin16.hz() {
            MediaFormat::Slin16
        } else {
            MediaFormat::Slin
        };
        let external = ExternalMedia {
            channel_id: media.clone(),
            address: self.address.clone(),
            uuid: ticket.uuid(),
            format,
        };
        let mut made = self.made.clone().lock_owned().await;
        if call.is_over() {
            return Err(CallError::Ended);
        }
        self.expected.use_bridge(&bridge, true);
        made.bridge = Some(bridge.clone());
        made.media = Some(media.clone());
        let ari = self.ari.clone();
        // A task of its own: an order that is under way can't be taken back, so it must be waited
        // for even when the call ends.
        let making = tokio::spawn(async move {
            let _made = made;
            if let Some(bridge) = &_made.bridge {
                twice(|| ari.create_bridge(bridge, BridgeKind::Mixing).map_ok(drop)).await?;
            }
            twice(|| ari.external_media(&external).map_ok(drop)).await
        });
        match making.await {
            Ok(Ok(())) => {}
            // Asterisk connects while it makes the channel, and says no more than that it failed.
            // An address that doesn't answer keeps it waiting.
            Ok(Err(error @ (AriError::Status { .. } | AriError::Timeout { .. }))) => {
                return Err(self.unreachable(error));
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

    fn unreachable(&self, error: AriError) -> CallError {
        CallError::Unreachable {
            address: self.address.clone(),
            error,
        }
    }

    async fn transfer(&self, call: &Call, to: &Transfer<'_>) -> Result<(), CallError> {
        let endpoint = to.target.as_str();
        let failed = |reason: EndReason| CallError::TransferFailed {
            target: endpoint.into(),
            reason,
        };
        let bridge = self.made.lock().await.bridge.clone();
        let bridge = bridge.ok_or(CallError::NotAnswered)?;
        let other = format!("voxtra-transfer-{}", Uuid::new_v4());
        let mut expected = self.expected.expect(&other);
        let originate = Originate::to_stasis(endpoint)
            .channel_id(&other)
            .caller_id(&to.caller_id)
            .timeout(to.ring);
        // Dropped before the other party is bridged, the transfer is called off, even while
        // Asterisk is being asked.
        let call_off = CallOff {
            ari: self.ari.clone(),
            channel: Some(other.clone()),
        };
        let ari = self.ari.clone();
        let asking = tokio::spawn(async move { (ari.originate(originate).await, call_off) });
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
        let both = [other.as_str()];
        twice(|| self.ari.add_to_bridge(&bridge, &both)).await?;
        let media = {
            let mut made = self.made.lock().await;
            made.other = Some(expected.channel());
            made.media.take()
        };
        call_off.channel = None;
        self.transferred.store(true, Ordering::Release);
        call.emit_body(
            CallTransferred {
                target: endpoint.into(),
            }
            .into(),
        )
        .await;
        call.send(Input::Leg(Command::HangUp)).await;
        if let Some(media) = media {
            let _ = self.ari.hangup(&media, HangupReason::Normal).await;
        }
        // When the other party hangs up, so do we.
        let (ari, channel) = (self.ari.clone(), self.channel.clone());
        let (over, inputs) = (call.inner.over.clone(), call.inner.inputs.clone());
        tokio::spawn(over.run_until_cancelled_owned(async move {
            expected.gone().await;
            let requested = Input::HangupRequested(EndReason::NormalClearing, EndedBy::OtherParty);
            let _ = inputs.send(requested).await;
            let _ = ari.hangup(&channel.get(), HangupReason::Normal).await;
        }));
        Ok(())
    }

    async fn take_down(&self) {
        let Made {
            bridge,
            media,
            other,
        } = std::mem::take(&mut *self.made.lock().await);
        let other = other.map(|channel| channel.get().to_string());
        for channel in [media, other].into_iter().flatten() {
            hang_up_for_sure(&self.ari, channel).await;
        }
        if let Some(bridge) = bridge {
            self.expected.use_bridge(&bridge, false);
            for_sure(&self.ari, bridge, |ari, bridge| async move {
                ari.destroy_bridge(&bridge).await
            })
            .await;
        }
    }
}

/// What ARI's reasons are in the words of Q.850, which `call.ended` uses.
fn cause(reason: HangupReason) -> EndReason {
    match reason {
        HangupReason::Busy => EndReason::UserBusy,
        HangupReason::Congestion => EndReason::Congestion,
        HangupReason::NoAnswer => EndReason::NoAnswer,
        HangupReason::Rejected => EndReason::CallRejected,
        HangupReason::Unallocated => EndReason::UnallocatedNumber,
        HangupReason::Failure => EndReason::NetworkOutOfOrder,
        // `Normal`, and what a later ARI may add.
        _ => EndReason::NormalClearing,
    }
}

/// Asterisk's refusal because the channel is gone and the news that it is are on their way
/// together. Waits for the news, which ends the call and with it whoever waits here, before it says
/// that the order failed.
async fn gone_or(result: Result<(), AriError>) -> Result<(), AriError> {
    if let Err(AriError::NotFound { .. } | AriError::Conflict { .. } | AriError::Status { .. }) =
        &result
    {
        tokio::time::sleep(NEWS).await;
    }
    result
}

/// Gives an order that may be given twice, and gives it again if Asterisk was slow or not there.
async fn twice<R>(order: impl Fn() -> R) -> Result<(), AriError>
where
    R: Future<Output = Result<(), AriError>>,
{
    match order().await {
        Err(error) if error.is_transient() => {
            tracing::warn!(%error, "an order to Asterisk failed; giving it again");
        }
        result => return result,
    }
    tokio::time::sleep(AGAIN).await;
    match order().await {
        // The first was carried out after all.
        Err(AriError::Conflict { .. }) => Ok(()),
        result => result,
    }
}

async fn hang_up_for_sure(ari: &AriClient, channel: String) {
    for_sure(ari, channel, |ari, channel| async move {
        match ari.hangup(&channel, HangupReason::Normal).await {
            // It has left our application.
            Err(AriError::Conflict { .. }) => Ok(()),
            result => result,
        }
    })
    .await;
}

/// Gives an order to take something down; when it fails, again and again in the background.
async fn for_sure<R>(
    ari: &AriClient,
    what: String,
    order: impl Fn(AriClient, String) -> R + Send + 'static,
) where
    R: Future<Output = Result<(), AriError>> + Send,
{
    match order(ari.clone(), what.clone()).await {
        Err(error) if !error.is_not_found() => {
            tracing::debug!(%error, what, "cannot take down after a call; trying again");
        }
        _ => return,
    }
    let ari = ari.clone();
    tokio::spawn(async move {
        let mut wait = AGAIN;
        for attempt in 2..=ORDERS {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
            match order(ari.clone(), what.clone()).await {
                Err(error) if !error.is_not_found() && attempt < ORDERS => {}
                result => return report(result, &what),
            }
        }
    });
}

/// What is gone already needs no taking down; what remains is worth a line.
fn report(result: Result<(), AriError>, what: &str) {
    match result {
        Err(error @ AriError::Transport { .. }) => {
            // An Asterisk that is gone has taken everything with it, of every call.
            tracing::debug!(%error, what, "cannot take down after a call");
        }
        Err(error) if !error.is_not_found() => {
            tracing::warn!(%error, what, "cannot take down after a call; `core show channels` and `bridge show all` in Asterisk tell what is left");
        }
        _ => {}
    }
}

/// Hangs up a channel unless told otherwise.
struct CallOff {
    ari: AriClient,
    channel: Option<String>,
}

impl Drop for CallOff {
    fn drop(&mut self) {
        if let Some(channel) = self.channel.take() {
            let ari = self.ari.clone();
            tokio::spawn(async move {
                report(ari.hangup(&channel, HangupReason::Normal).await, &channel)
            });
        }
    }
}
