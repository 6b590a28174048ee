//! Requests of async code to a session's owner.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;
use voxtra_core::leg::Command;

use super::event::EventBody;
use crate::media::GuardPlan;

/// Something that runs once, at an end.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A request of the agent's side. The owner takes requests in the order in which they were made.
pub(crate) enum Request {
    /// Publish this event.
    Emit(EventBody),
    /// Give this command to the leg.
    Leg(Command),
    /// The agent holds the call, or no longer.
    Hold(bool),
    /// Guard the call against dead air, or no longer.
    Guard(Option<Arc<GuardPlan>>),
    /// The listeners to the caller have changed: tell the leg how much of the audio they need.
    Listeners,
    /// Run this at the end of the call.
    Hook(Hook),
    /// Confirm that every earlier request was taken.
    Taken(oneshot::Sender<()>),
}
