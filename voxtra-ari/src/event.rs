//! Messages of the event websocket: what the generated types leave to be done.

use serde_json::Value;

use crate::AriEvent;
use crate::read::{Bounds, Fields, Json};
use crate::text;

/// An event of a type that this version of the crate doesn't know.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Its `type`.
    pub kind: String,
    /// The application that receives the event.
    pub application: String,
    /// When it was created: `2026-05-04T08:31:21.512+0000`.
    pub timestamp: String,
    /// All of it, as it came.
    pub json: Json,
}

impl UnknownEvent {
    pub(crate) fn new(kind: &str, mut fields: Fields) -> Self {
        let json = fields.rest();
        let line = |name: &str| {
            let value = json.get(name).and_then(Value::as_str);
            value.map(text::clean).unwrap_or_default()
        };
        Self {
            kind: kind.to_owned(),
            application: line("application"),
            timestamp: line("timestamp"),
            json,
        }
    }
}

impl AriEvent {
    /// Reads one message.
    ///
    /// # Errors
    /// Not a JSON object, no `type`, or a known type without what it is about.
    pub fn parse(message: &str) -> Result<Self, serde_json::Error> {
        Self::of(serde_json::from_str(message)?, message.len())
    }

    /// The event in a message of so many bytes.
    pub(crate) fn of(message: Json, bytes: usize) -> Result<Self, serde_json::Error> {
        let fields = Fields::new(message, Bounds::of_event(bytes));
        let kind = fields.kind().map_err(|wrong| wrong.json())?;
        let event = Self::read(&kind, fields);
        event.map_err(|wrong| wrong.within(&kind).json())
    }

    /// Id of the channel the event is about. A playback or recording on a channel counts as about
    /// that channel.
    pub fn channel_id(&self) -> Option<&str> {
        let target = match self {
            Self::PlaybackStarted(event) => &event.playback.target_uri,
            Self::PlaybackContinuing(event) => &event.playback.target_uri,
            Self::PlaybackFinished(event) => &event.playback.target_uri,
            Self::RecordingStarted(event) => &event.recording.target_uri,
            Self::RecordingFinished(event) => &event.recording.target_uri,
            Self::RecordingFailed(event) => &event.recording.target_uri,
            _ => return self.channel().map(|channel| channel.id.as_str()),
        };
        target.strip_prefix("channel:")
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
    fn every_captured_event_is_typed_and_keeps_its_name() {
        for (line, event) in CAPTURED.lines().zip(captured()) {
            let json: Value = serde_json::from_str(line).unwrap();
            assert_eq!(json["type"], event.kind());
            assert_eq!(json["application"], event.application());
            assert_eq!(json["timestamp"], event.timestamp());
            assert!(!matches!(event, AriEvent::Unknown(_)), "{event:?}");
        }
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
                Some((event.channel_id()?.to_owned(), e.playback.state.clone()))
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
        assert_eq!(end.other["brand_new"], serde_json::json!({"a": [1]}));

        let newer = r#"{"type":"ChannelDreams","application":"acme","of":{"sheep":7}}"#;
        let event = AriEvent::parse(newer).unwrap();
        assert_eq!(
            (event.kind(), event.application()),
            ("ChannelDreams", "acme")
        );
        let AriEvent::Unknown(dreams) = event else {
            panic!("{event:?}")
        };
        assert_eq!(Value::Object(dreams.json).to_string().len(), newer.len());

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

    #[test]
    fn what_is_broken_is_named() {
        for (message, why) in [
            (
                r#"{"type":"StasisEnd"}"#,
                "StasisEnd: there is no `channel`",
            ),
            (
                r#"{"type":"StasisEnd","channel":null}"#,
                "StasisEnd: there is no `channel`",
            ),
            (
                r#"{"type":"StasisEnd","channel":[]}"#,
                "StasisEnd: `channel`: it is no Channel",
            ),
            (
                r#"{"type":"StasisEnd","channel":{"id":7}}"#,
                "StasisEnd: `channel`: `id`: it is no text",
            ),
            (
                r#"{"type":"ChannelDestroyed","channel":{"id":"c"},"cause":"x"}"#,
                "ChannelDestroyed: `cause`: it is no whole number",
            ),
        ] {
            let error = AriEvent::parse(message).unwrap_err().to_string();
            assert_eq!(error, why);
        }
    }

    #[test]
    fn what_is_unknown_is_not_kept_of_an_event_of_any_length() {
        let dream = "z".repeat(100_000);
        for kind in ["StasisEnd", "ChannelDreams"] {
            let long = serde_json::json!({
                "type": kind, "channel": {"id": "c", "channelvars": {"A": dream}}, "dream": dream,
            });
            let event = AriEvent::parse(&long.to_string()).unwrap();
            let text = format!("{event:?}");
            assert!(text.len() < 5_000, "{}", text.len());
            assert!(text.contains("left out"), "{text}");
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
