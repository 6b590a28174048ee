//! Operations on bridges.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::{
    AddChannelOptions, BridgeCreateOptions, CreateOptions, PlayOptions, PlayWithIdOptions,
    RecordOptions, SetVariableOptions, StartMohOptions,
};
use crate::client::AriClient;
use crate::generated::{Bridge, LiveRecording, Playback, Variable, Variables};
use crate::read::Json;
use crate::request::{Many, Order, Request};

impl AriClient {
    /// All bridges, for the operations on them. Nothing is sent yet.
    pub fn bridges(&self) -> Bridges {
        Bridges { ari: self.clone() }
    }

    /// One bridge, for the operations on it. Nothing is sent yet.
    pub fn bridge(&self, bridge_id: impl Into<String>) -> BridgeHandle {
        BridgeHandle {
            ari: self.clone(),
            bridge_id: bridge_id.into(),
        }
    }
}

/// All bridges. From [`AriClient::bridges`].
#[derive(Clone, Debug)]
pub struct Bridges {
    ari: AriClient,
}

impl Bridges {
    /// List all active bridges in Asterisk.
    ///
    /// `GET /bridges`.
    pub fn list(&self) -> Order<Vec<Bridge>> {
        let request = Request::get("bridges.list", &["bridges"]);
        self.ari.order(request)
    }

    /// Create a new bridge.
    ///
    /// This bridge persists until it has been shut down, or Asterisk has been shut down.
    ///
    /// `POST /bridges`.
    ///
    /// # Errors
    /// - 409: Bridge with the same bridgeId already exists.
    pub fn create(&self, options: &CreateOptions) -> Order<Bridge> {
        let request = Request::post("bridges.create", &["bridges"])
            .option("type", &options.kind)
            .option("bridgeId", &options.bridge_id)
            .option("name", &options.name)
            .object("variables", &options.variables);
        self.ari.order(request)
    }
}

/// One bridge. From [`AriClient::bridge`].
#[derive(Clone, Debug)]
pub struct BridgeHandle {
    ari: AriClient,
    bridge_id: String,
}

impl BridgeHandle {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.bridge_id
    }

    /// Create a new bridge.
    ///
    /// This bridge persists until it has been shut down, or Asterisk has been shut down.
    ///
    /// `POST /bridges/{bridgeId}`.
    ///
    /// # Errors
    /// - 409: Bridge with the same bridgeId already exists.
    pub fn create(&self, options: &BridgeCreateOptions) -> Order<Bridge> {
        let request = Request::post("bridge.create", &["bridges", &self.bridge_id])
            .option("type", &options.kind)
            .option("name", &options.name)
            .object("variables", &options.variables);
        self.ari.order(request)
    }

    /// Get bridge details.
    ///
    /// `GET /bridges/{bridgeId}`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    pub fn get(&self) -> Order<Bridge> {
        let request = Request::get("bridge.get", &["bridges", &self.bridge_id]);
        self.ari.order(request)
    }

    /// Shut down a bridge.
    ///
    /// If any channels are in this bridge, they will be removed and resume whatever they were doing
    /// beforehand.
    ///
    /// The channels in it stay up, on their own.
    ///
    /// `DELETE /bridges/{bridgeId}`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    pub fn destroy(&self) -> Order<()> {
        let request = Request::delete("bridge.destroy", &["bridges", &self.bridge_id]);
        self.ari.order(request)
    }

    /// Get the value of a bridge variable or function.
    ///
    /// - `variable`: The bridge variable or function to get.
    ///
    /// `GET /bridges/{bridgeId}/variable`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    /// - 404: Bridge or variable not found.
    /// - 409: Bridge not in a Stasis application.
    pub fn variable(&self, variable: &str) -> Order<Variable> {
        let request = Request::get("bridge.variable", &["bridges", &self.bridge_id, "variable"])
            .set("variable", variable);
        self.ari.order(request)
    }

    /// Set the value of a bridge variable or function.
    ///
    /// - `variable`: The bridge variable or function to set.
    /// - `value`: The value to set the variable to.
    ///
    /// `POST /bridges/{bridgeId}/variable`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    /// - 404: Bridge not found.
    /// - 409: Bridge not in a Stasis application.
    pub fn set_variable(
        &self,
        variable: &str,
        value: &str,
        options: &SetVariableOptions,
    ) -> Order<()> {
        let request = Request::post(
            "bridge.set_variable",
            &["bridges", &self.bridge_id, "variable"],
        )
        .set("variable", variable)
        .set("value", value)
        .option("report_events", &options.report_events);
        self.ari.order(request)
    }

    /// Get the value of multiple bridge variables or functions.
    ///
    /// - `variables`: The bridge variables or functions to get.
    ///
    /// `GET /bridges/{bridgeId}/variables`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variables parameter.
    /// - 404: Bridge or variable not found.
    /// - 409: Bridge not in a Stasis application.
    pub fn variables(&self, variables: impl Many) -> Order<Variables> {
        let request = Request::get(
            "bridge.variables",
            &["bridges", &self.bridge_id, "variables"],
        )
        .several("variables", &variables.many());
        self.ari.order(request)
    }

    /// Set the values of multiple bridge variables or functions.
    ///
    /// - `variables`: The "variables" key in the body object holds variable key/value pairs to set
    ///   on the bridge. Each variable value may be either a string or an object containing "value"
    ///   (string) and optional "report_events" (boolean) to include updates for that variable in
    ///   bridge events (defaults to false). Ex. `{ "variables": { "Bridge_State":
    ///   "WaitingForAgent", "Support_Level": { "value": "Premium", "report_events": true } } }`.
    ///
    /// `POST /bridges/{bridgeId}/variables`, since Asterisk 20.20.0, 22.10.0, 23.4.0.
    ///
    /// # Errors
    /// - 400: Missing variables parameter.
    /// - 404: Bridge not found.
    /// - 409: Bridge not in a Stasis application.
    pub fn set_variables(&self, variables: &Json) -> Order<()> {
        let request = Request::post(
            "bridge.set_variables",
            &["bridges", &self.bridge_id, "variables"],
        )
        .object("variables", variables);
        self.ari.order(request)
    }

    /// Add a channel to a bridge.
    ///
    /// - `channel`: Ids of channels to add to bridge.
    ///
    /// `POST /bridges/{bridgeId}/addChannel`.
    ///
    /// # Errors
    /// - 400: Channel not found.
    /// - 404: Bridge not found.
    /// - 409: Bridge not in Stasis application; Channel currently recording.
    /// - 422: Channel not in Stasis application.
    pub fn add_channel(&self, channel: impl Many, options: &AddChannelOptions) -> Order<()> {
        let request = Request::post(
            "bridge.add_channel",
            &["bridges", &self.bridge_id, "addChannel"],
        )
        .several("channel", &channel.many())
        .option("role", &options.role)
        .option("absorbDTMF", &options.absorb_dtmf)
        .option("mute", &options.mute)
        .option(
            "inhibitConnectedLineUpdates",
            &options.inhibit_connected_line_updates,
        );
        self.ari.order(request)
    }

    /// Remove a channel from a bridge.
    ///
    /// - `channel`: Ids of channels to remove from bridge.
    ///
    /// `POST /bridges/{bridgeId}/removeChannel`.
    ///
    /// # Errors
    /// - 400: Channel not found.
    /// - 404: Bridge not found.
    /// - 409: Bridge not in Stasis application.
    /// - 422: Channel not in this bridge.
    pub fn remove_channel(&self, channel: impl Many) -> Order<()> {
        let request = Request::post(
            "bridge.remove_channel",
            &["bridges", &self.bridge_id, "removeChannel"],
        )
        .several("channel", &channel.many());
        self.ari.order(request)
    }

    /// Set a channel as the video source in a multi-party mixing bridge. This operation has no
    /// effect on bridges with two or fewer participants.
    ///
    /// - `channel_id`: Channel's id.
    ///
    /// `POST /bridges/{bridgeId}/videoSource/{channelId}`.
    ///
    /// # Errors
    /// - 404: Bridge or Channel not found.
    /// - 409: Channel not in Stasis application.
    /// - 422: Channel not in this Bridge.
    pub fn set_video_source(&self, channel_id: &str) -> Order<()> {
        let request = Request::post(
            "bridge.set_video_source",
            &["bridges", &self.bridge_id, "videoSource", channel_id],
        );
        self.ari.order(request)
    }

    /// Removes any explicit video source in a multi-party mixing bridge. This operation has no
    /// effect on bridges with two or fewer participants. When no explicit video source is set, talk
    /// detection will be used to determine the active video stream.
    ///
    /// `DELETE /bridges/{bridgeId}/videoSource`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    pub fn clear_video_source(&self) -> Order<()> {
        let request = Request::delete(
            "bridge.clear_video_source",
            &["bridges", &self.bridge_id, "videoSource"],
        );
        self.ari.order(request)
    }

    /// Play music on hold to a bridge or change the MOH class that is playing.
    ///
    /// `POST /bridges/{bridgeId}/moh`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    /// - 409: Bridge not in Stasis application.
    pub fn start_moh(&self, options: &StartMohOptions) -> Order<()> {
        let request = Request::post("bridge.start_moh", &["bridges", &self.bridge_id, "moh"])
            .option("mohClass", &options.moh_class);
        self.ari.order(request)
    }

    /// Stop playing music on hold to a bridge.
    ///
    /// This will only stop music on hold being played via POST bridges/{bridgeId}/moh.
    ///
    /// `DELETE /bridges/{bridgeId}/moh`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    /// - 409: Bridge not in Stasis application.
    pub fn stop_moh(&self) -> Order<()> {
        let request = Request::delete("bridge.stop_moh", &["bridges", &self.bridge_id, "moh"]);
        self.ari.order(request)
    }

    /// Start playback of media on a bridge.
    ///
    /// The media URI may be any of a number of URI's. Currently sound:, recording:, number:,
    /// digits:, characters:, and tone: URI's are supported. This operation creates a playback
    /// resource that can be used to control the playback of media (pause, rewind, fast forward,
    /// etc.).
    ///
    /// - `media`: Media URIs to play.
    ///
    /// `POST /bridges/{bridgeId}/play`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    /// - 409: Bridge not in a Stasis application.
    /// - 422: The format specified is unknown on this system.
    pub fn play(&self, media: impl Many, options: &PlayOptions) -> Order<Playback> {
        let request = Request::post("bridge.play", &["bridges", &self.bridge_id, "play"])
            .several("media", &media.many())
            .option("announcer_format", &options.announcer_format)
            .option("lang", &options.lang)
            .option("offsetms", &options.offsetms)
            .option("skipms", &options.skipms)
            .option("playbackId", &options.playback_id);
        self.ari.order(request)
    }

    /// Start playback of media on a bridge.
    ///
    /// The media URI may be any of a number of URI's. Currently sound:, recording:, number:,
    /// digits:, characters:, and tone: URI's are supported. This operation creates a playback
    /// resource that can be used to control the playback of media (pause, rewind, fast forward,
    /// etc.).
    ///
    /// - `playback_id`: Playback ID.
    /// - `media`: Media URIs to play.
    ///
    /// `POST /bridges/{bridgeId}/play/{playbackId}`.
    ///
    /// # Errors
    /// - 404: Bridge not found.
    /// - 409: Bridge not in a Stasis application.
    /// - 422: The format specified is unknown on this system.
    pub fn play_with_id(
        &self,
        playback_id: &str,
        media: impl Many,
        options: &PlayWithIdOptions,
    ) -> Order<Playback> {
        let request = Request::post(
            "bridge.play_with_id",
            &["bridges", &self.bridge_id, "play", playback_id],
        )
        .several("media", &media.many())
        .option("announcer_format", &options.announcer_format)
        .option("lang", &options.lang)
        .option("offsetms", &options.offsetms)
        .option("skipms", &options.skipms);
        self.ari.order(request)
    }

    /// Start a recording.
    ///
    /// This records the mixed audio from all channels participating in this bridge.
    ///
    /// - `name`: Recording's filename.
    /// - `format`: Format to encode audio in.
    ///
    /// `POST /bridges/{bridgeId}/record`.
    ///
    /// # Errors
    /// - 400: Invalid parameters.
    /// - 404: Bridge not found.
    /// - 409: Bridge is not in a Stasis application; A recording with the same name already exists
    ///   on the system and can not be overwritten because it is in progress or ifExists=fail.
    /// - 422: The format specified is unknown on this system.
    pub fn record(
        &self,
        name: &str,
        format: &str,
        options: &RecordOptions,
    ) -> Order<LiveRecording> {
        let request = Request::post("bridge.record", &["bridges", &self.bridge_id, "record"])
            .set("name", name)
            .set("format", format)
            .option("recorder_format", &options.recorder_format)
            .option("maxDurationSeconds", &options.max_duration_seconds)
            .option("maxSilenceSeconds", &options.max_silence_seconds)
            .option("ifExists", &options.if_exists)
            .option("beep", &options.beep)
            .option("terminateOn", &options.terminate_on);
        self.ari.order(request)
    }
}
