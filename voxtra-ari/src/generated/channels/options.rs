//! Options of the operations on channels.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::generated::{
    ConnectionType, Encapsulation, HangupReason, IfExists, MediaDirection, SnoopDirection,
    TerminateOn, Transport,
};
use crate::read::Json;
use serde_json::Value;

/// Options of [`Channels::originate`](super::Channels::originate).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct OriginateOptions {
    /// The extension to dial after the endpoint answers. Mutually exclusive with 'app'.
    pub extension: Option<String>,
    /// The context to dial after the endpoint answers. If omitted, uses 'default'. Mutually
    /// exclusive with 'app'.
    pub context: Option<String>,
    /// The priority to dial after the endpoint answers. If omitted, uses 1. Mutually exclusive with
    /// 'app'.
    pub priority: Option<i64>,
    /// The label to dial after the endpoint answers. Will supersede 'priority' if provided.
    /// Mutually exclusive with 'app'.
    pub label: Option<String>,
    /// The application that is subscribed to the originated channel. When the channel is answered,
    /// it will be passed to this Stasis application. Mutually exclusive with 'context',
    /// 'extension', 'priority', and 'label'.
    pub app: Option<String>,
    /// The application arguments to pass to the Stasis application provided by 'app'. Mutually
    /// exclusive with 'context', 'extension', 'priority', and 'label'.
    pub app_args: Option<String>,
    /// CallerID to use when dialing the endpoint or extension.
    pub caller_id: Option<String>,
    /// Timeout (in seconds) before giving up dialing, or -1 for no timeout.
    pub timeout: Option<i64>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the channel
    /// on creation. Each variable value may be either a string or an object containing "value"
    /// (string) and optional "report_events" (boolean) to include updates for that variable in
    /// channel events (defaults to false). Other keys in the body object are interpreted as query
    /// parameters. Ex. `{ "endpoint": "SIP/Alice", "variables": { "CALLERID(name)": "Alice",
    /// "Call_State": { "value": "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
    /// The unique id to assign the channel on creation.
    pub channel_id: Option<String>,
    /// The unique id to assign the second channel when using local channels.
    pub other_channel_id: Option<String>,
    /// The unique id of the channel which is originating this one.
    pub originator: Option<String>,
    /// The format name capability list to use if originator is not specified. Ex. "ulaw,slin16".
    /// Format names can be found with "core show codecs".
    pub formats: Option<String>,
}

impl OriginateOptions {
    /// Sets [`extension`](Self::extension).
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Sets [`context`](Self::context).
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets [`priority`](Self::priority).
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets [`label`](Self::label).
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets [`app`](Self::app).
    #[must_use]
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Sets [`caller_id`](Self::caller_id).
    #[must_use]
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = Some(caller_id.into());
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: i64) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets [`channel_id`](Self::channel_id).
    #[must_use]
    pub fn channel_id(mut self, channel_id: impl Into<String>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// Sets [`other_channel_id`](Self::other_channel_id).
    #[must_use]
    pub fn other_channel_id(mut self, other_channel_id: impl Into<String>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// Sets [`originator`](Self::originator).
    #[must_use]
    pub fn originator(mut self, originator: impl Into<String>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// Sets [`formats`](Self::formats).
    #[must_use]
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }
}

/// Options of [`Channels::create`](super::Channels::create).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CreateOptions {
    /// The application arguments to pass to the Stasis application provided by 'app'. Mutually
    /// exclusive with 'context', 'extension', 'priority', and 'label'.
    pub app_args: Option<String>,
    /// The unique id to assign the channel on creation.
    pub channel_id: Option<String>,
    /// The unique id to assign the second channel when using local channels.
    pub other_channel_id: Option<String>,
    /// Unique ID of the calling channel.
    pub originator: Option<String>,
    /// The format name capability list to use if originator is not specified. Ex. "ulaw,slin16".
    /// Format names can be found with "core show codecs".
    pub formats: Option<String>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the channel
    /// on creation. Each variable value may be either a string or an object containing "value"
    /// (string) and optional "report_events" (boolean) to include updates for that variable in
    /// channel events (defaults to false). Other keys in the body object are interpreted as query
    /// parameters. Ex. `{ "endpoint": "SIP/Alice", "variables": { "CALLERID(name)": "Alice",
    /// "Call_State": { "value": "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
}

impl CreateOptions {
    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Sets [`channel_id`](Self::channel_id).
    #[must_use]
    pub fn channel_id(mut self, channel_id: impl Into<String>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// Sets [`other_channel_id`](Self::other_channel_id).
    #[must_use]
    pub fn other_channel_id(mut self, other_channel_id: impl Into<String>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// Sets [`originator`](Self::originator).
    #[must_use]
    pub fn originator(mut self, originator: impl Into<String>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// Sets [`formats`](Self::formats).
    #[must_use]
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// Options of [`ChannelHandle::originate`](super::ChannelHandle::originate).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChannelOriginateOptions {
    /// The extension to dial after the endpoint answers. Mutually exclusive with 'app'.
    pub extension: Option<String>,
    /// The context to dial after the endpoint answers. If omitted, uses 'default'. Mutually
    /// exclusive with 'app'.
    pub context: Option<String>,
    /// The priority to dial after the endpoint answers. If omitted, uses 1. Mutually exclusive with
    /// 'app'.
    pub priority: Option<i64>,
    /// The label to dial after the endpoint answers. Will supersede 'priority' if provided.
    /// Mutually exclusive with 'app'.
    pub label: Option<String>,
    /// The application that is subscribed to the originated channel. When the channel is answered,
    /// it will be passed to this Stasis application. Mutually exclusive with 'context',
    /// 'extension', 'priority', and 'label'.
    pub app: Option<String>,
    /// The application arguments to pass to the Stasis application provided by 'app'. Mutually
    /// exclusive with 'context', 'extension', 'priority', and 'label'.
    pub app_args: Option<String>,
    /// CallerID to use when dialing the endpoint or extension.
    pub caller_id: Option<String>,
    /// Timeout (in seconds) before giving up dialing, or -1 for no timeout.
    pub timeout: Option<i64>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the channel
    /// on creation. Each variable value may be either a string or an object containing "value"
    /// (string) and optional "report_events" (boolean) to include updates for that variable in
    /// channel events (defaults to false). Other keys in the body object are interpreted as query
    /// parameters. Ex. `{ "endpoint": "SIP/Alice", "variables": { "CALLERID(name)": "Alice",
    /// "Call_State": { "value": "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
    /// The unique id to assign the second channel when using local channels.
    pub other_channel_id: Option<String>,
    /// The unique id of the channel which is originating this one.
    pub originator: Option<String>,
    /// The format name capability list to use if originator is not specified. Ex. "ulaw,slin16".
    /// Format names can be found with "core show codecs".
    pub formats: Option<String>,
}

impl ChannelOriginateOptions {
    /// Sets [`extension`](Self::extension).
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Sets [`context`](Self::context).
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets [`priority`](Self::priority).
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets [`label`](Self::label).
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets [`app`](Self::app).
    #[must_use]
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Sets [`caller_id`](Self::caller_id).
    #[must_use]
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = Some(caller_id.into());
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: i64) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets [`other_channel_id`](Self::other_channel_id).
    #[must_use]
    pub fn other_channel_id(mut self, other_channel_id: impl Into<String>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// Sets [`originator`](Self::originator).
    #[must_use]
    pub fn originator(mut self, originator: impl Into<String>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// Sets [`formats`](Self::formats).
    #[must_use]
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }
}

/// Options of [`ChannelHandle::hangup`](super::ChannelHandle::hangup).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HangupOptions {
    /// The reason code for hanging up the channel for detail use. Mutually exclusive with 'reason'.
    /// See detail hangup codes at here.
    /// <https://docs.asterisk.org/Configuration/Miscellaneous/Hangup-Cause-Mappings/>
    pub reason_code: Option<String>,
    /// Reason for hanging up the channel for simple use. Mutually exclusive with 'reason_code'.
    pub reason: Option<HangupReason>,
}

impl HangupOptions {
    /// Sets [`reason_code`](Self::reason_code).
    #[must_use]
    pub fn reason_code(mut self, reason_code: impl Into<String>) -> Self {
        self.reason_code = Some(reason_code.into());
        self
    }

    /// Sets [`reason`](Self::reason).
    #[must_use]
    pub fn reason(mut self, reason: HangupReason) -> Self {
        self.reason = Some(reason);
        self
    }
}

/// Options of [`ChannelHandle::continue_in_dialplan`](super::ChannelHandle::continue_in_dialplan).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ContinueInDialplanOptions {
    /// The context to continue to.
    pub context: Option<String>,
    /// The extension to continue to.
    pub extension: Option<String>,
    /// The priority to continue to.
    pub priority: Option<i64>,
    /// The label to continue to - will supersede 'priority' if both are provided.
    pub label: Option<String>,
}

impl ContinueInDialplanOptions {
    /// Sets [`context`](Self::context).
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets [`extension`](Self::extension).
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Sets [`priority`](Self::priority).
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets [`label`](Self::label).
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Options of [`ChannelHandle::move_to`](super::ChannelHandle::move_to).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MoveToOptions {
    /// The application arguments to pass to the Stasis application provided by 'app'.
    pub app_args: Option<String>,
}

impl MoveToOptions {
    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }
}

/// Options of [`ChannelHandle::send_dtmf`](super::ChannelHandle::send_dtmf).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SendDtmfOptions {
    /// Amount of time to wait before DTMF digits (specified in milliseconds) start.
    pub before: Option<i64>,
    /// Amount of time in between DTMF digits (specified in milliseconds).
    pub between: Option<i64>,
    /// Length of each DTMF digit (specified in milliseconds).
    pub duration: Option<i64>,
    /// Amount of time to wait after DTMF digits (specified in milliseconds) end.
    pub after: Option<i64>,
}

impl SendDtmfOptions {
    /// Sets [`before`](Self::before).
    #[must_use]
    pub fn before(mut self, before: i64) -> Self {
        self.before = Some(before);
        self
    }

    /// Sets [`between`](Self::between).
    #[must_use]
    pub fn between(mut self, between: i64) -> Self {
        self.between = Some(between);
        self
    }

    /// Sets [`duration`](Self::duration).
    #[must_use]
    pub fn duration(mut self, duration: i64) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Sets [`after`](Self::after).
    #[must_use]
    pub fn after(mut self, after: i64) -> Self {
        self.after = Some(after);
        self
    }
}

/// Options of [`ChannelHandle::start_moh`](super::ChannelHandle::start_moh).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StartMohOptions {
    /// Music on hold class to use.
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

/// Options of [`ChannelHandle::play`](super::ChannelHandle::play).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayOptions {
    /// For sounds, selects language for sound.
    pub lang: Option<String>,
    /// Number of milliseconds to skip before playing. Only applies to the first URI if multiple
    /// media URIs are specified.
    pub offsetms: Option<i64>,
    /// Number of milliseconds to skip for forward/reverse operations.
    pub skipms: Option<i64>,
    /// Playback ID.
    pub playback_id: Option<String>,
}

impl PlayOptions {
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

/// Options of [`ChannelHandle::play_with_id`](super::ChannelHandle::play_with_id).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayWithIdOptions {
    /// For sounds, selects language for sound.
    pub lang: Option<String>,
    /// Number of milliseconds to skip before playing. Only applies to the first URI if multiple
    /// media URIs are specified.
    pub offsetms: Option<i64>,
    /// Number of milliseconds to skip for forward/reverse operations.
    pub skipms: Option<i64>,
}

impl PlayWithIdOptions {
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

/// Options of [`ChannelHandle::record`](super::ChannelHandle::record).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordOptions {
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

/// Options of [`ChannelHandle::set_variable`](super::ChannelHandle::set_variable).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SetVariableOptions {
    /// Whether this variable should be included in channel events. Defaults to false.
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

/// Options of [`ChannelHandle::snoop`](super::ChannelHandle::snoop).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SnoopOptions {
    /// Direction of audio to spy on.
    pub spy: Option<SnoopDirection>,
    /// Direction of audio to whisper into.
    pub whisper: Option<SnoopDirection>,
    /// The application arguments to pass to the Stasis application.
    pub app_args: Option<String>,
    /// Unique ID to assign to snooping channel.
    pub snoop_id: Option<String>,
}

impl SnoopOptions {
    /// Sets [`spy`](Self::spy).
    #[must_use]
    pub fn spy(mut self, spy: SnoopDirection) -> Self {
        self.spy = Some(spy);
        self
    }

    /// Sets [`whisper`](Self::whisper).
    #[must_use]
    pub fn whisper(mut self, whisper: SnoopDirection) -> Self {
        self.whisper = Some(whisper);
        self
    }

    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Sets [`snoop_id`](Self::snoop_id).
    #[must_use]
    pub fn snoop_id(mut self, snoop_id: impl Into<String>) -> Self {
        self.snoop_id = Some(snoop_id.into());
        self
    }
}

/// Options of [`ChannelHandle::snoop_with_id`](super::ChannelHandle::snoop_with_id).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SnoopWithIdOptions {
    /// Direction of audio to spy on.
    pub spy: Option<SnoopDirection>,
    /// Direction of audio to whisper into.
    pub whisper: Option<SnoopDirection>,
    /// The application arguments to pass to the Stasis application.
    pub app_args: Option<String>,
}

impl SnoopWithIdOptions {
    /// Sets [`spy`](Self::spy).
    #[must_use]
    pub fn spy(mut self, spy: SnoopDirection) -> Self {
        self.spy = Some(spy);
        self
    }

    /// Sets [`whisper`](Self::whisper).
    #[must_use]
    pub fn whisper(mut self, whisper: SnoopDirection) -> Self {
        self.whisper = Some(whisper);
        self
    }

    /// Sets [`app_args`](Self::app_args).
    #[must_use]
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }
}

/// Options of [`ChannelHandle::dial`](super::ChannelHandle::dial).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DialOptions {
    /// Channel ID of caller.
    pub caller: Option<String>,
    /// Dial timeout.
    pub timeout: Option<i64>,
}

impl DialOptions {
    /// Sets [`caller`](Self::caller).
    #[must_use]
    pub fn caller(mut self, caller: impl Into<String>) -> Self {
        self.caller = Some(caller.into());
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: i64) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// Options of [`Channels::external_media`](super::Channels::external_media).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ExternalMediaOptions {
    /// The unique id to assign the channel on creation.
    pub channel_id: Option<String>,
    /// The "variables" key in the body object holds variable key/value pairs to set on the channel
    /// on creation. Each variable value may be either a string or an object containing "value"
    /// (string) and optional "report_events" (boolean) to include updates for that variable in
    /// channel events (defaults to false). Other keys in the body object are interpreted as query
    /// parameters. Ex. `{ "endpoint": "SIP/Alice", "variables": { "CALLERID(name)": "Alice",
    /// "Call_State": { "value": "WaitingForAgent", "report_events": true } } }`.
    pub variables: Json,
    /// Hostname/ip:port or websocket_client connection ID of external host. May be empty for a
    /// websocket server connection.
    pub external_host: Option<String>,
    /// Payload encapsulation protocol. Must be 'none' for the websocket transport.
    pub encapsulation: Option<Encapsulation>,
    /// Transport protocol.
    pub transport: Option<Transport>,
    /// Connection type (client/server). 'server' is only valid for the websocket transport.
    pub connection_type: Option<ConnectionType>,
    /// External media direction.
    pub direction: Option<MediaDirection>,
    /// An arbitrary data field.
    pub data: Option<String>,
    /// Transport-specific data. For websocket this is appended to the dialstring.
    pub transport_data: Option<String>,
}

impl ExternalMediaOptions {
    /// Sets [`channel_id`](Self::channel_id).
    #[must_use]
    pub fn channel_id(mut self, channel_id: impl Into<String>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// Adds one of [`variables`](Self::variables).
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets [`external_host`](Self::external_host).
    #[must_use]
    pub fn external_host(mut self, external_host: impl Into<String>) -> Self {
        self.external_host = Some(external_host.into());
        self
    }

    /// Sets [`encapsulation`](Self::encapsulation).
    #[must_use]
    pub fn encapsulation(mut self, encapsulation: Encapsulation) -> Self {
        self.encapsulation = Some(encapsulation);
        self
    }

    /// Sets [`transport`](Self::transport).
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets [`connection_type`](Self::connection_type).
    #[must_use]
    pub fn connection_type(mut self, connection_type: ConnectionType) -> Self {
        self.connection_type = Some(connection_type);
        self
    }

    /// Sets [`direction`](Self::direction).
    #[must_use]
    pub fn direction(mut self, direction: MediaDirection) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Sets [`data`](Self::data).
    #[must_use]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Sets [`transport_data`](Self::transport_data).
    #[must_use]
    pub fn transport_data(mut self, transport_data: impl Into<String>) -> Self {
        self.transport_data = Some(transport_data.into());
        self
    }
}
