//! Sessions declared with `voxtra!`: what the macro writes, and what runs it.
//!
//! A session does one thing at a time. Its events wait in their order, and each is given to the
//! first handler that wants it.
//!
//! - **An interrupt** cuts the body that is awaiting: its future is dropped where it stands, which
//!   cuts a [`say`](Call::say) in it. The interrupting event is handled at once, those that were
//!   waiting after it. Whatever the body did before that await is done; nothing behind it happens.
//!   Events that were waiting when a step is entered can cut its `enter`. A body that doesn't await
//!   can't be cut, and neither can `hangup`. What a handler that is tried before the interrupt
//!   takes, or may take as its condition looks at the state, cuts nothing.
//! - **A timer** that falls due while a body runs waits for it, and for the events that were
//!   waiting. A silence that was broken in the meantime is forgotten; repetitions that were missed
//!   are not made up for.
//! - **At the end of the call** the body that is running may go on for two seconds, in which
//!   everything that it awaits of the call ends with [`CallError::Ended`]; then it is dropped. The
//!   events that are waiting are handled in the same time. `hangup` comes last, once, whatever
//!   happened before it; the session's owner gives all of it five seconds.
//! - **An error** becomes an `error` event, and then does what `catch` says. If what that leads to
//!   fails as well, the call has failed, and the caller goes on in the dialplan. `CallError::Ended`
//!   is no error. A panic is one, and the call has failed.

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

/// A session declared with `voxtra! { session Name { … } }`, which alone implements this.
///
/// A step is known by its place in [`STEPS`](Self::STEPS), so that finding a handler compares small
/// integers.
pub trait Session: crate::__private::Declared + Send + 'static {
    /// Its name in the declaration.
    const NAME: &'static str;
    /// Which calls it wants.
    const ROUTES: &'static [DeclaredRoute];
    /// Your events that it may tell or hear of: those of its `voxtra!`, and the imported ones that
    /// it handles.
    const EVENTS: &'static [EventInfo] = &[];
    /// The names of its steps.
    const STEPS: &'static [&'static str] = &[];
    /// Its timers.
    const TIMERS: &'static [Timer] = &[];
    /// What an error of a handler does, besides becoming an `error` event.
    const ON_ERROR: OnError = OnError::Continue;

    /// Its state at the start of a call.
    fn new(call: &Call) -> Self;

    /// Whether the session has a handler for events of this kind, whatever its conditions.
    fn wants(step: Option<u16>, event: &Event) -> bool {
        let _ = (step, event);
        true
    }

    /// Whether this event cuts what the session is doing: an interrupt is the first handler that
    /// would take it.
    fn interrupts(step: Option<u16>, call: &Call, event: &Event) -> bool {
        let _ = (step, call, event);
        false
    }

    /// Does what the session declares for this trigger, if it declares something. A step that is to
    /// come next is left in `goto`.
    ///
    /// # Errors
    /// Whatever the body failed with.
    fn handle<'a>(
        &'a mut self,
        call: &'a Call,
        step: Option<u16>,
        goto: &'a mut Option<u16>,
        trigger: Trigger<'a>,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send + 'a;
}

/// Why a session is run.
#[derive(Clone, Copy, Debug)]
pub enum Trigger<'a> {
    /// Something happened.
    Event(&'a Event),
    /// The step was entered.
    Enter,
    /// This one of [`Session::TIMERS`] is due.
    Timer(usize),
    /// A body failed.
    Failed(&'a HandlerError),
    /// The call is over, and so is everything else: once.
    HungUp,
}

/// A timer of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The step that it belongs to; it runs in no other.
    pub step: Option<u16>,
    /// When it is due.
    pub when: When,
}

/// When a timer is due. Counted from when its step was entered, or from the start of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once, after this time.
    After(Duration),
    /// Again and again.
    Every(Duration),
    /// Once in each silence of this length: the caller neither speaks nor presses a key, and the
    /// agent doesn't speak.
    Silence(Duration),
}

/// What an error of a handler does, besides becoming an `error` event.
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
