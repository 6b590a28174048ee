//! Models of channels.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// Dialed channel information.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Dialed {
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Dialed {
    const NAME: &'static str = "Dialed";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            other: fields.rest(),
        })
    }
}

/// Dialplan location (context/extension/priority).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DialplanCep {
    /// Context in the dialplan.
    pub context: String,
    /// Extension in the dialplan.
    ///
    /// The number dialled; `s` where one extension takes all calls.
    pub exten: String,
    /// Priority in the dialplan.
    pub priority: i64,
    /// Name of current dialplan application.
    pub app_name: String,
    /// Parameter of current dialplan application.
    pub app_data: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for DialplanCep {
    const NAME: &'static str = "DialplanCEP";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            context: fields.take("context")?,
            exten: fields.take("exten")?,
            priority: fields.take("priority")?,
            app_name: fields.take("app_name")?,
            app_data: fields.take("app_data")?,
            other: fields.rest(),
        })
    }
}

/// Caller identification.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CallerId {
    /// Display name; empty when unknown.
    pub name: String,
    /// Number; empty when unknown.
    pub number: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for CallerId {
    const NAME: &'static str = "CallerID";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            number: fields.take("number")?,
            other: fields.rest(),
        })
    }
}

/// A statistics of a RTP.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RtpStat {
    /// Number of packets transmitted.
    pub txcount: i64,
    /// Number of packets received.
    pub rxcount: i64,
    /// Jitter on transmitted packets.
    pub txjitter: Option<f64>,
    /// Jitter on received packets.
    pub rxjitter: Option<f64>,
    /// Maximum jitter on remote side.
    pub remote_maxjitter: Option<f64>,
    /// Minimum jitter on remote side.
    pub remote_minjitter: Option<f64>,
    /// Average jitter on remote side.
    pub remote_normdevjitter: Option<f64>,
    /// Standard deviation jitter on remote side.
    pub remote_stdevjitter: Option<f64>,
    /// Maximum jitter on local side.
    pub local_maxjitter: Option<f64>,
    /// Minimum jitter on local side.
    pub local_minjitter: Option<f64>,
    /// Average jitter on local side.
    pub local_normdevjitter: Option<f64>,
    /// Standard deviation jitter on local side.
    pub local_stdevjitter: Option<f64>,
    /// Number of transmitted packets lost.
    pub txploss: i64,
    /// Number of received packets lost.
    pub rxploss: i64,
    /// Maximum number of packets lost on remote side.
    pub remote_maxrxploss: Option<f64>,
    /// Minimum number of packets lost on remote side.
    pub remote_minrxploss: Option<f64>,
    /// Average number of packets lost on remote side.
    pub remote_normdevrxploss: Option<f64>,
    /// Standard deviation packets lost on remote side.
    pub remote_stdevrxploss: Option<f64>,
    /// Maximum number of packets lost on local side.
    pub local_maxrxploss: Option<f64>,
    /// Minimum number of packets lost on local side.
    pub local_minrxploss: Option<f64>,
    /// Average number of packets lost on local side.
    pub local_normdevrxploss: Option<f64>,
    /// Standard deviation packets lost on local side.
    pub local_stdevrxploss: Option<f64>,
    /// Total round trip time.
    pub rtt: Option<f64>,
    /// Maximum round trip time.
    pub maxrtt: Option<f64>,
    /// Minimum round trip time.
    pub minrtt: Option<f64>,
    /// Average round trip time.
    pub normdevrtt: Option<f64>,
    /// Standard deviation round trip time.
    pub stdevrtt: Option<f64>,
    /// Our SSRC.
    pub local_ssrc: i64,
    /// Their SSRC.
    pub remote_ssrc: i64,
    /// Number of octets transmitted.
    pub txoctetcount: i64,
    /// Number of octets received.
    pub rxoctetcount: i64,
    /// The Asterisk channel's unique ID that owns this instance.
    pub channel_uniqueid: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for RtpStat {
    const NAME: &'static str = "RTPstat";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            txcount: fields.take("txcount")?,
            rxcount: fields.take("rxcount")?,
            txjitter: fields.take("txjitter")?,
            rxjitter: fields.take("rxjitter")?,
            remote_maxjitter: fields.take("remote_maxjitter")?,
            remote_minjitter: fields.take("remote_minjitter")?,
            remote_normdevjitter: fields.take("remote_normdevjitter")?,
            remote_stdevjitter: fields.take("remote_stdevjitter")?,
            local_maxjitter: fields.take("local_maxjitter")?,
            local_minjitter: fields.take("local_minjitter")?,
            local_normdevjitter: fields.take("local_normdevjitter")?,
            local_stdevjitter: fields.take("local_stdevjitter")?,
            txploss: fields.take("txploss")?,
            rxploss: fields.take("rxploss")?,
            remote_maxrxploss: fields.take("remote_maxrxploss")?,
            remote_minrxploss: fields.take("remote_minrxploss")?,
            remote_normdevrxploss: fields.take("remote_normdevrxploss")?,
            remote_stdevrxploss: fields.take("remote_stdevrxploss")?,
            local_maxrxploss: fields.take("local_maxrxploss")?,
            local_minrxploss: fields.take("local_minrxploss")?,
            local_normdevrxploss: fields.take("local_normdevrxploss")?,
            local_stdevrxploss: fields.take("local_stdevrxploss")?,
            rtt: fields.take("rtt")?,
            maxrtt: fields.take("maxrtt")?,
            minrtt: fields.take("minrtt")?,
            normdevrtt: fields.take("normdevrtt")?,
            stdevrtt: fields.take("stdevrtt")?,
            local_ssrc: fields.take("local_ssrc")?,
            remote_ssrc: fields.take("remote_ssrc")?,
            txoctetcount: fields.take("txoctetcount")?,
            rxoctetcount: fields.take("rxoctetcount")?,
            channel_uniqueid: fields.take("channel_uniqueid")?,
            other: fields.rest(),
        })
    }
}

/// A specific communication connection between Asterisk and an Endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Channel {
    /// Unique identifier of the channel.
    /// This is the same as the Uniqueid field in AMI.
    pub id: String,
    /// Protocol id from underlying channel driver (i.e. Call-ID for chan_pjsip; will be empty if
    /// not applicable or not implemented by driver).
    pub protocol_id: String,
    /// Name of the channel (i.e. SIP/foo-0000a7e3).
    ///
    /// It may change during a call; the id never does.
    pub name: String,
    /// What it is doing: ringing, up, …
    pub state: ChannelState,
    /// The calling party.
    pub caller: CallerId,
    /// The connected party at the other end, if known.
    pub connected: CallerId,
    /// Account code, as call detail records have it.
    pub accountcode: String,
    /// Current location in the dialplan.
    pub dialplan: DialplanCep,
    /// Timestamp when channel was created. As in `2026-05-04T08:31:21.512+0000`.
    pub creationtime: String,
    /// The default spoken language.
    pub language: String,
    /// Channel variables.
    pub channelvars: Option<Json>,
    /// The Caller ID RDNIS.
    pub caller_rdnis: Option<String>,
    /// The Tenant ID for the channel.
    pub tenantid: Option<String>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Channel {
    const NAME: &'static str = "Channel";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            id: fields.required("id")?,
            protocol_id: fields.take("protocol_id")?,
            name: fields.take("name")?,
            state: fields.take("state")?,
            caller: fields.take("caller")?,
            connected: fields.take("connected")?,
            accountcode: fields.take("accountcode")?,
            dialplan: fields.take("dialplan")?,
            creationtime: fields.take("creationtime")?,
            language: fields.take("language")?,
            channelvars: fields.take("channelvars")?,
            caller_rdnis: fields.take("caller_rdnis")?,
            tenantid: fields.take("tenantid")?,
            other: fields.rest(),
        })
    }
}

deserialize!(Dialed, DialplanCep, CallerId, RtpStat, Channel);

words! {
    /// What can be [`Channel::state`].
    ChannelState {
        Down = "Down",
        Reserved = "Rsrved" | "Rsrvd",
        OffHook = "OffHook",
        Dialing = "Dialing",
        Ring = "Ring",
        Ringing = "Ringing",
        Up = "Up",
        Busy = "Busy",
        DialingOffhook = "Dialing Offhook",
        PreRing = "Pre-ring",
        Unknown = "Unknown",
    }
}

words! {
    /// What can be `reason` of [`ChannelHandle::hangup`](crate::channels::ChannelHandle::hangup).
    HangupReason {
        Normal = "normal",
        Busy = "busy",
        Congestion = "congestion",
        NoAnswer = "no_answer",
        Timeout = "timeout",
        Rejected = "rejected",
        Unallocated = "unallocated",
        NormalUnspecified = "normal_unspecified",
        NumberIncomplete = "number_incomplete",
        CodecMismatch = "codec_mismatch",
        Interworking = "interworking",
        Failure = "failure",
        AnsweredElsewhere = "answered_elsewhere",
    }
}

words! {
    /// What can be `direction` of [`ChannelHandle::mute`](crate::channels::ChannelHandle::mute) and
    /// `direction` of [`ChannelHandle::unmute`](crate::channels::ChannelHandle::unmute).
    MuteDirection {
        Both = "both",
        In = "in",
        Out = "out",
    }
}

words! {
    /// What can be `if_exists` of [`ChannelHandle::record`](crate::channels::ChannelHandle::record)
    /// and `if_exists` of [`BridgeHandle::record`](crate::bridges::BridgeHandle::record).
    IfExists {
        Fail = "fail",
        Overwrite = "overwrite",
        Append = "append",
    }
}

words! {
    /// What can be `terminate_on` of
    /// [`ChannelHandle::record`](crate::channels::ChannelHandle::record) and `terminate_on` of
    /// [`BridgeHandle::record`](crate::bridges::BridgeHandle::record).
    TerminateOn {
        None = "none",
        Any = "any",
        Star = "*",
        Pound = "#",
    }
}

words! {
    /// What can be `spy` of [`ChannelHandle::snoop`](crate::channels::ChannelHandle::snoop),
    /// `whisper` of [`ChannelHandle::snoop`](crate::channels::ChannelHandle::snoop), `spy` of
    /// [`ChannelHandle::snoop_with_id`](crate::channels::ChannelHandle::snoop_with_id) and
    /// `whisper` of
    /// [`ChannelHandle::snoop_with_id`](crate::channels::ChannelHandle::snoop_with_id).
    SnoopDirection {
        None = "none",
        Both = "both",
        Out = "out",
        In = "in",
    }
}

words! {
    /// What can be `encapsulation` of
    /// [`Channels::external_media`](crate::channels::Channels::external_media).
    Encapsulation {
        Rtp = "rtp",
        Audiosocket = "audiosocket",
        None = "none",
    }
}

words! {
    /// What can be `transport` of
    /// [`Channels::external_media`](crate::channels::Channels::external_media).
    Transport {
        Udp = "udp",
        Tcp = "tcp",
        Websocket = "websocket",
    }
}

words! {
    /// What can be `connection_type` of
    /// [`Channels::external_media`](crate::channels::Channels::external_media).
    ConnectionType {
        Client = "client",
        Server = "server",
    }
}

words! {
    /// What can be `direction` of
    /// [`Channels::external_media`](crate::channels::Channels::external_media).
    MediaDirection {
        Both = "both",
    }
}
