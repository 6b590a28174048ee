//! Gives a session its triggers, one after the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use voxtra_core::event::EventKind;

use super::timers::Timers;
use super::{OnError, Session, Trigger};
use crate::session::deadlines::until;
use crate::session::{Call, CallError, Event, Events, HandlerError};

/// How long bodies may go on after the end of the call, before `hangup` runs.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Runs a session from the first event of its call to the last, except `session.destroyed`, which
/// waits for it.
pub(crate) async fn run_session<S: Session>(call: Call) -> Result<(), HandlerError> {
    let mut runner = Runner::<S>::new(call);
    while let Some(pending) = runner.next().await {
        runner.run(pending).await;
    }
    runner.hang_up().await;
    Ok(())
}

struct Runner<S> {
    session: S,
    call: Call,
    step: Option<u16>,
    timers: Timers,
    /// Reads events as they arrive.
    ahead: Events,
    /// Reads events as they are handled.
    behind: Events,
    /// Deadline of bodies, once the call is over.
    last: Option<Instant>,
    /// A step that leads back to itself, to be entered again after the waiting events were handled.
    again: Option<u16>,
    /// Events that the log dropped before they could be handled, as far as reported.
    missed: u64,
}

/// A trigger that outlives the event.
enum PendingTrigger {
    Event(Arc<Event>),
    Enter,
    Timer(usize),
    Failed(HandlerError),
}

/// How a body ended.
enum BodyOutcome {
    Done(Result<(), HandlerError>),
    Panicked(String),
    /// This event cut it.
    Cut(Arc<Event>),
    /// It ran past the deadline after the end of the call.
    Late,
}

impl<S: Session> Runner<S> {
    fn new(call: Call) -> Self {
        Self {
            session: S::new(&call),
            step: None,
            timers: Timers::new(S::TIMERS, Instant::now()),
            ahead: call.events(),
            behind: call.events(),
            last: None,
            again: None,
            missed: 0,
            call,
        }
    }

    /// Waits for the next trigger. `None` after the last, or after the deadline.
    async fn next(&mut self) -> Option<PendingTrigger> {
        loop {
            while let Some(event) = self.ahead.try_next() {
                self.arrived(&event);
            }
            let now = Instant::now();
            if self.last.is_some_and(|last| last <= now) {
                return None;
            }
            while let Some(event) = self.behind.try_next() {
                // Events without a handler are left to a later `listen`.
                if S::wants(self.step, &event) && self.call.take(event.seq) {
                    return Some(PendingTrigger::Event(event));
                }
            }
            self.tell_missed().await;
            if !self.call.is_over()
                && let Some(timer) = self.timers.take_due(now)
            {
                return Some(PendingTrigger::Timer(timer));
            }
            if self.again.take().is_some() && self.last.is_none() {
                return Some(PendingTrigger::Enter);
            }
            tokio::select! {
                biased;
                event = self.ahead.next() => self.arrived(&*event?),
                () = until(self.timers.next()), if !self.call.is_over() => {}
                () = until(self.last) => return None,
            }
        }
    }

    fn arrived(&mut self, event: &Event) {
        let now = Instant::now();
        let Some(kind) = event.kind() else { return };
        self.timers.arrived(kind, now);
        if matches!(kind, EventKind::CallEnded | EventKind::CallFailed) {
            self.last.get_or_insert(now + AFTERWARDS);
        }
    }

    /// Runs the body for a trigger, and the bodies that follow from it.
    async fn run(&mut self, first: PendingTrigger) {
        let mut entered: Vec<u16> = Vec::new();
        if matches!(first, PendingTrigger::Enter) {
            entered.extend(self.step);
        }
        let mut next = Some(first);
        let mut has_failed = false;
        while let Some(pending) = next.take() {
            let mut goto = None;
            let outcome = self.body(&pending, &mut goto).await;
            next = self
                .follow(pending, outcome, &mut goto, &mut has_failed)
                .await;
            if let Some(step) = goto
                && next.is_none()
                && self.last.is_none()
                && !self.call.is_over()
            {
                self.step = Some(step);
                self.timers.enter(step, Instant::now());
                if entered.contains(&step) {
                    // Steps that lead to each other for ever must not hold up events, timers or the
                    // thread.
                    self.again = Some(step);
                    tokio::task::yield_now().await;
                } else {
                    self.again = None;
                    entered.push(step);
                    next = Some(PendingTrigger::Enter);
                }
            }
        }
    }

    /// A reader that is thousands of events behind finds the oldest gone.
    async fn tell_missed(&mut self) {
        let missed = self.behind.missed();
        if missed > self.missed {
            let message = format!("{}: {} events came too fast", S::NAME, missed - self.missed);
            self.missed = missed;
            tracing::warn!(
                session = S::NAME,
                call = self.call.id(),
                missed,
                "events were not handled"
            );
            self.call.emit_error("events_missed", message).await;
        }
    }

    /// Runs one body, and checks the events that arrive meanwhile.
    async fn body(&mut self, pending: &PendingTrigger, goto: &mut Option<u16>) -> BodyOutcome {
        let trigger = match pending {
            PendingTrigger::Event(event) => Trigger::Event(event),
            PendingTrigger::Enter => Trigger::Enter,
            PendingTrigger::Timer(timer) => Trigger::Timer(*timer),
            PendingTrigger::Failed(error) => Trigger::Failed(error),
        };
        let Self {
            session,
            call,
            step,
            timers,
            ahead,
            behind,
            last,
            ..
        } = self;
        let body = session.handle(call, *step, goto, trigger);
        let body = AssertUnwindSafe(body)
            .catch_unwind()
            .map(|result| match result {
                Ok(result) => BodyOutcome::Done(result),
                Err(panic) => BodyOutcome::Panicked(message(&*panic)),
            });
        let mut body = std::pin::pin!(body);
        if matches!(pending, PendingTrigger::Enter) {
            // The step may wait for an event from before it was entered: callers type ahead.
            tokio::select! {
                biased;
                outcome = &mut body => return outcome,
                () = std::future::ready(()) => {}
            }
            let mut waiting = behind.clone();
            while let Some(event) = waiting.try_next() {
                match interrupts::<S>(*step, call, &event) {
                    Ok(false) => {}
                    Ok(true) => return BodyOutcome::Cut(event),
                    Err(panic) => return BodyOutcome::Panicked(panic),
                }
            }
        }
        let mut more = true;
        loop {
            tokio::select! {
                biased;
                outcome = &mut body => return outcome,
                event = ahead.next(), if more => {
                    let Some(event) = event else {
                        more = false;
                        continue;
                    };
                    let now = Instant::now();
                    if let Some(kind) = event.kind() {
                        timers.arrived(kind, now);
                        if matches!(kind, EventKind::CallEnded | EventKind::CallFailed) {
                            last.get_or_insert(now + AFTERWARDS);
                        }
                    }
                    match interrupts::<S>(*step, call, &event) {
                        Ok(false) => continue,
                        Ok(true) => {}
                        Err(panic) => return BodyOutcome::Panicked(panic),
                    }
                    // The event may have come since the body was polled, and the body may be
                    // listening for it.
                    tokio::select! {
                        biased;
                        outcome = &mut body => return outcome,
                        () = std::future::ready(()) => {}
                    }
                    if !call.is_taken(event.seq) {
                        return BodyOutcome::Cut(event);
                    }
                }
                () = until(*last) => return BodyOutcome::Late,
            }
        }
    }

    /// The trigger that follows a body that ended like this, besides the step that it went to.
    async fn follow(
        &mut self,
        pending: PendingTrigger,
        outcome: BodyOutcome,
        goto: &mut Option<u16>,
        has_failed: &mut bool,
    ) -> Option<PendingTrigger> {
        let error = match outcome {
            BodyOutcome::Done(Ok(())) | BodyOutcome::Late => return None,
            BodyOutcome::Cut(event) => {
                *goto = None;
                *has_failed = false;
                self.call.take(event.seq);
                return Some(PendingTrigger::Event(event));
            }
            BodyOutcome::Panicked(message) => {
                self.report(&pending, format!("panicked: {message}")).await;
                self.call.fail().await;
                return None;
            }
            BodyOutcome::Done(Err(error)) => error,
        };
        if let Some(CallError::Ended) = error.downcast_ref() {
            return None;
        }
        self.report(&pending, error.to_string()).await;
        match S::ON_ERROR {
            OnError::Continue => None,
            OnError::HangUp => {
                if let Err(error) = self.call.hangup().await {
                    tracing::warn!(call = self.call.id(), %error, "cannot hang up after a handler failed");
                }
                None
            }
            // The step that handles errors has an error itself.
            OnError::Goto(step) if self.step == Some(step) => None,
            OnError::Handle if matches!(pending, PendingTrigger::Failed(_)) => None,
            // The body that follows an error has failed too, and would lead to itself again.
            _ if *has_failed => {
                self.call.fail().await;
                None
            }
            OnError::Goto(step) => {
                *has_failed = true;
                *goto = Some(step);
                None
            }
            OnError::Handle => {
                *has_failed = true;
                Some(PendingTrigger::Failed(error))
            }
        }
    }

    async fn report(&mut self, pending: &PendingTrigger, error: String) {
        let place = match pending {
            PendingTrigger::Event(event) => format!("on {}", event.wire()),
            PendingTrigger::Enter => self
                .step
                .and_then(|step| S::STEPS.get(usize::from(step)))
                .map_or_else(|| "enter".to_owned(), |step| format!("step {step}")),
            PendingTrigger::Timer(_) => "timer".to_owned(),
            PendingTrigger::Failed(_) => "catch".to_owned(),
        };
        tracing::warn!(session = S::NAME, call = self.call.id(), place, %error, "a handler failed");
        // A handler of `error` that fails would get its own error, and fail again.
        if matches!(pending, PendingTrigger::Event(event) if event.kind() == Some(EventKind::Error))
        {
            return;
        }
        let message = format!("{}: {place}: {error}", S::NAME);
        self.call.emit_error("handler", message).await;
    }

    /// The last body. Only the session's owner can cut it.
    async fn hang_up(&mut self) {
        let mut goto = None;
        let body = self
            .session
            .handle(&self.call, self.step, &mut goto, Trigger::HungUp);
        let failure = match AssertUnwindSafe(body).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) if matches!(error.downcast_ref(), Some(CallError::Ended)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("panicked: {}", message(&*panic)),
        };
        tracing::warn!(session = S::NAME, call = self.call.id(), %failure, "hangup failed");
        let message = format!("{}: hangup: {failure}", S::NAME);
        self.call.emit_error("handler", message).await;
    }
}

/// Whether an event that nobody has taken cuts the running body. A guard may panic, like a body.
fn interrupts<S: Session>(step: Option<u16>, call: &Call, event: &Event) -> Result<bool, String> {
    if call.is_taken(event.seq) {
        return Ok(false);
    }
    std::panic::catch_unwind(AssertUnwindSafe(|| S::interrupts(step, call, event)))
        .map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "without a message".to_owned(),
    }
}
