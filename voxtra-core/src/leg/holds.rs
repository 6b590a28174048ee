//! What holds the agent's audio back: a caller who may be interrupting, or a call on hold.

use super::memory::Samples;
use super::{Port, event};
use crate::event::{AgentHeld, AgentHeldOutcome};
use crate::playout::Playout;
use crate::time::Instant;

/// What holds the agent's audio back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holds {
    /// The call is on hold.
    call: bool,
    /// Since when the caller may be interrupting the agent.
    caller_since: Option<Instant>,
}

impl Holds {
    /// Whether the call is on hold.
    pub(super) fn is_call_on_hold(&self) -> bool {
        self.call
    }

    /// The call is put on hold, or taken off.
    pub(super) fn set_call_on_hold(&mut self, on: bool) {
        self.call = on;
    }

    /// Holds the agent back if the call is on hold, or if `is_asked_for` and the agent has the
    /// floor. Otherwise lets the agent go on; `outcome` then says how the caller's hold ended.
    pub(super) fn follow<K: Samples, P: Port>(
        &mut self,
        now: Instant,
        playout: &mut Playout<K>,
        is_asked_for: bool,
        outcome: AgentHeldOutcome,
        port: &mut P,
    ) {
        let caller = is_asked_for && has_the_floor(playout);
        playout.hold(self.call || caller);
        match self.caller_since {
            None if caller => {
                self.caller_since = Some(now);
                record_hold(now, AgentHeldOutcome::Pending, now, port);
            }
            Some(since) if !caller => {
                self.caller_since = None;
                record_hold(now, outcome, since, port);
            }
            _ => {}
        }
    }
}

/// Whether the agent speaks, or would go on if it were not held back.
pub(super) fn has_the_floor<K: Samples>(playout: &Playout<K>) -> bool {
    playout.is_speaking() || playout.is_held()
}

fn record_hold<P: Port>(now: Instant, outcome: AgentHeldOutcome, since: Instant, port: &mut P) {
    let held = now.duration_since(since).as_millis();
    let held_ms = u64::try_from(held).unwrap_or(u64::MAX);
    port.record(event(now, AgentHeld { outcome, held_ms }));
}
