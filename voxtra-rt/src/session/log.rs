//! A session's events, kept so that every reader sees all of them in order, whenever it starts.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::Event;
use super::sync::{Mutex, PoisonError, watch};

/// Events kept for late readers. A call of half an hour has a few hundred.
const KEPT: usize = 4096;

/// A session's events.
#[derive(Debug)]
pub(crate) struct EventLog {
    events: Mutex<VecDeque<Arc<Event>>>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The next event's number.
    next: u64,
    /// The call is over, and every remaining event waits for the call's own handler and hooks.
    settled: bool,
    closed: bool,
}

impl EventLog {
    pub(crate) fn new() -> Arc<Self> {
        let (state, _) = watch::channel(State {
            next: 0,
            settled: false,
            closed: false,
        });
        Arc::new(Self {
            events: Mutex::default(),
            state,
        })
    }

    /// The number that the next event must have.
    pub(crate) fn next_seq(&self) -> u64 {
        self.state.borrow().next
    }

    /// Adds an event; its `seq` must be [`next_seq`](Self::next_seq).
    pub(crate) fn push(&self, event: Arc<Event>) {
        let next = event.seq + 1;
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(event);
        drop(events);
        self.state.send_modify(|state| state.next = next);
    }

    /// Every remaining event waits for the call's own handler and hooks: their readers are at the
    /// end.
    pub(crate) fn settle(&self) {
        self.state
            .send_if_modified(|state| !std::mem::replace(&mut state.settled, true));
    }

    /// No more events will come.
    pub(crate) fn close(&self) {
        self.state.send_modify(|state| state.closed = true);
    }

    /// A reader from the session's first event on. A reader of the call's own handler is at its end
    /// when the log is settled.
    pub(crate) fn from_start(self: &Arc<Self>, handlers: bool) -> Events {
        Events {
            log: self.clone(),
            next: 0,
            missed: 0,
            handlers,
            state: self.state.subscribe(),
        }
    }

    /// A reader of the events from now on.
    pub(crate) fn from_now(self: &Arc<Self>, handlers: bool) -> Events {
        Events {
            next: self.next_seq(),
            ..self.from_start(handlers)
        }
    }
}

/// A reader of a session's events, in order. Readers don't take events from each other.
#[derive(Clone, Debug)]
pub struct Events {
    log: Arc<EventLog>,
    next: u64,
    missed: u64,
    handlers: bool,
    state: watch::Receiver<State>,
}

impl Events {
    /// Waits for the next event. `None` after the last, which is `session.destroyed`. That event
    /// waits for the call's own handler to return. A reader that the handler made therefore ends
    /// before it: when the call is over and its media has stopped. Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            let state = *self.state.borrow_and_update();
            if state.next > self.next {
                continue;
            }
            let over = state.closed || (self.handlers && state.settled);
            if over || self.state.changed().await.is_err() {
                return None;
            }
        }
    }

    /// The next event, if it has already happened.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        let events = self
            .log
            .events
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = events.front()?.seq;
        if first > self.next {
            self.missed += first - self.next;
            self.next = first;
        }
        let event = events
            .get(usize::try_from(self.next - first).ok()?)?
            .clone();
        self.next += 1;
        Some(event)
    }

    /// Waits for the next event for which `pick` returns something, and skips the others. `None`
    /// when the session is over.
    pub async fn find<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        loop {
            let event = self.next().await?;
            if let Some(found) = pick(&event) {
                return Some(found);
            }
        }
    }

    /// Events dropped before this reader came to them. Zero unless it is thousands behind.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
