//! Voxtra: voice agents on a telephone line.
//!
//! Asterisk brings the call; Voxtra takes its audio over AudioSocket, hears when the caller speaks,
//! stops and interrupts, turns everything that happens into typed events, runs your handler, plays
//! its voice back, and tells the outside world by signed webhooks.
//!
//! ```no_run
//! use voxtra::prelude::*;
//!
//! voxtra! {
//!     session Greeter {
//!         route extension "1000";
//!
//!         on call.started { call.answer().await?; call.say("Welcome.").await?; }
//!         on dtmf.received(e) if e.digit == '0' { call.hangup().await?; }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<ExitCode, voxtra::Exit> {
//!     let config = Config::load("voxtra.toml".as_ref())?;
//!     let _log = voxtra::log::init(&config.log)?;
//!     let application = Application::builder().config(&config)?.session::<Greeter>();
//!     Ok(application.run().await?)
//! }
//! ```
//!
//! - [`Application`] takes calls to agents, [`Call`] is one call, [`event`] what happens in it;
//!   [`rehearsal`] tests an agent without a telephone;
//! - [`rt`] is the tokio runtime as a whole, with ARI and webhooks;
//! - [`core`] is the `no_std` core: framing, audio, voice detection, turn-taking, playout, events;
//! - [`voxtra!`] declares events and sessions.

pub mod allocations;
mod exit;
#[cfg(feature = "config")]
pub mod log;
pub mod prelude;

pub use exit::Exit;
pub use voxtra_core as core;
pub use voxtra_core::event;
pub use voxtra_rt as rt;
pub use voxtra_rt::app::{Application, Handler, Outbound, Route};
#[cfg(feature = "config")]
pub use voxtra_rt::config::Config;
pub use voxtra_rt::rehearsal;
pub use voxtra_rt::session::{
    AgentSettings, Agents, AudioStream, Call, CallError, CallInfo, CallStatus, ContextLimit, Event,
    EventBody, Events, FnTool, HandlerError, Hold, Lookup, Objectives, Price, Say, Session, Side,
    Spoken, Tool, Toolbox, TranscriptSettings, Transfer, WayOut, tools,
};
#[cfg(feature = "command-voice")]
pub use voxtra_rt::speech::CommandVoice;
pub use voxtra_rt::speech::{
    LanguageModel, ProviderError, SpeechError, SpeechToSpeech, SpeechToText, TextToSpeech,
};
pub use voxtra_rt::voxtra;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So do those of the language's reference.
#[cfg(doctest)]
#[doc = include_str!("../docs/language.md")]
struct Language;

/// So does that of a call.
#[cfg(doctest)]
#[doc = include_str!("../docs/call.md")]
struct CallPage;

/// So does that of rehearsals.
#[cfg(doctest)]
#[doc = include_str!("../docs/rehearsals.md")]
struct Rehearsals;

/// So does that of tools.
#[cfg(all(doctest, feature = "http", feature = "schema"))]
#[doc = include_str!("../docs/tools.md")]
struct Tools;

/// So does that of transcripts.
#[cfg(doctest)]
#[doc = include_str!("../docs/transcripts.md")]
struct Transcripts;

/// So does that of a provider's author.
#[cfg(doctest)]
#[doc = include_str!("../docs/providers.md")]
struct Providers;
