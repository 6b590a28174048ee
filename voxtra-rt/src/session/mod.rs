//! A session: one call, its one ordered stream of events, and what an agent can do with it.
//!
//! Each session has one owner, a task that merges what the media thread and the carrier report and
//! what async code requests into one numbered order. Handlers, webhooks and observers all see that
//! order.

// The call, as an agent holds it.
mod call;
mod caller_audio;
mod caller_words;
mod clips;
mod conversation;
mod error;
mod hold;
mod leg;
mod line;
mod listen;
mod say;
mod speak;
mod status;
mod transfer;
mod wording;

// What its handles, its owner and their tasks share.
mod answers;
mod facts;
mod shared;
mod state;
mod transcript;
mod usage;

// Events, in one numbered order.
mod event;
mod lifecycle;
mod log;
mod measure;
mod objectives;
mod owner;

// What the owner hears from, and waits for.
mod carrier;
pub(crate) mod deadlines;
mod dtmf;
mod report;
mod request;

// Sessions declared with `voxtra!`.
mod declared;

#[cfg(any(fuzzing, test))]
pub(crate) use event::fuzz;
#[cfg(test)]
mod log_models;
#[cfg(test)]
mod log_tests;

use crate::sync;

pub use call::{Call, CallInfo, Direction};
pub use caller_audio::AudioStream;
pub use caller_words::{Expect, OverlapWords};
#[cfg(feature = "http")]
pub use conversation::HttpSettings;
#[cfg(feature = "webhooks")]
pub(crate) use conversation::channel_variables;
pub(crate) use conversation::set_routed;
#[cfg(all(test, feature = "mcp"))]
pub(crate) use conversation::told;
#[cfg(feature = "config")]
pub(crate) use conversation::{Address, KnownNames, time_zone};
pub use conversation::{
    AgentSettings, Agents, Answer, ContextLimit, Conversation, DeadAir, Filler, FnTool, Lookup,
    NoInput, OnFailure, Tool, Toolbox, VariableError, WayOut, tools,
};
pub use declared::{DeclaredRoute, OnError, Route, Session, Timer, Trigger, When};
pub use error::{CallError, HandlerError};
pub use event::{Event, EventBody, UserEvent};
pub use hold::{Hold, Side};
pub use log::Events;
pub use objectives::Objectives;
pub use say::Say;
pub use speak::Spoken;
pub use status::{Action, CallStatus};
pub use transcript::TranscriptSettings;
pub use transfer::Transfer;
pub use usage::Price;

pub(crate) use call::{Services, StandIns};
pub(crate) use carrier::{Carrier, Music, Order, TransferTo};
pub(crate) use declared::run_session;
pub use owner::OnHandlerEnd;
pub(crate) use owner::{Owner, Publish};
#[cfg(feature = "ari")]
pub(crate) use report::why_not_taken;
pub(crate) use report::{Report, Reports};
pub(crate) use request::Hook;
#[cfg(test)]
pub(crate) use request::Request;
#[cfg(feature = "config")]
pub(crate) use usage::HIGHEST as HIGHEST_PRICE;
