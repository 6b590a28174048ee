//! The tokio runtime of Voxtra: it moves the bytes, keeps the time, and connects the core's state
//! machines to Asterisk, to agents and to the outside world.
//!
//! - [`media`]: the AudioSocket server and its media threads;
//! - [`ari`]: Asterisk's REST interface and its events, which is `voxtra-ari`;
//! - [`session`]: one call, its one ordered stream of events, and what an agent can do with it;
//! - [`app`]: which call goes to which agent, from start-up to the last drained call;
//! - [`rehearsal`]: agents tested in virtual time, against callers who follow a script;
//! - [`speech`]: voices, speech-to-text, language models, which is `voxtra-speech`;
//! - [`mcp`]: tools of MCP servers;
//! - [`webhook`]: events for the outside world;
//! - [`catalogue`]: the events that a program knows, for people and for other programs;
//! - [`config`]: the TOML file.
#![forbid(unsafe_code)]
// A session gets some reports only from some carriers.
#![cfg_attr(not(feature = "ari"), allow(dead_code))]
// Code that threads share is compiled once more under loom (`sync`).
#![cfg_attr(test, allow(clippy::duplicate_mod))]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod app;
mod audit;
mod carrier;
pub mod catalogue;
#[cfg(feature = "config")]
pub mod config;
mod lock;
#[cfg(any(feature = "mcp", feature = "config"))]
pub mod mcp;
pub mod media;
pub mod rehearsal;
pub mod session;
mod sync;
#[cfg(feature = "webhooks")]
pub mod webhook;

/// Entry points of `fuzz/`. The bodies live beside the code they exercise.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz {
    #[cfg(feature = "config")]
    pub use crate::config::fuzz::config;
    pub use crate::session::fuzz::event_json;
}

#[cfg(feature = "ari")]
pub use voxtra_ari as ari;
pub use voxtra_core as core;
pub use voxtra_speech as speech;

/// Names in the output of `voxtra!`. Not part of the public interface: it changes with the macro.
#[doc(hidden)]
pub mod __private {
    pub use voxtra_core::__private::voxtra;

    /// Lets only `voxtra!` implement [`Session`](crate::session::Session), so that it can grow.
    pub trait Declared {}
}

/// Declares events and sessions.
///
/// # Events
///
/// ```
/// use voxtra_rt::voxtra;
///
/// voxtra! {
///     events {
///         /// The caller confirmed a payment.
///         payment.confirmed { amount_cents: u64, by: card | bank_transfer = card }
///     }
/// }
///
/// let event = PaymentConfirmed::new(1_250);
/// assert_eq!(event.to_string(), "payment.confirmed amount_cents=1250 by=card");
/// ```
///
/// An event is named by its **wire name**: words of lower-case letters, digits and `_`, separated
/// by dots. It becomes a struct of the same name in Rust's spelling, with public fields, JSON in
/// both directions and a line in the log. The documentation of the core's macro of this name,
/// [`core::voxtra!`](voxtra_core::voxtra), says what fields may be, and what else may stand in
/// `events`.
///
/// # Sessions
///
/// ```
/// use voxtra_rt::voxtra;
///
/// voxtra! {
///     events { payment.confirmed { amount_cents: u64 } }
///
///     session Support {
///         route extension "1000", number "+265*";
///         state { attempts: u8 = 0 }
///
///         on call.started                           { call.answer().await?; call.say("Welcome.").await?; }
///         on dtmf.received(e) if e.digit == '0'     { call.transfer("PJSIP/200").await?; }
///         on dtmf.received if state.attempts >= 3   { call.hangup().await?; }
///         on dtmf.received                          { state.attempts += 1; }
///         on payment.confirmed(e)                   { call.set_metadata("paid", e.amount_cents.to_string()); }
///     }
/// }
/// ```
///
/// A session becomes a struct that implements `Session`; an application that has it makes one for
/// each call on its routes.
///
/// - **Routes** are `extension "1000"` (the whole extension), `number "+265999000001"`, `prefix
///   "+265"` (or `number "+265*"`), and `default` for calls that no other route matches. `{ key:
///   "value" }` behind a route sets metadata of its calls.
/// - **State** lives as long as the call. Each field has its initial value behind `=`, which may
///   use `call`.
/// - A **handler** is async. In it and in its guard, `call` is the call, `state` the state, and the
///   name in parentheses is a reference to the event; `field: pattern` there looks into it. `?`
///   takes any error. A handler may end in `Ok(())`, but needn't.
/// - **Several handlers of one event** are tried in their order, and the first whose patterns and
///   `if` hold runs.
/// - **Steps, timers, interrupts, `catch` and `hangup`** are in the reference, `docs/language.md`.
/// - **Events** are the built-in ones, those declared in the same `voxtra!`, and those of another
///   one whose structs are imported in this one: `use crate::events::PaymentConfirmed;` above
///   `session` is what `on payment.confirmed` needs.
#[macro_export]
macro_rules! voxtra {
    ($($declarations:tt)*) => {
        $crate::__private::voxtra! { ($crate::core, $crate) $($declarations)* }
    };
}
