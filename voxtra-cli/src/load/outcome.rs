//! What a run has shown.

use std::io;
use std::time::Duration;

use super::book::Tally;
use super::connection::Ending;
use super::histogram::Histogram;
use super::watch::Use;

/// What the generator is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting,
    WarmingUp,
    Measuring,
    Draining,
}

/// How things stand, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot {
    pub(crate) phase: Phase,
    /// Since the run began.
    pub(crate) at: Duration,
    /// Since the measurement began.
    pub(crate) measured: Duration,
    pub(crate) up: u32,
    /// Frames written so far.
    pub(crate) frames: u64,
    pub(crate) p99_us: Option<f64>,
}

/// How calls ended that should not have.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    pub(crate) not_connected: u32,
    /// Why the last of them was not.
    pub(crate) why_not: Option<io::Error>,
    pub(crate) closed: u32,
    pub(crate) hung_up: u32,
    pub(crate) stalled: u32,
}

impl Endings {
    pub(crate) fn not_connected(&mut self, error: &io::Error) {
        self.not_connected += 1;
        self.why_not = Some(match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => error.kind().into(),
        });
    }

    pub(crate) fn ended(&mut self, ending: Ending) {
        match ending {
            Ending::Closed => self.closed += 1,
            Ending::HungUp => self.hung_up += 1,
            Ending::Stalled => self.stalled += 1,
        }
    }

    /// Calls that were up, and that the server ended.
    pub(crate) const fn by_the_server(&self) -> u32 {
        self.closed + self.hung_up + self.stalled
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    /// Calls that were up at once.
    pub(crate) calls_up: u32,
    pub(crate) calls_up_at_end: u32,
    /// How long was measured.
    pub(crate) seconds: Duration,
    /// CPU time of the generator in that time.
    pub(crate) own_cpu: Duration,
    /// What the watched server used in that time.
    pub(crate) server: Option<Use>,
    pub(crate) interrupted: bool,
    pub(crate) tally: Tally,
    /// How long after they were due the frames were written.
    pub(crate) lateness: Histogram,
    /// How long the generator was busy between two looks at its sockets.
    pub(crate) busy: Histogram,
    pub(crate) endings: Endings,
    /// Frames received for which Asterisk would have ended the call.
    pub(crate) violations: u64,
    /// Frames that were due and that the generator never got to.
    pub(crate) unsent: u64,
}
