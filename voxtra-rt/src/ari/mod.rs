//! The control plane: Asterisk's REST interface (ARI) and its event websocket.
//!
//! [`AriClient`] gives orders (answer, originate, hang up, connect the audio …), each one HTTP
//! request with a time limit. [`AriEvents`] keeps one websocket up for as long as the service runs
//! and says, in order, what Asterisk reports and when the connection is lost and regained. Neither
//! retries an order: whether a second `originate` is welcome is known only to the caller.
//!
//! Paths, parameters and models follow the description that Asterisk serves of itself at
//! `/ari/api-docs/resources.json` (22.10).

mod applications;
mod bridges;
mod channels;
mod client;
mod error;
mod event;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod media;
mod model;
mod modules;
mod settings;
mod socket;
pub(crate) mod text;

pub use bridges::BridgeKind;
pub use channels::{ContinueAt, HangupReason, Originate, OriginateRoute};
pub use client::AriClient;
pub use error::AriError;
pub use event::{
    ApplicationReplaced, AriEvent, BridgeEvent, ChannelBridgeEvent, ChannelDestroyed,
    ChannelDtmfReceived, ChannelEvent, ChannelHangupRequest, ChannelVarset, Dial, PlaybackEvent,
    StasisEnd, StasisStart,
};
pub use media::{ExternalMedia, MediaFormat};
pub use model::{
    AsteriskInfo, AsteriskModule, Bridge, CallerId, Channel, ChannelState, DialplanPosition,
    Playback, PlaybackState,
};
pub use modules::{REQUIRED_MODULES, RequiredModule, missing_modules};
pub use settings::AriSettings;
pub use socket::{AriEvents, AriEventsOptions, AriSignal};
