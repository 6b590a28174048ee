#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod client;
mod conveniences;
mod error;
mod event;
/// What `fuzz/` runs.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz;
mod generated;
mod modules;
mod read;
mod request;
mod settings;
mod socket;
pub mod text;

pub use client::AriClient;
pub use error::AriError;
pub use event::UnknownEvent;
pub use generated::*;
pub use modules::{REQUIRED_MODULES, RequiredModule, missing_modules};
pub use read::Json;
pub use request::{Many, Order};
pub use settings::AriSettings;
pub use socket::{AriEvents, AriEventsOptions, AriSignal};
