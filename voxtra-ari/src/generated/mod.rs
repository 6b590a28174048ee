//! What Asterisk 22.10.1 says of ARI: a module for each resource.

// Written by api/generate.py from Asterisk's description: change that, not this.

pub mod applications;
pub mod asterisk;
pub mod bridges;
pub mod channels;
pub mod device_states;
pub mod endpoints;
pub mod events;
pub mod mailboxes;
pub mod playbacks;
pub mod recordings;
pub mod sounds;

pub use applications::Application;
pub use asterisk::{
    AsteriskInfo, AsteriskPing, BuildInfo, ConfigInfo, ConfigTuple, InfoPart, LogChannel, Module,
    SetId, StatusInfo, SystemInfo, Variable, Variables,
};
pub use bridges::{Bridge, BridgeType};
pub use channels::{
    CallerId, Channel, ChannelState, ConnectionType, Dialed, DialplanCep, Encapsulation,
    HangupReason, IfExists, MediaDirection, MuteDirection, RtpStat, SnoopDirection, TerminateOn,
    Transport,
};
pub use device_states::{DeviceState, DeviceStatus};
pub use endpoints::{Endpoint, EndpointState, TextMessage};
pub use events::{
    AdditionalParam, ApplicationMoveFailed, ApplicationRegistered, ApplicationReplaced,
    ApplicationUnregistered, AriEvent, BridgeAttendedTransfer, BridgeBlindTransfer, BridgeCreated,
    BridgeDestroyed, BridgeMerged, BridgeVideoSourceChanged, CallBroadcast, CallClaimed,
    ChannelCallerId, ChannelConnectedLine, ChannelCreated, ChannelDestroyed, ChannelDialplan,
    ChannelDtmfReceived, ChannelEnteredBridge, ChannelHangupRequest, ChannelHold,
    ChannelLeftBridge, ChannelStateChange, ChannelTalkingFinished, ChannelTalkingStarted,
    ChannelToneDetected, ChannelTransfer, ChannelUnhold, ChannelUserevent, ChannelVarset,
    ContactInfo, ContactStatus, ContactStatusChange, DeviceStateChanged, Dial, EndpointStateChange,
    MissingParams, Peer, PeerStatusChange, PlaybackContinuing, PlaybackFinished, PlaybackStarted,
    RecordingFailed, RecordingFinished, RecordingStarted, ReferTo, ReferredBy, RequiredDestination,
    RestHeader, RestQueryStringParameter, RestRequest, RestResponse, StasisEnd, StasisStart,
    TextMessageReceived,
};
pub use mailboxes::Mailbox;
pub use playbacks::{Playback, PlaybackOperation, PlaybackState};
pub use recordings::{LiveRecording, RecordingState, StoredRecording};
pub use sounds::{FormatLangPair, Sound};
