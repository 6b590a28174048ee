//! The endpoints that can be called in a rehearsal, and their behaviour.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use voxtra_core::event::EndReason;

use tokio::sync::{mpsc, oneshot};

use super::carrier::RehearsedCarrier;
use super::cast::Cast;
use super::phone::PhoneAction;
use crate::session::Call;

/// How long an endpoint rings before it is picked up.
const RINGS: Duration = Duration::from_secs(2);
/// How long a busy, refusing or missing endpoint takes to report it.
const REFUSES: Duration = Duration::from_millis(500);

/// An endpoint's reaction when the agent calls it, or transfers the caller there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FarEnd {
    /// It rings for 2 s and a person picks up.
    Answers,
    /// It rings for 2 s and a machine picks up, which says this.
    Voicemail(String),
    /// It rings until the agent gives up.
    NoAnswer,
    /// It is busy, after half a second.
    Busy,
    /// It refuses the call, after half a second.
    Rejects,
    /// There is no such endpoint.
    Unknown,
}

impl FarEnd {
    /// Whether Asterisk would call the endpoint at all.
    pub(crate) fn exists(&self) -> bool {
        *self != Self::Unknown
    }

    /// Rings for at most this long; if nobody picks up, returns the reason, in the words of Q.850.
    pub(crate) fn rings(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), EndReason>> + use<> {
        let (after, outcome) = match self {
            Self::Answers | Self::Voicemail(_) if RINGS <= timeout => (RINGS, Ok(())),
            Self::Answers | Self::Voicemail(_) | Self::NoAnswer => {
                (timeout, Err(EndReason::NoAnswer))
            }
            Self::Busy => (REFUSES, Err(EndReason::UserBusy)),
            Self::Rejects => (REFUSES, Err(EndReason::CallRejected)),
            Self::Unknown => (Duration::ZERO, Err(EndReason::NoSuchEndpoint)),
        };
        async move {
            tokio::time::sleep(after).await;
            outcome
        }
    }
}

/// A call of the rehearsal, and the phone at its far end.
#[derive(Debug)]
pub(crate) struct SimulatedCall {
    pub(crate) call: Call,
    pub(super) carrier: Arc<RehearsedCarrier>,
    pub(crate) actions: mpsc::UnboundedSender<PhoneAction>,
}

impl SimulatedCall {
    /// Makes the far end say this once it is connected. The receiver is notified when it has.
    pub(crate) fn speak(&self, text: String) -> oneshot::Receiver<()> {
        let (done, spoken) = oneshot::channel();
        let _ = self.actions.send(PhoneAction::Speak(text, done));
        spoken
    }
}

/// Shared by the lines of one rehearsal.
#[derive(Debug)]
pub(crate) struct Simulation {
    far_ends: Mutex<HashMap<String, VecDeque<FarEnd>>>,
    variables: HashMap<String, String>,
    calls: AtomicU64,
    placed: mpsc::UnboundedSender<SimulatedCall>,
    cast: Cast,
}

impl Simulation {
    /// A simulation, and the calls that its agents will place.
    pub(super) fn new(
        far_ends: HashMap<String, VecDeque<FarEnd>>,
        variables: HashMap<String, String>,
        cast: Cast,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<SimulatedCall>) {
        let (placed, outbound) = mpsc::unbounded_channel();
        let simulation = Self {
            far_ends: Mutex::new(far_ends),
            variables,
            calls: AtomicU64::new(0),
            placed,
            cast,
        };
        (Arc::new(simulation), outbound)
    }

    /// The reaction to the next call to this endpoint. The last scripted reaction stays.
    pub(crate) fn far_end(&self, endpoint: &str) -> FarEnd {
        let mut far_ends = self.far_ends.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(script) = far_ends.get_mut(endpoint) else {
            return FarEnd::Answers;
        };
        let next = match script.len() {
            0 | 1 => script.front().cloned(),
            _ => script.pop_front(),
        };
        next.unwrap_or(FarEnd::Answers)
    }

    /// The value of a channel variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    pub(crate) fn next_id(&self) -> Arc<str> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        format!("rehearsal-{number}").into()
    }

    /// The agent has placed a call.
    pub(crate) fn placed(&self, simulated: SimulatedCall) {
        // The test may not want to play this far end.
        let _ = self.placed.send(simulated);
    }

    pub(super) fn cast(&self) -> &Cast {
        &self.cast
    }
}
