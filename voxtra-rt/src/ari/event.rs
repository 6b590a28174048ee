//! What the event websocket tells us.

use serde::Deserialize;

use super::{Bridge, Channel, Playback};

/// One message of the event websocket, by its `type`.
///
/// Only what Voxtra acts on is typed; everything else is [`AriEvent::Unknown`] and harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is moved once, from the socket's task to its reader"
)]
pub enum AriEvent {
    /// A channel entered the application. An external-media channel does so as well: it is no new call.
    StasisStart(StasisStart),
    /// A channel left the application: hung up, or went back to the dialplan.
    StasisEnd(StasisEnd),
    /// A channel was made.
    ChannelCreated(ChannelEvent),
    /// A channel rings, is answered …
    ChannelStateChange(ChannelEvent),
    /// Somebody asked for a hang-up.
    ChannelHangupRequest(ChannelHangupRequest),
    /// A channel is gone.
    ChannelDestroyed(ChannelDestroyed),
    /// A key was pressed.
    ChannelDtmfReceived(ChannelDtmfReceived),
    /// A channel variable was set, by us or by the dialplan.
    ChannelVarset(ChannelVarset),
    /// An outgoing call made progress.
    Dial(Dial),
    /// A sound began.
    PlaybackStarted(PlaybackEvent),
    /// A sound is over.
    PlaybackFinished(PlaybackEvent),
    /// A bridge was made.
    BridgeCreated(BridgeEvent),
    /// A bridge is gone.
    BridgeDestroyed(BridgeEvent),
    /// A channel was put into a bridge.
    ChannelEnteredBridge(ChannelBridgeEvent),
    /// A channel was taken out of a bridge.
    ChannelLeftBridge(ChannelBridgeEvent),
    /// Somebody else connected with our application's name and gets its events from now on.
    ApplicationReplaced(ApplicationReplaced),
    /// Any other type.
    Unknown {
        /// Its `type`.
        kind: String,
    },
}

/// A channel entered the application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StasisStart {
    /// The arguments after the name in `Stasis(name,arg,…)`, or `appArgs` of an originate.
    #[serde(default)]
    pub args: Vec<String>,
    /// The channel.
    pub channel: Channel,
    /// The channel it replaces, after a transfer or a pickup.
    #[serde(default)]
    pub replace_channel: Option<Channel>,
}

/// A channel left the application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StasisEnd {
    /// The channel.
    pub channel: Channel,
}

/// Something about a channel that is told by its state.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelEvent {
    /// The channel.
    pub channel: Channel,
}

/// Somebody asked for a hang-up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelHangupRequest {
    /// The channel.
    pub channel: Channel,
    /// Q.850 cause, 16 for a normal hang-up.
    #[serde(default)]
    pub cause: Option<i32>,
    /// Whether it was asked for softly, between two steps of the dialplan.
    #[serde(default)]
    pub soft: bool,
}

/// A channel is gone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelDestroyed {
    /// The channel.
    pub channel: Channel,
    /// Q.850 cause: 16 normal clearing, 17 busy, 19 no answer, 21 rejected, 0 unknown.
    #[serde(default)]
    pub cause: i32,
    /// The cause in words.
    #[serde(default)]
    pub cause_txt: String,
}

/// A key was pressed (reported at its release).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelDtmfReceived {
    /// The channel.
    pub channel: Channel,
    /// One of `0-9 A-D * #`.
    pub digit: String,
    /// How long it was held, in ms.
    #[serde(default)]
    pub duration_ms: u64,
}

/// A variable was set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelVarset {
    /// The channel; none for a global variable.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Name.
    pub variable: String,
    /// New value.
    #[serde(default)]
    pub value: String,
}

/// An outgoing call made progress.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dial {
    /// The channel that calls, if a channel does. An originate has none.
    #[serde(default)]
    pub caller: Option<Channel>,
    /// The channel that is called.
    pub peer: Channel,
    /// Empty when dialling starts, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`, `NOANSWER`, `CONGESTION`,
    /// `CHANUNAVAIL`, `CANCEL`.
    #[serde(default)]
    pub dialstatus: String,
    /// What was dialled.
    #[serde(default)]
    pub dialstring: String,
}

/// A sound began or is over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlaybackEvent {
    /// The playback.
    pub playback: Playback,
}

/// A bridge was made or is gone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BridgeEvent {
    /// The bridge.
    pub bridge: Bridge,
}

/// A channel entered or left a bridge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelBridgeEvent {
    /// The bridge.
    pub bridge: Bridge,
    /// The channel.
    pub channel: Channel,
}

/// Somebody else took our name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ApplicationReplaced {
    /// The application's name.
    pub application: String,
}

/// Makes the parser and the name of each type from one list, so that they cannot differ.
macro_rules! typed_events {
    ($($name:ident),* $(,)?) => {
        impl AriEvent {
            /// Reads one message.
            ///
            /// # Errors
            /// Not JSON, no `type`, or a type we know without the fields it must have.
            pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
                #[derive(Deserialize)]
                struct Envelope {
                    r#type: String,
                }
                let kind = serde_json::from_str::<Envelope>(text)?.r#type;
                match kind.as_str() {
                    $(stringify!($name) => serde_json::from_str(text).map(Self::$name),)*
                    _ => Ok(Self::Unknown { kind }),
                }
            }

            /// Its `type` on the wire.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Unknown { kind } => kind,
                }
            }
        }
    };
}

typed_events!(
    StasisStart,
    StasisEnd,
    ChannelCreated,
    ChannelStateChange,
    ChannelHangupRequest,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelVarset,
    Dial,
    PlaybackStarted,
    PlaybackFinished,
    BridgeCreated,
    BridgeDestroyed,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    ApplicationReplaced,
);

impl AriEvent {
    /// The channel the event is about, if it is about one. For [`Dial`] that is the one being called.
    pub fn channel(&self) -> Option<&Channel> {
        Some(match self {
            Self::StasisStart(e) => &e.channel,
            Self::StasisEnd(e) => &e.channel,
            Self::ChannelCreated(e) | Self::ChannelStateChange(e) => &e.channel,
            Self::ChannelHangupRequest(e) => &e.channel,
            Self::ChannelDestroyed(e) => &e.channel,
            Self::ChannelDtmfReceived(e) => &e.channel,
            Self::ChannelVarset(e) => return e.channel.as_ref(),
            Self::Dial(e) => &e.peer,
            Self::ChannelEnteredBridge(e) | Self::ChannelLeftBridge(e) => &e.channel,
            Self::PlaybackStarted(_)
            | Self::PlaybackFinished(_)
            | Self::BridgeCreated(_)
            | Self::BridgeDestroyed(_)
            | Self::ApplicationReplaced(_)
            | Self::Unknown { .. } => return None,
        })
    }

    /// Id of the channel the event is about. A playback on a channel counts as about that channel.
    pub fn channel_id(&self) -> Option<&str> {
        match self {
            Self::PlaybackStarted(e) | Self::PlaybackFinished(e) => {
                e.playback.target_uri.strip_prefix("channel:")
            }
            _ => self.channel().map(|channel| channel.id.as_str()),
        }
    }
}
