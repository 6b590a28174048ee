//! Events of the event websocket.

use serde::Deserialize;

use super::{Bridge, Channel, Playback, text};

/// One message of the event websocket, by its `type`.
///
/// Only the events that a voice application acts on are typed; all others are [`AriEvent::Unknown`]
/// and harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AriEvent {
    /// A channel entered the application. An external-media channel does so as well, with the id of
    /// its AudioSocket connection as the only argument: it is not a new call.
    StasisStart(StasisStart),
    /// A channel left the application: it hung up, or went back to the dialplan. For a channel that
    /// came in through the dialplan this is the last event: our subscription ends with it, so no
    /// `ChannelDestroyed` follows.
    StasisEnd(StasisEnd),
    /// A channel rings, is answered …
    ChannelStateChange(ChannelEvent),
    /// The far end put the call on hold.
    ChannelHold(ChannelEvent),
    /// The far end took the call off hold.
    ChannelUnhold(ChannelEvent),
    /// A hang-up was requested.
    ChannelHangupRequest(ChannelHangupRequest),
    /// A channel that we originated, or subscribed to, is gone.
    ChannelDestroyed(ChannelDestroyed),
    /// A key was pressed.
    ChannelDtmfReceived(ChannelDtmfReceived),
    /// A channel variable was set, by us or by the dialplan.
    ChannelVarset(ChannelVarset),
    /// An outgoing call made progress. An unanswered one ends with `ChannelDestroyed` alone.
    Dial(Dial),
    /// A sound began.
    PlaybackStarted(PlaybackEvent),
    /// A sound is over.
    PlaybackFinished(PlaybackEvent),
    /// A bridge is gone.
    BridgeDestroyed(BridgeEvent),
    /// A channel was put into a bridge.
    ChannelEnteredBridge(ChannelBridgeEvent),
    /// A channel was taken out of a bridge.
    ChannelLeftBridge(ChannelBridgeEvent),
    /// Another client connected with our application's name and gets its events from now on.
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
    #[serde(default, deserialize_with = "text::lines")]
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

/// An event that only names a channel and its state.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelEvent {
    /// The channel.
    pub channel: Channel,
}

/// A hang-up was requested.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelHangupRequest {
    /// The channel.
    pub channel: Channel,
    /// Q.850 cause, 16 for a normal hang-up; with `soft`, one of Asterisk's `AST_SOFTHANGUP_` flags
    /// instead, 32 for an explicit order.
    #[serde(default)]
    pub cause: Option<i32>,
    /// Whether Asterisk itself was told to hang up, by ARI or its console, rather than by the other
    /// side.
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
    #[serde(default, deserialize_with = "text::line")]
    pub cause_txt: String,
}

/// A key was pressed (reported at its release).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelDtmfReceived {
    /// The channel.
    pub channel: Channel,
    /// One of `0-9 A-D * #`.
    #[serde(deserialize_with = "text::line")]
    pub digit: String,
    /// How long it was held, in ms.
    #[serde(default)]
    pub duration_ms: u64,
}

impl ChannelDtmfReceived {
    /// The key, if `digit` is one that a telephone can have.
    pub fn key(&self) -> Option<char> {
        let mut chars = self.digit.chars();
        let key = chars.next()?;
        (chars.next().is_none() && matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')).then_some(key)
    }
}

/// A variable was set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelVarset {
    /// The channel; none for a global variable.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Name.
    #[serde(deserialize_with = "text::line")]
    pub variable: String,
    /// New value.
    #[serde(default, deserialize_with = "text::value")]
    pub value: String,
}

/// An outgoing call made progress.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dial {
    /// The calling channel, if a channel calls. An originate has none.
    #[serde(default)]
    pub caller: Option<Channel>,
    /// The called channel.
    pub peer: Channel,
    /// Empty when dialling starts, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`, `NOANSWER`,
    /// `CONGESTION`, `CHANUNAVAIL`, `CANCEL`.
    #[serde(default, deserialize_with = "text::line")]
    pub dialstatus: String,
    /// What was dialled.
    #[serde(default, deserialize_with = "text::line")]
    pub dialstring: String,
}

/// A sound began or is over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlaybackEvent {
    /// The playback.
    pub playback: Playback,
}

/// A bridge is gone.
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

/// Another client connected with our name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ApplicationReplaced {
    /// The application's name.
    #[serde(deserialize_with = "text::line")]
    pub application: String,
}

/// Generates the parser and each type's name from one list, so that they cannot differ.
macro_rules! typed_events {
    ($($name:ident),* $(,)?) => {
        /// Every type except `Unknown`.
        #[cfg(test)]
        const TYPED: &[&str] = &[$(stringify!($name)),*];

        impl AriEvent {
            /// Reads one message.
            ///
            /// # Errors
            /// Not JSON, no `type`, or a known type without a required field.
            pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
                #[derive(Deserialize)]
                struct Envelope {
                    #[serde(deserialize_with = "text::line")]
                    r#type: String,
                }
                // serde would also accept a list, with its first value as the type.
                if !text.trim_ascii_start().starts_with('{') {
                    return Err(serde::de::Error::custom("not a JSON object"));
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
    ChannelStateChange,
    ChannelHold,
    ChannelUnhold,
    ChannelHangupRequest,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelVarset,
    Dial,
    PlaybackStarted,
    PlaybackFinished,
    BridgeDestroyed,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    ApplicationReplaced,
);

impl AriEvent {
    /// The channel the event is about, if any. For [`Dial`] that is the called one.
    pub fn channel(&self) -> Option<&Channel> {
        Some(match self {
            Self::StasisStart(e) => &e.channel,
            Self::StasisEnd(e) => &e.channel,
            Self::ChannelStateChange(e) | Self::ChannelHold(e) | Self::ChannelUnhold(e) => {
                &e.channel
            }
            Self::ChannelHangupRequest(e) => &e.channel,
            Self::ChannelDestroyed(e) => &e.channel,
            Self::ChannelDtmfReceived(e) => &e.channel,
            Self::ChannelVarset(e) => return e.channel.as_ref(),
            Self::Dial(e) => &e.peer,
            Self::ChannelEnteredBridge(e) | Self::ChannelLeftBridge(e) => &e.channel,
            Self::PlaybackStarted(_)
            | Self::PlaybackFinished(_)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelState, PlaybackState};

    /// One message of each kind, as Asterisk 22.10.1 sent them.
    const CAPTURED: &str = include_str!("fixtures/events.jsonl");

    fn captured() -> Vec<AriEvent> {
        CAPTURED
            .lines()
            .map(|line| AriEvent::parse(line).unwrap())
            .collect()
    }

    fn find<T>(pick: impl Fn(AriEvent) -> Option<T>) -> T {
        captured().into_iter().find_map(pick).unwrap()
    }

    #[test]
    fn every_typed_event_was_captured_and_keeps_its_name() {
        for typed in TYPED {
            assert!(
                captured().iter().any(|event| event.kind() == *typed),
                "{typed}"
            );
        }
        let unknown: Vec<_> = captured()
            .into_iter()
            .filter(|e| matches!(e, AriEvent::Unknown { .. }))
            .collect();
        assert_eq!(
            unknown,
            [AriEvent::Unknown {
                kind: "ChannelDialplan".into()
            }]
        );
    }

    #[test]
    fn an_inbound_call_says_who_calls_whom() {
        let start = find(|event| match event {
            AriEvent::StasisStart(start) if start.channel.state == ChannelState::Ring => {
                Some(start)
            }
            _ => None,
        });
        assert_eq!(start.args, ["a", "b"]);
        assert_eq!(start.channel.caller.number, "265888111111");
        assert_eq!(start.channel.caller.name, "Ann");
        assert_eq!(start.channel.dialplan.exten, "1000");
        assert_eq!(start.replace_channel, None);
    }

    #[test]
    fn an_external_media_channel_carries_its_uuid() {
        let start = find(|event| match event {
            AriEvent::StasisStart(start) if start.channel.id == "media-1" => Some(start),
            _ => None,
        });
        assert_eq!(start.args, ["40325ec2-5efd-4bd3-805f-53576e581d13"]);
        assert!(start.channel.name.starts_with("AudioSocket/"));
    }

    #[test]
    fn causes_digits_and_progress_are_read() {
        let destroyed: Vec<_> = captured()
            .into_iter()
            .filter_map(|event| match event {
                AriEvent::ChannelDestroyed(e) => Some((e.cause, e.cause_txt)),
                _ => None,
            })
            .collect();
        assert!(
            destroyed.contains(&(17, "User busy".into())),
            "{destroyed:?}"
        );
        assert!(
            destroyed.contains(&(19, "User alerting, no answer".into())),
            "{destroyed:?}"
        );

        let dtmf = find(|event| match event {
            AriEvent::ChannelDtmfReceived(e) => Some(e),
            _ => None,
        });
        assert_eq!((dtmf.digit.as_str(), dtmf.duration_ms), ("1", 100));

        let dial: Vec<_> = captured()
            .into_iter()
            .filter_map(|event| match event {
                AriEvent::Dial(e) => Some(e.dialstatus),
                _ => None,
            })
            .collect();
        assert_eq!(dial, ["", "BUSY", "RINGING", "ANSWER"]);
    }

    #[test]
    fn strings_are_cut_and_cannot_drive_a_terminal() {
        let number = "9".repeat(1 << 19);
        let args = vec!["x"; 5_000];
        let text = serde_json::json!({
            "type": "StasisStart",
            "args": args,
            "channel": {
                "id": "c\u{1b}]0;owned\u{7}\n1",
                "state": "Up\r",
                "caller": {"number": number, "name": "\u{202e}Ann"},
            },
        });
        let AriEvent::StasisStart(start) = AriEvent::parse(&text.to_string()).unwrap() else {
            panic!()
        };
        assert_eq!(start.channel.caller.number.len(), 1 << 10);
        assert_eq!(start.channel.caller.name, "\u{fffd}Ann");
        assert_eq!(start.channel.id, "c\u{fffd}]0;owned\u{fffd}\u{fffd}1");
        assert_eq!(
            start.channel.state,
            ChannelState::Other("Up\u{fffd}".into())
        );
        assert_eq!(start.args.len(), 1 << 10);
    }

    #[test]
    fn only_what_a_telephone_has_is_a_key() {
        let key = |digit: &str| {
            let text = serde_json::json!({
                "type": "ChannelDtmfReceived", "digit": digit, "channel": {"id": "c"},
            });
            match AriEvent::parse(&text.to_string()).unwrap() {
                AriEvent::ChannelDtmfReceived(press) => press.key(),
                other => panic!("{other:?}"),
            }
        };
        for good in "0123456789ABCD*#".chars() {
            assert_eq!(key(&good.to_string()), Some(good));
        }
        for bad in ["", "E", "a", "12", "\u{1b}", "é", " 1"] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_playback_is_about_its_channel() {
        let (id, state) = find(|event| match &event {
            AriEvent::PlaybackFinished(e) => {
                Some((event.channel_id()?.to_owned(), e.playback.state))
            }
            _ => None,
        });
        assert_eq!((id.as_str(), state), ("ok-1", PlaybackState::Done));
    }

    #[test]
    fn what_is_new_is_tolerated_and_what_is_broken_is_not() {
        let newer =
            r#"{"type":"StasisEnd","brand_new":{"a":[1]},"channel":{"id":"c","state":"Dreaming"}}"#;
        let AriEvent::StasisEnd(end) = AriEvent::parse(newer).unwrap() else {
            panic!()
        };
        assert_eq!(end.channel.state, ChannelState::Other("Dreaming".into()));

        for broken in [
            "",
            "[]",
            r#"["StasisEnd"]"#,
            "{",
            r#"{"typ":"x"}"#,
            r#"{"type":7}"#,
            r#"{"type":"StasisStart"}"#,
        ] {
            assert!(AriEvent::parse(broken).is_err(), "{broken}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", cut in 0..4000_usize) {
            let _ = AriEvent::parse(&text);
            if let Some(part) = CAPTURED.get(..cut) {
                let _ = AriEvent::parse(part);
            }
        }
    }
}
