//! Options of the operations on bridges.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::generated::{IfExists, TerminateOn};
use crate::read::Json;
use serde_json::Value;

/// Options of [`Bridges::create`](super::Bridges::create).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CreateOptions {
    /// Comma separated list of bridge type attributes (mixing, holding, dtmf_events, proxy_media,
    /// video_sfu, video_single, sdp_label).
    pub kind: Option<String>,
    /// Unique ID to give to the bridge being created.
    pub bridge_id: Option<String>,
    /// Name to give to the bridge being created.
    pub name: Option<String>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the bridge
    /// on creation. Each variable is an object containing "value" (string) and optional
    /// "report_events" (boolean) to include updates for that variable in bridge events (defaults to
    /// false). Ex. `{ "name": "SupportBridge", "variables": { "Bridge_State": { "value":
    /// "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
}

impl CreateOptions {
    /// Sets [`kind`](Self::kind).
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Sets [`bridge_id`](Self::bridge_id).
    #[must_use]
    pub fn bridge_id(mut self, bridge_id: impl Into<String>) -> Self {
        self.bridge_id = Some(bridge_id.into());
        self
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`BridgeHandle::create`](super::BridgeHandle::create).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BridgeCreateOptions {
    /// Comma separated list of bridge type attributes (mixing, holding, dtmf_events, proxy_media,
    /// video_sfu, video_single, sdp_label) to set.
    pub kind: Option<String>,
    /// Set the name of the bridge.
    pub name: Option<String>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the bridge
    /// on creation. Each variable is an object containing "value" (string) and optional
    /// "report_events" (boolean) to include updates for that variable in bridge events (defaults to
    /// false). Ex. `{ "name": "SupportBridge", "variables": { "Bridge_State": { "value":
    /// "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
}

impl BridgeCreateOptions {
    /// Sets [`kind`](Self::kind).
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`BridgeHandle::set_variable`](super::BridgeHandle::set_variable).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SetVariableOptions {
    /// Whether this variable should be included in bridge events. Defaults to false.
    pub report_events: Option<bool>,
}

impl SetVariableOptions {
    /// Sets [`report_events`](Self::report_events).
    #[must_use]
    pub fn report_events(mut self, report_events: bool) -> Self {
        self.report_events = Some(report_events);
        self
    }
}

/// Options of [`BridgeHandle::add_channel`](super::BridgeHandle::add_channel).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AddChannelOptions {
    /// Channel's role in the bridge.
    pub role: Option<String>,
    /// Absorb DTMF coming from this channel, preventing it to pass through to the bridge.
    pub absorb_dtmf: Option<bool>,
    /// Mute audio from this channel, preventing it to pass through to the bridge.
    pub mute: Option<bool>,
    /// Do not present the identity of the newly connected channel to other bridge members.
    pub inhibit_connected_line_updates: Option<bool>,
}

impl AddChannelOptions {
    /// Sets [`role`](Self::role).
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Sets [`absorb_dtmf`](Self::absorb_dtmf).
    #[must_use]
    pub fn absorb_dtmf(mut self, absorb_dtmf: bool) -> Self {
        self.absorb_dtmf = Some(absorb_dtmf);
        self
    }

    /// Sets [`mute`](Self::mute).
    #[must_use]
    pub fn mute(mut self, mute: bool) -> Self {
        self.mute = Some(mute);
        self
    }

    /// Sets [`inhibit_connected_line_updates`](Self::inhibit_connected_line_updates).
    #[must_use]
    pub fn inhibit_connected_line_updates(mut self, inhibit_connected_line_updates: bool) -> Self {
        self.inhibit_connected_line_updates = Some(inhibit_connected_line_updates);
        self
    }
}

/// Options of [`BridgeHandle::start_moh`](super::BridgeHandle::start_moh).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StartMohOptions {
    /// Channel's id.
    pub moh_class: Option<String>,
}

impl StartMohOptions {
    /// Sets [`moh_class`](Self::moh_class).
    #[must_use]
    pub fn moh_class(mut self, moh_class: impl Into<String>) -> Self {
        self.moh_class = Some(moh_class.into());
        self
    }
}

/// Options of [`BridgeHandle::play`](super::BridgeHandle::play).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayOptions {
    /// Format of the 'Anouncer' channel attached to the bridge. Defaults to the format of the
    /// channel in the bridge with the highest sampe rate.
    pub announcer_format: Option<String>,
    /// For sounds, selects language for sound.
    pub lang: Option<String>,
    /// Number of milliseconds to skip before playing. Only applies to the first URI if multiple
    /// media URIs are specified.
    pub offsetms: Option<i64>,
    /// Number of milliseconds to skip for forward/reverse operations.
    pub skipms: Option<i64>,
    /// Playback Id.
    pub playback_id: Option<String>,
}

impl PlayOptions {
    /// Sets [`announcer_format`](Self::announcer_format).
    #[must_use]
    pub fn announcer_format(mut self, announcer_format: impl Into<String>) -> Self {
        self.announcer_format = Some(announcer_format.into());
        self
    }

    /// Sets [`lang`](Self::lang).
    #[must_use]
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Sets [`offsetms`](Self::offsetms).
    #[must_use]
    pub fn offsetms(mut self, offsetms: i64) -> Self {
        self.offsetms = Some(offsetms);
        self
    }

    /// Sets [`skipms`](Self::skipms).
    #[must_use]
    pub fn skipms(mut self, skipms: i64) -> Self {
        self.skipms = Some(skipms);
        self
    }

    /// Sets [`playback_id`](Self::playback_id).
    #[must_use]
    pub fn playback_id(mut self, playback_id: impl Into<String>) -> Self {
        self.playback_id = Some(playback_id.into());
        self
    }
}

/// Options of [`BridgeHandle::play_with_id`](super::BridgeHandle::play_with_id).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayWithIdOptions {
    /// Format of the 'Anouncer' channel attached to the bridge. Defaults to the format of the
    /// channel in the bridge with the highest sampe rate.
    pub announcer_format: Option<String>,
    /// For sounds, selects language for sound.
    pub lang: Option<String>,
    /// Number of milliseconds to skip before playing. Only applies to the first URI if multiple
    /// media URIs are specified.
    pub offsetms: Option<i64>,
    /// Number of milliseconds to skip for forward/reverse operations.
    pub skipms: Option<i64>,
}

impl PlayWithIdOptions {
    /// Sets [`announcer_format`](Self::announcer_format).
    #[must_use]
    pub fn announcer_format(mut self, announcer_format: impl Into<String>) -> Self {
        self.announcer_format = Some(announcer_format.into());
        self
    }

    /// Sets [`lang`](Self::lang).
    #[must_use]
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Sets [`offsetms`](Self::offsetms).
    #[must_use]
    pub fn offsetms(mut self, offsetms: i64) -> Self {
        self.offsetms = Some(offsetms);
        self
    }

    /// Sets [`skipms`](Self::skipms).
    #[must_use]
    pub fn skipms(mut self, skipms: i64) -> Self {
        self.skipms = Some(skipms);
        self
    }
}

/// Options of [`BridgeHandle::record`](super::BridgeHandle::record).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordOptions {
    /// Format of the 'Recorder' channel attached to the bridge. Defaults to the same format as the
    /// 'format' parameter.
    pub recorder_format: Option<String>,
    /// Maximum duration of the recording, in seconds. 0 for no limit.
    pub max_duration_seconds: Option<i64>,
    /// Maximum duration of silence, in seconds. 0 for no limit.
    pub max_silence_seconds: Option<i64>,
    /// Action to take if a recording with the same name already exists.
    pub if_exists: Option<IfExists>,
    /// Play beep when recording begins.
    pub beep: Option<bool>,
    /// DTMF input to terminate recording.
    pub terminate_on: Option<TerminateOn>,
}

impl RecordOptions {
    /// Sets [`recorder_format`](Self::recorder_format).
    #[must_use]
    pub fn recorder_format(mut self, recorder_format: impl Into<String>) -> Self {
        self.recorder_format = Some(recorder_format.into());
        self
    }

    /// Sets [`max_duration_seconds`](Self::max_duration_seconds).
    #[must_use]
    pub fn max_duration_seconds(mut self, max_duration_seconds: i64) -> Self {
        self.max_duration_seconds = Some(max_duration_seconds);
        self
    }

    /// Sets [`max_silence_seconds`](Self::max_silence_seconds).
    #[must_use]
    pub fn max_silence_seconds(mut self, max_silence_seconds: i64) -> Self {
        self.max_silence_seconds = Some(max_silence_seconds);
        self
    }

    /// Sets [`if_exists`](Self::if_exists).
    #[must_use]
    pub fn if_exists(mut self, if_exists: IfExists) -> Self {
        self.if_exists = Some(if_exists);
        self
    }

    /// Sets [`beep`](Self::beep).
    #[must_use]
    pub fn beep(mut self, beep: bool) -> Self {
        self.beep = Some(beep);
        self
    }

    /// Sets [`terminate_on`](Self::terminate_on).
    #[must_use]
    pub fn terminate_on(mut self, terminate_on: TerminateOn) -> Self {
        self.terminate_on = Some(terminate_on);
        self
    }
}
