//! What a media thread reports, as events of the session.

use std::time::Duration;

use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, BuiltIn, MediaStopped, MediaStoppedReason, Realtime,
    Record, RecordBody,
};

use super::{Deadline, Owner, error};
use crate::session::dtmf::Way;
use crate::session::event::EventBody;
use crate::session::lifecycle::Signal;
use crate::session::line::Line;
use crate::session::speak::Queued;

/// How long a call may live on without its media before it is given up.
const MEDIA_GRACE: Duration = Duration::from_secs(2);

impl Owner {
    pub(super) fn record(&mut self, record: Record) -> Option<Signal> {
        let at = self.clock.utc(record.at);
        match record.body {
            RecordBody::Event(Realtime::DtmfReceived(press)) => {
                if self
                    .presses
                    .is_new(record.at, Way::AudioSocket, press.digit)
                {
                    self.publish(at, press.into());
                }
            }
            RecordBody::Event(event) => {
                let stopped = match event {
                    Realtime::MediaStopped(stopped) => Some(stopped.reason),
                    _ => None,
                };
                self.stopped |= stopped.is_some();
                self.publish(at, EventBody::BuiltIn(event.into()));
                if let (Some(reason), Line::Socket) = (stopped, &self.call.inner.line) {
                    // Without ARI the connection is the call.
                    return Some(Signal::LineEnded(socket_reason(reason).into()));
                }
            }
            RecordBody::UtteranceStarted { utterance } => {
                if let Some(text) = self.call.inner.mouth.started(utterance) {
                    self.publish(at, AgentSpeechStarted { text }.into());
                }
            }
            RecordBody::UtteranceEnded {
                utterance,
                interrupted,
            } => {
                if let Some(queued) = self.call.inner.mouth.over(utterance) {
                    self.utterance_ended(at, queued, interrupted);
                }
            }
            RecordBody::Fault(fault) => {
                tracing::warn!(call = self.call.id(), %fault, "trouble on the call's AudioSocket connection");
                self.publish(at, error("media", fault.to_string()));
            }
            RecordBody::Missed(count) => self.records_missed(at, count.into()),
        }
        None
    }

    fn records_missed(&mut self, at: jiff::Timestamp, count: u64) {
        self.missed += count;
        let message = format!("{count} events of the media thread were lost");
        self.publish(at, error("events_missed", message));
    }

    fn utterance_ended(&mut self, at: jiff::Timestamp, queued: Queued, interrupted: bool) {
        let Queued {
            text,
            started,
            interrupted: tell,
            ..
        } = queued;
        if started {
            self.publish(at, AgentSpeechEnded { text, interrupted }.into());
        }
        let _ = tell.send(interrupted);
    }

    /// The media thread has nothing more to say.
    pub(super) fn media_down(&mut self) -> Option<Signal> {
        let now = self.clock.utc_now();
        // The last records may be those that found no room.
        let lost = self.link.take().map_or(0, |link| {
            link.stats().records_missed.saturating_sub(self.missed)
        });
        if lost > 0 {
            self.records_missed(now, lost);
        }
        for queued in self.call.inner.mouth.close() {
            self.utterance_ended(now, queued, true);
        }
        if !self.stopped {
            self.stopped = true;
            let reason = MediaStoppedReason::Closed;
            self.publish(now, BuiltIn::from(MediaStopped { reason }).into());
        }
        if !self.life.is_over() && !self.call.inner.line.is_agentless() {
            // At an ordinary hang-up ARI tells the same within milliseconds, and why.
            self.ending
                .get_or_insert((Deadline::now() + MEDIA_GRACE, "media_lost".into()));
        }
        Some(Signal::MediaDown)
    }
}

/// The reason of a call's end where the connection is all there is.
fn socket_reason(reason: MediaStoppedReason) -> &'static str {
    match reason {
        MediaStoppedReason::Hangup | MediaStoppedReason::Closed => "normal_clearing",
        MediaStoppedReason::Error => "media_error",
        MediaStoppedReason::Timeout => "media_timeout",
    }
}
