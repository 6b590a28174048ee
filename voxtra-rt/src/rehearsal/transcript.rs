//! The events of a rehearsed call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{BuiltIn, ObjectiveMissed};

use crate::session::{Event, EventBody};

/// The events of a call, in order. Its `Display` is one line per event: seconds since the call
/// began, the event's name, its data. The same script gives the same lines, to the millisecond.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    events: Vec<Arc<Event>>,
    sent_dtmf: String,
}

/// An utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The agent, whom the caller may have interrupted.
    Agent {
        /// The whole text that it was to say.
        text: String,
        /// The utterance was cut before its end.
        interrupted: bool,
    },
    /// The caller.
    Caller(String),
}

impl Transcript {
    pub(super) fn new(events: Vec<Arc<Event>>, sent_dtmf: String) -> Self {
        Self { events, sent_dtmf }
    }

    /// All events, from `session.created` on.
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// Events of this name, such as `dtmf.received`.
    pub fn count(&self, wire: &str) -> usize {
        self.events
            .iter()
            .filter(|event| event.wire() == wire)
            .count()
    }

    /// The utterances of both parties, in the order in which they finished.
    pub fn said(&self) -> Vec<Said> {
        let said = self.events.iter().filter_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) => Some(Said::Agent {
                text: ended.text.clone(),
                interrupted: ended.interrupted,
            }),
            EventBody::BuiltIn(BuiltIn::UserTranscript(heard)) => {
                Some(Said::Caller(heard.text.clone()))
            }
            _ => None,
        });
        said.collect()
    }

    /// The objectives of its agents that the call missed; they are known at its end.
    pub fn missed_objectives(&self) -> Vec<&ObjectiveMissed> {
        let missed = self.events.iter().filter_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::ObjectiveMissed(missed)) => Some(missed),
            _ => None,
        });
        missed.collect()
    }

    /// Fails the test if the call missed an objective of one of its agents:
    /// [`AgentSettings::objectives`](crate::session::AgentSettings::objectives).
    ///
    /// # Panics
    /// It did. The message has all of them, and the conversation.
    #[track_caller]
    pub fn assert_objectives(&self) {
        let missed = self.missed_objectives();
        assert!(
            missed.is_empty(),
            "objectives are missed: {missed:?}\n{self}"
        );
    }

    /// The keys that the agent pressed, with `send_dtmf`.
    pub fn sent_dtmf(&self) -> &str {
        &self.sent_dtmf
    }

    /// When an event happened, since the call began. Zero for an event of another call.
    pub fn at(&self, event: &Event) -> Duration {
        self.events.first().map_or(Duration::ZERO, |first| {
            let since = event.timestamp.duration_since(first.timestamp);
            Duration::try_from(since).unwrap_or_default()
        })
    }

    /// How long the call lasted, from its first event to its last.
    pub fn duration(&self) -> Duration {
        self.events
            .last()
            .map_or(Duration::ZERO, |last| self.at(last))
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.events {
            writeln!(f, "{:>9.3}  {event}", self.at(event).as_secs_f64())?;
        }
        Ok(())
    }
}
