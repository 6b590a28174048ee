//! Events, a type for each.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::generated::{
    Bridge, Channel, ContactInfo, DeviceState, Endpoint, LiveRecording, Peer, Playback, ReferTo,
    ReferredBy, TextMessage,
};
use crate::read::{Fields, Json, Model, Wrong, deserialize};

/// Notification that trying to move a channel to another Stasis application failed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApplicationMoveFailed {
    /// `channel`.
    pub channel: Channel,
    /// `destination`.
    pub destination: String,
    /// Arguments to the application.
    pub args: Vec<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ApplicationMoveFailed {
    const NAME: &'static str = "ApplicationMoveFailed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            destination: fields.take("destination")?,
            args: fields.take("args")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a Stasis app has been registered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApplicationRegistered {
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ApplicationRegistered {
    const NAME: &'static str = "ApplicationRegistered";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that another WebSocket has taken over for an application.
/// An application may only be subscribed to by a single WebSocket at a time. If multiple WebSockets
/// attempt to subscribe to the same application, the newer WebSocket wins, and the older one
/// receives this event.
///
/// `AriEvents` reports it as `AriSignal::Replaced` and does not fight over the name.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApplicationReplaced {
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ApplicationReplaced {
    const NAME: &'static str = "ApplicationReplaced";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a Stasis app has been unregistered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApplicationUnregistered {
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ApplicationUnregistered {
    const NAME: &'static str = "ApplicationUnregistered";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that an attended transfer has occurred.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeAttendedTransfer {
    /// First leg of the transferer.
    pub transferer_first_leg: Channel,
    /// Second leg of the transferer.
    pub transferer_second_leg: Channel,
    /// The channel that is replacing transferer_first_leg in the swap.
    pub replace_channel: Option<Channel>,
    /// The channel that is being transferred.
    pub transferee: Option<Channel>,
    /// The channel that is being transferred to.
    pub transfer_target: Option<Channel>,
    /// The result of the transfer attempt.
    pub result: String,
    /// Whether the transfer was externally initiated or not.
    pub is_external: bool,
    /// Bridge the transferer first leg is in.
    pub transferer_first_leg_bridge: Option<Bridge>,
    /// Bridge the transferer second leg is in.
    pub transferer_second_leg_bridge: Option<Bridge>,
    /// How the transfer was accomplished.
    pub destination_type: String,
    /// Bridge that survived the merge result.
    pub destination_bridge: Option<String>,
    /// Application that has been transferred into.
    pub destination_application: Option<String>,
    /// First leg of a link transfer result.
    pub destination_link_first_leg: Option<Channel>,
    /// Second leg of a link transfer result.
    pub destination_link_second_leg: Option<Channel>,
    /// Transferer channel that survived the threeway result.
    pub destination_threeway_channel: Option<Channel>,
    /// Bridge that survived the threeway result.
    pub destination_threeway_bridge: Option<Bridge>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeAttendedTransfer {
    const NAME: &'static str = "BridgeAttendedTransfer";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            transferer_first_leg: fields.required("transferer_first_leg")?,
            transferer_second_leg: fields.required("transferer_second_leg")?,
            replace_channel: fields.take("replace_channel")?,
            transferee: fields.take("transferee")?,
            transfer_target: fields.take("transfer_target")?,
            result: fields.take("result")?,
            is_external: fields.take("is_external")?,
            transferer_first_leg_bridge: fields.take("transferer_first_leg_bridge")?,
            transferer_second_leg_bridge: fields.take("transferer_second_leg_bridge")?,
            destination_type: fields.take("destination_type")?,
            destination_bridge: fields.take("destination_bridge")?,
            destination_application: fields.take("destination_application")?,
            destination_link_first_leg: fields.take("destination_link_first_leg")?,
            destination_link_second_leg: fields.take("destination_link_second_leg")?,
            destination_threeway_channel: fields.take("destination_threeway_channel")?,
            destination_threeway_bridge: fields.take("destination_threeway_bridge")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a blind transfer has occurred.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeBlindTransfer {
    /// The channel performing the blind transfer.
    pub channel: Channel,
    /// The channel that is replacing transferer when the transferee(s) can not be transferred
    /// directly.
    pub replace_channel: Option<Channel>,
    /// The channel that is being transferred.
    pub transferee: Option<Channel>,
    /// The extension transferred to.
    pub exten: String,
    /// The context transferred to.
    pub context: String,
    /// The result of the transfer attempt.
    pub result: String,
    /// Whether the transfer was externally initiated or not.
    pub is_external: bool,
    /// The bridge being transferred.
    pub bridge: Option<Bridge>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeBlindTransfer {
    const NAME: &'static str = "BridgeBlindTransfer";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            replace_channel: fields.take("replace_channel")?,
            transferee: fields.take("transferee")?,
            exten: fields.take("exten")?,
            context: fields.take("context")?,
            result: fields.take("result")?,
            is_external: fields.take("is_external")?,
            bridge: fields.take("bridge")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a bridge has been created.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeCreated {
    /// `bridge`.
    pub bridge: Bridge,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeCreated {
    const NAME: &'static str = "BridgeCreated";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a bridge has been destroyed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeDestroyed {
    /// `bridge`.
    pub bridge: Bridge,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeDestroyed {
    const NAME: &'static str = "BridgeDestroyed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that one bridge has merged into another.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeMerged {
    /// `bridge`.
    pub bridge: Bridge,
    /// `bridge_from`.
    pub bridge_from: Bridge,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeMerged {
    const NAME: &'static str = "BridgeMerged";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            bridge_from: fields.required("bridge_from")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that the source of video in a bridge has changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeVideoSourceChanged {
    /// `bridge`.
    pub bridge: Bridge,
    /// `old_video_source_id`.
    pub old_video_source_id: Option<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BridgeVideoSourceChanged {
    const NAME: &'static str = "BridgeVideoSourceChanged";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            old_video_source_id: fields.take("old_video_source_id")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel is being broadcast to ARI applications for claiming.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CallBroadcast {
    /// The channel being broadcast.
    pub channel: Channel,
    /// The caller ID number.
    pub caller: Option<String>,
    /// The called number.
    pub called: Option<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for CallBroadcast {
    const NAME: &'static str = "CallBroadcast";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            caller: fields.take("caller")?,
            called: fields.take("called")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a broadcast channel has been successfully claimed by an ARI application.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CallClaimed {
    /// The channel that was claimed.
    pub channel: Channel,
    /// The name of the ARI application that claimed the channel.
    pub winner_app: String,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for CallClaimed {
    const NAME: &'static str = "CallClaimed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            winner_app: fields.take("winner_app")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Channel changed Caller ID.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelCallerId {
    /// The integer representation of the Caller Presentation value.
    pub caller_presentation: i64,
    /// The text representation of the Caller Presentation value.
    pub caller_presentation_txt: String,
    /// The channel that changed Caller ID.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelCallerId {
    const NAME: &'static str = "ChannelCallerId";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            caller_presentation: fields.take("caller_presentation")?,
            caller_presentation_txt: fields.take("caller_presentation_txt")?,
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Channel changed Connected Line.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelConnectedLine {
    /// The channel whose connected line has changed.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelConnectedLine {
    const NAME: &'static str = "ChannelConnectedLine";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has been created.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelCreated {
    /// `channel`.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelCreated {
    const NAME: &'static str = "ChannelCreated";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has been destroyed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelDestroyed {
    /// Integer representation of the cause of the hangup.
    ///
    /// Q.850: 16 normal clearing, 17 busy, 19 no answer, 21 rejected; 0 is unknown.
    pub cause: i64,
    /// Text representation of the cause of the hangup.
    pub cause_txt: String,
    /// Integer representation of the technology-specific off-nominal cause of the hangup.
    pub tech_cause: Option<i64>,
    /// `channel`.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelDestroyed {
    const NAME: &'static str = "ChannelDestroyed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            cause: fields.take("cause")?,
            cause_txt: fields.take("cause_txt")?,
            tech_cause: fields.take("tech_cause")?,
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Channel changed location in the dialplan.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelDialplan {
    /// The channel that changed dialplan location.
    pub channel: Channel,
    /// The application about to be executed.
    pub dialplan_app: String,
    /// The data to be passed to the application.
    pub dialplan_app_data: String,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelDialplan {
    const NAME: &'static str = "ChannelDialplan";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            dialplan_app: fields.take("dialplan_app")?,
            dialplan_app_data: fields.take("dialplan_app_data")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// DTMF received on a channel.
/// This event is sent when the DTMF ends. There is no notification about the start of DTMF.
///
/// Digits less than 45 ms apart are each published twice (Asterisk 22.10).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelDtmfReceived {
    /// DTMF digit received (0-9, A-E, # or *).
    pub digit: String,
    /// Number of milliseconds DTMF was received.
    pub duration_ms: i64,
    /// The channel on which DTMF was received.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelDtmfReceived {
    const NAME: &'static str = "ChannelDtmfReceived";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            digit: fields.take("digit")?,
            duration_ms: fields.take("duration_ms")?,
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has entered a bridge.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelEnteredBridge {
    /// `bridge`.
    pub bridge: Bridge,
    /// `channel`.
    pub channel: Option<Channel>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelEnteredBridge {
    const NAME: &'static str = "ChannelEnteredBridge";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            channel: fields.take("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// A hangup was requested on the channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelHangupRequest {
    /// Integer representation of the cause of the hangup.
    ///
    /// With `soft` it is one of Asterisk's `AST_SOFTHANGUP_` flags instead, 32 for an explicit
    /// order. The BYE of a SIP telephone has neither.
    pub cause: Option<i64>,
    /// Integer representation of the technology-specific off-nominal cause of the hangup.
    pub tech_cause: Option<i64>,
    /// Whether the hangup request was a soft hangup request.
    pub soft: Option<bool>,
    /// The channel on which the hangup was requested.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelHangupRequest {
    const NAME: &'static str = "ChannelHangupRequest";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            cause: fields.take("cause")?,
            tech_cause: fields.take("tech_cause")?,
            soft: fields.take("soft")?,
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// A channel initiated a media hold.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelHold {
    /// The channel that initiated the hold event.
    pub channel: Channel,
    /// The music on hold class that the initiator requested.
    pub musicclass: Option<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelHold {
    const NAME: &'static str = "ChannelHold";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            musicclass: fields.take("musicclass")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has left a bridge.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelLeftBridge {
    /// `bridge`.
    pub bridge: Bridge,
    /// `channel`.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelLeftBridge {
    const NAME: &'static str = "ChannelLeftBridge";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            bridge: fields.required("bridge")?,
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification of a channel's state change.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelStateChange {
    /// `channel`.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelStateChange {
    const NAME: &'static str = "ChannelStateChange";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Talking is no longer detected on the channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelTalkingFinished {
    /// The channel on which talking completed.
    pub channel: Channel,
    /// The length of time, in milliseconds, that talking was detected on the channel.
    pub duration: i64,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelTalkingFinished {
    const NAME: &'static str = "ChannelTalkingFinished";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            duration: fields.take("duration")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Talking was detected on the channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelTalkingStarted {
    /// The channel on which talking started.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelTalkingStarted {
    const NAME: &'static str = "ChannelTalkingStarted";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Tone was detected on the channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelToneDetected {
    /// The channel the tone was detected on.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelToneDetected {
    const NAME: &'static str = "ChannelToneDetected";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// transfer on a channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelTransfer {
    /// Transfer State.
    pub state: Option<String>,
    /// Refer-To information with optionally both affected channels.
    pub refer_to: ReferTo,
    /// Referred-By SIP Header according rfc3892.
    pub referred_by: ReferredBy,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelTransfer {
    const NAME: &'static str = "ChannelTransfer";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            state: fields.take("state")?,
            refer_to: fields.required("refer_to")?,
            referred_by: fields.required("referred_by")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// A channel initiated a media unhold.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelUnhold {
    /// The channel that initiated the unhold event.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelUnhold {
    const NAME: &'static str = "ChannelUnhold";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// User-generated event with additional user-defined fields in the object.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelUserevent {
    /// The name of the user event.
    pub eventname: String,
    /// A channel that is signaled with the user event.
    pub channel: Option<Channel>,
    /// A bridge that is signaled with the user event.
    pub bridge: Option<Bridge>,
    /// A endpoint that is signaled with the user event.
    pub endpoint: Option<Endpoint>,
    /// Custom Userevent data.
    pub userevent: Json,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelUserevent {
    const NAME: &'static str = "ChannelUserevent";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            eventname: fields.take("eventname")?,
            channel: fields.take("channel")?,
            bridge: fields.take("bridge")?,
            endpoint: fields.take("endpoint")?,
            userevent: fields.take("userevent")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Channel variable changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelVarset {
    /// The variable that changed.
    pub variable: String,
    /// The new value of the variable.
    pub value: String,
    /// The channel on which the variable was set.
    /// If missing, the variable is a global variable.
    pub channel: Option<Channel>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ChannelVarset {
    const NAME: &'static str = "ChannelVarset";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            variable: fields.take("variable")?,
            value: fields.value("value")?,
            channel: fields.take("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// The state of a contact on an endpoint has changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ContactStatusChange {
    /// `endpoint`.
    pub endpoint: Endpoint,
    /// `contact_info`.
    pub contact_info: ContactInfo,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ContactStatusChange {
    const NAME: &'static str = "ContactStatusChange";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            endpoint: fields.required("endpoint")?,
            contact_info: fields.required("contact_info")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a device state has changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceStateChanged {
    /// Device state object.
    pub device_state: DeviceState,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for DeviceStateChanged {
    const NAME: &'static str = "DeviceStateChanged";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            device_state: fields.required("device_state")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Dialing state has changed.
///
/// An unanswered originate ends with `ChannelDestroyed` alone.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Dial {
    /// The calling channel.
    pub caller: Option<Channel>,
    /// The dialed channel.
    pub peer: Channel,
    /// Forwarding target requested by the original dialed channel.
    pub forward: Option<String>,
    /// Channel that the caller has been forwarded to.
    pub forwarded: Option<Channel>,
    /// The dial string for calling the peer channel.
    pub dialstring: Option<String>,
    /// Current status of the dialing attempt to the peer.
    ///
    /// Empty when dialling starts, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`, `NOANSWER`,
    /// `CONGESTION`, `CHANUNAVAIL`, `CANCEL`.
    pub dialstatus: String,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Dial {
    const NAME: &'static str = "Dial";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            caller: fields.take("caller")?,
            peer: fields.required("peer")?,
            forward: fields.take("forward")?,
            forwarded: fields.take("forwarded")?,
            dialstring: fields.take("dialstring")?,
            dialstatus: fields.take("dialstatus")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Endpoint state changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EndpointStateChange {
    /// `endpoint`.
    pub endpoint: Endpoint,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for EndpointStateChange {
    const NAME: &'static str = "EndpointStateChange";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            endpoint: fields.required("endpoint")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Error event sent when required params are missing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MissingParams {
    /// A list of the missing parameters.
    pub params: Vec<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for MissingParams {
    const NAME: &'static str = "MissingParams";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            params: fields.take("params")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// The state of a peer associated with an endpoint has changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PeerStatusChange {
    /// `endpoint`.
    pub endpoint: Endpoint,
    /// `peer`.
    pub peer: Peer,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for PeerStatusChange {
    const NAME: &'static str = "PeerStatusChange";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            endpoint: fields.required("endpoint")?,
            peer: fields.required("peer")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing the continuation of a media playback operation from one media URI to the next in
/// the list.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlaybackContinuing {
    /// Playback control object.
    pub playback: Playback,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for PlaybackContinuing {
    const NAME: &'static str = "PlaybackContinuing";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            playback: fields.required("playback")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing the completion of a media playback operation.
///
/// A sound that does not exist ends with the state `failed`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlaybackFinished {
    /// Playback control object.
    pub playback: Playback,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for PlaybackFinished {
    const NAME: &'static str = "PlaybackFinished";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            playback: fields.required("playback")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing the start of a media playback operation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlaybackStarted {
    /// Playback control object.
    pub playback: Playback,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for PlaybackStarted {
    const NAME: &'static str = "PlaybackStarted";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            playback: fields.required("playback")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// REST over Websocket Response.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RestResponse {
    /// Opaque transaction id. Will be whatever was specified on the original request.
    pub transaction_id: String,
    /// Opaque request id. Will be whatever was specified on the original request.
    pub request_id: String,
    /// HTTP status code.
    pub status_code: i64,
    /// HTTP reason phrase.
    pub reason_phrase: String,
    /// Original request resource URI.
    pub uri: String,
    /// The Content-Type of the message body.
    pub content_type: Option<String>,
    /// Response message body.
    pub message_body: Option<String>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RestResponse {
    const NAME: &'static str = "RESTResponse";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            transaction_id: fields.take("transaction_id")?,
            request_id: fields.take("request_id")?,
            status_code: fields.take("status_code")?,
            reason_phrase: fields.take("reason_phrase")?,
            uri: fields.take("uri")?,
            content_type: fields.take("content_type")?,
            message_body: fields.optional_value("message_body")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing failure of a recording operation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordingFailed {
    /// Recording control object.
    pub recording: LiveRecording,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RecordingFailed {
    const NAME: &'static str = "RecordingFailed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            recording: fields.required("recording")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing the completion of a recording operation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordingFinished {
    /// Recording control object.
    pub recording: LiveRecording,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RecordingFinished {
    const NAME: &'static str = "RecordingFinished";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            recording: fields.required("recording")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Event showing the start of a recording operation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordingStarted {
    /// Recording control object.
    pub recording: LiveRecording,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RecordingStarted {
    const NAME: &'static str = "RecordingStarted";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            recording: fields.required("recording")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has left a Stasis application.
///
/// The channel hung up, or went back to the dialplan. For a channel from the dialplan this is the
/// last event, unless the application subscribed to the channel: no `ChannelDestroyed` follows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StasisEnd {
    /// `channel`.
    pub channel: Channel,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for StasisEnd {
    const NAME: &'static str = "StasisEnd";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.required("channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// Notification that a channel has entered a Stasis application.
///
/// An external-media channel enters the application as well: that is no new call.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StasisStart {
    /// Arguments to the application.
    pub args: Vec<String>,
    /// `channel`.
    pub channel: Channel,
    /// `replace_channel`.
    pub replace_channel: Option<Channel>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for StasisStart {
    const NAME: &'static str = "StasisStart";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            args: fields.take("args")?,
            channel: fields.required("channel")?,
            replace_channel: fields.take("replace_channel")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

/// A text message was received from an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TextMessageReceived {
    /// `message`.
    pub message: TextMessage,
    /// `endpoint`.
    pub endpoint: Option<Endpoint>,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// The Asterisk that raised it.
    pub asterisk_id: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for TextMessageReceived {
    const NAME: &'static str = "TextMessageReceived";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            message: fields.required("message")?,
            endpoint: fields.take("endpoint")?,
            application: fields.take("application")?,
            timestamp: fields.take("timestamp")?,
            asterisk_id: fields.take("asterisk_id")?,
            other: fields.rest(),
        })
    }
}

deserialize!(
    ApplicationMoveFailed,
    ApplicationRegistered,
    ApplicationReplaced,
    ApplicationUnregistered,
    BridgeAttendedTransfer,
    BridgeBlindTransfer,
    BridgeCreated,
    BridgeDestroyed,
    BridgeMerged,
    BridgeVideoSourceChanged,
    CallBroadcast,
    CallClaimed,
    ChannelCallerId,
    ChannelConnectedLine,
    ChannelCreated,
    ChannelDestroyed,
    ChannelDialplan,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHangupRequest,
    ChannelHold,
    ChannelLeftBridge,
    ChannelStateChange,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelToneDetected,
    ChannelTransfer,
    ChannelUnhold,
    ChannelUserevent,
    ChannelVarset,
    ContactStatusChange,
    DeviceStateChanged,
    Dial,
    EndpointStateChange,
    MissingParams,
    PeerStatusChange,
    PlaybackContinuing,
    PlaybackFinished,
    PlaybackStarted,
    RestResponse,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    StasisEnd,
    StasisStart,
    TextMessageReceived
);
