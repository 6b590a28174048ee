//! Asterisk's models. Only the fields in use; unknown fields are ignored.

use serde::{Deserialize, Deserializer};

use super::text;

/// A channel: one leg of a call, as Asterisk sees it at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Its unique id. We may choose it when we originate the channel.
    #[serde(deserialize_with = "text::line")]
    pub id: String,
    /// Technology and name, `PJSIP/200-00000012`. It may change during a call; the id never does.
    #[serde(default, deserialize_with = "text::line")]
    pub name: String,
    /// Ringing, up …
    #[serde(default)]
    pub state: ChannelState,
    /// The calling party.
    #[serde(default)]
    pub caller: CallerId,
    /// The connected party at the other end, if known.
    #[serde(default)]
    pub connected: CallerId,
    /// The number that redirected the call to it (RDNIS); empty if unknown.
    #[serde(default, deserialize_with = "text::line")]
    pub caller_rdnis: String,
    /// Its place in the dialplan, now or before Stasis. `exten` is the number dialled.
    #[serde(default)]
    pub dialplan: DialplanPosition,
    /// When it was made: `2026-05-04T08:31:21.512+0000`.
    #[serde(default, deserialize_with = "text::line")]
    pub creationtime: String,
    /// Language of its prompts, `en`.
    #[serde(default, deserialize_with = "text::line")]
    pub language: String,
}

/// A name and a number; each is empty when unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CallerId {
    /// Display name.
    #[serde(default, deserialize_with = "text::line")]
    pub name: String,
    /// Number.
    #[serde(default, deserialize_with = "text::line")]
    pub number: String,
}

/// A place in the dialplan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DialplanPosition {
    /// Context.
    #[serde(default, deserialize_with = "text::line")]
    pub context: String,
    /// Extension.
    #[serde(default, deserialize_with = "text::line")]
    pub exten: String,
    /// Priority, from 1.
    #[serde(default)]
    pub priority: i64,
    /// The application that runs there: `Stasis`.
    #[serde(default, deserialize_with = "text::line")]
    pub app_name: String,
    /// Its arguments.
    #[serde(default, deserialize_with = "text::line")]
    pub app_data: String,
}

/// What a channel is doing (`ast_state2str` in Asterisk).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelState {
    /// Made, nothing happened yet.
    #[default]
    Down,
    /// Reserved.
    Reserved,
    /// Off hook.
    OffHook,
    /// Digits are being dialled.
    Dialing,
    /// It calls us and waits for an answer.
    Ring,
    /// The far end is alerting.
    Ringing,
    /// Answered.
    Up,
    /// Busy.
    Busy,
    /// A state newer than this list.
    Other(String),
}

impl<'de> Deserialize<'de> for ChannelState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = text::line(deserializer)?;
        Ok(match name.as_str() {
            "Down" => Self::Down,
            "Rsrvd" => Self::Reserved,
            "OffHook" => Self::OffHook,
            "Dialing" => Self::Dialing,
            "Ring" => Self::Ring,
            "Ringing" => Self::Ringing,
            "Up" => Self::Up,
            "Busy" => Self::Busy,
            _ => Self::Other(name),
        })
    }
}

/// A bridge mixes channels together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Bridge {
    /// Its unique id.
    #[serde(deserialize_with = "text::line")]
    pub id: String,
    /// How it mixes, `simple_bridge` or `softmix`.
    #[serde(default, deserialize_with = "text::line")]
    pub technology: String,
    /// `mixing`, `holding` …
    #[serde(default, deserialize_with = "text::line")]
    pub bridge_type: String,
    /// Ids of the channels in it.
    #[serde(default, deserialize_with = "text::lines")]
    pub channels: Vec<String>,
}

/// A sound being played to a channel or a bridge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Playback {
    /// Its unique id.
    #[serde(deserialize_with = "text::line")]
    pub id: String,
    /// What is played, `sound:hello-world`.
    #[serde(default, deserialize_with = "text::line")]
    pub media_uri: String,
    /// The target: `channel:ID` or `bridge:ID`.
    #[serde(default, deserialize_with = "text::line")]
    pub target_uri: String,
    /// Playing, done …
    #[serde(default)]
    pub state: PlaybackState,
}

/// The state of a playback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PlaybackState {
    /// Waiting to be played.
    #[default]
    Queued,
    /// Being heard.
    Playing,
    /// Going on to the next of several sounds.
    Continuing,
    /// Finished or stopped.
    Done,
    /// Could not be played, most often because there is no such file.
    Failed,
    /// A state newer than this list.
    #[serde(other)]
    Other,
}

/// Asterisk's information about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsteriskInfo {
    /// `22.10.1~dfsg+~cs6.16.60671435-1`.
    pub version: String,
    /// Its entity id, usually a MAC address.
    pub entity_id: String,
    /// When it was started: `2026-05-04T08:31:21.512+0000`.
    pub startup_time: String,
}

impl<'de> Deserialize<'de> for AsteriskInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        struct System {
            #[serde(default, deserialize_with = "text::line")]
            version: String,
            #[serde(default, deserialize_with = "text::line")]
            entity_id: String,
        }
        #[derive(Default, Deserialize)]
        struct Status {
            #[serde(default, deserialize_with = "text::line")]
            startup_time: String,
        }
        #[derive(Deserialize)]
        struct Info {
            #[serde(default)]
            system: System,
            #[serde(default)]
            status: Status,
        }
        let info = Info::deserialize(deserializer)?;
        Ok(Self {
            version: info.system.version,
            entity_id: info.system.entity_id,
            startup_time: info.status.startup_time,
        })
    }
}

/// A module of Asterisk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AsteriskModule {
    /// File name, `res_ari.so`.
    #[serde(deserialize_with = "text::line")]
    pub name: String,
    /// One line about it.
    #[serde(default, deserialize_with = "text::line")]
    pub description: String,
    /// `Running` when it can be used.
    #[serde(default, deserialize_with = "text::line")]
    pub status: String,
}

impl AsteriskModule {
    /// Whether it is loaded and started.
    pub fn is_running(&self) -> bool {
        self.status.eq_ignore_ascii_case("running")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found() {
        let info: AsteriskInfo = serde_json::from_str(include_str!("fixtures/info.json")).unwrap();
        assert!(info.version.starts_with("22."), "{info:?}");
        assert!(info.startup_time.starts_with("2026-"), "{info:?}");
    }
}
