//! What can be told to a session's owner.

use std::future::Future;
use std::pin::Pin;

use voxtra_core::leg::Command;

use super::event::EventBody;
use crate::media::MediaLink;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

/// Something that runs once, at an end.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What reaches a session's owner.
pub(crate) enum Input {
    /// Tell this event.
    Emit(EventBody),
    /// The call's media is connected.
    Media(Box<MediaLink>),
    /// Tell the leg.
    Leg(Command),
    /// Who listens to the caller has changed: tell the leg how much of the audio is wanted.
    Listeners,
    /// Run this at the end of the call.
    Hook(Hook),
    /// The far end is alerting.
    Ringing,
    /// The remote party picked up, or we answered.
    Answered,
    /// ARI told a key press.
    Dtmf(char),
    /// The far end holds the call, or no longer.
    Held(bool),
    /// Another channel has replaced the call's, with this caller.
    Replaced(String),
    /// Somebody hung up, for this reason.
    HangupRequested(EndReason, EndedBy),
    /// The far end did not take our call, for this reason. Its channel ends with another cause, or
    /// none.
    NotTaken(EndReason),
    /// The call is given up for this reason. Its channel may still be there.
    GiveUp(EndReason),
    /// The application ends, and this conversation, in which no agent takes part, goes on in
    /// Asterisk.
    Leave,
    /// The channel left the application.
    Left,
    /// The channel is gone, for this reason.
    Gone(EndReason),
}
