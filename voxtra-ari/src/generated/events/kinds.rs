//! All events as one type.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::event::UnknownEvent;
use crate::generated::{
    ApplicationMoveFailed, ApplicationRegistered, ApplicationReplaced, ApplicationUnregistered,
    BridgeAttendedTransfer, BridgeBlindTransfer, BridgeCreated, BridgeDestroyed, BridgeMerged,
    BridgeVideoSourceChanged, CallBroadcast, CallClaimed, Channel, ChannelCallerId,
    ChannelConnectedLine, ChannelCreated, ChannelDestroyed, ChannelDialplan, ChannelDtmfReceived,
    ChannelEnteredBridge, ChannelHangupRequest, ChannelHold, ChannelLeftBridge, ChannelStateChange,
    ChannelTalkingFinished, ChannelTalkingStarted, ChannelToneDetected, ChannelTransfer,
    ChannelUnhold, ChannelUserevent, ChannelVarset, ContactStatusChange, DeviceStateChanged, Dial,
    EndpointStateChange, MissingParams, PeerStatusChange, PlaybackContinuing, PlaybackFinished,
    PlaybackStarted, RecordingFailed, RecordingFinished, RecordingStarted, RestResponse, StasisEnd,
    StasisStart, TextMessageReceived,
};
use crate::read::{Fields, Wrong};

/// One message of the event websocket, by its `type`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AriEvent {
    /// Notification that trying to move a channel to another Stasis application failed.
    ApplicationMoveFailed(Box<ApplicationMoveFailed>),
    /// Notification that a Stasis app has been registered.
    ApplicationRegistered(Box<ApplicationRegistered>),
    /// Notification that another WebSocket has taken over for an application.
    /// An application may only be subscribed to by a single WebSocket at a time. If multiple
    /// WebSockets attempt to subscribe to the same application, the newer WebSocket wins, and the
    /// older one receives this event.
    ApplicationReplaced(Box<ApplicationReplaced>),
    /// Notification that a Stasis app has been unregistered.
    ApplicationUnregistered(Box<ApplicationUnregistered>),
    /// Notification that an attended transfer has occurred.
    BridgeAttendedTransfer(Box<BridgeAttendedTransfer>),
    /// Notification that a blind transfer has occurred.
    BridgeBlindTransfer(Box<BridgeBlindTransfer>),
    /// Notification that a bridge has been created.
    BridgeCreated(Box<BridgeCreated>),
    /// Notification that a bridge has been destroyed.
    BridgeDestroyed(Box<BridgeDestroyed>),
    /// Notification that one bridge has merged into another.
    BridgeMerged(Box<BridgeMerged>),
    /// Notification that the source of video in a bridge has changed.
    BridgeVideoSourceChanged(Box<BridgeVideoSourceChanged>),
    /// Notification that a channel is being broadcast to ARI applications for claiming.
    CallBroadcast(Box<CallBroadcast>),
    /// Notification that a broadcast channel has been successfully claimed by an ARI application.
    CallClaimed(Box<CallClaimed>),
    /// Channel changed Caller ID.
    ChannelCallerId(Box<ChannelCallerId>),
    /// Channel changed Connected Line.
    ChannelConnectedLine(Box<ChannelConnectedLine>),
    /// Notification that a channel has been created.
    ChannelCreated(Box<ChannelCreated>),
    /// Notification that a channel has been destroyed.
    ChannelDestroyed(Box<ChannelDestroyed>),
    /// Channel changed location in the dialplan.
    ChannelDialplan(Box<ChannelDialplan>),
    /// DTMF received on a channel.
    /// This event is sent when the DTMF ends. There is no notification about the start of DTMF.
    ChannelDtmfReceived(Box<ChannelDtmfReceived>),
    /// Notification that a channel has entered a bridge.
    ChannelEnteredBridge(Box<ChannelEnteredBridge>),
    /// A hangup was requested on the channel.
    ChannelHangupRequest(Box<ChannelHangupRequest>),
    /// A channel initiated a media hold.
    ChannelHold(Box<ChannelHold>),
    /// Notification that a channel has left a bridge.
    ChannelLeftBridge(Box<ChannelLeftBridge>),
    /// Notification of a channel's state change.
    ChannelStateChange(Box<ChannelStateChange>),
    /// Talking is no longer detected on the channel.
    ChannelTalkingFinished(Box<ChannelTalkingFinished>),
    /// Talking was detected on the channel.
    ChannelTalkingStarted(Box<ChannelTalkingStarted>),
    /// Tone was detected on the channel.
    ChannelToneDetected(Box<ChannelToneDetected>),
    /// transfer on a channel.
    ChannelTransfer(Box<ChannelTransfer>),
    /// A channel initiated a media unhold.
    ChannelUnhold(Box<ChannelUnhold>),
    /// User-generated event with additional user-defined fields in the object.
    ChannelUserevent(Box<ChannelUserevent>),
    /// Channel variable changed.
    ChannelVarset(Box<ChannelVarset>),
    /// The state of a contact on an endpoint has changed.
    ContactStatusChange(Box<ContactStatusChange>),
    /// Notification that a device state has changed.
    DeviceStateChanged(Box<DeviceStateChanged>),
    /// Dialing state has changed.
    Dial(Box<Dial>),
    /// Endpoint state changed.
    EndpointStateChange(Box<EndpointStateChange>),
    /// Error event sent when required params are missing.
    MissingParams(Box<MissingParams>),
    /// The state of a peer associated with an endpoint has changed.
    PeerStatusChange(Box<PeerStatusChange>),
    /// Event showing the continuation of a media playback operation from one media URI to the next
    /// in the list.
    PlaybackContinuing(Box<PlaybackContinuing>),
    /// Event showing the completion of a media playback operation.
    PlaybackFinished(Box<PlaybackFinished>),
    /// Event showing the start of a media playback operation.
    PlaybackStarted(Box<PlaybackStarted>),
    /// REST over Websocket Response.
    RestResponse(Box<RestResponse>),
    /// Event showing failure of a recording operation.
    RecordingFailed(Box<RecordingFailed>),
    /// Event showing the completion of a recording operation.
    RecordingFinished(Box<RecordingFinished>),
    /// Event showing the start of a recording operation.
    RecordingStarted(Box<RecordingStarted>),
    /// Notification that a channel has left a Stasis application.
    StasisEnd(Box<StasisEnd>),
    /// Notification that a channel has entered a Stasis application.
    StasisStart(Box<StasisStart>),
    /// A text message was received from an endpoint.
    TextMessageReceived(Box<TextMessageReceived>),
    /// Any other type, as it came.
    Unknown(Box<UnknownEvent>),
}

impl AriEvent {
    /// Every type on the wire that has a variant.
    pub const KINDS: [&'static str; 46] = [
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationReplaced",
        "ApplicationUnregistered",
        "BridgeAttendedTransfer",
        "BridgeBlindTransfer",
        "BridgeCreated",
        "BridgeDestroyed",
        "BridgeMerged",
        "BridgeVideoSourceChanged",
        "CallBroadcast",
        "CallClaimed",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDestroyed",
        "ChannelDialplan",
        "ChannelDtmfReceived",
        "ChannelEnteredBridge",
        "ChannelHangupRequest",
        "ChannelHold",
        "ChannelLeftBridge",
        "ChannelStateChange",
        "ChannelTalkingFinished",
        "ChannelTalkingStarted",
        "ChannelToneDetected",
        "ChannelTransfer",
        "ChannelUnhold",
        "ChannelUserevent",
        "ChannelVarset",
        "ContactStatusChange",
        "DeviceStateChanged",
        "Dial",
        "EndpointStateChange",
        "MissingParams",
        "PeerStatusChange",
        "PlaybackContinuing",
        "PlaybackFinished",
        "PlaybackStarted",
        "RESTResponse",
        "RecordingFailed",
        "RecordingFinished",
        "RecordingStarted",
        "StasisEnd",
        "StasisStart",
        "TextMessageReceived",
    ];

    pub(crate) fn read(kind: &str, fields: Fields) -> Result<Self, Wrong> {
        Ok(match kind {
            "ApplicationMoveFailed" => Self::ApplicationMoveFailed(fields.event()?),
            "ApplicationRegistered" => Self::ApplicationRegistered(fields.event()?),
            "ApplicationReplaced" => Self::ApplicationReplaced(fields.event()?),
            "ApplicationUnregistered" => Self::ApplicationUnregistered(fields.event()?),
            "BridgeAttendedTransfer" => Self::BridgeAttendedTransfer(fields.event()?),
            "BridgeBlindTransfer" => Self::BridgeBlindTransfer(fields.event()?),
            "BridgeCreated" => Self::BridgeCreated(fields.event()?),
            "BridgeDestroyed" => Self::BridgeDestroyed(fields.event()?),
            "BridgeMerged" => Self::BridgeMerged(fields.event()?),
            "BridgeVideoSourceChanged" => Self::BridgeVideoSourceChanged(fields.event()?),
            "CallBroadcast" => Self::CallBroadcast(fields.event()?),
            "CallClaimed" => Self::CallClaimed(fields.event()?),
            "ChannelCallerId" => Self::ChannelCallerId(fields.event()?),
            "ChannelConnectedLine" => Self::ChannelConnectedLine(fields.event()?),
            "ChannelCreated" => Self::ChannelCreated(fields.event()?),
            "ChannelDestroyed" => Self::ChannelDestroyed(fields.event()?),
            "ChannelDialplan" => Self::ChannelDialplan(fields.event()?),
            "ChannelDtmfReceived" => Self::ChannelDtmfReceived(fields.event()?),
            "ChannelEnteredBridge" => Self::ChannelEnteredBridge(fields.event()?),
            "ChannelHangupRequest" => Self::ChannelHangupRequest(fields.event()?),
            "ChannelHold" => Self::ChannelHold(fields.event()?),
            "ChannelLeftBridge" => Self::ChannelLeftBridge(fields.event()?),
            "ChannelStateChange" => Self::ChannelStateChange(fields.event()?),
            "ChannelTalkingFinished" => Self::ChannelTalkingFinished(fields.event()?),
            "ChannelTalkingStarted" => Self::ChannelTalkingStarted(fields.event()?),
            "ChannelToneDetected" => Self::ChannelToneDetected(fields.event()?),
            "ChannelTransfer" => Self::ChannelTransfer(fields.event()?),
            "ChannelUnhold" => Self::ChannelUnhold(fields.event()?),
            "ChannelUserevent" => Self::ChannelUserevent(fields.event()?),
            "ChannelVarset" => Self::ChannelVarset(fields.event()?),
            "ContactStatusChange" => Self::ContactStatusChange(fields.event()?),
            "DeviceStateChanged" => Self::DeviceStateChanged(fields.event()?),
            "Dial" => Self::Dial(fields.event()?),
            "EndpointStateChange" => Self::EndpointStateChange(fields.event()?),
            "MissingParams" => Self::MissingParams(fields.event()?),
            "PeerStatusChange" => Self::PeerStatusChange(fields.event()?),
            "PlaybackContinuing" => Self::PlaybackContinuing(fields.event()?),
            "PlaybackFinished" => Self::PlaybackFinished(fields.event()?),
            "PlaybackStarted" => Self::PlaybackStarted(fields.event()?),
            "RESTResponse" => Self::RestResponse(fields.event()?),
            "RecordingFailed" => Self::RecordingFailed(fields.event()?),
            "RecordingFinished" => Self::RecordingFinished(fields.event()?),
            "RecordingStarted" => Self::RecordingStarted(fields.event()?),
            "StasisEnd" => Self::StasisEnd(fields.event()?),
            "StasisStart" => Self::StasisStart(fields.event()?),
            "TextMessageReceived" => Self::TextMessageReceived(fields.event()?),
            _ => Self::Unknown(Box::new(UnknownEvent::new(kind, fields))),
        })
    }

    /// Its `type` on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Self::ApplicationMoveFailed(_) => "ApplicationMoveFailed",
            Self::ApplicationRegistered(_) => "ApplicationRegistered",
            Self::ApplicationReplaced(_) => "ApplicationReplaced",
            Self::ApplicationUnregistered(_) => "ApplicationUnregistered",
            Self::BridgeAttendedTransfer(_) => "BridgeAttendedTransfer",
            Self::BridgeBlindTransfer(_) => "BridgeBlindTransfer",
            Self::BridgeCreated(_) => "BridgeCreated",
            Self::BridgeDestroyed(_) => "BridgeDestroyed",
            Self::BridgeMerged(_) => "BridgeMerged",
            Self::BridgeVideoSourceChanged(_) => "BridgeVideoSourceChanged",
            Self::CallBroadcast(_) => "CallBroadcast",
            Self::CallClaimed(_) => "CallClaimed",
            Self::ChannelCallerId(_) => "ChannelCallerId",
            Self::ChannelConnectedLine(_) => "ChannelConnectedLine",
            Self::ChannelCreated(_) => "ChannelCreated",
            Self::ChannelDestroyed(_) => "ChannelDestroyed",
            Self::ChannelDialplan(_) => "ChannelDialplan",
            Self::ChannelDtmfReceived(_) => "ChannelDtmfReceived",
            Self::ChannelEnteredBridge(_) => "ChannelEnteredBridge",
            Self::ChannelHangupRequest(_) => "ChannelHangupRequest",
            Self::ChannelHold(_) => "ChannelHold",
            Self::ChannelLeftBridge(_) => "ChannelLeftBridge",
            Self::ChannelStateChange(_) => "ChannelStateChange",
            Self::ChannelTalkingFinished(_) => "ChannelTalkingFinished",
            Self::ChannelTalkingStarted(_) => "ChannelTalkingStarted",
            Self::ChannelToneDetected(_) => "ChannelToneDetected",
            Self::ChannelTransfer(_) => "ChannelTransfer",
            Self::ChannelUnhold(_) => "ChannelUnhold",
            Self::ChannelUserevent(_) => "ChannelUserevent",
            Self::ChannelVarset(_) => "ChannelVarset",
            Self::ContactStatusChange(_) => "ContactStatusChange",
            Self::DeviceStateChanged(_) => "DeviceStateChanged",
            Self::Dial(_) => "Dial",
            Self::EndpointStateChange(_) => "EndpointStateChange",
            Self::MissingParams(_) => "MissingParams",
            Self::PeerStatusChange(_) => "PeerStatusChange",
            Self::PlaybackContinuing(_) => "PlaybackContinuing",
            Self::PlaybackFinished(_) => "PlaybackFinished",
            Self::PlaybackStarted(_) => "PlaybackStarted",
            Self::RestResponse(_) => "RESTResponse",
            Self::RecordingFailed(_) => "RecordingFailed",
            Self::RecordingFinished(_) => "RecordingFinished",
            Self::RecordingStarted(_) => "RecordingStarted",
            Self::StasisEnd(_) => "StasisEnd",
            Self::StasisStart(_) => "StasisStart",
            Self::TextMessageReceived(_) => "TextMessageReceived",
            Self::Unknown(event) => &event.kind,
        }
    }

    /// The application that receives it.
    pub fn application(&self) -> &str {
        match self {
            Self::ApplicationMoveFailed(event) => &event.application,
            Self::ApplicationRegistered(event) => &event.application,
            Self::ApplicationReplaced(event) => &event.application,
            Self::ApplicationUnregistered(event) => &event.application,
            Self::BridgeAttendedTransfer(event) => &event.application,
            Self::BridgeBlindTransfer(event) => &event.application,
            Self::BridgeCreated(event) => &event.application,
            Self::BridgeDestroyed(event) => &event.application,
            Self::BridgeMerged(event) => &event.application,
            Self::BridgeVideoSourceChanged(event) => &event.application,
            Self::CallBroadcast(event) => &event.application,
            Self::CallClaimed(event) => &event.application,
            Self::ChannelCallerId(event) => &event.application,
            Self::ChannelConnectedLine(event) => &event.application,
            Self::ChannelCreated(event) => &event.application,
            Self::ChannelDestroyed(event) => &event.application,
            Self::ChannelDialplan(event) => &event.application,
            Self::ChannelDtmfReceived(event) => &event.application,
            Self::ChannelEnteredBridge(event) => &event.application,
            Self::ChannelHangupRequest(event) => &event.application,
            Self::ChannelHold(event) => &event.application,
            Self::ChannelLeftBridge(event) => &event.application,
            Self::ChannelStateChange(event) => &event.application,
            Self::ChannelTalkingFinished(event) => &event.application,
            Self::ChannelTalkingStarted(event) => &event.application,
            Self::ChannelToneDetected(event) => &event.application,
            Self::ChannelTransfer(event) => &event.application,
            Self::ChannelUnhold(event) => &event.application,
            Self::ChannelUserevent(event) => &event.application,
            Self::ChannelVarset(event) => &event.application,
            Self::ContactStatusChange(event) => &event.application,
            Self::DeviceStateChanged(event) => &event.application,
            Self::Dial(event) => &event.application,
            Self::EndpointStateChange(event) => &event.application,
            Self::MissingParams(event) => &event.application,
            Self::PeerStatusChange(event) => &event.application,
            Self::PlaybackContinuing(event) => &event.application,
            Self::PlaybackFinished(event) => &event.application,
            Self::PlaybackStarted(event) => &event.application,
            Self::RestResponse(event) => &event.application,
            Self::RecordingFailed(event) => &event.application,
            Self::RecordingFinished(event) => &event.application,
            Self::RecordingStarted(event) => &event.application,
            Self::StasisEnd(event) => &event.application,
            Self::StasisStart(event) => &event.application,
            Self::TextMessageReceived(event) => &event.application,
            Self::Unknown(event) => &event.application,
        }
    }

    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub fn timestamp(&self) -> &str {
        match self {
            Self::ApplicationMoveFailed(event) => &event.timestamp,
            Self::ApplicationRegistered(event) => &event.timestamp,
            Self::ApplicationReplaced(event) => &event.timestamp,
            Self::ApplicationUnregistered(event) => &event.timestamp,
            Self::BridgeAttendedTransfer(event) => &event.timestamp,
            Self::BridgeBlindTransfer(event) => &event.timestamp,
            Self::BridgeCreated(event) => &event.timestamp,
            Self::BridgeDestroyed(event) => &event.timestamp,
            Self::BridgeMerged(event) => &event.timestamp,
            Self::BridgeVideoSourceChanged(event) => &event.timestamp,
            Self::CallBroadcast(event) => &event.timestamp,
            Self::CallClaimed(event) => &event.timestamp,
            Self::ChannelCallerId(event) => &event.timestamp,
            Self::ChannelConnectedLine(event) => &event.timestamp,
            Self::ChannelCreated(event) => &event.timestamp,
            Self::ChannelDestroyed(event) => &event.timestamp,
            Self::ChannelDialplan(event) => &event.timestamp,
            Self::ChannelDtmfReceived(event) => &event.timestamp,
            Self::ChannelEnteredBridge(event) => &event.timestamp,
            Self::ChannelHangupRequest(event) => &event.timestamp,
            Self::ChannelHold(event) => &event.timestamp,
            Self::ChannelLeftBridge(event) => &event.timestamp,
            Self::ChannelStateChange(event) => &event.timestamp,
            Self::ChannelTalkingFinished(event) => &event.timestamp,
            Self::ChannelTalkingStarted(event) => &event.timestamp,
            Self::ChannelToneDetected(event) => &event.timestamp,
            Self::ChannelTransfer(event) => &event.timestamp,
            Self::ChannelUnhold(event) => &event.timestamp,
            Self::ChannelUserevent(event) => &event.timestamp,
            Self::ChannelVarset(event) => &event.timestamp,
            Self::ContactStatusChange(event) => &event.timestamp,
            Self::DeviceStateChanged(event) => &event.timestamp,
            Self::Dial(event) => &event.timestamp,
            Self::EndpointStateChange(event) => &event.timestamp,
            Self::MissingParams(event) => &event.timestamp,
            Self::PeerStatusChange(event) => &event.timestamp,
            Self::PlaybackContinuing(event) => &event.timestamp,
            Self::PlaybackFinished(event) => &event.timestamp,
            Self::PlaybackStarted(event) => &event.timestamp,
            Self::RestResponse(event) => &event.timestamp,
            Self::RecordingFailed(event) => &event.timestamp,
            Self::RecordingFinished(event) => &event.timestamp,
            Self::RecordingStarted(event) => &event.timestamp,
            Self::StasisEnd(event) => &event.timestamp,
            Self::StasisStart(event) => &event.timestamp,
            Self::TextMessageReceived(event) => &event.timestamp,
            Self::Unknown(event) => &event.timestamp,
        }
    }

    /// The channel that it is about, if it is about one. For `Dial` that is the called one.
    pub fn channel(&self) -> Option<&Channel> {
        match self {
            Self::ApplicationMoveFailed(event) => Some(&event.channel),
            Self::BridgeBlindTransfer(event) => Some(&event.channel),
            Self::CallBroadcast(event) => Some(&event.channel),
            Self::CallClaimed(event) => Some(&event.channel),
            Self::ChannelCallerId(event) => Some(&event.channel),
            Self::ChannelConnectedLine(event) => Some(&event.channel),
            Self::ChannelCreated(event) => Some(&event.channel),
            Self::ChannelDestroyed(event) => Some(&event.channel),
            Self::ChannelDialplan(event) => Some(&event.channel),
            Self::ChannelDtmfReceived(event) => Some(&event.channel),
            Self::ChannelEnteredBridge(event) => event.channel.as_ref(),
            Self::ChannelHangupRequest(event) => Some(&event.channel),
            Self::ChannelHold(event) => Some(&event.channel),
            Self::ChannelLeftBridge(event) => Some(&event.channel),
            Self::ChannelStateChange(event) => Some(&event.channel),
            Self::ChannelTalkingFinished(event) => Some(&event.channel),
            Self::ChannelTalkingStarted(event) => Some(&event.channel),
            Self::ChannelToneDetected(event) => Some(&event.channel),
            Self::ChannelUnhold(event) => Some(&event.channel),
            Self::ChannelUserevent(event) => event.channel.as_ref(),
            Self::ChannelVarset(event) => event.channel.as_ref(),
            Self::Dial(event) => Some(&event.peer),
            Self::StasisEnd(event) => Some(&event.channel),
            Self::StasisStart(event) => Some(&event.channel),
            _ => None,
        }
    }
}
