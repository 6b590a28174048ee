//! The order that makes Asterisk connect a call's audio to us.

use serde_json::json;
use uuid::Uuid;

use super::client::Request;
use super::{AriClient, AriError, Channel};

impl AriClient {
    /// `POST /channels/externalMedia`: creates a channel whose audio is an AudioSocket connection
    /// from Asterisk to `media.address`. Our listener must be up before. The channel enters our
    /// application by itself (a `StasisStart` that is not a new call), and hears the caller once
    /// both are in one bridge.
    ///
    /// # Errors
    /// See [`AriClient`]. `Status` 500 when Asterisk cannot connect to the address.
    pub async fn external_media(&self, media: &ExternalMedia) -> Result<Channel, AriError> {
        let body = json!({
            "app": self.app(),
            "channelId": media.channel_id,
            "external_host": media.address,
            "encapsulation": "audiosocket",
            "transport": "tcp",
            "connection_type": "client",
            "direction": "both",
            "format": media.format.as_str(),
            "data": media.uuid.hyphenated().to_string(),
        });
        self.send(Request::post(["channels", "externalMedia"]).body(body))
            .await
    }
}

/// An AudioSocket connection to request from Asterisk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalMedia {
    /// The id of the media channel.
    pub channel_id: String,
    /// Where our AudioSocket server listens, as Asterisk reaches it: `host:port`.
    pub address: String,
    /// The id that Asterisk presents on the connection; only it links the connection to the call.
    pub uuid: Uuid,
    /// Format of the samples.
    pub format: MediaFormat,
}

/// Format of the audio on the AudioSocket: signed 16-bit mono at one of the rates Asterisk knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaFormat {
    /// 8 kHz: the telephone's own rate, so most calls need no conversion.
    #[default]
    Slin,
    /// 16 kHz: wide band, which speech models prefer.
    Slin16,
}

impl MediaFormat {
    /// Asterisk's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slin => "slin",
            Self::Slin16 => "slin16",
        }
    }

    /// Samples per second.
    pub fn hz(self) -> u32 {
        match self {
            Self::Slin => 8_000,
            Self::Slin16 => 16_000,
        }
    }
}
