//! A client of Asterisk's REST interface (ARI) and its event websocket.
//!
//! A program that answers the callers that the dialplan sends to `Stasis(acme)`:
//!
//! ```no_run
//! use tokio_util::sync::CancellationToken;
//! use voxtra_ari::{AriClient, AriEvent, AriEvents, AriEventsOptions, AriSettings, AriSignal};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "http://127.0.0.1:8088/ari".parse()?;
//! let password = std::env::var("ARI_PASSWORD")?;
//! let ari = AriClient::new(AriSettings::new(url, "acme", "acme", password))?;
//! let stop = CancellationToken::new();
//! let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &stop);
//! while let Some(signal) = events.recv().await {
//!     match signal {
//!         AriSignal::Connected => println!("ready for calls"),
//!         AriSignal::Disconnected { error, retry_in } => {
//!             eprintln!("{error}; tried again in {} ms", retry_in.as_millis());
//!         }
//!         AriSignal::Event(AriEvent::StasisStart(start)) => {
//!             println!("{} calls", start.channel.caller.number);
//!             // The caller may have hung up by now.
//!             if let Err(error) = ari.answer(&start.channel.id).await {
//!                 eprintln!("{error}");
//!             }
//!         }
//!         AriSignal::Replaced => break,
//!         AriSignal::Event(_) => {}
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! [`AriClient`] gives orders (answer, originate, hang up, connect the audio …), each one HTTP
//! request with a time limit. [`AriEvents`] keeps one websocket up for as long as the service runs.
//! It reports, in order, Asterisk's events, and when the connection is lost and regained. Neither
//! retries an order: only the caller knows whether a second `originate` is welcome.
//!
//! Paths, parameters and models follow the description that Asterisk serves at
//! `/ari/api-docs/resources.json` (22.10).
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod applications;
mod bridges;
mod channels;
mod client;
mod error;
mod event;
/// What `fuzz/` runs.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz;
mod media;
mod model;
mod modules;
mod settings;
mod socket;
pub mod text;

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
