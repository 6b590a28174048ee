//! A session: one call, its one ordered stream of events, and what an agent can do with it.
//!
//! Each session has one owner, a task that merges what the media thread reports, what ARI reports
//! and what async code emits into one numbered order. Handlers, webhooks and observers all see that
//! order.

mod call;
mod caller_audio;
mod channel;
mod conversation;
mod declared;
mod dtmf;
mod error;
mod event;
mod expected;
#[cfg(any(fuzzing, test))]
pub(crate) use event::fuzz;
mod input;
mod lifecycle;
mod line;
mod listen;
mod log;
#[cfg(test)]
mod log_models;
#[cfg(test)]
mod log_tests;
mod owner;
mod speak;
mod transfer;

use crate::sync;

pub use call::{Call, CallInfo, Direction};
pub use caller_audio::AudioStream;
pub use conversation::Conversation;
pub use declared::{OnError, Session, Timer, Trigger, When};
pub use error::{CallError, HandlerError};
pub use event::{Event, EventBody, UserEvent};
pub use log::Events;
pub use speak::Spoken;
pub use transfer::Transfer;

pub(crate) use call::Services;
pub(crate) use declared::run_session;
pub(crate) use expected::{ChannelNews, ExpectedChannels};
pub(crate) use input::{Hook, Input};
pub(crate) use line::{AriLine, Line};
pub use owner::OnHandlerEnd;
pub(crate) use owner::{Owner, Publish};
