//! Sessions declared with `voxtra!`: the macro's interface, and the code that runs a session.
//!
//! A session does one thing at a time. Its events wait in order. Each goes to the first handler
//! that wants it.
//!
//! - **An interrupt** cuts the body that is awaiting: its future is dropped at that await, which
//!   cuts a [`say`](Call::say) in it. The interrupting event is handled at once, waiting events
//!   after it. The body's work before that await is done; the code after it does not run. Events
//!   that were waiting when a step is entered can cut its `enter`. A body that doesn't await can't
//!   be cut, and neither can `hangup`. An event does not interrupt if an earlier ordinary handler
//!   would take it. If that handler's guard reads the state, we assume that it would.
//! - **A timer** that falls due while a body runs waits for the body and for the waiting events. A
//!   silence that was broken in the meantime is forgotten; missed repetitions are not made up for.
//! - **At the end of the call** the running body may go on for two seconds, in which everything
//!   that it awaits of the call ends with [`CallError::Ended`]; then it is dropped. Waiting events
//!   are handled in the same time. `hangup` comes last, once, in any case. The session's owner
//!   gives all of it five seconds.
//! - **An error** becomes an `error` event, and then does what `catch` says. If the body that
//!   follows fails as well, the call has failed, and the caller goes on in the dialplan.
//!   `CallError::Ended` is not an error. A panic is one, and the call has failed.

mod route;
mod run;
#[cfg(test)]
mod tests;
mod timers;

use std::future::Future;
use std::time::Duration;

use voxtra_core::event::EventInfo;

use super::call::Call;
use super::error::HandlerError;
use super::event::Event;

pub use route::{DeclaredRoute, Route};
pub(crate) use run::run_session;

/// A session declared with `voxtra! { session Name { … } }`. Only the macro implements this trait.
///
/// The index in [`STEPS`](Self::STEPS) identifies a step, so that finding a handler compares small
/// integers.
pub trait Session: crate::__private::Declared + Send + 'static {
    /// Its name in the declaration.
    const NAME: &'static str;
    /// Its routes.
    const ROUTES: &'static [DeclaredRoute];
    /// The application's events that it may emit or receive: those of its `voxtra!`, and the
    /// imported ones that it handles.
    const EVENTS: &'static [EventInfo] = &[];
    /// The names of its steps.
    const STEPS: &'static [&'static str] = &[];
    /// Its timers.
    const TIMERS: &'static [Timer] = &[];
    /// The effect of a handler's error, besides an `error` event.
    const ON_ERROR: OnError = OnError::Continue;

    /// Its state at the start of a call.
    fn new(call: &Call) -> Self;

    /// Whether the session has a handler for events of this kind, whatever its conditions.
    fn wants(step: Option<u16>, event: &Event) -> bool {
        let _ = (step, event);
        true
    }

    /// Whether this event interrupts the running body: an interrupt is the first handler that would
    /// take it.
    fn interrupts(step: Option<u16>, call: &Call, event: &Event) -> bool {
        let _ = (step, call, event);
        false
    }

    /// Runs the body that the session declares for this trigger, if any. Leaves the next step, if
    /// any, in `goto`.
    ///
    /// # Errors
    /// The body's error.
    fn handle<'a>(
        &'a mut self,
        call: &'a Call,
        step: Option<u16>,
        goto: &'a mut Option<u16>,
        trigger: Trigger<'a>,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send + 'a;
}

/// The reason for running a body.
#[derive(Clone, Copy, Debug)]
pub enum Trigger<'a> {
    /// An event arrived.
    Event(&'a Event),
    /// The step was entered.
    Enter,
    /// This one of [`Session::TIMERS`] is due.
    Timer(usize),
    /// A body failed.
    Failed(&'a HandlerError),
    /// The call is over, and so is everything else. Occurs once.
    HungUp,
}

/// A timer of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The step that it belongs to; the timer runs in no other.
    pub step: Option<u16>,
    /// When it is due.
    pub when: When,
}

/// When a timer is due, counted from the entry of its step or from the start of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once, after this time.
    After(Duration),
    /// Repeatedly, with this period.
    Every(Duration),
    /// Once in each silence of this length: the caller neither speaks nor presses a key, and the
    /// agent doesn't speak.
    Silence(Duration),
}

/// The effect of a handler's error, besides an `error` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Nothing more.
    Continue,
    /// Hangs up.
    HangUp,
    /// Enters this step.
    Goto(u16),
    /// The session handles it: [`Trigger::Failed`].
    Handle,
}
