//! Operations on channels.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::{
    ChannelOriginateOptions, ContinueInDialplanOptions, CreateOptions, DialOptions,
    ExternalMediaOptions, HangupOptions, MoveToOptions, OriginateOptions, PlayOptions,
    PlayWithIdOptions, RecordOptions, SendDtmfOptions, SetVariableOptions, SnoopOptions,
    SnoopWithIdOptions, StartMohOptions,
};
use crate::client::AriClient;
use crate::generated::{
    Channel, LiveRecording, MuteDirection, Playback, RtpStat, Variable, Variables,
};
use crate::read::Json;
use crate::request::{Many, Order, Request};

impl AriClient {
    /// All channels, for the operations on them. Nothing is sent yet.
    pub fn channels(&self) -> Channels {
        Channels { ari: self.clone() }
    }

    /// One channel, for the operations on it. Nothing is sent yet.
    pub fn channel(&self, channel_id: impl Into<String>) -> ChannelHandle {
        ChannelHandle {
            ari: self.clone(),
            channel_id: channel_id.into(),
        }
    }
}

/// All channels. From [`AriClient::channels`].
#[derive(Clone, Debug)]
pub struct Channels {
    ari: AriClient,
}

impl Channels {
    /// List all active channels in Asterisk.
    ///
    /// `GET /channels`.
    pub fn list(&self) -> Order<Vec<Channel>> {
        let request = Request::get("channels.list", &["channels"]);
        self.ari.order(request)
    }

    /// Create a new channel (originate).
    ///
    /// The new channel is created immediately and a snapshot of it returned. If a Stasis
    /// application is provided it will be automatically subscribed to the originated channel for
    /// further events and updates.
    ///
    /// It returns long before anybody answers. The outcome comes as events: `Dial`, `StasisStart`,
    /// `ChannelDestroyed` with the cause.
    ///
    /// - `endpoint`: Endpoint to call.
    ///
    /// `POST /channels`.
    ///
    /// # Errors
    /// - 400: Invalid parameters for originating a channel.
    /// - 409: Channel with given unique ID already exists.
    pub fn originate(&self, endpoint: &str, options: &OriginateOptions) -> Order<Channel> {
        let request = Request::post("channels.originate", &["channels"])
            .set("endpoint", endpoint)
            .option("extension", &options.extension)
            .option("context", &options.context)
            .option("priority", &options.priority)
            .option("label", &options.label)
            .option("app", &options.app)
            .option("appArgs", &options.app_args)
            .option("callerId", &options.caller_id)
            .option("timeout", &options.timeout)
            .object("variables", &options.variables)
            .option("channelId", &options.channel_id)
            .option("otherChannelId", &options.other_channel_id)
            .option("originator", &options.originator)
            .option("formats", &options.formats);
        self.ari.order(request)
    }

    /// Create channel.
    ///
    /// - `endpoint`: Endpoint for channel communication.
    /// - `app`: Stasis Application to place channel into.
    ///
    /// `POST /channels/create`.
    ///
    /// # Errors
    /// - 409: Channel with given unique ID already exists.
    pub fn create(&self, endpoint: &str, app: &str, options: &CreateOptions) -> Order<Channel> {
        let request = Request::post("channels.create", &["channels", "create"])
            .set("endpoint", endpoint)
            .set("app", app)
            .option("appArgs", &options.app_args)
            .option("channelId", &options.channel_id)
            .option("otherChannelId", &options.other_channel_id)
            .option("originator", &options.originator)
            .option("formats", &options.formats)
            .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// Start an External Media session.
    ///
    /// Create a channel to an External Media source/sink. The combination of transport and
    /// encapsulation will select one of chan_rtp(udp/rtp), chan_audiosocket(tcp/audiosocket) or
    /// chan_websocket(websocket/none) channel drivers.
    ///
    /// With `tcp`, our listener must be up before: Asterisk connects while it makes the channel,
    /// and answers 500 when it can't. The channel enters the application by itself.
    ///
    /// - `app`: Stasis Application to place channel into.
    /// - `format`: Format to encode audio in.
    ///
    /// `POST /channels/externalMedia`, since Asterisk 16.6.0, 17.1.0.
    ///
    /// # Errors
    /// - 400: Invalid parameters.
    /// - 409: Channel is not in a Stasis application; Channel is already bridged.
    pub fn external_media(
        &self,
        app: &str,
        format: &str,
        options: &ExternalMediaOptions,
    ) -> Order<Channel> {
        let request = Request::post("channels.external_media", &["channels", "externalMedia"])
            .set("app", app)
            .set("format", format)
            .option("channelId", &options.channel_id)
            .object("variables", &options.variables)
            .option("external_host", &options.external_host)
            .option("encapsulation", &options.encapsulation)
            .option("transport", &options.transport)
            .option("connection_type", &options.connection_type)
            .option("direction", &options.direction)
            .option("data", &options.data)
            .option("transport_data", &options.transport_data);
        self.ari.order(request)
    }
}

/// One channel. From [`AriClient::channel`].
#[derive(Clone, Debug)]
pub struct ChannelHandle {
    ari: AriClient,
    channel_id: String,
}

impl ChannelHandle {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.channel_id
    }

    /// Channel details.
    ///
    /// `GET /channels/{channelId}`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    pub fn get(&self) -> Order<Channel> {
        let request = Request::get("channel.get", &["channels", &self.channel_id]);
        self.ari.order(request)
    }

    /// Create a new channel (originate with id).
    ///
    /// The new channel is created immediately and a snapshot of it returned. If a Stasis
    /// application is provided it will be automatically subscribed to the originated channel for
    /// further events and updates.
    ///
    /// - `endpoint`: Endpoint to call.
    ///
    /// `POST /channels/{channelId}`.
    ///
    /// # Errors
    /// - 400: Invalid parameters for originating a channel.
    /// - 409: Channel with given unique ID already exists.
    pub fn originate(&self, endpoint: &str, options: &ChannelOriginateOptions) -> Order<Channel> {
        let request = Request::post("channel.originate", &["channels", &self.channel_id])
            .set("endpoint", endpoint)
            .option("extension", &options.extension)
            .option("context", &options.context)
            .option("priority", &options.priority)
            .option("label", &options.label)
            .option("app", &options.app)
            .option("appArgs", &options.app_args)
            .option("callerId", &options.caller_id)
            .option("timeout", &options.timeout)
            .object("variables", &options.variables)
            .option("otherChannelId", &options.other_channel_id)
            .option("originator", &options.originator)
            .option("formats", &options.formats);
        self.ari.order(request)
    }

    /// Delete (i.e. hangup) a channel.
    ///
    /// `DELETE /channels/{channelId}`.
    ///
    /// # Errors
    /// - 400: Invalid reason for hangup provided.
    /// - 404: Channel not found.
    pub fn hangup(&self, options: &HangupOptions) -> Order<()> {
        let request = Request::delete("channel.hangup", &["channels", &self.channel_id])
            .option("reason_code", &options.reason_code)
            .option("reason", &options.reason);
        self.ari.order(request)
    }

    /// Exit application; continue execution in the dialplan.
    ///
    /// `POST /channels/{channelId}/continue`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn continue_in_dialplan(&self, options: &ContinueInDialplanOptions) -> Order<()> {
        let request = Request::post(
            "channel.continue_in_dialplan",
            &["channels", &self.channel_id, "continue"],
        )
        .option("context", &options.context)
        .option("extension", &options.extension)
        .option("priority", &options.priority)
        .option("label", &options.label);
        self.ari.order(request)
    }

    /// Move the channel from one Stasis application to another.
    ///
    /// - `app`: The channel will be passed to this Stasis application.
    ///
    /// `POST /channels/{channelId}/move`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    pub fn move_to(&self, app: &str, options: &MoveToOptions) -> Order<()> {
        let request = Request::post("channel.move_to", &["channels", &self.channel_id, "move"])
            .set("app", app)
            .option("appArgs", &options.app_args);
        self.ari.order(request)
    }

    /// Redirect the channel to a different location.
    ///
    /// SIP answers 302 before the call is up and sends a REFER after; `Local` channels can't.
    ///
    /// - `endpoint`: The endpoint to redirect the channel to.
    ///
    /// `POST /channels/{channelId}/redirect`.
    ///
    /// # Errors
    /// - 400: Endpoint parameter not provided.
    /// - 404: Channel or endpoint not found.
    /// - 409: Channel not in a Stasis application.
    /// - 422: Endpoint is not the same type as the channel.
    /// - 412: Channel in invalid state.
    pub fn redirect(&self, endpoint: &str) -> Order<()> {
        let request = Request::post(
            "channel.redirect",
            &["channels", &self.channel_id, "redirect"],
        )
        .set("endpoint", endpoint);
        self.ari.order(request)
    }

    /// Answer a channel.
    ///
    /// `POST /channels/{channelId}/answer`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn answer(&self) -> Order<()> {
        let request = Request::post("channel.answer", &["channels", &self.channel_id, "answer"]);
        self.ari.order(request)
    }

    /// Indicate ringing to a channel.
    ///
    /// `POST /channels/{channelId}/ring`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn ring(&self) -> Order<()> {
        let request = Request::post("channel.ring", &["channels", &self.channel_id, "ring"]);
        self.ari.order(request)
    }

    /// Stop ringing indication on a channel if locally generated.
    ///
    /// `DELETE /channels/{channelId}/ring`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn ring_stop(&self) -> Order<()> {
        let request = Request::delete("channel.ring_stop", &["channels", &self.channel_id, "ring"]);
        self.ari.order(request)
    }

    /// Indicate progress on a channel.
    ///
    /// `POST /channels/{channelId}/progress`, since Asterisk 22.6.0, 21.11.0, 20.16.0.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn progress(&self) -> Order<()> {
        let request = Request::post(
            "channel.progress",
            &["channels", &self.channel_id, "progress"],
        );
        self.ari.order(request)
    }

    /// Send provided DTMF to a given channel.
    ///
    /// - `dtmf`: DTMF To send.
    ///
    /// `POST /channels/{channelId}/dtmf`.
    ///
    /// # Errors
    /// - 400: DTMF is required.
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn send_dtmf(&self, dtmf: &str, options: &SendDtmfOptions) -> Order<()> {
        let request = Request::post("channel.send_dtmf", &["channels", &self.channel_id, "dtmf"])
            .set("dtmf", dtmf)
            .option("before", &options.before)
            .option("between", &options.between)
            .option("duration", &options.duration)
            .option("after", &options.after);
        self.ari.order(request)
    }

    /// Mute a channel.
    ///
    /// - `direction`: Direction in which to mute audio.
    ///
    /// `POST /channels/{channelId}/mute`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn mute(&self, direction: MuteDirection) -> Order<()> {
        let request = Request::post("channel.mute", &["channels", &self.channel_id, "mute"])
            .set("direction", &direction);
        self.ari.order(request)
    }

    /// Unmute a channel.
    ///
    /// - `direction`: Direction in which to unmute audio.
    ///
    /// `DELETE /channels/{channelId}/mute`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn unmute(&self, direction: MuteDirection) -> Order<()> {
        let request = Request::delete("channel.unmute", &["channels", &self.channel_id, "mute"])
            .set("direction", &direction);
        self.ari.order(request)
    }

    /// Hold a channel.
    ///
    /// `POST /channels/{channelId}/hold`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn hold(&self) -> Order<()> {
        let request = Request::post("channel.hold", &["channels", &self.channel_id, "hold"]);
        self.ari.order(request)
    }

    /// Remove a channel from hold.
    ///
    /// `DELETE /channels/{channelId}/hold`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn unhold(&self) -> Order<()> {
        let request = Request::delete("channel.unhold", &["channels", &self.channel_id, "hold"]);
        self.ari.order(request)
    }

    /// Play music on hold to a channel.
    ///
    /// Using media operations such as /play on a channel playing MOH in this manner will suspend
    /// MOH without resuming automatically. If continuing music on hold is desired, the stasis
    /// application must reinitiate music on hold.
    ///
    /// `POST /channels/{channelId}/moh`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn start_moh(&self, options: &StartMohOptions) -> Order<()> {
        let request = Request::post("channel.start_moh", &["channels", &self.channel_id, "moh"])
            .option("mohClass", &options.moh_class);
        self.ari.order(request)
    }

    /// Stop playing music on hold to a channel.
    ///
    /// `DELETE /channels/{channelId}/moh`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn stop_moh(&self) -> Order<()> {
        let request = Request::delete("channel.stop_moh", &["channels", &self.channel_id, "moh"]);
        self.ari.order(request)
    }

    /// Play silence to a channel.
    ///
    /// Using media operations such as /play on a channel playing silence in this manner will
    /// suspend silence without resuming automatically.
    ///
    /// `POST /channels/{channelId}/silence`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn start_silence(&self) -> Order<()> {
        let request = Request::post(
            "channel.start_silence",
            &["channels", &self.channel_id, "silence"],
        );
        self.ari.order(request)
    }

    /// Stop playing silence to a channel.
    ///
    /// `DELETE /channels/{channelId}/silence`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn stop_silence(&self) -> Order<()> {
        let request = Request::delete(
            "channel.stop_silence",
            &["channels", &self.channel_id, "silence"],
        );
        self.ari.order(request)
    }

    /// Start playback of media.
    ///
    /// The media URI may be any of a number of URI's. Currently sound:, recording:, number:,
    /// digits:, characters:, and tone: URI's are supported. This operation creates a playback
    /// resource that can be used to control the playback of media (pause, rewind, fast forward,
    /// etc.).
    ///
    /// A sound that does not exist is accepted here and reported by `PlaybackFinished`.
    ///
    /// - `media`: Media URIs to play.
    ///
    /// `POST /channels/{channelId}/play`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn play(&self, media: impl Many, options: &PlayOptions) -> Order<Playback> {
        let request = Request::post("channel.play", &["channels", &self.channel_id, "play"])
            .several("media", &media.many())
            .option("lang", &options.lang)
            .option("offsetms", &options.offsetms)
            .option("skipms", &options.skipms)
            .option("playbackId", &options.playback_id);
        self.ari.order(request)
    }

    /// Start playback of media and specify the playbackId.
    ///
    /// The media URI may be any of a number of URI's. Currently sound:, recording:, number:,
    /// digits:, characters:, and tone: URI's are supported. This operation creates a playback
    /// resource that can be used to control the playback of media (pause, rewind, fast forward,
    /// etc.).
    ///
    /// - `playback_id`: Playback ID.
    /// - `media`: Media URIs to play.
    ///
    /// `POST /channels/{channelId}/play/{playbackId}`.
    ///
    /// # Errors
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn play_with_id(
        &self,
        playback_id: &str,
        media: impl Many,
        options: &PlayWithIdOptions,
    ) -> Order<Playback> {
        let request = Request::post(
            "channel.play_with_id",
            &["channels", &self.channel_id, "play", playback_id],
        )
        .several("media", &media.many())
        .option("lang", &options.lang)
        .option("offsetms", &options.offsetms)
        .option("skipms", &options.skipms);
        self.ari.order(request)
    }

    /// Start a recording.
    ///
    /// Record audio from a channel. Note that this will not capture audio sent to the channel. The
    /// bridge itself has a record feature if that's what you want.
    ///
    /// - `name`: Recording's filename.
    /// - `format`: Format to encode audio in.
    ///
    /// `POST /channels/{channelId}/record`.
    ///
    /// # Errors
    /// - 400: Invalid parameters.
    /// - 404: Channel not found.
    /// - 409: Channel is not in a Stasis application; the channel is currently bridged with other
    ///   channels; A recording with the same name already exists on the system and can not be
    ///   overwritten because it is in progress or ifExists=fail.
    /// - 422: The format specified is unknown on this system.
    pub fn record(
        &self,
        name: &str,
        format: &str,
        options: &RecordOptions,
    ) -> Order<LiveRecording> {
        let request = Request::post("channel.record", &["channels", &self.channel_id, "record"])
            .set("name", name)
            .set("format", format)
            .option("maxDurationSeconds", &options.max_duration_seconds)
            .option("maxSilenceSeconds", &options.max_silence_seconds)
            .option("ifExists", &options.if_exists)
            .option("beep", &options.beep)
            .option("terminateOn", &options.terminate_on);
        self.ari.order(request)
    }

    /// Get the value of a channel variable or function.
    ///
    /// - `variable`: The channel variable or function to get.
    ///
    /// `GET /channels/{channelId}/variable`.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    /// - 404: Channel or variable not found.
    /// - 409: Channel not in a Stasis application.
    pub fn variable(&self, variable: &str) -> Order<Variable> {
        let request = Request::get(
            "channel.variable",
            &["channels", &self.channel_id, "variable"],
        )
        .set("variable", variable);
        self.ari.order(request)
    }

    /// Set the value of a channel variable or function.
    ///
    /// - `variable`: The channel variable or function to set.
    /// - `value`: The value to set the variable to.
    ///
    /// `POST /channels/{channelId}/variable`.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    pub fn set_variable(
        &self,
        variable: &str,
        value: &str,
        options: &SetVariableOptions,
    ) -> Order<()> {
        let request = Request::post(
            "channel.set_variable",
            &["channels", &self.channel_id, "variable"],
        )
        .set("variable", variable)
        .set("value", value)
        .option("report_events", &options.report_events);
        self.ari.order(request)
    }

    /// Get the value of multiple channel variables or functions.
    ///
    /// - `variables`: The channel variables or functions to get.
    ///
    /// `GET /channels/{channelId}/variables`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variables parameter.
    /// - 404: Channel or variable not found.
    /// - 409: Channel not in a Stasis application.
    pub fn variables(&self, variables: impl Many) -> Order<Variables> {
        let request = Request::get(
            "channel.variables",
            &["channels", &self.channel_id, "variables"],
        )
        .several("variables", &variables.many());
        self.ari.order(request)
    }

    /// Set the values of multiple channel variables or functions.
    ///
    /// - `variables`: The "variables" key in the body object holds variable key/value pairs to set
    ///   on the channel. Each variable value may be either a string or an object containing "value"
    ///   (string) and optional "report_events" (boolean) to include updates for that variable in
    ///   channel events (defaults to false). Ex. `{ "variables": { "CALLERID(name)": "Alice",
    ///   "Call_State": { "value": "WaitingForAgent", "report_events": true } } }`.
    ///
    /// `POST /channels/{channelId}/variables`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variables parameter.
    /// - 404: Channel not found.
    /// - 409: Channel not in a Stasis application.
    pub fn set_variables(&self, variables: &Json) -> Order<()> {
        let request = Request::post(
            "channel.set_variables",
            &["channels", &self.channel_id, "variables"],
        )
        .object("variables", variables);
        self.ari.order(request)
    }

    /// Start snooping.
    ///
    /// Snoop (spy/whisper) on a specific channel.
    ///
    /// - `app`: Application the snooping channel is placed into.
    ///
    /// `POST /channels/{channelId}/snoop`.
    ///
    /// # Errors
    /// - 400: Invalid parameters.
    /// - 404: Channel not found.
    pub fn snoop(&self, app: &str, options: &SnoopOptions) -> Order<Channel> {
        let request = Request::post("channel.snoop", &["channels", &self.channel_id, "snoop"])
            .set("app", app)
            .option("spy", &options.spy)
            .option("whisper", &options.whisper)
            .option("appArgs", &options.app_args)
            .option("snoopId", &options.snoop_id);
        self.ari.order(request)
    }

    /// Start snooping.
    ///
    /// Snoop (spy/whisper) on a specific channel.
    ///
    /// - `snoop_id`: Unique ID to assign to snooping channel.
    /// - `app`: Application the snooping channel is placed into.
    ///
    /// `POST /channels/{channelId}/snoop/{snoopId}`.
    ///
    /// # Errors
    /// - 400: Invalid parameters.
    /// - 404: Channel not found.
    pub fn snoop_with_id(
        &self,
        snoop_id: &str,
        app: &str,
        options: &SnoopWithIdOptions,
    ) -> Order<Channel> {
        let request = Request::post(
            "channel.snoop_with_id",
            &["channels", &self.channel_id, "snoop", snoop_id],
        )
        .set("app", app)
        .option("spy", &options.spy)
        .option("whisper", &options.whisper)
        .option("appArgs", &options.app_args);
        self.ari.order(request)
    }

    /// Dial a created channel.
    ///
    /// `POST /channels/{channelId}/dial`.
    ///
    /// # Errors
    /// - 404: Channel cannot be found.
    /// - 409: Channel cannot be dialed.
    pub fn dial(&self, options: &DialOptions) -> Order<()> {
        let request = Request::post("channel.dial", &["channels", &self.channel_id, "dial"])
            .option("caller", &options.caller)
            .option("timeout", &options.timeout);
        self.ari.order(request)
    }

    /// RTP stats on a channel.
    ///
    /// `GET /channels/{channelId}/rtp_statistics`.
    ///
    /// # Errors
    /// - 404: Channel cannot be found.
    pub fn rtp_statistics(&self) -> Order<RtpStat> {
        let request = Request::get(
            "channel.rtp_statistics",
            &["channels", &self.channel_id, "rtp_statistics"],
        );
        self.ari.order(request)
    }

    /// Inform the channel about the progress of the attended/blind transfer.
    ///
    /// - `states`: The state of the progress.
    ///
    /// `POST /channels/{channelId}/transfer_progress`, since Asterisk 22.3.0, 21.8.0, 20.13.0.
    ///
    /// # Errors
    /// - 400: Endpoint parameter not provided.
    /// - 404: Channel or endpoint not found.
    /// - 409: Channel not in a Stasis application.
    /// - 412: Channel in invalid state.
    pub fn transfer_progress(&self, states: &str) -> Order<()> {
        let request = Request::post(
            "channel.transfer_progress",
            &["channels", &self.channel_id, "transfer_progress"],
        )
        .set("states", states);
        self.ari.order(request)
    }
}
