//! Names that an agent usually needs.
//!
//! The names are listed, so that a program knows what it imports. The event `error` is left out: a
//! struct called `Error` would collide with the program's own. It is
//! [`event::Error`](crate::event::Error).

// The built-in events.
pub use crate::event::{
    AgentChanged, AgentHeld, AgentHeldOutcome, AgentResponse, AgentSpeechEnded, AgentSpeechStarted,
    AgentThinking, AudioFrameReceived, AudioFrameSent, BargeIn, CallAnswered, CallEnded,
    CallEndedEndedBy, CallFailed, CallHeld, CallHeldBy, CallReplaced, CallResumed, CallResumedBy,
    CallRinging, CallStarted, CallStartedDirection, CallTranscript, CallTransferFailed,
    CallTransferStarted, CallTransferred, DtmfReceived, MediaStarted, MediaStopped,
    MediaStoppedReason, MessageLeft, ObjectiveMissed, SessionCreated, SessionDestroyed,
    SilenceDetected, TurnEnded, TurnMeasured, TurnMeasuredOutcome, UserSpeechEnded,
    UserSpeechStarted, UserTranscript, UserTranscriptPartial,
};
/// The status with which `main` ends.
pub use std::process::ExitCode;

// What all events have in common.
pub use crate::event::{BuiltIn, EndReason, EventKind, EventSet, EventType, Text, ToolCall};
// A call, and the program around it.
#[cfg(feature = "config")]
pub use crate::Config;
pub use crate::{
    AgentSettings, Application, AudioStream, Call, CallError, CallStatus, Event, EventBody, Events,
    Handler, HandlerError, Outbound, Session, Side, Spoken, WayOut, tools, voxtra,
};

#[cfg(test)]
mod tests {
    use crate::event::CATALOGUE;

    #[test]
    fn every_built_in_event_but_error_is_listed() {
        let listed = include_str!("prelude.rs")
            .split(|c: char| !c.is_alphanumeric())
            .collect::<Vec<_>>();
        for event in CATALOGUE {
            assert!(listed.contains(&event.name), "{}", event.name);
        }
    }
}
