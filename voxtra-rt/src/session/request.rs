//! What async code asks of a session's owner.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::oneshot;
use voxtra_core::leg::Command;

use super::event::EventBody;

/// Something that runs once, at an end.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What an agent's side wants. The owner takes requests in the order in which they were made.
pub(crate) enum Request {
    /// Publish this event.
    Emit(EventBody),
    /// Give this command to the leg.
    Leg(Command),
    /// Who listens to the caller has changed: tell the leg how much of the audio is wanted.
    Listeners,
    /// Run this at the end of the call.
    Hook(Hook),
    /// Say that every request made before this one was taken.
    Taken(oneshot::Sender<()>),
}
